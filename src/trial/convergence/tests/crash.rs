//! Lesson 12: crash loops are named in seconds, and apps that wait for their database by exiting pass.

use super::sim::{App, Fate, Sim, check, exits, healthy, stays};
use super::{evidence, failed};
use crate::swarm::observe::{Mode, Pressure, RestartCondition, TaskState};
use crate::trial::convergence::{Class, Facts, Judge, Params, Verdict};
use std::time::Duration;

const BOOM: &[&str] = &["starting", "boom: config is broken"];
const REFUSED: &[&str] = &["connecting", "could not connect to db:5432: Connection refused"];

fn converged(sim: &mut Sim) -> (Facts, f64) {
    match sim.run() {
        (Verdict::Converged(facts), seconds) => (facts, seconds),
        (other, seconds) => panic!("expected convergence, got {other:?} after {seconds} s"),
    }
}

#[test]
fn lesson_12_an_app_that_exits_until_its_database_is_up_passes() {
    for (log, delay) in [(BOOM, 1), (REFUSED, 1), (&[] as &[&str], 1), (BOOM, 5), (REFUSED, 5)] {
        let db = App::new("db", |_, _| healthy(20.0)).checked(check(1, 30, 0));
        let app = App::new("app", move |_, up| if up("db") { stays() } else { exits(0.2, 1, log) }).delay(delay);
        let (facts, seconds) = converged(&mut Sim::new(vec![app, db]));
        assert!(facts.services["app"].restarts >= 2, "{facts:?}");
        assert!((20.0..32.0).contains(&seconds), "{seconds}");
    }
}

#[test]
fn lesson_12_the_same_when_the_database_has_no_healthcheck() {
    // It runs at once, and answers after 20 s only: nothing but the app tells, by its log, by its silence or by its settings.
    for (log, mentions) in [(REFUSED, false), (&[] as &[&str], false), (BOOM, true)] {
        let db = App::new("db", |_, _| stays());
        let mut app = App::new("app", move |attempt, _| if attempt >= 4 { stays() } else { exits(0.2, 1, log) });
        if mentions {
            app = app.mentions("db");
        }
        let (facts, _) = converged(&mut Sim::new(vec![app, db]));
        assert_eq!(facts.services["app"].restarts, 4);
    }
}

#[test]
fn lesson_12_a_crash_beside_a_healthy_database_is_named_within_15_seconds_of_it() {
    for lives in [0.1, 1.0, 2.0] {
        let db = App::new("db", |_, _| healthy(3.0)).checked(check(1, 3, 10));
        let app = App::new("app", move |_, _| exits(lives, 1, BOOM)).mentions("db");
        let (verdict, seconds) = Sim::new(vec![app, db]).run();
        let cause = failed(verdict);
        assert_eq!((cause.class, cause.service.as_str()), (Class::CrashLoop, "app"));
        assert!(cause.headline.contains("exits with 1"), "{}", cause.headline);
        assert!(evidence(&cause, "log").contains("boom: config is broken"));
        // The database is healthy 4 s after the deploy.
        assert!(seconds <= 4.0 + 15.0, "{lives}: {seconds}");
    }
}

#[test]
fn lesson_12_a_crash_with_no_peer_is_named_within_15_seconds_of_the_deploy() {
    let (verdict, seconds) = Sim::new(vec![App::new("app", |_, _| exits(1.5, 3, BOOM))]).run();
    assert_eq!(failed(verdict).class, Class::CrashLoop);
    assert!(seconds <= 15.0, "{seconds}");
}

#[test]
fn lesson_12_a_database_that_crashes_is_named_though_its_app_waits_patiently() {
    // The app waits inside, unhealthy for minutes; it names the database, and not the other way round.
    let db = App::new("db", |_, _| exits(0.5, 1, &["initdb", "data directory has wrong ownership"]));
    let app = App::new("app", |_, up| if up("db") { healthy(1.0) } else { Fate::default() })
        .checked(check(10, 30, 300))
        .mentions("db");
    let (verdict, seconds) = Sim::new(vec![app, db]).run();
    assert_eq!(failed(verdict).service, "db");
    assert!(seconds <= 15.0, "{seconds}");
}

