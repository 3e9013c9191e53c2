//! Lesson 14, and healthchecks that never pass; time that is up (lesson 30).

use super::sim::{App, Fate, Sim, check, exits, healthy, stays};
use super::{errored, evidence, failed};
use crate::swarm::observe::{Pressure, RestartCondition, Stall};
use crate::trial::convergence::{Class, Verdict};
use std::time::Duration;

const MIGRATING: &[&str] = &[
    "migrating 1",
    "migrating 2",
    "migrating 3",
    "migrating 4",
    "migrating 5",
    "migrating 6",
    "migrating 7",
    "migrating 8",
];

#[test]
fn lesson_14_killed_while_still_starting() {
    let app = App::new("app", |_, _| Fate { log: MIGRATING.to_vec(), check: "connection refused", ..healthy(60.0) });
    let cause = failed(Sim::new(vec![app.checked(check(2, 2, 3))]).run().0);
    assert_eq!(cause.class, Class::KilledWhileStarting);
    assert!(
        cause.headline.contains("while it was still starting") && cause.headline.contains("it had 7"),
        "{}",
        cause.headline
    );
    assert!(evidence(&cause, "timing").contains("start_period 3 s + 2 checks every 2 s = 7 s"), "{cause:?}");
    assert!(cause.advice.contains("start_period"), "{}", cause.advice);
}

#[test]
fn lesson_14_a_healthcheck_that_never_passes_is_another_matter() {
    for (log, said) in [
        (&["ready"] as &[&str], "wrong page"),
        (&["tick"], "refused"),
        (MIGRATING, "HTTP/1.1 404 Not Found"),
        (&["a", "b", "c", "d", "e", "f", "listening on :80", "g", "h", "i", "j", "k"], "no connection"),
    ] {
        let app = App::new("app", |_, _| Fate { log: log.to_vec(), check: said, ..stays() });
        let cause = failed(Sim::new(vec![app.checked(check(5, 3, 0))]).run().0);
        assert_eq!(cause.class, Class::HealthcheckNeverPasses, "{said}");
        assert!(evidence(&cause, "health").contains(said), "{cause:?}");
    }
}

#[test]
fn lesson_14_a_program_that_obeys_when_its_healthcheck_stops_it_does_not_exit_by_itself() {
    let obeys = || Fate { log: vec!["ready"], check: "refused", obeys: true, ..stays() };
    for condition in [RestartCondition::Any, RestartCondition::OnFailure] {
        let app = App::new("app", move |_, _| obeys()).checked(check(2, 2, 0)).restart(condition, 1, None);
        let cause = failed(Sim::new(vec![app]).run().0);
        assert_eq!(cause.class, Class::HealthcheckNeverPasses, "{condition:?}: {}", cause.headline);
    }
    let app = App::new("app", |_, _| Fate { log: MIGRATING.to_vec(), obeys: true, ..stays() }).checked(check(2, 2, 3));
    assert_eq!(failed(Sim::new(vec![app]).run().0).class, Class::KilledWhileStarting);
}

#[test]
fn what_ends_by_itself_is_not_blamed_on_its_healthcheck() {
    let app = App::new("app", |_, _| exits(0.5, 0, &["bye"])).checked(check(30, 3, 0)).delay(1);
    assert_eq!(failed(Sim::new(vec![app]).run().0).class, Class::ExitsZero);
    let app = App::new("app", |_, _| Fate { oom: true, ..exits(0.5, 137, &["eating"]) }).checked(check(30, 3, 0));
    assert_eq!(failed(Sim::new(vec![app]).run().0).class, Class::OutOfMemory);
}

#[test]
fn lesson_14_a_second_boot_that_makes_it_passes_and_is_told() {
    let app = App::new("app", |attempt, _| if attempt == 0 { stays() } else { healthy(1.0) }).checked(check(2, 3, 0));
    let (verdict, _) = Sim::new(vec![app]).run();
    let Verdict::Converged(facts) = verdict else { panic!("{verdict:?}") };
    assert_eq!(facts.services["app"].restarts, 1);
    assert!(facts.services["app"].notes.iter().any(|note| note.contains("killed by its healthcheck")), "{facts:?}");
}

#[test]
fn a_healthcheck_that_waits_for_a_slow_database_is_not_to_blame() {
    let db = App::new("db", |_, _| healthy(40.0)).checked(check(1, 3, 100));
    let app = App::new("app", |_, up| if up("db") { healthy(1.0) } else { stays() }).checked(check(2, 3, 0));
    let (verdict, _) = Sim::new(vec![app, db]).run();
    assert!(matches!(verdict, Verdict::Converged(_)), "{verdict:?}");
}

