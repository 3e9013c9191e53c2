//! `taster nightly`: what is due, in which order; broken off at any moment, twice at once, and quiet nights.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use taster::plan::{Candidate, due};
use taster::record::DueWhy;

use crate::repository::{Ran, copy_recipe, git, taster};

fn candidate(recipe: &str, tried: Option<(&str, i64)>, interval: f64) -> Candidate {
    let tried = tried.map(|(commit, days)| (vec![commit.to_owned()], now() - SignedDuration::from_hours(24 * days)));
    Candidate { recipe: recipe.to_owned(), commit: "new".to_owned(), tried, interval, seconds: 60.0 }
}

fn now() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

#[test]
fn what_changed_comes_first_then_what_is_stale_and_of_these_the_least_known() {
    let candidates = [
        candidate("fresh", Some(("new", 1)), 90.0),
        candidate("stale-known", Some(("new", 30)), 5.0),
        candidate("stale-vague", Some(("new", 8)), 50.0),
        candidate("changed", Some(("old", 1)), 10.0),
        candidate("never", None, 100.0),
    ];
    let due = due(&candidates, now(), SignedDuration::from_hours(24 * 7));
    let told: Vec<(&str, DueWhy)> = due.iter().map(|due| (due.recipe.as_str(), due.why)).collect();
    assert_eq!(
        told,
        [
            ("never", DueWhy::New),
            ("changed", DueWhy::Changed),
            ("stale-vague", DueWhy::Stale),
            ("stale-known", DueWhy::Stale)
        ]
    );
}

/// A commons with some recipes, whose plan is the linter alone: no node is needed.
struct Commons {
    dir: tempfile::TempDir,
}

impl Commons {
    fn new(recipes: usize) -> Self {
        let commons = Self { dir: tempfile::tempdir().unwrap() };
        let folder = commons.path("recipes");
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..recipes {
            let path = copy_recipe(&folder, &format!("r{number}"));
            let tag = ["tag", "--annotate", "1.2.0+1.27.2", "--message", "x"];
            for arguments in [
                &["init", "--quiet", "--initial-branch=main"][..],
                &["add", "--all"],
                &["commit", "--quiet", "--message", "x"],
                &tag,
            ] {
                assert_eq!(git(&path, arguments).code, 0);
            }
        }
        commons
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, more: &[&str]) -> std::process::Command {
        let mut command = taster(self.dir.path());
        command.args([
            "nightly",
            "--trusted",
            "--step",
            "lint",
            "--source",
            "recipes",
            "--cache",
            "cache",
            "--jobs",
            "1",
            "--json",
        ]);
        command.args(["--site", "public"]).args(more);
        command
    }

    fn night(&self, more: &[&str]) -> Ran {
        self.command(more).output().unwrap().into()
    }

    fn begin(&self) -> Child {
        self.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// The runs in the history of all recipes.
    fn history(&self) -> Vec<String> {
        let mut runs = Vec::new();
        for entry in std::fs::read_dir(self.path("history")).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            runs.extend(lines.map(|line| line["recipe"].as_str().unwrap().to_owned()));
        }
        runs.sort();
        runs
    }
}

