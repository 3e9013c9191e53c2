//! The whole of it once on a real node: a pull request of the demo recipe, its artefact, the comment.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::comment::Forge;
use crate::server::Artefact;
use crate::world::{Ran, git};

fn taster(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
    command.current_dir(directory).args(arguments).envs(environment.iter().copied());
    command.env("NO_COLOR", "1").env("TASTER_LOCKS", directory.parent().unwrap().join("locks"));
    for name in ["CI", "GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS", "DRONE", "TASTER_CONFIG", "TASTER_RUNS"] {
        if environment.iter().all(|(set, _)| *set != name) {
            command.env_remove(name);
        }
    }
    command.output().unwrap().into()
}

/// The built-in recipes, each a repository, and a folder beside them.
struct Demo {
    dir: tempfile::TempDir,
    prepared: taster::demo::Demo,
}

impl Demo {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_taster"));
        let prepared = runtime.block_on(taster::demo::prepare(&dir.path().join("demo"), Some(program))).unwrap();
        Self { dir, prepared }
    }

    fn find(&self, name: &str) -> PathBuf {
        self.prepared.recipes.iter().find(|(recipe, _)| recipe.name == name).unwrap().1.clone()
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Files of the only run, packed as the forge hands them out.
    fn archive(&self, files: &[&str]) -> Vec<u8> {
        let run = std::fs::read_dir(self.path("runs")).unwrap().next().unwrap().unwrap().path();
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for file in files {
            writer.start_file(format!("r/{file}"), zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(&std::fs::read(run.join(file)).unwrap()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }
}

/// The environment of Drone for a pull request.
fn drone<'e>(head: &'e str, base: &'e str) -> [(&'e str, &'e str); 6] {
    [
        ("DRONE", "true"),
        ("DRONE_BUILD_EVENT", "pull_request"),
        ("DRONE_COMMIT_SHA", head),
        ("DRONE_COMMIT_BEFORE", base),
        ("DRONE_PULL_REQUEST", "7"),
        ("DRONE_TARGET_BRANCH", "main"),
    ]
}

/// A forge on which that pull request's job has left this.
fn forge(head: &str, base: &str, bytes: Vec<u8>) -> Forge {
    let forge = Forge::new();
    forge.server.set(|state| {
        state.repositories.pulls = vec![(7, head.to_owned(), base.to_owned())];
        let name = format!("taster-{head}");
        state.repositories.artefacts.push(Artefact { id: 3, name, commit: head.to_owned(), expired: false, bytes });
    });
    forge
}

#[test]
fn a_pull_request_that_only_a_backup_can_notice_is_backed_up_and_restored_and_no_more() {
    let demo = Demo::new();
    let recipe = demo.find("demo-notes");
    let base = git(&recipe, &["rev-parse", "HEAD"]);
    git(&recipe, &["checkout", "--quiet", "-b", "bump"]);
    let compose = std::fs::read_to_string(recipe.join("compose.yml")).unwrap();
    let changed = compose.replace("pre-hook=demo-app dump ", "pre-hook=demo-app dump  ");
    assert_ne!(compose, changed);
    std::fs::write(recipe.join("compose.yml"), changed).unwrap();
    git(&recipe, &["commit", "--quiet", "--all", "--message", "another hook"]);
    let head = git(&recipe, &["rev-parse", "HEAD"]);
    let step = |kind: &str| {
        let id = if kind == "upgrade" { "upgrade:1.0.0+1.0→x@default".to_owned() } else { format!("{kind}@default") };
        json!({ "id": id, "kind": kind, "variant": "default", "outcome": "passed", "seconds": 1.0 })
    };
    let kinds = ["lint", "install", "restart", "redeploy", "backup", "restore", "smoke", "upgrade", "leftovers"];
    let line = json!({
        "schema": "taster.history/1", "run": "20261120-100000-demo-notes-abcd", "at": "2026-11-20T10:00:00Z",
        "recipe": "demo-notes", "commit": base, "trust": "default-branch", "steps": kinds.map(step),
    });
    let history = demo.path("history");
    std::fs::create_dir_all(&history).unwrap();
    std::fs::write(Path::new(&history).join("demo-notes.jsonl"), format!("{line}\n")).unwrap();
    let arguments = ["ci", "--history", &history, "--out", &demo.path("out"), "--runs", &demo.path("runs")];
    let ran = taster(&recipe, &arguments, &drone(&head, &base));
    assert_eq!(ran.code, 0, "{ran:?}");
    let summary = std::fs::read_to_string(demo.path("out/summary.md")).unwrap();
    for words in [
        "| <code>install</code> | tried | <code>everything else that is tried on a node rests on it</code> |",
        "| <code>restore</code> | tried |",
        "| <code>upgrade</code> | not tried |",
        "at least level 5 with 5 step(s) taken over",
    ] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    let bytes = demo.archive(&["events.ndjson", "run.json", "change.json", "lint.json"]);
    let forge = forge(&head, &base, bytes);
    assert_eq!(forge.comment(&["--history", &history]).code, 0);
    let body = forge.body();
    assert!(body.contains("### taster: passed · at least level 5 → at least level 5\n"), "{body}");
    assert!(body.contains("**Tried in part:**") && body.contains("All steps (4)"), "{body}");
}

#[test]
fn a_pull_request_of_the_demo_recipe_from_the_node_to_the_comment() {
    let demo = Demo::new();
    let recipe = demo.find("demo-notes");
    let base = git(&recipe, &["rev-parse", "HEAD"]);
    // The pull request breaks it as another built-in recipe is broken.
    git(&recipe, &["checkout", "--quiet", "-b", "bump"]);
    let broken = demo.find("demo-crash-loop");
    for entry in std::fs::read_dir(&broken).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_file() {
            std::fs::copy(&entry, recipe.join(entry.file_name().unwrap())).unwrap();
        }
    }
    git(&recipe, &["add", "--all"]);
    git(&recipe, &["commit", "--quiet", "--message", "break it"]);
    let head = git(&recipe, &["rev-parse", "HEAD"]);
    git(&recipe, &["checkout", "--quiet", "--detach", &base]);

    let (out, runs) = (demo.path("out"), demo.path("runs"));
    let arguments = ["ci", "--step", "install", "--out", &out, "--runs", &runs];
    let ran = taster(&recipe, &arguments, &drone(&head, &base));
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("install@default failed, and nobody knows how the base stood"), "{ran:?}");
    assert!(ran.out.contains("exits with 1"), "{ran:?}");

    let forge = forge(&head, &base, demo.archive(&["events.ndjson"]));
    let ran = forge.comment(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let body = forge.body();
    assert!(body.contains("level unknown → level 0") && body.contains("exits with 1"), "{body}");
    assert!(body.contains("**What to do:**"), "{body}");
}