#[test]
fn lesson_12_two_that_crash_do_not_wait_for_each_other_for_ever() {
    for (a, b) in [(0.2, 0.2), (3.0, 3.0), (0.2, 6.0)] {
        let first = App::new("first", move |_, _| exits(a, 1, BOOM));
        let second = App::new("second", move |_, _| exits(b, 2, BOOM));
        let (verdict, seconds) = Sim::new(vec![first, second]).run();
        let cause = failed(verdict);
        assert_eq!(cause.class, Class::CrashLoop);
        assert!(!evidence(&cause, "other-service").is_empty(), "{cause:?}");
        assert!(seconds < 45.0, "{a} {b}: {seconds}");
    }
}

#[test]
fn lesson_12_of_two_that_crash_the_one_that_misses_the_other_is_not_blamed_first() {
    let db = App::new("db", |_, _| exits(0.5, 1, BOOM));
    let app = App::new("app", |_, _| exits(0.5, 1, REFUSED));
    let (verdict, _) = Sim::new(vec![app, db]).run();
    assert_eq!(failed(verdict).service, "db");
}

#[test]
fn lesson_12_a_chain_comes_up_link_by_link() {
    // c is slow; b exits until c is up; a exits until b is up. Nobody is to blame.
    let c = App::new("c", |_, _| healthy(15.0)).checked(check(1, 30, 0));
    let b = App::new("b", |_, up| if up("c") { healthy(4.0) } else { exits(0.2, 1, &[]) }).checked(check(1, 30, 0));
    let a = App::new("a", |_, up| if up("b") { stays() } else { exits(0.2, 1, &[]) }).delay(1);
    converged(&mut Sim::new(vec![a, b, c]));
}

#[test]
fn lesson_12_a_service_that_is_up_for_a_while_and_falls_again_and_again_is_named() {
    let flapping = App::new("app", |_, _| exits(8.0, 1, BOOM));
    let mut sim = Sim::new(vec![flapping, App::new("db", |_, _| stays())]);
    sim.params.settle.insert("app".into(), Duration::from_secs(10));
    assert_eq!(failed(sim.run().0).class, Class::CrashLoop);
}

#[test]
fn a_plain_service_that_exits_with_0_is_a_crash_loop_and_told_what_to_do() {
    let (verdict, seconds) = Sim::new(vec![App::new("migrate", |_, _| exits(0.5, 0, &["done"]))]).run();
    let cause = failed(verdict);
    assert_eq!(cause.class, Class::ExitsZero);
    assert!(cause.headline.contains("exits with 0"), "{}", cause.headline);
    assert!(cause.advice.contains("replicated-job") && cause.advice.contains("on-failure"), "{}", cause.advice);
    assert!(seconds <= 15.0);
}

#[test]
fn jobs_and_one_shot_services_converge_when_they_have_ended_well() {
    let job = App::new("job", |_, _| exits(2.0, 0, &[])).mode(Mode::ReplicatedJob(1)).restart(
        RestartCondition::None,
        5,
        None,
    );
    let once = App::new("once", |_, _| exits(2.0, 0, &[])).restart(RestartCondition::OnFailure, 5, None);
    let never = App::new("never", |_, _| exits(1.0, 0, &[])).restart(RestartCondition::None, 5, None);
    let (facts, seconds) = converged(&mut Sim::new(vec![job, once, never, App::new("app", |_, _| stays())]));
    assert_eq!(facts.services["job"].completed, 1);
    assert_eq!(facts.services["once"].completed, 1);
    assert_eq!(facts.services["never"].completed, 1);
    assert!((4.0..5.0).contains(&seconds), "{seconds}");
}

#[test]
fn a_service_with_restart_on_failure_that_stays_up_converges_too() {
    converged(&mut Sim::new(vec![App::new("app", |_, _| stays()).restart(RestartCondition::OnFailure, 5, None)]));
}

#[test]
fn a_job_that_fails_is_named() {
    let job = App::new("job", |_, _| exits(0.5, 5, BOOM)).mode(Mode::ReplicatedJob(1)).restart(
        RestartCondition::None,
        5,
        None,
    );
    let (verdict, seconds) = Sim::new(vec![job]).run();
    let cause = failed(verdict);
    assert_eq!(cause.class, Class::JobFailed);
    assert!(cause.headline.contains("exits with 5"), "{}", cause.headline);
    assert!(seconds <= 15.0);
}

#[test]
fn an_app_waits_for_a_long_job() {
    let job = App::new("migrate", |_, _| exits(25.0, 0, &[])).mode(Mode::ReplicatedJob(1)).restart(
        RestartCondition::None,
        5,
        None,
    );
    let app = App::new("app", |attempt, _| if attempt >= 5 { stays() } else { exits(0.2, 1, BOOM) });
    converged(&mut Sim::new(vec![job, app]));
}

