//! `taster release` on real repositories with a bare remote.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::repository::{Ran, Repository, git};

const VERSION: &str = "1.3.0+1.28.0";

/// A merged bump that is ready: label and note are in step, and a run says that the commit works.
struct Ready {
    repository: Repository,
}

impl Ready {
    fn new() -> Self {
        let repository = Repository::new();
        let remote = repository.dir.path().join("remote.git");
        let made = git(repository.dir.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        assert_eq!(made.code, 0, "{made:?}");
        repository.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        repository.git(&["push", "--quiet", "--set-upstream", "origin", "main", "1.2.0+1.27.2"]);
        repository.change("compose.yml", "nginx:1.27.2", "nginx:1.28.0");
        repository.change("compose.yml", "version=1.2.0+1.27.2", &format!("version={VERSION}"));
        repository.write("release/next", "- app: nginx 1.27.2 → 1.28.0\n");
        repository.commit("a bump");
        repository.git(&["push", "--quiet", "origin", "main"]);
        let ready = Self { repository };
        ready.ran("passed");
        ready
    }

    fn head(&self) -> String {
        self.repository.git(&["rev-parse", "HEAD"])
    }

    fn remote(&self) -> PathBuf {
        self.repository.dir.path().join("remote.git")
    }

    /// What a ref of the remote leads to; empty when it is not there.
    fn at_remote(&self, name: &str) -> String {
        git(&self.remote(), &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")]).out.trim().to_owned()
    }

    /// A history with one run of the commit that is checked out.
    fn ran(&self, outcome: &str) {
        let step = |id: &str, kind: &str, outcome: &str| json!({ "id": id, "kind": kind, "variant": "default", "outcome": outcome, "reason": "the reason", "seconds": 1.0 });
        let line = json!({
            "schema": "taster.history/1", "run": "20261121-100000-teapot-abcd", "at": "2026-11-21T10:00:00Z",
            "recipe": "teapot", "commit": self.head(), "trust": "default-branch",
            "steps": [step("lint@default", "lint", "passed"), step("install@default", "install", outcome)],
        });
        let folder = self.repository.dir.path().join("history");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("teapot.jsonl"), format!("{line}\n")).unwrap();
    }

    fn release(&self, more: &[&str]) -> Ran {
        self.repository.run(&[&["release", "--history", "history"][..], more].concat())
    }

    /// The tag is there as the commons makes it, and the note has its version.
    fn is_released(&self) {
        let repository = &self.repository;
        assert_eq!(repository.git(&["cat-file", "-t", &format!("refs/tags/{VERSION}")]), "tag", "annotated");
        let message = repository.git(&["tag", "--list", "--format=%(contents)", VERSION]);
        assert_eq!(message, format!("chore: publish {VERSION} release"));
        assert_eq!(repository.read(&format!("release/{VERSION}")), "- app: nginx 1.27.2 → 1.28.0\n");
        assert!(!repository.path().join("release/next").exists());
        assert_eq!(repository.git(&["status", "--porcelain"]), "", "nothing is left over");
        assert_eq!(repository.git(&["rev-parse", &format!("{VERSION}^{{commit}}")]), self.head());
        assert_eq!(
            repository.git(&["diff", "--name-status", "HEAD~1", "HEAD", "-M"]),
            format!("R100\trelease/next\trelease/{VERSION}")
        );
    }
}

fn hook(remote: &Path, text: Option<&str>) {
    let file = remote.join("hooks/pre-receive");
    match text {
        Some(text) => {
            std::fs::create_dir_all(remote.join("hooks")).unwrap();
            std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        None => std::fs::remove_file(&file).unwrap(),
    }
}

#[test]
fn the_note_gets_its_version_and_the_tag_is_the_commons() {
    let ready = Ready::new();
    let ran = ready.release(&["--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ready.is_released();
    let told: Value = ran.json();
    assert_eq!((&told["version"], &told["commit"]), (&json!(VERSION), &json!(ready.head())), "{told}");
    assert_eq!(ready.at_remote(VERSION), "", "nothing is pushed unasked");
    let again = ready.release(&[]);
    assert_eq!(again.code, 6, "{again:?}");
    // The push alone is left, and then nothing.
    assert_eq!(ready.release(&["--push"]).code, 0);
    assert_eq!((ready.at_remote(VERSION), ready.at_remote("main")), (ready.head(), ready.head()));
    assert_eq!(ready.release(&["--push"]).code, 6);
}

#[test]
fn a_release_without_a_note_tags_the_commit_itself() {
    let ready = Ready::new();
    ready.repository.git(&["rm", "--quiet", "release/next"]);
    ready.repository.commit("no note");
    let head = ready.head();
    // The run was of the commit before, which differs only in a note.
    let ran = ready.release(&["--push"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!((ready.head(), ready.at_remote(VERSION)), (head.clone(), head));
}

#[test]
fn it_is_refused_when_the_linter_or_the_last_run_say_no_and_nothing_is_changed() {
    let ready = Ready::new();
    let head = ready.head();
    ready.ran("failed");
    let ran = ready.release(&["--push"]);
    assert!(ran.code == 1 && ran.err.contains("install@default failed: the reason"), "{ran:?}");
    assert!(ran.err.contains("--force run"), "what to do is told: {ran:?}");
    for outcome in ["errored", "blocked", "skipped"] {
        ready.ran(outcome);
        assert_eq!(ready.release(&[]).code, 1, "{outcome} is no yes");
    }
    std::fs::remove_file(ready.repository.dir.path().join("history/teapot.jsonl")).unwrap();
    let ran = ready.release(&[]);
    assert!(ran.code == 1 && ran.err.contains("no run has tried the commit"), "{ran:?}");
    let ran = ready.repository.run(&["release"]);
    assert!(ran.code == 1 && ran.err.contains("--history"), "nobody was asked: {ran:?}");
    assert_eq!((ready.head(), ready.repository.git(&["tag", "--list", VERSION])), (head, String::new()));
    assert_eq!(ready.at_remote(VERSION), "");
    let forced = ready.release(&["--force", "run"]);
    assert!(forced.code == 0 && forced.err.contains("forced: "), "{forced:?}");
    ready.is_released();

    let ready = Ready::new();
    // An error of the linter: R011 and its like.
    ready.repository.change(
        "compose.yml",
        "  app:\n    image: nginx:1.28.0",
        "  web:\n    image: nginx:1.28.0\n  app:\n    image: nginx:1.28.0",
    );
    ready.repository.git(&["rm", "--quiet", "--cached", ".env.sample"]);
    std::fs::remove_file(ready.repository.path().join(".env.sample")).unwrap();
    ready.repository.commit("broken");
    ready.ran("passed");
    let ran = ready.release(&[]);
    assert!(ran.code == 1 && ran.err.contains("the linter has"), "{ran:?}");
    assert_eq!(ready.repository.git(&["tag", "--list", VERSION]), "");
}

#[test]
fn a_run_of_other_files_says_nothing() {
    let ready = Ready::new();
    ready.repository.change("compose.yml", "LOG_LEVEL:-info", "LOG_LEVEL:-warn");
    ready.repository.commit("something that no run has tried");
    let ran = ready.release(&[]);
    assert!(ran.code == 1 && ran.err.contains("no run has tried the commit"), "{ran:?}");
}

#[test]
fn what_is_not_ready_is_told_with_what_to_do() {
    let ready = Ready::new();
    ready.repository.write("new.txt", "x");
    let ran = ready.release(&[]);
    assert!(ran.code == 2 && ran.err.contains("not committed: new.txt"), "{ran:?}");
    std::fs::remove_file(ready.repository.path().join("new.txt")).unwrap();
    ready.repository.git(&["switch", "--quiet", "--create", "other"]);
    // Which branch is the default one is known from the remote.
    ready.repository.git(&["remote", "set-head", "origin", "main"]);
    let ran = ready.release(&[]);
    assert!(ran.code == 1 && ran.err.contains("releases are made of the default branch main"), "{ran:?}");
    ready.repository.git(&["switch", "--quiet", "--detach", "main"]);
    let ran = ready.release(&[]);
    assert!(ran.code == 2 && ran.err.contains("no branch is checked out"), "{ran:?}");
    ready.repository.git(&["switch", "--quiet", "main"]);
    // The label was not raised: what is out stays as it is.
    ready.repository.change("compose.yml", &format!("version={VERSION}"), "version=1.2.0+1.27.2");
    ready.repository.commit("not raised");
    ready.ran("passed");
    let ran = ready.release(&[]);
    assert!(ran.code == 1 && ran.err.contains("`taster sync` raises the label"), "{ran:?}");
    let empty = tempfile::tempdir().unwrap();
    let ran: Ran = crate::repository::taster(empty.path()).args(["release", "."]).output().unwrap().into();
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_failing_push_leaves_what_the_next_call_finishes() {
    let ready = Ready::new();
    hook(&ready.remote(), Some("echo the disk is full >&2; exit 1"));
    let ran = ready.release(&["--push"]);
    assert!(
        ran.code == 4 && ran.err.contains("the disk is full") && ran.err.contains("tries the push again"),
        "{ran:?}"
    );
    ready.is_released();
    assert_eq!(
        (ready.at_remote(VERSION), ready.at_remote("main")),
        (String::new(), ready.repository.git(&["rev-parse", "HEAD~1"])),
        "both or neither"
    );
    hook(&ready.remote(), None);
    let ran = ready.release(&["--push"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!((ready.at_remote(VERSION), ready.at_remote("main")), (ready.head(), ready.head()));
}

#[test]
fn a_remote_that_went_on_is_told_before_anything_is_made() {
    let ready = Ready::new();
    let other = ready.repository.dir.path().join("other");
    let remote = ready.remote();
    git(ready.repository.dir.path(), &["clone", "--quiet", remote.to_str().unwrap(), "other"]);
    git(&other, &["commit", "--quiet", "--allow-empty", "--message", "meanwhile"]);
    assert_eq!(git(&other, &["push", "--quiet", "origin", "main"]).code, 0);
    let ran = ready.release(&["--push"]);
    assert!(ran.code == 2 && ran.err.contains("git pull --rebase origin main"), "{ran:?}");
    assert_eq!(ready.repository.git(&["tag", "--list", VERSION]), "");
    // Somebody else's tag of this version.
    git(&other, &["tag", "--annotate", VERSION, "--message", "theirs"]);
    assert_eq!(git(&other, &["push", "--quiet", "origin", VERSION]).code, 0);
    let ran = ready.release(&["--push"]);
    assert!(ran.code == 2 && ran.err.contains("has a tag 1.3.0+1.28.0 already"), "{ran:?}");
    let nowhere = ready.release(&["--push=nowhere"]);
    assert!(nowhere.code == 4 && nowhere.err.contains("nowhere"), "{nowhere:?}");
    assert_eq!(ready.repository.git(&["tag", "--list", VERSION]), "");
}

/// A kill between any two steps: each state that it can leave is finished by the next call.
#[test]
fn what_a_kill_left_half_done_is_finished() {
    let named = format!("release/{VERSION}");
    // The branch has moved, and neither index nor work tree know it yet.
    let ready = Ready::new();
    let before = ready.head();
    ready.repository.git(&["mv", "release/next", &named]);
    ready.repository.git(&["commit", "--quiet", "--message", &format!("chore: publish {VERSION} release")]);
    let after = ready.head();
    for with_index in [false, true] {
        // The index and the files are those of before; with the second one the index has been read already.
        ready.repository.git(&["reset", "--quiet", "--hard", &before]);
        ready.repository.git(&["update-ref", "HEAD", &after]);
        if with_index {
            ready.repository.git(&["read-tree", "HEAD"]);
        }
        let ran = ready.release(&[]);
        assert_eq!(ran.code, 0, "{ran:?}");
        ready.is_released();
        assert_eq!(ready.head(), after, "no second commit");
        ready.repository.git(&["tag", "--delete", VERSION]);
    }
    // The work tree is in line, and the tag was not made.
    let ran = ready.release(&["--push"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ready.is_released();
    assert_eq!(ready.at_remote(VERSION), after);
    // A note that somebody writes for the next release is no remnant, and is not removed.
    ready.repository.write("release/next", "- words of a maintainer\n");
    let ran = ready.release(&[]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(ready.repository.read("release/next"), "- words of a maintainer\n");
}

#[test]
fn the_entry_of_the_catalogue_is_made_anew_and_no_other() {
    let ready = Ready::new();
    let folder = ready.repository.dir.path();
    let recipes = folder.join("recipes");
    std::fs::create_dir_all(&recipes).unwrap();
    let other = crate::repository::copy_recipe(&recipes, "other");
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message", "x"],
        &["tag", "--annotate", "0.1.0+1.27.2", "--message", "x"],
    ] {
        assert_eq!(git(&other, arguments).code, 0);
    }
    assert_eq!(git(&recipes, &["clone", "--quiet", ready.repository.path().to_str().unwrap(), "teapot"]).code, 0);
    let built: Ran = crate::repository::taster(folder)
        .args([
            "catalogue",
            "--source",
            "recipes",
            "--out",
            "public",
            "--site",
            "public",
            "--cache",
            "cache",
            "--quiet",
        ])
        .output()
        .unwrap()
        .into();
    assert_eq!(built.code, 0, "{built:?}");
    let entry = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.join("public/catalogue.json")).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap();
        all["recipes"].as_array().unwrap().iter().find(|recipe| recipe["name"] == name).unwrap().clone()
    };
    // Runs lie in folders that whoever releases does not have.
    let file = folder.join("public/catalogue.json");
    let mut all: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let link = |run: &str| {
        json!({ "run": run, "outcome": "passed", "level": 1, "at_least": true, "path": format!("runs/{run}"),
            "screenshots": ["pages/smoke.png"] })
    };
    let known = "20261121-100000-teapot-abcd";
    for recipe in all["recipes"].as_array_mut().unwrap() {
        recipe["runs"] = json!([link(known), link("20261101-100000-teapot-gone")]);
        recipe["last_tested"] = "2026-11-21T10:00:00Z".into();
    }
    std::fs::write(&file, format!("{all:#}\n")).unwrap();
    let before = entry("other");
    let ran = ready.release(&["--push", "--catalogue", "public", "--site", "public"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let versions: Vec<Value> =
        entry("teapot")["versions"].as_array().unwrap().iter().map(|version| version["version"].clone()).collect();
    assert_eq!(versions, [json!("1.2.0+1.27.2"), json!(VERSION)]);
    assert_eq!(entry("other"), before);
    // The history decides which runs count, and the links say where more about them is.
    let runs = entry("teapot")["runs"].clone();
    let [run] = runs.as_array().unwrap().as_slice() else { panic!("{runs:#}") };
    assert_eq!((&run["run"], &run["path"]), (&json!(known), &json!(format!("runs/{known}"))), "{run}");
    assert_eq!(run["screenshots"], json!(["pages/smoke.png"]));
    let recipes: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("public/recipes.json")).unwrap()).unwrap();
    assert_eq!(recipes.as_object().unwrap().keys().collect::<Vec<_>>(), ["other", "teapot"]);
    let page = std::fs::read_dir(folder.join("public")).unwrap().count();
    assert!(page > 3, "the pages are there");
}

#[test]
fn without_a_history_the_entry_keeps_what_folders_of_runs_told() {
    let ready = Ready::new();
    let folder = ready.repository.dir.path();
    let runs = folder.join("runs/20261121-100000-teapot-abcd");
    std::fs::create_dir_all(&runs).unwrap();
    let step = |kind: &str| json!({ "id": format!("{kind}@default"), "kind": kind, "variant": "default", "outcome": "passed", "reason": "", "flaky": false, "seconds": 1.0, "evidence": [] });
    let run = json!({
        "schema": "taster.run/1", "run": "20261121-100000-teapot-abcd", "recipe": "teapot",
        "candidate": { "commit": ready.head(), "dirty": false }, "level": 1, "level_is_at_least": true, "outcome": "passed",
        "steps": [step("lint"), step("install")], "digests": [], "costs": {},
    });
    std::fs::write(runs.join("run.json"), run.to_string()).unwrap();
    let recipes = folder.join("recipes");
    std::fs::create_dir_all(&recipes).unwrap();
    assert_eq!(git(&recipes, &["clone", "--quiet", ready.repository.path().to_str().unwrap(), "teapot"]).code, 0);
    let built: Ran = crate::repository::taster(folder)
        .args(["catalogue", "--source", "recipes", "--runs", "runs", "--out", "public", "--cache", "cache", "--quiet"])
        .output()
        .unwrap()
        .into();
    assert_eq!(built.code, 0, "{built:?}");
    let entry = || -> Value {
        let text = std::fs::read_to_string(folder.join("public/catalogue.json")).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["recipes"][0].clone()
    };
    let before = entry();
    assert_eq!(before["runs"].as_array().unwrap().len(), 1, "{before:#}");
    let run = runs.display().to_string();
    let ran = ready.repository.run(&["release", "--run", &run, "--catalogue", "public"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let after = entry();
    assert_eq!(after["versions"].as_array().unwrap().len(), 2, "{after:#}");
    for kept in ["runs", "last_tested", "upgrades"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
}
