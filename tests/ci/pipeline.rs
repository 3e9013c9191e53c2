//! `taster ci` in the environment of each system, without a node.

use crate::systems::{ALL, Event, pairs, variables};
use crate::world::{BROKEN, Ran, World};

fn run_json(world: &World) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(world.run().join("run.json")).unwrap()).unwrap()
}

/// `taster ci` for the world's pull request.
fn pull(world: &World, system: &str, head: &str, base: &str, more: &[&str]) -> Ran {
    let variables = variables(world, system, Event::Pull { head, base });
    world.ci(more, &pairs(&variables))
}

#[test]
fn lesson_02_the_pull_requests_own_commit_is_tested_whatever_is_checked_out() {
    for system in ALL {
        let world = World::new();
        let (head, base) = world.pull(&[("notes.md", "a file\n")]);
        // Dirt in the checkout is nobody's change.
        world.write("compose.smtp.yml", BROKEN);
        let ran = pull(&world, system, &head, &base, &[]);
        assert_eq!(ran.code, 0, "{system}: {ran:?}");
        let run = run_json(&world);
        assert_eq!(run["candidate"]["commit"], head.as_str(), "{system}");
        assert_eq!(run["candidate"]["dirty"], false, "{system}");
        assert!(ran.out.contains("gate regression: passed"), "{system}: {ran:?}");
    }
}

#[test]
fn a_new_error_fails_and_is_told_where_each_system_looks() {
    for system in ALL {
        let world = World::new();
        let (head, base) = world.pull(&[("compose.smtp.yml", BROKEN)]);
        let ran = pull(&world, system, &head, &base, &[]);
        assert_eq!(ran.code, 1, "{system}: {ran:?}");
        assert!(ran.out.contains("gate regression: failed"), "{system}: {ran:?}");
        assert!(ran.out.contains("that the base does not have"), "{system}: {ran:?}");
        assert!(world.read("out/summary.md").contains("Gate regression: failed"), "{system}");
        assert!(world.read("out/junit.xml").contains("failures=\"1\""), "{system}");
        assert!(world.read("out/report.html").contains("</html>"), "{system}");
        let actions = matches!(system, "forgejo" | "gitea" | "github");
        assert_eq!(ran.out.contains("::error file=compose.smtp.yml,line="), actions, "{system}: {ran:?}");
        assert_eq!(world.path("step-summary.md").exists(), actions, "{system}");
        if actions {
            assert_eq!(world.read("step-summary.md"), world.read("out/summary.md"), "{system}");
        }
    }
}

#[test]
fn what_the_base_has_too_fails_nothing_and_strict_fails_it() {
    let world = World::new();
    world.write("compose.smtp.yml", BROKEN);
    world.commit("broken since long");
    let (head, base) = world.pull(&[("notes.md", "a file\n")]);
    for (gate, code, words) in [
        ("regression", 0, "the linter's errors are all in the base too"),
        ("strict", 1, "lint@default failed"),
        ("level:1", 3, "was not measured"),
    ] {
        let ran = pull(&world, "drone", &head, &base, &["--gate", gate]);
        assert!(ran.code == code && ran.out.contains(words), "{gate}: {ran:?}");
    }
    let ran = pull(&world, "drone", &head, &base, &["--gate", "level:7"]);
    assert!(ran.code == 2 && ran.err.contains("cannot be proven by one run"), "{ran:?}");
}

