//! Repositories with a fault each: it is told, and hides no other.

use crate::commons::{Commons, ENV_SAMPLE, compose};

fn state(scan: &serde_json::Value, name: &str) -> (String, String) {
    let found = scan["repositories"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    (found["state"].as_str().unwrap().to_owned(), found["reason"].as_str().unwrap().to_owned())
}

#[test]
fn each_repository_is_a_recipe_or_it_is_told_why_not() {
    let commons = Commons::new();
    commons.recipe("good", &[("1.0.0+1.0", "nginx:1.0")]);
    commons.recipe("untagged", &[]);
    commons.empty("empty");
    std::fs::create_dir(commons.repository("plain")).unwrap();
    commons.empty("docs");
    commons.write("docs", "README.md", "# Docs\n");
    commons.commit("docs", "words");
    commons.empty("compose-only");
    commons.write("compose-only", "compose.yml", &compose("nginx:1"));
    commons.commit("compose-only", "a compose file");
    let ran = commons.taster(&["scan", "recipes", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let scan: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(state(&scan, "good").0, "recipe");
    assert_eq!(state(&scan, "untagged").0, "recipe");
    for (name, reason) in [
        ("empty", "nothing has been committed to it"),
        ("plain", "it is no git repository, so it has no releases"),
        ("docs", "its branch `main` has no compose.yml"),
        ("compose-only", "its branch `main` has no `.env.sample` and no `abra.sh`"),
    ] {
        assert_eq!(state(&scan, name), ("not-a-recipe".to_owned(), reason.to_owned()));
    }
}

#[test]
fn odd_tags_are_left_out_with_a_reason_and_lightweight_ones_are_warned_of() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    for tag in ["v1.0.3", "0.0.1", "nightly"] {
        commons.git("blog", &["tag", "--annotate", tag, "--message", "odd"]);
    }
    commons.git("blog", &["tag", "1.1.0+1.0"]);
    let tree = commons.git("blog", &["rev-parse", "HEAD^{tree}"]);
    commons.git("blog", &["tag", "9.0.0+tree", &tree]);
    commons.release("blog", "2.0.0+2.0", "nginx:2.0\n    ports: nonsense");
    commons.release("blog", "3.0.0+3.0", "nginx");
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(commons.versions("blog"), ["1.0.0+1.0", "1.1.0+1.0", "3.0.0+3.0"]);
    let entry = commons.entry("blog");
    let left_out: Vec<&str> =
        entry["left_out"].as_array().unwrap().iter().map(|out| out["tag"].as_str().unwrap()).collect();
    assert_eq!(left_out, ["2.0.0+2.0", "0.0.1", "nightly", "v1.0.3"]);
    assert!(entry["versions"][1]["warnings"][0].as_str().unwrap().contains("lightweight"), "{entry}");
    assert!(entry["versions"][2]["warnings"][0].as_str().unwrap().contains("has no tag"), "{entry}");
    assert!(entry["warnings"][0].as_str().unwrap().contains("leads to a tree"), "{entry}");
    let told = |asked: &str| commons.taster(&["catalogue", "--source", "recipes", "--explain", asked]).out;
    assert!(told("blog@v1.0.3").contains("it starts with `v`"), "{}", told("blog@v1.0.3"));
    assert!(told("blog@2.0.0+2.0").contains("compose.yml:5:12"), "{}", told("blog@2.0.0+2.0"));
    assert!(told("blog").contains("level: not tested"), "{}", told("blog"));
}

/// An overlay that makes no sense beside the others: abra drops the version; the sampled files still tell what it deploys.
#[test]
fn files_that_do_not_load_together_are_read_as_the_sample_chooses() {
    let commons = Commons::new();
    commons.recipe("blog", &[]);
    commons.write("blog", "compose.alone.yml", "version: \"3.7\"\nservices:\n  other:\n    image: alpine:3\n");
    commons.release("blog", "1.0.0+1.0", "nginx:1.0");
    assert_eq!(commons.publish(&[]).code, 0);
    assert_eq!(commons.published("recipes.json")["blog"]["versions"][0]["1.0.0+1.0"]["app"]["tag"], "1.0");
    let warning = commons.entry("blog")["versions"][0]["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains("do not load together") && warning.contains("has format 3.7"), "{warning}");
}

/// What decides lies in a sub-folder, behind a link or an `env_file`: then the whole tree is read.
#[test]
fn links_and_files_of_sub_folders_are_followed() {
    let commons = Commons::new();
    commons.recipe("blog", &[]);
    commons.write("blog", "conf/app.env", "A=1\n");
    commons.release("blog", "1.0.0+6.0", "nginx:6.0\n    env_file: conf/app.env");
    std::fs::remove_file(commons.repository("blog").join("compose.yml")).unwrap();
    commons.write("blog", "stack/real.yml", &compose("nginx:7.0"));
    std::os::unix::fs::symlink("stack/real.yml", commons.repository("blog").join("compose.yml")).unwrap();
    commons.commit("blog", "a link");
    commons.git("blog", &["tag", "--annotate", "1.1.0+7.0", "--message", "linked"]);
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let recipes = commons.published("recipes.json");
    assert_eq!(recipes["blog"]["versions"][0]["1.0.0+6.0"]["app"]["tag"], "6.0");
    assert_eq!(recipes["blog"]["versions"][1]["1.1.0+7.0"]["app"]["tag"], "7.0");
}

/// A damaged repository keeps what was good last, from what is remembered, or from what was published, marked stale.
#[test]
fn lesson_39_a_damaged_repository_keeps_its_last_good_entry_and_is_marked() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    commons.recipe("good", &[("1.0.0+1.0", "nginx:1.0")]);
    assert_eq!(commons.publish(&[]).code, 0);
    let fresh = commons.versions("blog");
    let tree = commons.git("blog", &["rev-parse", "HEAD^{tree}"]);
    commons.git("blog", &["tag", "--annotate", "1.1.0+1.1", "--message", "new"]);
    commons.damage("blog", &tree);
    for forget in [false, true] {
        if forget {
            std::fs::remove_dir_all(commons.path("cache")).unwrap();
        }
        let ran = commons.publish(&[]);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(ran.err.contains("stale: blog (corrupt): the git repository"), "{}", ran.err);
        assert_eq!(commons.versions("blog"), fresh);
        let entry = commons.entry("blog");
        assert_eq!(entry["stale"]["class"], "corrupt", "{entry}");
        assert!(commons.entry("good").get("stale").is_none());
    }
    let scan = commons.taster(&["scan", "recipes"]);
    assert_eq!(scan.code, 5);
    assert!(scan.out.contains("blog: UNREADABLE") && scan.out.contains("good: 1 version"), "{}", scan.out);
}

#[test]
fn a_repository_that_never_could_be_read_is_in_the_report_and_in_the_exit_code() {
    let commons = Commons::new();
    commons.recipe("good", &[("1.0.0+1.0", "nginx:1.0")]);
    commons.recipe("blog", &[]);
    let tree = commons.git("blog", &["rev-parse", "HEAD^{tree}"]);
    commons.damage("blog", &tree);
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let catalogue = commons.published("catalogue.json");
    assert_eq!(catalogue["unreadable"][0]["name"], "blog");
    assert_eq!(commons.versions("good"), ["1.0.0+1.0"]);
    let told = commons.taster(&["catalogue", "--source", "recipes", "--explain", "blog"]);
    assert!(told.out.contains("it could not be read (corrupt)"), "{told:?}");
}

#[test]
fn no_default_branch_is_trouble_and_a_recipe_that_was_emptied_stays() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    commons.recipe("emptied", &[("1.0.0+1.0", "nginx:1.0")]);
    assert_eq!(commons.publish(&[]).code, 0);
    commons.git("blog", &["symbolic-ref", "HEAD", "refs/heads/gone"]);
    std::fs::remove_dir_all(commons.repository("emptied")).unwrap();
    commons.empty("emptied");
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.err.contains("stale: blog (no-branch): its default branch `gone` is not there"), "{}", ran.err);
    assert!(ran.err.contains("stale: emptied (empty)"), "{}", ran.err);
    assert_eq!(commons.versions("emptied"), ["1.0.0+1.0"]);
}

