//! Lessons 13 and 15, and all else that no waiting mends.

use std::time::Duration;

use super::sim::{App, Fate, Sim, begin, service, stack, stays, task};
use super::{errored, evidence, failed};
use crate::swarm::observe::{Mode, Pressure, StackView, TaskState};
use crate::trial::convergence::{Class, Judge, Params, Verdict};

fn params() -> Params {
    Params::new(Duration::from_secs(300), ["app"])
}

/// A service whose only task stays as it is.
fn frozen(state: TaskState, err: &str) -> StackView {
    let mut view = service("app");
    let mut task = task("t1");
    task.state = state;
    task.err = err.into();
    view.tasks.push(task);
    stack(vec![view])
}

/// Looks twice a second until there is a verdict: it and the seconds.
fn wait(view: &StackView, params: Params) -> (Verdict, f64) {
    let mut judge = Judge::new(params);
    let mut view = view.clone();
    for step in 0..2000_u32 {
        let elapsed = Duration::from_millis(500) * step;
        view.taken_at = begin().checked_add(elapsed).expect("in range");
        match judge.look(&view, elapsed, &Pressure::default()) {
            Verdict::Waiting(_) => {}
            verdict => return (verdict, elapsed.as_secs_f64()),
        }
    }
    panic!("no verdict");
}

#[test]
fn lesson_13_a_rejected_task_fails_at_once_with_the_engines_error() {
    let bind = "invalid mount config for type \"bind\": bind source path does not exist: /no/such/path";
    let cases = [
        ("No such image: nope:9", Class::NoSuchImage, "image:1"),
        (bind, Class::BindSourceMissing, "/no/such/path"),
        ("network proxy not found", Class::NetworkMissing, "network"),
        ("something that was never seen", Class::Rejected, "rejects"),
    ];
    for (err, class, word) in cases {
        let app = App::new("app", move |_, _| Fate { rejected: Some(err), ..Fate::default() });
        let (verdict, seconds) = Sim::new(vec![app]).run();
        let cause = failed(verdict);
        assert_eq!(cause.class, class);
        assert!(cause.headline.contains(word), "{}", cause.headline);
        assert_eq!(evidence(&cause, "task-error"), err);
        assert!(seconds < 2.0, "{seconds}");
    }
}

#[test]
fn lesson_15_an_image_that_we_did_not_load_is_our_fault() {
    let app = App::new("app", |_, _| Fate { rejected: Some("No such image: x:1"), ..Fate::default() });
    let mut sim = Sim::new(vec![app]);
    sim.params.images_loaded = true;
    assert_eq!(errored(sim.run().0).class, Class::ImageNotLoaded);
}

#[test]
fn lesson_15_a_task_stuck_in_preparing_is_not_the_recipes_fault() {
    let (verdict, seconds) = wait(&frozen(TaskState::Preparing, ""), params());
    assert_eq!(errored(verdict).class, Class::ImageNotReady);
    assert!(seconds <= 61.0);
    let mut short = params();
    short.timeout = Duration::from_secs(20);
    assert_eq!(errored(wait(&frozen(TaskState::Preparing, ""), short).0).class, Class::ImageNotReady);
}

#[test]
fn tasks_that_no_node_takes_fail_after_a_short_grace() {
    let cases = [
        ("no suitable node (scheduling constraints not satisfied on 1 node)", Class::Unschedulable),
        ("no suitable node (max replicas per node limit exceed)", Class::Unschedulable),
        ("no suitable node (host-mode port already in use on 1 node)", Class::PortInUse),
        ("no suitable node (insufficient resources on 1 node)", Class::InsufficientResources),
        ("no suitable node (missing plugin on 1 node)", Class::PluginMissing),
        ("no suitable node (unsupported platform on 1 node)", Class::WrongArchitecture),
        ("no suitable node (1 node not available for new tasks)", Class::Engine),
    ];
    for (err, class) in cases {
        let (verdict, seconds) = wait(&frozen(TaskState::Pending, err), params());
        let cause = verdict.cause().expect("no convergence").clone();
        assert_eq!(cause.class, class);
        assert_eq!(matches!(verdict, Verdict::Errored(_)), class.is_ours());
        assert!(cause.headline.contains(err), "{}", cause.headline);
        assert!((5.0..6.0).contains(&seconds), "{seconds}");
    }
}