#[test]
fn a_base_that_nobody_knows_is_said_and_everything_counts() {
    let world = World::new();
    world.write("compose.smtp.yml", BROKEN);
    world.commit("broken since long");
    let (head, _) = world.pull(&[("notes.md", "a file\n")]);
    let lost = "3".repeat(40);
    world.git(&["branch", "--quiet", "--delete", "--force", "main"]);
    let ran = pull(&world, "drone", &head, &lost, &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in ["is not in this checkout", "nobody knows how the base stood, so it counts as new"] {
        assert!(ran.out.contains(words), "{words}: {ran:?}");
    }
    assert!(world.read("out/summary.md").contains("is not in this checkout"));
}

#[test]
fn a_checkout_without_the_commit_is_told_with_what_to_do() {
    let world = World::new();
    let (_, base) = world.pull(&[]);
    let lost = "4".repeat(40);
    let ran = pull(&world, "forgejo", &lost, &base, &[]);
    assert!(ran.code == 2 && ran.err.contains("fetch-depth: 0"), "{ran:?}");
    assert!(ran.out.contains("::error title=taster::"), "lesson 37: {ran:?}");
    for file in ["out/summary.md", "step-summary.md"] {
        assert!(world.read(file).contains("nothing was tried"), "{file}");
    }
}

#[test]
fn lesson_31_pushes_tags_and_schedules_are_tried_at_their_commit() {
    for system in ALL {
        let world = World::new();
        let before = world.git(&["rev-parse", "HEAD"]);
        world.write("compose.smtp.yml", BROKEN);
        let head = world.commit("broken");
        world.git(&["checkout", "--quiet", "--detach", &before]);
        let push = variables(&world, system, Event::Push { head: &head, before: &before });
        let ran = world.ci(&[], &pairs(&push));
        assert!(ran.code == 1 && ran.out.contains("that the base does not have"), "{system}: {ran:?}");
        assert_eq!(run_json(&world)["candidate"]["commit"], head.as_str(), "{system}");
        for event in [Event::Tag { commit: &before, tag: "1.2.0+1.27.2" }, Event::Schedule { commit: &before }] {
            let _ = std::fs::remove_dir_all(world.path("runs"));
            let ran = world.ci(&[], &pairs(&variables(&world, system, event)));
            assert_eq!(ran.code, 0, "{system} {event:?}: {ran:?}");
            assert_eq!(run_json(&world)["candidate"]["commit"], before.as_str(), "{system} {event:?}");
        }
    }
}

#[test]
fn without_a_system_the_files_are_tried_as_they_lie_there() {
    let world = World::new();
    world.write("compose.smtp.yml", BROKEN);
    let ran = world.ci(&["--base", "main"], &[]);
    assert!(ran.code == 1 && ran.out.contains("that the base does not have"), "{ran:?}");
    assert_eq!(run_json(&world)["candidate"]["dirty"], true);
    assert!(!ran.out.contains("::"), "no system reads commands here: {ran:?}");
    let ran = world.ci(&["--base", "nowhere"], &[]);
    assert!(ran.code == 2 && ran.err.contains("no revision nowhere"), "{ran:?}");
}

#[test]
fn a_pull_request_is_judged_by_the_scenario_of_its_base() {
    let world = World::new();
    let (head, base) = world.pull(&[("tests/taster.toml", "[ready]\npath = \"/nowhere\"\nstatus = 404\n")]);
    let ran = pull(&world, "forgejo", &head, &base, &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.contains("the pull request adds tests/taster.toml: it is judged by the scenario of its base"),
        "{ran:?}"
    );
    let log = std::fs::read_to_string(world.run().join("events.ndjson")).unwrap();
    assert!(log.contains("as --scenario says") && log.contains("judged by the scenario of its base"), "{log}");
    // One that nobody could read would break every run after the merge.
    let world = World::new();
    let (head, base) = world.pull(&[("tests/taster.toml", "[skp]\n")]);
    let ran = pull(&world, "forgejo", &head, &base, &[]);
    assert!(ran.code == 1 && ran.out.contains("would break every run after the merge"), "{ran:?}");
    // The same in both is nobody's change, and a push is judged by its own.
    let ran = world.ci(&[], &pairs(&variables(&world, "drone", Event::Push { head: &head, before: &base })));
    assert!(ran.code == 2 && ran.err.contains("skp"), "{ran:?}");
}

#[test]
fn a_recipe_cannot_give_the_system_commands() {
    let world = World::new();
    let nasty = "version: \"3.8\"\nservices:\n  \"::set-env name=PATH::x\":\n    image: \"##[command]x\\n::error::owned\"\n    restart: \"\\n::stop-commands::x\"\n";
    let (head, base) = world.pull(&[("compose.smtp.yml", nasty)]);
    let ran = pull(&world, "github", &head, &base, &["--verbose"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    let stop = lines.iter().position(|line| line.starts_with("::stop-commands::taster-")).unwrap();
    let word = lines[stop].rsplit("::").next().unwrap();
    assert!(word.len() > 20, "nobody guesses it: {word}");
    let resume = lines.iter().position(|line| *line == format!("::{word}::")).unwrap();
    let verdict = lines.iter().position(|line| line.contains("FAILED") || line.contains("PASSED")).unwrap();
    assert!(stop < verdict && verdict < resume, "{lines:#?}");
    // Afterwards every line that is a command is ours.
    for line in &lines[resume + 1..] {
        let ours = ["::error ", "::warning ", "::notice "].iter().any(|begin| line.starts_with(begin));
        assert!(ours || !line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##["), "{line}");
    }
}

#[test]
fn a_store_gets_the_run_by_its_commit() {
    let world = World::new();
    let (head, base) = world.pull(&[]);
    let store = world.path("store").display().to_string();
    assert_eq!(pull(&world, "woodpecker", &head, &base, &["--store", &store]).code, 0);
    let run = world.run().file_name().unwrap().to_owned();
    let kept = world.path("store").join(&head).join(run);
    assert_eq!(
        std::fs::read(kept.join("events.ndjson")).unwrap(),
        std::fs::read(world.run().join("events.ndjson")).unwrap()
    );
}

#[test]
fn no_token_is_needed_and_none_that_is_there_is_told() {
    let world = World::new();
    let (head, base) = world.pull(&[]);
    let mut variables = variables(&world, "forgejo", Event::Pull { head: &head, base: &base });
    let secret = "s3cret-t0ken-value";
    variables.extend(["GITHUB_TOKEN", "FORGEJO_TOKEN", "TASTER_FORGE_TOKEN"].map(|name| (name, secret.to_owned())));
    let ran = world.ci(&["--verbose"], &pairs(&variables));
    assert!(ran.code == 0 && !ran.out.contains(secret) && !ran.err.contains(secret), "{ran:?}");
    let found = std::process::Command::new("grep").args(["-rl", secret]).arg(world.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}
