//! Writing into a folder: what is ours goes when it is no longer needed, what is not ours stays.

use std::path::Path;
use std::process::{Command, Output};

use taster::site::{SiteError, build, write};

use crate::chromium::below;
use crate::sample;

#[test]
fn a_recipe_that_is_gone_takes_its_files_with_it_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    let mut catalogue = sample::catalogue();
    let first = write(folder.path(), &build(&catalogue, None)).unwrap();
    assert_eq!((first.unchanged, first.removed), (0, 0));
    std::fs::write(at("recipes/own.html"), "mine").unwrap();
    std::fs::write(at("recipes.json"), "{}").unwrap();
    // Somebody changed a page that is about to go.
    std::fs::write(at("recipes/loki.html"), "changed").unwrap();
    catalogue.recipes.retain(|entry| !["mastodon", "loki"].contains(&entry.name.as_str()));
    let second = write(folder.path(), &build(&catalogue, None)).unwrap();
    assert_eq!((second.removed, second.left), (3, vec![at("recipes/loki.html")]));
    for gone in ["recipes/mastodon.html", "badges/mastodon.svg", "badges/loki.svg"] {
        assert!(!at(gone).exists(), "{gone}");
    }
    for stays in ["recipes/own.html", "recipes.json", "recipes/loki.html", "recipes/gitea.html"] {
        assert!(at(stays).exists(), "{stays}");
    }
    let third = write(folder.path(), &build(&catalogue, None)).unwrap();
    assert_eq!((third.written, third.removed), (0, 0), "nothing to do");
}

#[test]
fn what_is_in_the_way_stops_it_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "somebody's own").unwrap();
    let error = write(folder.path(), &build(&sample::catalogue(), None)).unwrap_err();
    assert!(matches!(error, SiteError::InTheWay(_)), "{error}");
    assert_eq!(below(folder.path()), ["index.html"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("index.html")).unwrap(), "somebody's own");
}

#[test]
fn a_list_of_files_cannot_lead_out_of_the_folder() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("site");
    write(&folder, &build(&sample::catalogue(), None)).unwrap();
    std::fs::write(outer.path().join("precious"), "").unwrap();
    let list = folder.join("site.json");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text.replacen("\"files\": {", &format!("\"files\": {{ \"../precious\": \"{empty}\","), 1))
        .unwrap();
    write(&folder, &build(&sample::catalogue(), None)).unwrap();
    assert!(outer.path().join("precious").exists());
    std::fs::write(&list, "no list").unwrap();
    let error = write(&folder, &build(&sample::catalogue(), None)).unwrap_err();
    assert!(error.to_string().contains("should list what the site wrote"), "{error}");
}

fn git(folder: &Path, arguments: &[&str]) {
    let git = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
        .args(arguments)
        .output();
    assert!(git.unwrap().status.success(), "{arguments:?}");
}

fn taster(folder: &Path, arguments: &[&str]) -> Output {
    let cache = folder.join("cache");
    Command::new(env!("CARGO_BIN_EXE_taster"))
        .current_dir(folder)
        .args(arguments)
        .env("TASTER_CACHE", cache)
        .env_remove("TASTER_CONFIG")
        .env_remove("TASTER_RUNS")
        .output()
        .unwrap()
}

#[test]
fn the_command_writes_the_site_beside_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = folder.path().join("recipes/blog");
    std::fs::create_dir_all(&recipe).unwrap();
    git(&recipe, &["init", "--quiet", "--initial-branch=main"]);
    for (file, text) in [
        ("compose.yml", "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.0\n"),
        (".env.sample", "TYPE=blog\nDOMAIN=blog.example.com\n"),
        ("README.md", "# blog\n\n<script>alert(1)</script> a blog\n"),
    ] {
        std::fs::write(recipe.join(file), text).unwrap();
    }
    git(&recipe, &["add", "--all"]);
    git(&recipe, &["commit", "--quiet", "--message", "a recipe"]);
    git(&recipe, &["tag", "--annotate", "1.0.0+1.0", "--message", "a release"]);
    std::fs::write(
        folder.path().join("taster.toml"),
        "[catalogue]\ntitle = \"Our own\"\nurl = \"https://example.coop\"\n",
    )
    .unwrap();
    let ran = taster(folder.path(), &["catalogue", "--source", "recipes", "--out", "public", "--site", "public"]);
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{err}");
    assert!(ran.stdout.is_empty() && err.contains("public: 7 files written, 0 as they were, 0 removed"), "{err}");
    let files = below(&folder.path().join("public"));
    for file in [
        "index.html",
        "recipes/blog.html",
        "badges/blog.svg",
        "feed.xml",
        "sitemap.xml",
        "site.json",
        "recipes.json",
        "catalogue.json",
    ] {
        assert!(files.iter().any(|known| known == file), "{file}: {files:?}");
    }
    let index = std::fs::read_to_string(folder.path().join("public/index.html")).unwrap();
    assert!(index.contains("<title>Our own</title>") && !index.contains("<script>alert"), "{index}");
    // Foreign files in the way, and a catalogue that lost something: no site.
    std::fs::create_dir_all(folder.path().join("other/recipes")).unwrap();
    std::fs::write(folder.path().join("other/recipes/blog.html"), "mine").unwrap();
    let ran = taster(folder.path(), &["catalogue", "--source", "recipes", "--site", "other"]);
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("other/recipes/blog.html is in the way of the site"));
    std::fs::write(folder.path().join("file"), "mine").unwrap();
    let ran = taster(folder.path(), &["catalogue", "--source", "recipes", "--out", "public", "--site", "file"]);
    assert!(
        ran.status.code() == Some(2) && String::from_utf8_lossy(&ran.stderr).contains("file is a file; give a folder")
    );
    // Without a folder of their own both files lie beside the pages: what was published there must not get lost.
    let ran = taster(folder.path(), &["catalogue", "--source", "recipes", "--site", "alone"]);
    assert!(ran.status.code() == Some(0) && folder.path().join("alone/catalogue.json").exists());
    std::fs::create_dir(folder.path().join("nothing")).unwrap();
    let ran = taster(folder.path(), &["catalogue", "--source", "nothing", "--site", "alone"]);
    assert_eq!(ran.status.code(), Some(5), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(folder.path().join("alone/recipes/blog.html").exists());
    git(&recipe, &["tag", "--delete", "1.0.0+1.0"]);
    let before = std::fs::read(folder.path().join("public/index.html")).unwrap();
    let ran = taster(folder.path(), &["catalogue", "--source", "recipes", "--out", "public", "--site", "public"]);
    assert_eq!(ran.status.code(), Some(5));
    assert_eq!(std::fs::read(folder.path().join("public/index.html")).unwrap(), before);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["recipes.example.coop", "ftp://example.coop", "https://", "javascript:alert(1)"] {
        std::fs::write(folder.path().join("taster.toml"), format!("[catalogue]\nurl = \"{url}\"\n")).unwrap();
        let ran = taster(folder.path(), &["catalogue", "--source", ".", "--site", "public"]);
        let err = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{url}: {err}");
        assert!(err.contains("`url` under `[catalogue]`"), "{err}");
    }
}
