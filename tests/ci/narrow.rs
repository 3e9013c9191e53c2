//! A pull request tries what it can affect; what it did not try is neither passed nor failed, and looks like neither.

use serde_json::{Value, json};

use crate::systems::{Event, pairs, variables};
use crate::world::{BROKEN, Ran, World};

/// No engine answers there, so that steps on a node end at once.
const NO_ENGINE: (&str, &str) = ("DOCKER_HOST", "tcp://127.0.0.1:1");

const WORDS: (&str, &str) = ("notes.md", "a file\n");

fn ci_for(world: &World, event: Event<'_>, more: &[&str]) -> Ran {
    let _ = std::fs::remove_dir_all(world.path("runs"));
    let (out, runs) = (world.path("out").display().to_string(), world.path("runs").display().to_string());
    let mut arguments = vec!["ci", "--out", &out, "--runs", &runs];
    arguments.extend(more);
    let variables = variables(world, "drone", event);
    let mut environment = pairs(&variables);
    environment.push(NO_ENGINE);
    world.taster(&arguments, &environment)
}

/// `taster ci` for a pull request, with no step named.
fn ci(world: &World, head: &str, base: &str, more: &[&str]) -> Ran {
    ci_for(world, Event::Pull { head, base }, more)
}

/// The kinds of steps of the only run, as its plan has them, and what the plan leaves out.
fn planned(world: &World) -> (Vec<String>, String) {
    let log = std::fs::read_to_string(world.run().join("events.ndjson")).unwrap();
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let plan = events.map(|event| event["fact"].clone()).find(|fact| fact["type"] == "plan").unwrap();
    let steps = plan["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap().to_owned());
    (steps.collect(), plan["left_out"].to_string())
}

/// A trusted run of the base's commit, in which every step ended so.
fn history(world: &World, commit: &str, install: &str) -> String {
    let step = |kind: &str| {
        let id = if kind == "upgrade" { "upgrade:1.0.0+1.0→x@default".to_owned() } else { format!("{kind}@default") };
        let outcome = if kind == "install" { install } else { "passed" };
        json!({ "id": id, "kind": kind, "variant": "default", "outcome": outcome, "seconds": 1.0 })
    };
    let kinds = ["lint", "install", "restart", "redeploy", "backup", "restore", "smoke", "upgrade", "leftovers"];
    let line = json!({
        "schema": "taster.history/1", "run": "20261120-100000-teapot-abcd", "at": "2026-11-20T10:00:00Z", "recipe": "teapot",
        "commit": commit, "trust": "default-branch", "steps": kinds.map(step),
    });
    world.beside("history/teapot.jsonl", &format!("{line}\n"));
    world.path("history").display().to_string()
}

#[test]
fn words_alone_need_the_linter_alone_and_what_was_not_tried_is_told() {
    let world = World::new();
    let (head, base) = world.pull(&[WORDS]);
    let ran = ci(&world, &head, &base, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (steps, left_out) = planned(&world);
    assert_eq!(steps, ["lint"]);
    assert!(left_out.contains("install (nothing that is deployed differs)"), "{left_out}");
    assert!(left_out.contains("smoke (visitors reach no service that differs)"), "{left_out}");
    let untried = "not tried, and neither passed nor failed, since the change cannot affect it: install, restart, redeploy, backup, \
                   restore, smoke, upgrade, leftovers";
    assert!(ran.out.contains(untried), "{ran:?}");
    assert!(ran.err.contains("added notes.md: nothing that is deployed reads it"), "{ran:?}");
    let summary = world.read("out/summary.md");
    for words in
        ["Tried is what the change can affect", "| <code>lint</code> | tried |", "| <code>install</code> | not tried |"]
    {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    let change: Value = serde_json::from_slice(&std::fs::read(world.run().join("change.json")).unwrap()).unwrap();
    assert_eq!((&change["candidate"]["commit"], &change["base_commit"]), (&json!(head), &json!(base)));
    // A pull request that changes no file.
    let world = World::new();
    let (head, base) = world.pull(&[]);
    let ran = ci(&world, &head, &base, &[]);
    assert_eq!((ran.code, planned(&world).0), (0, vec!["lint".to_owned()]), "{ran:?}");
    assert!(planned(&world).1.contains("install (no file differs)"));
}

#[test]
fn what_was_not_tried_is_taken_over_from_the_bases_own_run_and_shown_as_that() {
    let world = World::new();
    let (head, base) = world.pull(&[WORDS]);
    let known = history(&world, &base, "passed");
    let ran = ci(&world, &head, &base, &["--history", &known]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = "at least level 5 with 8 step(s) taken over from trusted run(s) of the base's own commit, such as 20261120-100000-teapot-abcd; \
                at least level 0 by what was tried alone";
    assert!(ran.out.contains(told), "{ran:?}");
    // Broken since long, and not by this change: no regression, and no level that nobody reached.
    let known = history(&world, &base, "failed");
    let ran = ci(&world, &head, &base, &["--history", &known]);
    assert!(ran.code == 0 && ran.out.contains("level 0 with 8 step(s)"), "{ran:?}");
    // A run of another commit proves nothing about what this one did not try.
    let known = history(&world, &"5".repeat(40), "passed");
    let ran = ci(&world, &head, &base, &["--history", &known]);
    assert!(ran.code == 0 && ran.out.contains("at least level 0 by what was tried; no trusted run"), "{ran:?}");
}

#[test]
fn what_a_change_reaches_is_tried_with_all_that_it_rests_on() {
    let world = World::new();
    let compose = world.read("teapot/compose.yml");
    let (head, base) =
        world.pull(&[("compose.yml", &compose.replace("postgres.path=backup.sql", "postgres.path=b.sql"))]);
    let ran = ci(&world, &head, &base, &[]);
    assert_ne!(ran.code, 0, "there is no engine, and the linter sees the fault too: {ran:?}");
    assert_eq!(planned(&world).0, ["lint", "install", "backup", "restore"]);
    let summary = world.read("out/summary.md");
    assert!(summary.contains("everything else that is tried on a node rests on it"), "{summary}");
    for (file, from, to) in [
        ("compose.yml", "nginx:1.27.2", "nginx:1.28.0"),
        ("nginx.conf.tmpl", "{", "# changed\n{"),
        ("abra.sh", "rm -rf /var/cache/teapot/*", "rm -rf /var/cache/teapot"),
        (".env.sample", "length=32", "length=64"),
        ("tests/taster.toml", "", "[ready]\npath = \"/\"\n"),
    ] {
        let world = World::new();
        let text = if file.starts_with("tests/") { String::new() } else { world.read(&format!("teapot/{file}")) };
        let changed = if from.is_empty() { to.to_owned() } else { text.replacen(from, to, 1) };
        assert_ne!(text, changed, "{file}");
        let (head, base) = world.pull(&[(file, &changed)]);
        ci(&world, &head, &base, &[]);
        let all = ["lint", "install", "restart", "redeploy", "backup", "restore", "smoke", "upgrade", "leftovers"];
        assert_eq!(planned(&world).0, all, "{file}");
        assert!(!world.read("out/summary.md").contains("| not tried |"), "{file}");
    }
}

#[test]
fn the_whole_plan_is_tried_where_it_is_asked_for() {
    let world = World::new();
    let (head, base) = world.pull(&[WORDS]);
    let whole = |more: &[&str], words: &str| {
        let ran = ci(&world, &head, &base, more);
        let (steps, _) = planned(&world);
        assert!(steps.len() >= 9 && steps.contains(&"install".to_owned()), "{more:?}: {steps:?}");
        assert!(ran.out.contains(words), "{more:?}: {ran:?}");
        assert!(!ran.out.contains("the change cannot affect it"), "{more:?}: {ran:?}");
        steps
    };
    whole(&["--whole-plan"], "");
    assert!(whole(&["--full"], "").contains(&"rollback".to_owned()));
    // These ask for what only the whole plan can show.
    whole(&["--gate", "strict"], "the whole plan is tried, since the gate strict asks for more than what changed");
    whole(&["--gate", "level:3"], "the gate level:3 asks for more");
    // Another job lints, and nothing is no success.
    let ran = ci(&world, &head, &base, &["--without", "lint"]);
    assert!(ran.out.contains("all that the change can affect was left out on the command line"), "{ran:?}");
    assert_eq!(planned(&world).0[0], "install");
    // A push is no pull request: what was merged is tried as a whole.
    ci_for(&world, Event::Push { head: &head, before: &base }, &[]);
    assert_eq!(planned(&world).0.len(), 9);
}

#[test]
fn a_base_that_moved_on_is_neither_a_part_of_the_change_nor_its_judge() {
    let world = World::new();
    let overlay = world.read("teapot/compose.smtp.yml");
    world.write("compose.smtp.yml", BROKEN);
    world.commit("broken since long");
    let (head, began) = world.pull(&[WORDS]);
    // Meanwhile the branch is cured, gets another image, and a scenario.
    world.git(&["checkout", "--quiet", "main"]);
    world.write("compose.smtp.yml", &overlay);
    world.write("tests/taster.toml", "[ready]\npath = \"/nowhere\"\n");
    let compose = world.read("teapot/compose.yml");
    world.write("compose.yml", &compose.replace("nginx:1.27.2", "nginx:1.28.0"));
    let tip = world.commit("meanwhile");
    let ran = ci(&world, &head, &tip, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(planned(&world).0, ["lint"], "the image is the base's affair");
    assert!(ran.out.contains("the linter's errors are all in the base too"), "{ran:?}");
    let moved = format!("the base has moved on to {:.10} since, so the change is compared with {:.10}", tip, began);
    assert!(ran.out.contains(&moved), "{ran:?}");
    assert!(!ran.out.contains("the pull request removes"), "the scenario is the base's affair too: {ran:?}");
}

#[test]
fn where_no_beginning_is_known_everything_is_tried() {
    let world = World::new();
    world.git(&["checkout", "--quiet", "--orphan", "from-nothing"]);
    world.write(WORDS.0, WORDS.1);
    let head = world.commit("a change that came from nowhere");
    let base = world.git(&["rev-parse", "main"]);
    let ran = ci(&world, &head, &base, &[]);
    assert!(ran.out.contains("no commit is known here from which both"), "{ran:?}");
    assert_eq!(planned(&world).0.len(), 9, "{ran:?}");
}