#[test]
fn a_night_tests_what_is_due_and_publishes_and_the_next_one_has_nothing_to_do() {
    let commons = Commons::new(3);
    let ran = commons.night(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!((&report["stage"], &report["found"]), (&"done".into(), &3.into()), "{report:#}");
    assert_eq!(report["results"].as_array().unwrap().len(), 3);
    assert_eq!(commons.history(), ["r0", "r1", "r2"]);
    for file in ["public/catalogue.json", "public/recipes.json", "public/index.html"] {
        assert!(commons.path(file).is_file(), "{file}");
    }
    let again = commons.night(&[]);
    assert_eq!(again.code, 6, "{again:?}");
    assert_eq!(again.json()["stage"], "nothing-due");
    // One has changed.
    let path = commons.path("recipes/r1");
    assert_eq!(git(&path, &["commit", "--quiet", "--allow-empty", "--message", "more"]).code, 0);
    let third = commons.night(&[]);
    assert_eq!(third.code, 0, "{third:?}");
    let due = third.json()["due"].clone();
    assert_eq!(
        (due.as_array().unwrap().len(), &due[0]["recipe"], &due[0]["why"]),
        (1, &"r1".into(), &"changed".into())
    );
}

#[test]
fn lesson_06_nothing_found_is_not_a_quiet_night() {
    let commons = Commons::new(0);
    let ran = commons.night(&[]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()["stage"], "nothing-found");
    let words: Ran = taster(commons.dir.path())
        .args(["nightly", "--trusted", "--source", "recipes", "--cache", "cache", "--dry-run"])
        .output()
        .unwrap()
        .into();
    assert!(words.code == 3 && words.out.contains("NOTHING WAS FOUND"), "{words:?}");
}

#[test]
fn without_trust_there_is_no_night() {
    let commons = Commons::new(1);
    let ran: Ran = taster(commons.dir.path())
        .args(["nightly", "--source", "recipes", "--cache", "cache"])
        .output()
        .unwrap()
        .into();
    assert!(ran.code == 2 && ran.err.contains("--trusted"), "{ran:?}");
    assert!(!commons.path("history").exists());
}

#[test]
fn two_nights_at_once_are_not_possible() {
    let commons = Commons::new(1);
    std::fs::create_dir_all(commons.path(".taster/nightly")).unwrap();
    let held = std::fs::File::open(commons.path(".taster/nightly")).unwrap();
    held.lock().unwrap();
    let ran = commons.night(&[]);
    assert!(ran.code == 4 && ran.err.contains("another `taster nightly` is at work"), "{ran:?}");
    assert!(!commons.path("public").exists(), "and it did nothing");
    drop(held);
    assert_eq!(commons.night(&[]).code, 0, "the lock goes with who held it");
}

#[test]
fn a_short_night_leaves_the_less_urgent_for_another_one() {
    let commons = Commons::new(3);
    // Nobody has measured them, so each is taken to take five minutes.
    let ran = commons.night(&["--budget", "6m"]);
    let report = ran.json();
    assert_eq!(report["results"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(report["left"].as_array().unwrap().len(), 2, "{report:#}");
    assert_eq!(commons.history().len(), 1);
    let rest = commons.night(&[]);
    assert_eq!(rest.json()["results"].as_array().unwrap().len(), 2, "{rest:?}");
    assert_eq!(commons.history(), ["r0", "r1", "r2"]);
}

/// Killed at many moments, and taken up each time: in the end every recipe was tried once, and everything is published.
#[test]
fn a_night_that_is_killed_at_any_moment_is_taken_up() {
    let commons = Commons::new(6);
    let mut kills = 0;
    // Later and later, so that every part of the night is hit; the machine may be slow, so moments are found by what is there already.
    for results in [0_usize, 1, 1, 2, 3, 5] {
        let mut child = commons.begin();
        let begun = Instant::now();
        let ended = loop {
            let file = commons.path(".taster/nightly/night.json");
            let done = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            let done = done.map_or(0, |report| report["results"].as_array().map_or(0, Vec::len));
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if done >= results && begun.elapsed() > Duration::from_millis(20 * u64::try_from(results + 1).unwrap()) {
                break false;
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "the night hangs");
            std::thread::sleep(Duration::from_millis(2));
        };
        if !ended {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        let state = std::fs::read(commons.path(".taster/nightly/night.json"));
        if let Ok(state) = state {
            serde_json::from_slice::<Value>(&state).expect("the state is whole or not there");
        }
    }
    assert!(kills >= 3, "it was killed {kills} time(s) only");
    let last = commons.night(&[]);
    assert!(last.code == 0 || last.code == 6, "{last:?}");
    let report = last.json();
    assert!(report["stage"] == "done" || report["stage"] == "nothing-due", "{report:#}");
    assert_eq!(commons.history(), ["r0", "r1", "r2", "r3", "r4", "r5"], "each once: {report:#}");
    assert!(commons.path("public/catalogue.json").is_file());
}

/// A run that came to its end, and that a kill kept from being entered: it is found by its folder and not tried again.
#[test]
fn a_run_that_ended_before_a_kill_is_not_tried_again() {
    let commons = Commons::new(2);
    assert_eq!(commons.night(&[]).code, 0);
    let file = commons.path(".taster/nightly/night.json");
    let mut state: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    state["stage"] = "testing".into();
    state["results"] = Value::Array(Vec::new());
    std::fs::write(&file, state.to_string()).unwrap();
    std::fs::remove_dir_all(commons.path("history")).unwrap();
    let ran = commons.night(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!((commons.history(), &ran.json()["resumed"]), (vec!["r0".to_owned(), "r1".to_owned()], &1.into()));
    assert_eq!(std::fs::read_dir(commons.path(".taster/runs")).unwrap().count(), 2, "no second run of either");
    // A state that nobody can read is not thrown away in silence.
    std::fs::write(&file, "{").unwrap();
    let ran = commons.night(&[]);
    assert!(ran.code == 2 && ran.err.contains("move the file away"), "{ran:?}");
}

/// With a real node, killed while the recipe is on it: the next night removes what is left, tries the recipe again, and enters it once.
#[tokio::test]
async fn a_night_on_a_real_node_is_taken_up_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let demo =
        taster::demo::prepare(&dir.path().join("demo"), Some(std::path::Path::new(env!("CARGO_BIN_EXE_taster"))))
            .await
            .unwrap();
    let (_, good) = demo.recipes.iter().find(|(recipe, _)| recipe.what_is_wrong.is_none()).unwrap();
    let recipes = dir.path().join("recipes");
    std::fs::create_dir_all(&recipes).unwrap();
    std::fs::rename(good, recipes.join("demo-notes")).unwrap();
    let command = || {
        let mut command = taster(dir.path());
        command.env("TASTER_LOCKS", dir.path().join("locks"));
        command.args([
            "nightly",
            "--trusted",
            "--step",
            "install",
            "--source",
            "recipes",
            "--cache",
            "cache",
            "--json",
        ]);
        command
    };
    let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    let has_node = || {
        let runs = std::fs::read_dir(dir.path().join(".taster/runs")).into_iter().flatten().flatten();
        let logs = runs.filter_map(|run| std::fs::read_to_string(run.path().join("events.ndjson")).ok());
        logs.into_iter().any(|log| log.contains("\"type\":\"node\""))
    };
    while !has_node() {
        assert!(child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(300), "no node came up");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let ran: Ran = command().output().unwrap().into();
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    assert_eq!((&report["resumed"], &report["stage"]), (&1.into(), &"done".into()), "{report:#}");
    assert_eq!(report["results"][0]["result"], "passed", "{report:#}");
    let history = std::fs::read_to_string(dir.path().join("history/demo-notes.jsonl")).unwrap();
    assert_eq!(history.lines().count(), 1);
    let left: Ran =
        taster(dir.path()).env("TASTER_LOCKS", dir.path().join("locks")).args(["node", "ls"]).output().unwrap().into();
    assert!(!left.out.contains("demo-notes"), "{left:?}");
}
