//! `--stress`: how near a healthcheck comes to killing a good start on a node that is short of processor (lesson 14).

use taster::record::Outcome::{Failed, Passed};
use taster::record::StepKind::{Install, Stress};

use crate::compose::routed;
use crate::support::{Recipe, Tried, everything};

/// An app whose start needs four seconds of processor time, and a healthcheck that waits so long for it.
fn tried(name: &str, start_period: &str) -> Option<Tried> {
    let service = format!(
        "environment:\n  - DEMO_FAULT=busy-boot:4\nhealthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  \
         retries: 2\n  start_period: {start_period}"
    );
    let tried = Recipe::new(name, &routed(&service, "")).steps(&[Stress]);
    let install = tried.step(Install);
    if install.outcome != Passed {
        // Where other things take the processor, four seconds of it take longer than the healthcheck waits.
        assert!(matches!(install.class.as_deref(), Some("starved" | "killed-while-starting")), "{install:#?}");
        println!("{name}: this machine is too busy to tell: {}", install.reason);
        return None;
    }
    Some(tried)
}

#[test]
fn in_full_a_start_period_that_is_just_enough_is_killed_under_stress() {
    let Some(tried) = tried("just-enough", "5s") else { return };
    let words = ["50 % of one processor", "its healthcheck killed", "start_period"];
    let step = tried.ended_so(Stress, Failed, "killed-under-stress", &words);
    assert_eq!(
        (tried.ended.summary.level, tried.ended.summary.level_is_at_least),
        (1, true),
        "no level hangs on it: {step:#?}"
    );
}

#[test]
fn in_full_a_long_start_period_has_time_to_spare_and_it_is_told_how_much() {
    let Some(tried) = tried("time-to-spare", "120s") else { return };
    tried.passed();
    let all = everything(tried.step(Stress));
    assert!(all.contains("s to spare") && all.contains("of 122.0 s that its healthcheck allows"), "{all}");
    let seconds = all.split("healthy ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(seconds.parse::<f64>().unwrap() > 7.0, "half a processor takes four seconds of work twice as long: {all}");
}
