//! Nothing gets lost in silence: `--check`, `--diff`, and the refusal to publish.

use crate::commons::Commons;

fn published() -> Commons {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0"), ("1.1.0+1.1", "nginx:1.1")]);
    commons.recipe("wiki", &[("1.0.0+1.0", "nginx:1.0")]);
    assert_eq!(commons.publish(&[]).code, 0);
    commons
}

#[test]
fn a_lost_recipe_or_version_is_not_published_unless_it_is_named() {
    let commons = published();
    let before = std::fs::read(commons.path("out/recipes.json")).unwrap();
    commons.git("blog", &["tag", "--delete", "1.0.0+1.0"]);
    std::fs::remove_dir_all(commons.repository("wiki")).unwrap();
    for more in [&[][..], &["--check"], &["--allow-loss", "wiki"], &["--allow-loss", "blog@1.1.0+1.1"]] {
        let ran = commons.publish(more);
        assert_eq!(ran.code, 5, "{more:?}: {ran:?}");
        assert!(ran.err.contains("blog@1.0.0+1.0: its tag is gone"), "{}", ran.err);
        assert_eq!(before, std::fs::read(commons.path("out/recipes.json")).unwrap(), "{more:?}");
    }
    let ran = commons.publish(&["--allow-loss", "wiki", "--allow-loss", "blog@1.0.0+1.0"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(commons.versions("blog"), ["1.1.0+1.1"]);
    assert_eq!(commons.published("recipes.json")["wiki"], serde_json::Value::Null);
}

#[test]
fn a_recipe_that_is_none_any_more_is_lost_with_the_reason() {
    let commons = published();
    std::fs::remove_file(commons.repository("wiki").join("compose.yml")).unwrap();
    commons.commit("wiki", "oops");
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(
        ran.err.contains("wiki: its repository is no recipe any more: its branch `main` has no compose.yml"),
        "{}",
        ran.err
    );
}

#[test]
fn a_moved_tag_is_a_loss() {
    let commons = published();
    commons.write("blog", "compose.yml", &crate::commons::compose("evil:1.0"));
    commons.commit("blog", "other things");
    commons.git("blog", &["tag", "--annotate", "--force", "1.0.0+1.0", "--message", "moved"]);
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.err.contains("blog@1.0.0+1.0: its tag was moved from commit"), "{}", ran.err);
    assert_eq!(commons.published("recipes.json")["blog"]["versions"][0]["1.0.0+1.0"]["app"]["image"], "nginx");
    assert_eq!(commons.publish(&["--allow-loss", "blog"]).code, 0);
}

#[test]
fn changes_are_told_in_words() {
    let commons = published();
    std::fs::copy(commons.path("out/recipes.json"), commons.path("old.json")).unwrap();
    commons.release("blog", "2.0.0+2.0", "nginx:2.0");
    commons.recipe("forum", &[("0.1.0+3.0", "forum:3.0")]);
    let readme = crate::commons::readme("wiki", "A wiki.").replace("Backups**: No", "Backups**: Yes");
    commons.write("wiki", "README.md", &readme);
    commons.commit("wiki", "words");
    let ran = commons.taster(&["catalogue", "--source", "recipes", "--diff", "old.json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        ran.out,
        "+ blog: new version 2.0.0+2.0, app runs nginx:2.0\n\
         + forum: a new recipe, 1 version, the latest is 0.1.0+3.0\n\
         ~ wiki: description: “A wiki.” instead of “An app.”\n\
         ~ wiki: claimed backups: “Yes” instead of “No”\n"
    );
    assert!(!commons.publish(&["--check"]).out.is_empty());
    assert_eq!(commons.publish(&[]).code, 0);
    let ran = commons.publish(&["--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "nothing to tell");
}

#[test]
fn a_diff_tells_that_a_tag_was_moved_though_its_images_are_the_same() {
    let commons = published();
    commons.write("blog", "abra.sh", "# other things\n");
    commons.commit("blog", "other things");
    commons.git("blog", &["tag", "--annotate", "--force", "1.1.0+1.1", "--message", "moved"]);
    for old in ["out/recipes.json", "out/catalogue.json"] {
        let ran = commons.taster(&["catalogue", "--source", "recipes", "--diff", old]);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(ran.out.starts_with("~ blog: version 1.1.0+1.1: its tag was moved from commit "), "{old}: {ran:?}");
        assert_eq!(ran.out.lines().count(), 1, "{ran:?}");
    }
    // recipes.json alone knows no commits.
    std::fs::copy(commons.path("out/recipes.json"), commons.path("old.json")).unwrap();
    let ran = commons.taster(&["catalogue", "--source", "recipes", "--diff", "old.json"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    std::fs::write(commons.path("old.json"), "{\"schema\": \"taster.catalogue/9\", \"taster\": \"\", \"recipes\": [], \"unreadable\": [], \"not_recipes\": []}").unwrap();
    let ran = commons.taster(&["catalogue", "--source", "recipes", "--diff", "old.json"]);
    assert!(ran.code == 2 && ran.err.contains("its format is `taster.catalogue/9`"), "{ran:?}");
}

#[test]
fn an_earlier_catalogue_that_cannot_be_read_is_not_overwritten() {
    let commons = published();
    std::fs::write(commons.path("out/recipes.json"), "{").unwrap();
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("cannot use the earlier catalogue"), "{}", ran.err);
    assert_eq!(std::fs::read(commons.path("out/recipes.json")).unwrap(), b"{");
}

#[test]
fn a_check_needs_something_to_compare_with() {
    let commons = published();
    let ran = commons.taster(&["catalogue", "--source", "recipes", "--check"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("nothing to compare with: give --out or --diff"), "{}", ran.err);
    for more in [["--out", "out"], ["--diff", "out/recipes.json"]] {
        let ran = commons.taster(&[&["catalogue", "--source", "recipes", "--check"], &more[..]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{more:?}: {ran:?}");
    }
}

#[test]
fn a_name_that_allows_no_loss_is_told() {
    let commons = published();
    commons.git("blog", &["tag", "--delete", "1.0.0+1.0"]);
    let ran = commons.publish(&["--allow-loss", "banana", "--allow-loss", "blog@1.0.0+1.0", "--allow-loss", "wiki"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let warned: Vec<&str> = ran.err.lines().filter(|line| line.contains("allowed nothing")).collect();
    assert_eq!(warned.len(), 2, "{}", ran.err);
    assert!(warned[0].starts_with("warning: --allow-loss banana ") && warned[1].contains(" wiki "), "{warned:?}");
}

#[test]
fn a_file_is_no_folder_to_publish_in() {
    let commons = published();
    std::fs::write(commons.path("file"), "mine").unwrap();
    for (option, folder) in [("--out", "file"), ("--site", "file"), ("--site", "file/site")] {
        let ran = commons.taster(&["catalogue", "--source", "recipes", option, folder]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(&format!("{option}: file is a file; give a folder")), "{}", ran.err);
    }
    assert_eq!(std::fs::read(commons.path("file")).unwrap(), b"mine");
}