#[test]
fn attempts_that_are_used_up_are_named() {
    let app = App::new("app", |_, _| exits(0.5, 3, REFUSED)).restart(RestartCondition::Any, 1, Some(2));
    let db = App::new("db", |_, _| healthy(60.0)).checked(check(1, 3, 100));
    let (verdict, seconds) = Sim::new(vec![app, db]).run();
    let cause = failed(verdict);
    assert_eq!(cause.class, Class::RestartsExhausted);
    assert!(cause.headline.contains("max_attempts: 2"), "{}", cause.headline);
    assert!(cause.advice.contains("raise or remove"), "{}", cause.advice);
    assert!(seconds <= 15.0, "{seconds}");
    // Also when it would be a crash loop all the same.
    let app = App::new("app", |_, _| exits(0.1, 3, BOOM)).restart(RestartCondition::Any, 1, Some(1));
    assert_eq!(failed(Sim::new(vec![app]).run().0).class, Class::RestartsExhausted);
}

#[test]
fn memory_signals_and_missing_commands_are_named_though_a_peer_is_not_ready() {
    let slow = || App::new("db", |_, _| healthy(100.0)).checked(check(1, 3, 200));
    let oom = App::new("app", |_, _| Fate { oom: true, ..exits(1.0, 137, &[]) }).memory(20 * 1024 * 1024);
    let cause = failed(Sim::new(vec![oom, slow()]).run().0);
    assert_eq!(cause.class, Class::OutOfMemory);
    assert!(cause.headline.contains("20 MiB"), "{}", cause.headline);
    let cases = [
        (139, Class::KilledBySignal, "SIGSEGV"),
        (132, Class::KilledBySignal, "SIGILL"),
        (127, Class::CommandNotFound, "127"),
    ];
    for (code, class, word) in cases {
        let app = App::new("app", move |_, _| exits(0.2, code, &["sh: app: not found"]));
        let (verdict, seconds) = Sim::new(vec![app, slow()]).run();
        let cause = failed(verdict);
        assert_eq!(cause.class, class, "{code}");
        assert!(cause.headline.contains(word), "{}", cause.headline);
        assert!(seconds <= 15.0);
    }
}

#[test]
fn other_signals_are_named_when_the_peers_are_ready() {
    for (code, word) in [(134, "SIGABRT"), (143, "SIGTERM"), (137, "SIGKILL")] {
        let cause = failed(Sim::new(vec![App::new("app", move |_, _| exits(0.2, code, &[]))]).run().0);
        assert_eq!(cause.class, Class::KilledBySignal);
        assert!(cause.headline.contains(word), "{}", cause.headline);
    }
}

#[test]
fn an_image_of_another_architecture_is_named() {
    let app = App::new("app", |_, _| exits(0.1, 1, &["exec /usr/bin/app: exec format error"]));
    assert_eq!(failed(Sim::new(vec![app]).run().0).class, Class::WrongArchitecture);
}

#[test]
fn the_address_of_a_peer_that_is_up_is_a_fact_for_the_caller() {
    let db = App::new("db", |_, _| healthy(1.0)).checked(check(1, 3, 10));
    let app = App::new("app", |_, _| exits(0.2, 1, REFUSED));
    let cause = failed(Sim::new(vec![app, db]).run().0);
    assert_eq!(cause.missed_peers, ["db"]);
}

#[test]
fn failures_from_before_the_deploy_are_not_its_own() {
    use super::sim::{service, stack, task};
    let mut old = task("old");
    old.state = TaskState::Rejected;
    old.err = "No such image: image:1".into();
    let mut view = service("app");
    view.tasks = vec![old];
    let before = stack(vec![view]);
    let mut now = before.clone();
    let mut new = task("new");
    new.state = TaskState::Starting;
    now.services[0].tasks.insert(0, new);
    let look = |params| Judge::new(params).look(&now, Duration::from_secs(2), &Pressure::default());
    let params = Params::new(Duration::from_secs(300), ["app"]);
    assert_eq!(failed(look(params.clone())).class, Class::NoSuchImage);
    let verdict = look(params.after(&before));
    assert!(matches!(verdict, Verdict::Waiting(_)), "{verdict:?}");
}
