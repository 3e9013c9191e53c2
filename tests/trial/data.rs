//! What must survive a restart, and what a second deploy must leave alone.

use taster::record::Outcome::{Blocked, Failed};
use taster::record::{Outcome, StepKind};

use crate::compose::routed;
use crate::support::{Recipe, Tried};

/// A healthcheck that passes at once.
const HEALTHY: &str =
    "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30";

/// The demo app with its notes in a volume at this path.
fn notes_at(path: &str, more: &str) -> String {
    format!("{}volumes:\n  notes:\n", routed(&format!("{HEALTHY}\nvolumes:\n  - notes:{path}\n{more}"), ""))
}

const SEED: &str = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n\n\
                    [[probe]]\nname = \"notes\"\nservice = \"app\"\nrun = \"demo-app list\"\n";

fn outcome(tried: &Tried, kind: StepKind) -> Outcome {
    tried.step(kind).outcome
}

#[test]
fn what_lies_in_a_volume_survives_and_a_second_deploy_changes_nothing() {
    let tried = Recipe::new("keeps", &notes_at("/data", "")).scenario(SEED).steps(&[
        StepKind::Restart,
        StepKind::Redeploy,
        StepKind::Leftovers,
    ]);
    tried.passed();
    assert!(tried.step(StepKind::Restart).reason.contains("1 task(s) replaced, the same answers, 1 probe(s) equal"));
    assert!(tried.step(StepKind::Redeploy).reason.contains("1 task(s) left alone"));
    assert!(tried.step(StepKind::Leftovers).reason.contains("of which 1 volume(s)"));
}

#[test]
fn data_beside_the_volume_is_lost_and_the_probe_shows_it() {
    let scenario = format!("{SEED}\n[ready]\npath = \"/healthz\"\n");
    let tried = Recipe::new("loses", &notes_at("/elsewhere", "")).scenario(&scenario).steps(&[StepKind::Restart]);
    let words = ["the probe `notes` differs", "before: buy tea", "named volume"];
    tried.ended_so(StepKind::Restart, Failed, "data-lost", &words);
    assert_eq!(outcome(&tried, StepKind::Install), Outcome::Passed);
}

#[test]
fn in_full_data_beside_the_volume_is_lost_and_the_title_shows_it() {
    let tried = Recipe::new("forgets", &notes_at("/elsewhere", "")).steps(&[StepKind::Restart]);
    let step = tried.step(StepKind::Restart);
    assert_eq!((step.outcome, step.class.as_deref()), (Failed, Some("answer-changed")), "{step:#?}");
    let said = crate::support::everything(step);
    assert_eq!(said.matches("notebook").count(), 2, "both titles are shown: {said}");
}

#[test]
fn in_full_data_in_a_volume_that_nobody_declared_is_lost_with_its_container() {
    let compose = routed(&format!("{HEALTHY}\nvolumes:\n  - /data"), "");
    let scenario = format!("{SEED}\n[ready]\npath = \"/healthz\"\n");
    let tried = Recipe::new("anonymous", &compose).scenario(&scenario).steps(&[StepKind::Restart]);
    tried.ended_so(StepKind::Restart, Failed, "data-lost", &["the probe `notes` differs", "before: buy tea"]);
}

#[test]
fn in_full_what_an_app_keeps_in_memory_alone_is_lost_with_its_task() {
    let compose = notes_at("/data", "environment:\n  - DEMO_FAULT=lose-on-restart");
    let tried = Recipe::new("in-memory", &compose).steps(&[StepKind::Restart]);
    tried.ended_so(StepKind::Restart, Failed, "answer-changed", &["notebook", "named volume"]);
}

#[test]
fn an_app_that_is_left_alone_and_falls_over_did_not_survive_the_second_deploy() {
    // It answers well, and nothing but time shows that it does not last: no healthcheck vouches for it.
    let compose = format!(
        "{}volumes:\n  notes:\n",
        routed("environment:\n  - DEMO_FAULT=exit:3@8\nvolumes:\n  - notes:/data", "")
    );
    let tried = Recipe::new("does-not-last", &compose).steps(&[StepKind::Restart, StepKind::Redeploy]);
    let step = tried.step(StepKind::Redeploy);
    assert_eq!(step.outcome, Failed, "{step:#?}");
    assert!(matches!(step.class.as_deref(), Some("fell-over" | "crash-loop")), "{step:#?}");
}

#[test]
fn a_probe_that_says_nothing_cannot_tell_whether_data_survives() {
    let scenario = "[[probe]]\nname = \"nothing\"\nservice = \"app\"\nrun = \"demo-app list\"\n";
    let tried = Recipe::new("silent", &notes_at("/data", "")).scenario(scenario).install();
    tried.install(Failed, "probe", &["says nothing", "nothing"]);
}

#[test]
fn fail_fast_stops_at_the_first_failure_and_blocks_the_rest() {
    let recipe = Recipe::new("stops", &notes_at("/elsewhere", ""));
    let mut options = recipe.options();
    options.plan.steps = vec![StepKind::Restart, StepKind::Redeploy, StepKind::Leftovers];
    options.fail_fast = true;
    let tried = recipe.run(&options);
    assert_eq!(outcome(&tried, StepKind::Restart), Failed);
    for kind in [StepKind::Redeploy, StepKind::Leftovers] {
        let step = tried.step(kind);
        assert_eq!((step.outcome, step.reason.as_str()), (Blocked, "restart did not pass"), "{step:#?}");
    }
}

#[test]
fn a_seed_that_fails_is_told_with_what_it_said() {
    let scenario = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add ''\"\n";
    let tried = Recipe::new("bad-seed", &notes_at("/data", "")).scenario(scenario).install();
    tried.install(
        Failed,
        "seed",
        &["the seed `demo-app add ''` in app failed", "exit code 1", "the note was not taken"],
    );
}

#[test]
fn a_seed_for_a_service_that_is_not_there_is_told() {
    let scenario = "[[seed]]\nservice = \"db\"\nrun = \"true\"\n";
    let tried = Recipe::new("no-service", &notes_at("/data", "")).scenario(scenario).install();
    tried.install(Failed, "seed", &["there is no service db"]);
}

#[test]
fn a_step_that_did_not_pass_blocks_those_that_rest_on_it() {
    let compose = notes_at("/data", "environment:\n  - DEMO_FAULT=status:500");
    let tried = Recipe::new("blocks", &compose).steps(&[StepKind::Restart, StepKind::Redeploy, StepKind::Leftovers]);
    tried.install(Failed, "no-answer", &["500"]);
    for kind in [StepKind::Restart, StepKind::Redeploy] {
        assert_eq!(outcome(&tried, kind), Blocked);
        assert!(tried.step(kind).reason.contains("install did not pass"), "{:?}", tried.step(kind));
    }
    assert_eq!(outcome(&tried, StepKind::Leftovers), Outcome::Passed);
    assert_eq!(tried.ended.exit, 1);
}