#[test]
fn two_repositories_of_one_name_are_told_apart() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    std::fs::create_dir(commons.path("others")).unwrap();
    let mut copy = std::process::Command::new("cp");
    copy.arg("-a").arg(commons.repository("blog")).arg(commons.path("others/blog"));
    assert!(copy.status().unwrap().success());
    let ran = commons.publish(&["--source", "others"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.err.contains("unreadable: blog (duplicate)"), "{}", ran.err);
    assert_eq!(commons.versions("blog"), ["1.0.0+1.0"]);
}

#[test]
fn lesson_06_no_recipe_at_all_is_not_success() {
    let commons = Commons::new();
    commons.empty("empty");
    assert_eq!(commons.taster(&["scan", "recipes"]).code, 3);
    assert_eq!(commons.publish(&[]).code, 3);
    assert_eq!(commons.taster(&["scan", "no-such-folder"]).code, 2);
    assert_eq!(commons.taster(&["scan"]).code, 2, "no source at all");
}

#[test]
fn taster_toml_names_sources_and_a_wrong_key_is_told_with_its_place() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    commons.recipe("toolshed", &[("1.0.0+1.0", "nginx:1.0")]);
    let config = "[catalogue]\ntitle = \"Ours\"\nurl = \"https://recipes.example.coop\"\nsources = [\"recipes\"]\nignore = [\"toolshed\"]\n";
    std::fs::write(commons.path("taster.toml"), config).unwrap();
    let ran = commons.taster(&["catalogue", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let catalogue: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&catalogue["title"], &catalogue["recipes"][1]), (&"Ours".into(), &serde_json::Value::Null));
    std::fs::write(commons.path("taster.toml"), "[catalogue]\nsource = [\"recipes\"]\n").unwrap();
    let ran = commons.taster(&["scan"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("taster.toml:2:1: unknown field `source`") && ran.err.contains("did you mean `sources`?"),
        "{}",
        ran.err
    );
    assert_eq!(commons.taster(&["scan", ENV_SAMPLE]).code, 2);
    // What the linter is told concerns who only scans too: the same file must not be good here and bad there.
    std::fs::write(commons.path("taster.toml"), "[lint.levels]\nR999 = \"warn\"\n").unwrap();
    for command in [&["scan", "recipes"][..], &["catalogue", "--source", "recipes"], &["scan", "recipes", "--json"]] {
        let ran = commons.taster(command);
        assert!(ran.code == 2 && ran.err.contains("R999"), "{ran:?}");
    }
}