#[test]
fn a_healthcheck_whose_command_is_missing_is_named_at_once() {
    let said = "OCI runtime exec failed: exec failed: unable to start container process: exec: \"curl\": executable file not found in $PATH: unknown";
    let mut view = super::sim::service("app");
    let mut task = super::sim::task("t1");
    task.started_at = Some(super::sim::begin());
    task.inspected = true;
    task.state = crate::swarm::observe::TaskState::Starting;
    task.healthcheck = Some(check(30, 3, 300));
    let probe = crate::swarm::observe::Probe { started_at: None, ended_at: None, exit_code: -1, output: said.into() };
    task.health = Some(crate::swarm::observe::HealthView {
        status: crate::swarm::observe::HealthStatus::Starting,
        failing_streak: 0,
        probes: vec![probe.clone(), probe],
    });
    view.tasks.push(task);
    let params = crate::trial::convergence::Params::new(Duration::from_secs(300), ["app"]);
    let verdict = crate::trial::convergence::Judge::new(params).look(
        &super::sim::stack(vec![view]),
        Duration::from_secs(60),
        &Pressure::default(),
    );
    let cause = failed(verdict);
    assert_eq!(cause.class, Class::HealthcheckBroken);
    assert!(evidence(&cause, "health").contains("curl"));
}

#[test]
fn healthy_to_converged_takes_one_look() {
    let (verdict, seconds) = Sim::new(vec![App::new("app", |_, _| healthy(4.0)).checked(check(1, 30, 0))]).run();
    assert!(matches!(verdict, Verdict::Converged(_)), "{verdict:?}");
    assert!((5.0..=5.5).contains(&seconds), "{seconds}");
}

#[test]
fn a_service_with_neither_route_nor_healthcheck_is_watched_for_its_settle_time() {
    let mut sim = Sim::new(vec![App::new("app", |_, _| stays())]);
    sim.params.settle.insert("app".into(), Duration::from_secs(10));
    let (verdict, seconds) = sim.run();
    assert!(matches!(verdict, Verdict::Converged(_)), "{verdict:?}");
    assert!((11.0..12.0).contains(&seconds), "{seconds}");
    let mut sim = Sim::new(vec![App::new("app", |attempt, _| if attempt == 0 { exits(9.0, 1, &[]) } else { stays() })]);
    sim.params.settle.insert("app".into(), Duration::from_secs(10));
    let (verdict, seconds) = sim.run();
    assert!(matches!(verdict, Verdict::Converged(_)), "{verdict:?}");
    assert!(seconds > 25.0, "the watch starts anew after a failure: {seconds}");
}

#[test]
fn lesson_30_a_timeout_is_the_recipes_fault_only_where_the_node_had_time_to_spare() {
    let sim = || Sim::new(vec![App::new("app", |_, _| stays()).checked(check(30, 3, 600))]).timeout(60);
    let cause = failed(sim().run().0);
    assert_eq!(cause.class, Class::HealthcheckNeverPasses);
    assert!(cause.headline.contains("not converged within 60 s"), "{}", cause.headline);
    assert!(evidence(&cause, "pressure").contains("not measured"));
    let busy = Some(Stall { some: 95.0, full: 50.0 });
    let idle = Some(Stall { some: 5.0, full: 0.0 });
    for (cpu, io, memory) in [(busy, idle, idle), (idle, busy, idle), (idle, idle, busy)] {
        let mut sim = sim();
        sim.pressure = Pressure { cpu, io, memory, disk_free: None };
        let cause = errored(sim.run().0);
        assert_eq!(cause.class, Class::Starved);
    }
    let mut sim = sim();
    sim.pressure = Pressure { cpu: idle, io: idle, memory: idle, disk_free: Some(1 << 40) };
    assert_eq!(failed(sim.run().0).class, Class::HealthcheckNeverPasses);
}

#[test]
fn lesson_30_a_full_disk_of_the_node_is_ours_and_of_a_sized_volume_is_not() {
    let app = || App::new("db", |_, _| exits(0.5, 1, &["could not write: No space left on device"]));
    assert_eq!(errored(Sim::new(vec![app()]).run().0).class, Class::DiskFull);
    let mut sim = Sim::new(vec![app()]);
    sim.pressure.disk_free = Some(1 << 40);
    assert_eq!(failed(sim.run().0).class, Class::CrashLoop);
}
