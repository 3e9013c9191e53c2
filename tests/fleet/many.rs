//! Many machines, and many recipes on one: splitting, packing, joining what came back.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use taster::plan::{Capacity, Need, lower_bound, next, split};

use crate::repository::{Ran, copy_recipe, git, taster};

fn makespan(seconds: &[f64], runners: usize) -> f64 {
    let load = |indices: &Vec<usize>| indices.iter().map(|index| seconds[*index]).sum::<f64>();
    split(seconds, runners).iter().map(load).fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn every_recipe_is_on_one_runner_and_none_waits_for_long(
        seconds in proptest::collection::vec(0.0..3000.0_f64, 1..200), runners in 1..70_usize,
    ) {
        let split = split(&seconds, runners);
        let mut all: Vec<usize> = split.iter().flatten().copied().collect();
        all.sort_unstable();
        prop_assert_eq!(all, (0..seconds.len()).collect::<Vec<_>>());
        prop_assert_eq!(split.len(), runners);
        // Graham's bound of longest-first: an equal share, and one more of those that come last.
        let longest = seconds.iter().copied().fold(0.0, f64::max);
        let share = seconds.iter().sum::<f64>() / runners as f64;
        let bound = lower_bound(&seconds, runners).max(share + longest * (1.0 - 1.0 / runners as f64));
        prop_assert!(makespan(&seconds, runners) <= bound + 1.0, "{} > {bound}", makespan(&seconds, runners));
    }

    #[test]
    fn a_fleet_of_a_usual_size_is_split_within_a_tenth_of_what_is_possible(seed in 0..1000_u64, runners in 1..65_usize) {
        // A thousand recipes from half a minute to ten minutes, most of them short.
        let mut state = seed.wrapping_add(1);
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let seconds: Vec<f64> = (0..1000).map(|_| 30.0 + 570.0 * random().powi(3)).collect();
        prop_assert!(makespan(&seconds, runners) <= 1.1 * lower_bound(&seconds, runners));
    }

    #[test]
    fn a_machine_is_never_overfull_and_never_stands_still(
        needs in proptest::collection::vec((1.0..600.0_f64, 1..12_u64), 1..40), jobs in 1..6_usize, memory in 1..20_u64,
    ) {
        let capacity = Capacity { jobs, memory: Some(memory) };
        let mut waiting: Vec<Need> = needs.iter().map(|(seconds, memory)| Need { seconds: *seconds, memory: *memory }).collect();
        let mut running: Vec<Need> = Vec::new();
        let mut begun = 0;
        while !waiting.is_empty() || !running.is_empty() {
            while let Some(index) = next(&waiting, &running, capacity) {
                running.push(waiting.remove(index));
                begun += 1;
            }
            let used: u64 = running.iter().map(|need| need.memory).sum();
            prop_assert!(running.len() <= jobs && (used <= memory || running.len() == 1), "{running:?}");
            prop_assert!(!running.is_empty(), "nothing runs, and {} wait", waiting.len());
            running.remove(0);
        }
        prop_assert_eq!(begun, needs.len());
    }
}

#[test]
fn without_known_memory_only_the_number_counts() {
    let need = Need { seconds: 1.0, memory: u64::MAX };
    let capacity = Capacity { jobs: 2, memory: None };
    assert_eq!(next(&[need], &[need], capacity), Some(0));
    assert_eq!(next(&[need], &[need, need], capacity), None);
}

/// A folder with three recipes, two of them measured, and one that cannot be tried.
struct Fleet {
    dir: tempfile::TempDir,
}

