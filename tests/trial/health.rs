//! Healthchecks: never passing, too early, broken (lesson 14), and what is healthy without running for ever.

use taster::record::Outcome::Failed;

use crate::compose::{app, indented, routed};
use crate::support::Recipe;

/// The demo app's healthcheck with these figures, asked at this address.
fn check(listen: &str, figures: &str) -> String {
    format!(
        "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\", \"--listen\", \"{listen}\"]\n  interval: 1s\n  timeout: 3s\n{figures}"
    )
}

const SLOW: &str = "environment:\n  - DEMO_FAULT=slow-boot:12\n";

#[test]
fn a_healthcheck_that_never_passes_is_named_with_what_it_said() {
    let service = check("127.0.0.1:8081", "  retries: 2");
    let tried = Recipe::new("never", &routed(&service, "")).install();
    tried.judged("healthcheck-never-passes", &["healthcheck does not pass", "cannot connect", "8081"]);
}

#[test]
fn in_full_a_healthcheck_that_asks_an_unhealthy_app_is_named_too() {
    let service = format!("environment:\n  - DEMO_FAULT=unhealthy\n{}", check("127.0.0.1:8080", "  retries: 2"));
    let tried = Recipe::new("ill", &routed(&service, "")).install();
    tried.judged("healthcheck-never-passes", &["healthcheck does not pass", "503"]);
}

#[test]
fn lesson_14_a_healthcheck_that_kills_a_slow_first_boot_is_told_how_long_it_had() {
    let service = format!("{SLOW}{}", check("127.0.0.1:8080", "  retries: 2\n  start_period: 1s"));
    let tried = Recipe::new("impatient", &routed(&service, "")).install();
    let words = ["while it was still starting", "start_period 1 s + 2 checks every 1 s"];
    let step = tried.judged("killed-while-starting", &words);
    // A starved machine has another next move.
    let starved = step.class.as_deref() == Some("starved");
    assert!(starved || step.advice.as_ref().unwrap().contains("`healthcheck.start_period`"), "{step:#?}");
}

#[test]
fn lesson_14_the_same_slow_first_boot_with_time_enough_passes() {
    let service = format!("{SLOW}{}", check("127.0.0.1:8080", "  retries: 2\n  start_period: 60s"));
    Recipe::new("given-time", &routed(&service, "")).install().passed();
}

#[test]
fn in_full_lesson_14_a_lock_that_a_killed_first_boot_left_behind_is_shown() {
    let service = format!(
        "environment:\n  - DEMO_FAULT=lock:8\nvolumes:\n  - data:/data\n{}",
        check("127.0.0.1:8080", "  retries: 2\n  start_period: 1s")
    );
    let compose = format!("{}volumes:\n  data:\n", routed(&service, ""));
    let tried = Recipe::new("locked", &compose).install();
    tried.judged("killed-while-starting", &["while it was still starting", "lock"]);
}

#[test]
fn a_healthcheck_whose_command_the_image_does_not_have_is_named() {
    let service =
        "healthcheck:\n  test: [\"CMD\", \"curl\", \"-f\", \"http://localhost\"]\n  interval: 1s\n  retries: 3";
    let tried = Recipe::new("no-curl", &routed(service, "")).install();
    tried.install(Failed, "healthcheck-broken", &["curl", "the image does not have the command"]);
}

#[test]
fn in_full_a_worker_that_its_healthcheck_stops_is_no_one_shot_service() {
    // Without a route nothing else would tell that it is gone: it ends with 0 when it is stopped, and swarm does not start it again.
    let compose = app(&check("127.0.0.1:8081", "  retries: 2"), "restart_policy:\n  condition: on-failure", "");
    let tried = Recipe::new("worker", &compose).install();
    tried.judged("healthcheck-never-passes", &["healthcheck does not pass", "not start it again"]);
}

#[test]
fn a_service_that_is_scaled_to_nothing_is_not_waited_for() {
    let compose = format!("{}  later:\n    image: taster-demo:2.0\n    deploy:\n      replicas: 0\n", routed("", ""));
    let tried = Recipe::new("scaled", &compose).install();
    let install = tried.passed();
    assert!(install.evidence.iter().any(|piece| piece.text.starts_with("later: 0 of 0")), "{install:#?}");
    assert!(tried.notes().contains("no tasks are wanted"), "{}", tried.notes());
}

#[test]
fn one_shot_services_pass_when_they_have_ended_well() {
    let job = |name: &str, deploy: &str| {
        let service = format!(
            "{name}:\n  image: taster-demo:2.0\n  environment:\n    - DEMO_JOB=1\n  deploy:\n{}",
            indented(deploy, 4)
        );
        indented(&service, 2)
    };
    let compose = format!(
        "{}{}{}{}",
        routed("", ""),
        job("job", "mode: replicated-job"),
        job("once", "restart_policy:\n  condition: none"),
        job("until", "restart_policy:\n  condition: on-failure"),
    );
    let tried = Recipe::new("jobs", &compose).install();
    let install = tried.passed();
    for name in ["job", "once", "until"] {
        assert!(install.evidence.iter().any(|piece| piece.text.starts_with(&format!("{name}: "))), "{install:#?}");
    }
}

#[test]
fn a_one_shot_service_that_fails_is_named() {
    let compose = format!(
        "{}  migrate:\n    image: taster-demo:2.0\n    environment:\n      - DEMO_FAULT=exit:3\n    deploy:\n      restart_policy:\n        condition: none\n",
        routed("", "")
    );
    let tried = Recipe::new("job-fails", &compose).install();
    tried.install(Failed, "restarts-exhausted", &["migrate", "exits with 3", "exiting with code 3"]);
}