#[test]
fn who_asks_for_what_is_not_there_is_told_what_is() {
    let commons = Commons::new();
    commons.recipe("tiny", &[("1.0.0+1.0", "nginx:1.0"), ("1.1.0+1.1", "nginx:1.1")]);
    commons.recipe("single", &[("1.0.0+1.0", "nginx:1.0")]);
    commons.recipe("unreleased", &[]);
    for (asked, told) in [
        ("tiny@9", "`tiny` is in the catalogue and has no tag `9`; its newest versions are 1.1.0+1.1, 1.0.0+1.0"),
        ("tiny@1.1.0+1.2", "`tiny` is in the catalogue and has no tag `1.1.0+1.2`; did you mean `tiny@1.1.0+1.1`?"),
        ("single@9", "`single` is in the catalogue and has no tag `9`; its only version is 1.0.0+1.0"),
        ("unreleased@9", "`unreleased` is in the catalogue and has no tag `9`; it has no version at all"),
        ("tinny@9", "no source has a recipe or a repository `tinny`; did you mean `tiny`?"),
        ("xylophone", "no source has a recipe or a repository `xylophone`"),
    ] {
        let ran = commons.taster(&["catalogue", "--source", "recipes", "--explain", asked]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{asked}: {ran:?}");
        assert!(ran.err.trim_end().ends_with(told), "{asked}: {}", ran.err);
    }
    let told = commons.taster(&["catalogue", "--source", "recipes", "--explain", "tiny"]).out;
    assert!(told.contains("claim: Single sign-on, “No”: unverified"), "{told}");
}

#[test]
fn totals_are_told_in_words_that_fit_the_number() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0"), ("1.1.0+1.1", "nginx:1.1")]);
    commons.empty("nothing");
    let ran = commons.publish(&[]);
    assert!(ran.err.contains("1 recipe with 2 versions; 0 stale, 0 unreadable, 1 without a recipe"), "{}", ran.err);
    let ran = commons.taster(&["scan", "recipes"]);
    assert!(ran.err.contains("2 repositories: 1 recipe, 0 stale, 1 without a recipe, 0 unreadable"), "{}", ran.err);
}