impl Fleet {
    fn new() -> Self {
        let fleet = Self { dir: tempfile::tempdir().unwrap() };
        let recipes = fleet.path("recipes");
        std::fs::create_dir_all(&recipes).unwrap();
        for name in ["blog", "chat", "wiki"] {
            let path = copy_recipe(&recipes, name);
            for arguments in [
                &["init", "--quiet", "--initial-branch=main"][..],
                &["add", "--all"],
                &["commit", "--quiet", "--message", "x"],
            ] {
                assert_eq!(git(&path, arguments).code, 0);
            }
        }
        std::fs::create_dir_all(fleet.path("history")).unwrap();
        fleet.measured("blog", 600.0);
        fleet.measured("chat", 60.0);
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn measured(&self, recipe: &str, seconds: f64) {
        let line = json!({
            "schema": "taster.history/1", "run": format!("20261121-100000-{recipe}-abcd"), "at": "2026-11-21T10:00:00Z",
            "recipe": recipe, "commit": "0123", "trust": "default-branch",
            "steps": [{ "id": "install@default", "kind": "install", "variant": "default", "outcome": "passed", "seconds": seconds }],
        });
        std::fs::write(self.path("history").join(format!("{recipe}.jsonl")), format!("{line}\n")).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        taster(self.dir.path()).args(arguments).output().unwrap().into()
    }

    fn plan(&self, more: &[&str]) -> Ran {
        self.run(&[&["plan", "--shards", "2", "--history", "history", "recipes"][..], more].concat())
    }
}

#[test]
fn recipes_are_split_by_measured_durations_and_what_is_guessed_is_said() {
    let fleet = Fleet::new();
    let ran = fleet.plan(&["--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let plan = ran.json();
    // The median of the two is what the third one is taken to take.
    assert_eq!((&plan["guess"], &plan["unmeasured"]), (&json!(600.0), &json!(1)), "{plan}");
    assert!(ran.err.contains("1 of 3 recipes were never measured"), "{ran:?}");
    let shard = |number: usize| plan["shards"][number]["recipes"].clone();
    assert_eq!((shard(0), shard(1)), (json!(["blog", "chat"]), json!(["wiki"])), "{plan}");
    let empty = fleet.run(&["plan", "--shards", "2", "history"]);
    assert!(empty.code == 3 && empty.err.contains("no recipe was found"), "{empty:?}");
}

#[test]
fn every_system_gets_a_matrix_that_its_yaml_reads() {
    let fleet = Fleet::new();
    let yaml = |text: &str| -> Vec<Value> {
        text.split("---\n")
            .filter(|text| !text.trim().is_empty())
            .map(|text| yaml_serde::from_str(text).unwrap())
            .collect()
    };
    let line = fleet.plan(&["--format", "matrix"]).out;
    assert_eq!(line.lines().count(), 1, "one line, for an output of a job: {line}");
    let include: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(include["include"][1]["shard"], "2/2");
    let actions = yaml(&fleet.plan(&["--format", "actions"]).out);
    assert_eq!(actions[0]["strategy"]["matrix"]["include"][0]["shard"], "1/2", "{actions:?}");
    assert_eq!(actions[0]["strategy"]["fail-fast"], false);
    let woodpecker = yaml(&fleet.plan(&["--format", "woodpecker"]).out);
    assert_eq!(woodpecker[0]["matrix"]["include"][1]["SHARD"], "2/2");
    let drone = yaml(&fleet.plan(&["--format", "drone", "--image", "registry.example/taster:1"]).out);
    assert_eq!(drone.len(), 2);
    assert_eq!(drone[1]["steps"][0]["image"], "registry.example/taster:1");
    assert_eq!(drone[1]["steps"][0]["commands"][0], "taster test --all --shard 2/2 recipes");
}

#[test]
fn a_shard_tries_its_recipes_and_what_is_joined_is_whole_or_named() {
    let fleet = Fleet::new();
    let plan = fleet.plan(&["--json"]);
    std::fs::write(fleet.path("plan.json"), &plan.out).unwrap();
    let shard = |number: &str, runs: &str| {
        fleet.run(&[
            "test",
            "--all",
            "--shard",
            number,
            "--history",
            "history",
            "--step",
            "lint",
            "--runs",
            runs,
            "--json",
            "recipes",
        ])
    };
    let first = shard("1/2", "back/one/runs");
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(first.json()["recipes"].as_array().unwrap().len(), 2, "{first:?}");
    let merge = |more: &[&str]| {
        fleet.run(&[&["merge", "--plan", "plan.json", "--runs", "runs", "--json", "back"][..], more].concat())
    };
    let of = |report: &Value, name: &str| {
        report["recipes"].as_array().unwrap().iter().find(|recipe| recipe["recipe"] == name).unwrap().clone()
    };
    let ran = merge(&[]);
    let report = ran.json();
    assert_eq!(ran.code, 3, "something is missing: {ran:?}");
    assert_eq!(
        (&of(&report, "wiki")["result"], &of(&report, "wiki")["reason"]),
        (&json!("not-tested"), &json!("no run of it came back"))
    );
    assert_eq!(of(&report, "blog")["result"], "passed");
    // A run that was killed is none.
    let killed = fleet.path("back/two/runs/20261121-100000-wiki-abcd");
    std::fs::create_dir_all(&killed).unwrap();
    let events =
        std::fs::read_dir(fleet.path("back/one/runs")).unwrap().next().unwrap().unwrap().path().join("events.ndjson");
    let head = std::fs::read_to_string(events)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .replace("\"blog\"", "\"wiki\"")
        .replace("\"chat\"", "\"wiki\"");
    std::fs::write(killed.join("events.ndjson"), format!("{head}\n")).unwrap();
    let ran = merge(&[]);
    assert!(ran.code == 3 && ran.out.contains("broken off before its end"), "{ran:?}");
    assert_eq!(of(&ran.json(), "wiki")["result"], "not-tested");
    // Then the second shard comes back, with its history.
    assert_eq!(shard("2/2", "back/two/runs").code, 0);
    std::fs::create_dir_all(fleet.path("back/two/history")).unwrap();
    std::fs::copy(fleet.path("history/blog.jsonl"), fleet.path("back/two/history/blog.jsonl")).unwrap();
    let ran = merge(&["--history", "joined"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let runs = || std::fs::read_dir(fleet.path("runs")).unwrap().count();
    assert_eq!(runs(), 4, "the killed one too");
    assert_eq!(
        std::fs::read(fleet.path("joined/blog.jsonl")).unwrap(),
        std::fs::read(fleet.path("history/blog.jsonl")).unwrap()
    );
    assert_eq!((merge(&["--history", "joined"]).code, runs()), (0, 4), "twice is once");
    // Two runs of one name that differ, and a recipe that nobody planned.
    let name = std::fs::read_dir(fleet.path("back/one/runs")).unwrap().next().unwrap().unwrap().file_name();
    let other = fleet.path("back/three").join(&name);
    std::fs::create_dir_all(&other).unwrap();
    std::fs::write(other.join("run.json"), "{}").unwrap();
    let ran = merge(&[]);
    assert!(ran.code == 4 && ran.out.contains("and differ"), "{ran:?}");
}

#[test]
fn links_in_what_came_back_lead_nowhere() {
    let fleet = Fleet::new();
    std::fs::write(fleet.path("plan.json"), fleet.plan(&["--json"]).out).unwrap();
    std::fs::write(fleet.path("secret"), "a secret").unwrap();
    let run = fleet.path("back/20261121-100000-blog-abcd");
    std::fs::create_dir_all(run.join("logs")).unwrap();
    std::fs::write(run.join("run.json"), "not json").unwrap();
    std::os::unix::fs::symlink(fleet.path("secret"), run.join("logs/app.log")).unwrap();
    std::os::unix::fs::symlink(fleet.path("history"), fleet.path("back/more")).unwrap();
    let ran = fleet.run(&["merge", "--plan", "plan.json", "--runs", "runs", "--history", "joined", "back"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let copied = fleet.path("runs/20261121-100000-blog-abcd");
    assert!(copied.join("run.json").is_file() && !copied.join("logs/app.log").exists());
    assert!(!fleet.path("joined").exists(), "a history behind a link is none");
}

#[test]
fn one_broken_recipe_stops_no_other() {
    let fleet = Fleet::new();
    let broken = fleet.path("recipes/broken");
    std::fs::create_dir_all(broken.join("tests")).unwrap();
    std::fs::write(broken.join("compose.yml"), "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.0\n").unwrap();
    std::fs::write(broken.join(".env.sample"), "TYPE=broken\n").unwrap();
    std::fs::write(broken.join("tests/taster.toml"), "[[probes]]\n").unwrap();
    std::fs::create_dir_all(fleet.path("recipes/notes")).unwrap();
    let ran = fleet.run(&["test", "--all", "--jobs", "2", "--step", "lint", "--json", "recipes"]);
    let report = ran.json();
    let result = |name: &str| {
        report["recipes"].as_array().unwrap().iter().find(|one| one["recipe"] == name).map(|one| one["result"].clone())
    };
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(result("broken"), Some(json!("not-tested")), "{report:#}");
    for name in ["blog", "chat", "wiki"] {
        assert_eq!(result(name), Some(json!("passed")), "{report:#}");
    }
    assert!(ran.err.contains("notes: no recipe"), "what is left out is told: {ran:?}");
    let runs: Vec<_> = std::fs::read_dir(fleet.path(".taster/runs")).unwrap().collect();
    assert_eq!(runs.len(), 3, "each has a folder of its own");
    let ran = fleet.run(&["test", "--all", "history"]);
    assert_eq!(ran.code, 3, "{ran:?}");
}
