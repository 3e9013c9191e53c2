//! What a run with `--online` records, in run.json, in its log and in the history; no node is needed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::images::{Answers, Registry, stranger};
use crate::ran::Ran;

/// The good recipe of the linter's tests with images of a registry of ours, in a repository.
struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new(app: &str, db: &str) -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(world.path("recipes")).unwrap();
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/fixtures/base/.");
        assert!(Command::new("cp").arg("-a").arg(base).arg(world.recipe()).status().unwrap().success());
        let _ = std::fs::remove_dir_all(world.recipe().join("release"));
        let file = world.recipe().join("compose.yml");
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.replace("image: nginx:1.27.2", &format!("image: {app}"));
        std::fs::write(&file, text.replace("image: postgres:16.4", &format!("image: {db}"))).unwrap();
        for arguments in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["add", "--all"],
            &["commit", "--quiet", "--message", "a recipe"],
        ] {
            world.git(arguments);
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn recipe(&self) -> PathBuf {
        self.path("recipes/teapot")
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.recipe())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn taster(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
        command.current_dir(self.dir.path()).args(arguments).env("TASTER_LOCKS", self.path("locks"));
        for name in ["TASTER_CONFIG", "TASTER_HISTORY", "TASTER_RUNS", "TASTER_CACHE", "CI"] {
            command.env_remove(name);
        }
        command.output().unwrap().into()
    }

    /// The linter's step alone: run.json and its folder.
    fn lint(&self, more: &[&str]) -> (Value, PathBuf) {
        let arguments = [&["test", "--step", "lint", "--json", "--runs", "runs", "recipes/teapot"], more].concat();
        let ran = self.taster(&arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        let run: Value = serde_json::from_str(&ran.out).unwrap();
        let folder = self.path("runs").join(run["run"].as_str().unwrap());
        (run, folder)
    }

    fn night(&self, more: &[&str]) -> Ran {
        let night =
            ["nightly", "--trusted", "--step", "lint", "--source", "recipes", "--cache", "cache", "--jobs", "1"];
        self.taster(&[&night[..], &["--out", "public"], more].concat())
    }

    /// The lines of the history.
    fn history(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path("history/teapot.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A registry with a newer image of the app, and the newest of the database.
fn registry() -> (Registry, String, String) {
    let registry = Registry::start();
    for (tag, created) in
        [("1.27.2", "2026-01-01T00:00:00Z"), ("1.27.3", "2026-05-02T10:00:00Z"), ("1.27.4", "2026-06-01T00:00:00Z")]
    {
        let made = json!(created);
        registry.made_for("tea/pot", tag, &[("amd64", made.clone()), ("arm64", made)]);
    }
    registry.images("tea/db", "16.4", &["amd64", "arm64"]);
    let (app, db) = (format!("{}/tea/pot:1.27.2", registry.address), format!("{}/tea/db:16.4", registry.address));
    (registry, app, db)
}

fn valid(schema: &str, value: &Value) -> bool {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue-schema").join(format!("{schema}.json"));
    jsonschema::validator_for(&serde_json::from_str(&read(&file)).unwrap()).unwrap().is_valid(value)
}

#[test]
fn a_run_records_since_when_upstream_has_something_newer() {
    let (_registry, app, db) = registry();
    let world = World::new(&app, &db);
    let (run, folder) = world.lint(&["--online"]);
    let upstream = json!({"image": app, "newest": "1.27.4", "behind_since": "2026-05-02", "dates_known": true});
    assert_eq!(run["upstream"], upstream, "the app's image, and not the database's");
    assert!(valid("run", &run));
    let findings = read(&folder.join("lint.json"));
    assert!(findings.contains("I407") && findings.contains("there is `1.27.4`"), "{findings}");
    let evidence = run["steps"][0]["evidence"].to_string();
    assert!(evidence.contains("there is 1.27.4, and something newer since 2026-05-02"), "{evidence}");
    // Every report is a view of the log.
    let again = world.taster(&["report", "--format", "json", folder.to_str().unwrap()]);
    let again: Value = serde_json::from_str(&again.out).unwrap_or_else(|error| panic!("{error}: {again:?}"));
    assert_eq!(again["upstream"], upstream);
    for line in read(&folder.join("events.ndjson")).lines() {
        assert!(valid("event", &serde_json::from_str(line).unwrap()), "{line}");
    }
    let kept = read(&folder.join("registries.json"));
    assert!(kept.contains(&db) && !kept.contains("1.27.3"), "the answers without the tags: {kept}");
    // What is newest is behind nothing.
    let newest = World::new(&app.replace("1.27.2", "1.27.4"), &db);
    let (run, _) = newest.lint(&["--online"]);
    assert_eq!(run["upstream"], json!({"image": app.replace("1.27.2", "1.27.4"), "dates_known": true}));
}

#[test]
fn nobody_is_asked_unasked() {
    let (address, asked) = stranger(Answers::new());
    let world = World::new(&format!("{address}/tea/pot:1.0.0"), &format!("{address}/tea/db:1.0.0"));
    let (run, folder) = world.lint(&[]);
    assert_eq!((run.get("upstream"), asked.lock().unwrap().len()), (None, 0));
    assert!(!folder.join("registries.json").exists());
}

#[test]
fn a_registry_without_an_answer_is_a_note_and_never_the_recipes_fault() {
    // Nothing listens there.
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::new(&format!("{nowhere}/tea/pot:1.0.0"), &format!("{nowhere}/tea/db:1.0.0"));
    let (run, folder) = world.lint(&["--online"]);
    assert_eq!((run.get("upstream"), &run["outcome"]), (None, &json!("passed")), "{run:#}");
    let log = read(&folder.join("events.ndjson"));
    assert!(
        log.contains("nobody knows what upstream has that is newer than") && log.contains("not judged is"),
        "{log}"
    );
    // The list of tags is there, and the registry has enough of questions when it comes to the dates.
    let one = |status: &'static str, headers: &str, body: &str| vec![(status, headers.to_owned(), body.to_owned())];
    let (address, asked) = stranger(Answers::from([
        ("/v2/tea/pot/manifests/1.0.0", one("200 OK", "", r#"{"architecture":"amd64"}"#)),
        ("/v2/tea/pot/tags/list?n=1000", one("200 OK", "", r#"{"tags":["1.0.0","1.0.1"]}"#)),
        ("/v2/tea/pot/manifests/1.0.1", one("429 Too Many", "Retry-After: 3600\r\n", "")),
    ]));
    let image = format!("{address}/tea/pot:1.0.0");
    let world = World::new(&image, &image);
    let (run, folder) = world.lint(&["--online"]);
    assert_eq!((run.get("upstream"), &run["outcome"]), (None, &json!("passed")), "{run:#}");
    let (log, asked) = (read(&folder.join("events.ndjson")), asked.lock().unwrap().join("\n"));
    assert!(log.contains("answers no more questions") && asked.contains("1.0.1"), "{log}\n{asked}");
    assert!(read(&folder.join("lint.json")).contains("I407"), "what was answered is judged");
}

#[test]
fn an_image_that_is_not_there_fails_the_step_as_the_linter_says() {
    let (_registry, app, db) = registry();
    let world = World::new(&app.replace("1.27.2", "1.27.1"), &db);
    let ran = world.taster(&["test", "--step", "lint", "--online", "--json", "--runs", "runs", "recipes/teapot"]);
    let run: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &run["steps"][0]["class"]), (1, &json!("lint-errors")), "{ran:?}");
    assert!(run["steps"][0]["reason"].as_str().unwrap().contains("I405"), "{run:#}");
}

#[test]
fn the_night_asks_when_told_to_and_the_history_keeps_it() {
    let (_registry, app, db) = registry();
    let world = World::new(&app, &db);
    assert_eq!(world.night(&[]).code, 0);
    assert_eq!(world.history()[0].get("upstream"), None, "no command talks to a network unasked");
    let told = |commit: &str| {
        world.git(&["commit", "--quiet", "--allow-empty", "--message", commit]);
        world.history().len()
    };
    let before = told("for the flag");
    let ran = world.night(&["--online"]);
    assert_eq!((ran.code, world.history().len()), (0, before + 1), "{ran:?}");
    let line = world.history().pop().unwrap();
    assert_eq!((&line["upstream"]["image"], &line["upstream"]["behind_since"]), (&json!(app), &json!("2026-05-02")));
    assert!(valid("history", &line));
    // The same by taster.toml, unless somebody wants no network at all.
    std::fs::write(world.path("taster.toml"), "[history]\nonline = true\n").unwrap();
    for (offline, expected) in [(&["--offline"][..], None), (&[], Some(&json!("1.27.4")))] {
        let before = told("for the file");
        assert_eq!(world.night(offline).code, 0);
        let lines = world.history();
        assert_eq!(lines.len(), before + 1);
        assert_eq!(lines.last().unwrap()["upstream"].get("newest"), expected, "{offline:?}");
    }
    let both = world.night(&["--online", "--offline"]);
    assert!(both.code == 2 && both.err.contains("cannot be used with"), "{both:?}");
}