#[test]
fn a_port_that_a_stopping_task_still_holds_is_waited_for() {
    let mut view = frozen(TaskState::Pending, "no suitable node (host-mode port already in use on 1 node)");
    let mut old = task("t0");
    old.state = TaskState::Running;
    old.desired = TaskState::Shutdown;
    old.current = false;
    view.services[0].tasks.push(old);
    let mut limit = params();
    limit.timeout = Duration::from_secs(30);
    let (_, seconds) = wait(&view, limit);
    assert!(seconds >= 30.0, "{seconds}");
}

#[test]
fn a_swarm_that_does_nothing_is_not_the_recipes_fault() {
    for state in [TaskState::New, TaskState::Pending, TaskState::Assigned, TaskState::Accepted] {
        let (verdict, seconds) = wait(&frozen(state, ""), params());
        assert_eq!(errored(verdict).class, Class::Engine);
        assert!(seconds <= 31.0);
    }
}

#[test]
fn a_lost_node_is_not_the_recipes_fault() {
    let (verdict, _) = wait(&frozen(TaskState::Orphaned, ""), params());
    assert_eq!(errored(verdict).class, Class::Engine);
}

#[test]
fn an_empty_stack_never_converges() {
    let cause = errored(wait(&stack(Vec::new()), params()).0);
    assert!(cause.headline.contains("does not have app"), "{}", cause.headline);
    let nothing_expected = Params::new(Duration::from_secs(10), Vec::<String>::new());
    errored(wait(&stack(Vec::new()), nothing_expected).0);
}

#[test]
fn a_missing_service_keeps_the_others_from_converging() {
    let mut sim = Sim::new(vec![App::new("app", |_, _| stays())]).timeout(20);
    sim.params.expected.insert("worker".into());
    let cause = errored(sim.run().0);
    assert!(cause.headline.contains("worker"), "{}", cause.headline);
}

#[test]
fn no_replicas_wanted_is_fine_and_reported() {
    let (verdict, _) = Sim::new(vec![App::new("app", |_, _| stays()).mode(Mode::Replicated(0))]).run();
    let Verdict::Converged(facts) = verdict else { panic!("{verdict:?}") };
    assert_eq!((facts.services["app"].desired, facts.services["app"].running), (0, 0));
    assert!(facts.services["app"].notes[0].contains("0 of 0"), "{facts:?}");
}

#[test]
fn a_global_service_whose_tasks_are_not_made_yet_is_waited_for() {
    let mut view = service("app");
    view.mode = Mode::Global;
    view.desired = 0;
    let (verdict, seconds) = wait(&stack(vec![view]), params());
    assert!(matches!(verdict, Verdict::Converged(_)), "{verdict:?}");
    assert!(seconds >= 2.0, "{seconds}");
}

#[test]
fn a_container_that_was_not_looked_at_is_not_taken_for_healthy() {
    let mut params = params();
    params.settle.insert("app".into(), Duration::ZERO);
    let (verdict, _) = wait(&frozen(TaskState::Running, ""), params);
    assert!(!matches!(verdict, Verdict::Converged(_)), "{verdict:?}");
}

#[test]
fn a_state_that_nobody_knows_is_waited_for_until_time_is_up() {
    let (verdict, seconds) = wait(&frozen(TaskState::Other("hovering".into()), ""), params());
    assert_eq!(failed(verdict).class, Class::Timeout);
    assert!(seconds >= 300.0);
}
