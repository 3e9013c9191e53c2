//! Lessons 5, 10 and 11: updates.

use std::time::Duration;

use super::sim::{begin, service, stack, task};
use super::{evidence, failed};
use crate::swarm::observe::{Mode, Pressure, ServiceView, StackView, TaskState, TaskView, UpdateState, UpdateView};
use crate::trial::convergence::{Class, Judge, Params, Verdict};

fn look(view: &StackView) -> Verdict {
    Judge::new(Params::new(Duration::from_secs(300), ["app"])).look(view, Duration::from_secs(20), &Pressure::default())
}

fn running(id: &str, slot: u64, current: bool) -> TaskView {
    let mut task = task(id);
    task.slot = slot;
    task.state = TaskState::Running;
    task.inspected = true;
    task.started_at = Some(begin());
    task.current = current;
    task
}

fn failed_task(id: &str, slot: u64, current: bool) -> TaskView {
    let mut task = running(id, slot, current);
    task.state = TaskState::Failed;
    task.desired = TaskState::Shutdown;
    task.err = "task: non-zero exit (9)".into();
    task.exit_code = Some(9);
    task
}

fn app(replicas: u64, update: Option<(UpdateState, &str)>, tasks: Vec<TaskView>) -> StackView {
    let mut view: ServiceView = service("app");
    view.mode = Mode::Replicated(replicas);
    view.desired = replicas;
    view.update = update.map(|(state, message)| UpdateView {
        state,
        message: message.into(),
        started_at: None,
        completed_at: None,
    });
    view.tasks = tasks;
    let mut view = stack(vec![view]);
    view.taken_at = begin().checked_add(Duration::from_secs(20)).expect("in range");
    view
}

#[test]
fn lesson_10_all_replicas_running_is_not_convergence_during_an_update() {
    let two = || vec![running("a", 1, true), running("b", 2, true)];
    let verdict = look(&app(2, Some((UpdateState::Updating, "update in progress")), two()));
    assert!(matches!(&verdict, Verdict::Waiting(waits) if waits[0].what.contains("update")), "{verdict:?}");
    assert!(matches!(look(&app(2, Some((UpdateState::Completed, "update completed")), two())), Verdict::Converged(_)));
    assert!(matches!(look(&app(2, None, two())), Verdict::Converged(_)));
    assert!(matches!(look(&app(2, Some((UpdateState::Other("pondering".into()), "")), two())), Verdict::Waiting(_)));
}

#[test]
fn lesson_10_tasks_of_the_old_specification_do_not_count() {
    // Just after the update was asked for: `UpdateStatus` is not there yet, and the old tasks run.
    let verdict = look(&app(2, None, vec![running("a", 1, false), running("b", 2, false)]));
    assert!(matches!(verdict, Verdict::Waiting(_)), "{verdict:?}");
    let verdict = look(&app(2, None, vec![running("a2", 1, true), running("a", 1, false), running("b", 2, false)]));
    assert!(matches!(verdict, Verdict::Waiting(_)), "{verdict:?}");
}

#[test]
fn lesson_10_a_task_that_is_being_stopped_does_not_count() {
    let mut stopping = running("a", 1, false);
    stopping.desired = TaskState::Shutdown;
    let verdict = look(&app(1, Some((UpdateState::Completed, "")), vec![stopping]));
    assert!(matches!(verdict, Verdict::Waiting(_)), "{verdict:?}");
}

#[test]
fn lesson_10_new_ports_do_not_show_in_the_tasks() {
    let mut view = app(1, None, vec![running("a", 1, true)]);
    view.services[0].ports_changed = true;
    view.services[0].updated_at = Some(begin().checked_add(Duration::from_secs(19)).expect("in range"));
    let mut judge = Judge::new(Params::new(Duration::from_secs(300), ["app"]));
    assert!(matches!(judge.look(&view, Duration::from_secs(20), &Pressure::default()), Verdict::Waiting(_)));
    // But not for ever: swarm may have found nothing to do.
    assert!(matches!(judge.look(&view, Duration::from_secs(23), &Pressure::default()), Verdict::Converged(_)));
}

#[test]
fn lesson_11_a_paused_update_is_not_waited_for() {
    let paused = || Some((UpdateState::Paused, "update paused due to failure or early termination of task bad"));
    let Verdict::Converged(facts) =
        look(&app(1, paused(), vec![running("good", 1, true), failed_task("bad", 1, true)]))
    else {
        panic!("tasks and health are good")
    };
    assert!(facts.services["app"].notes[0].contains("paused"), "{facts:?}");
    assert_eq!(facts.services["app"].restarts, 1);
}

#[test]
fn lesson_11_a_paused_update_that_left_old_tasks_has_failed() {
    let paused = Some((UpdateState::Paused, "update paused due to failure or early termination of task bad"));
    let cause = failed(look(&app(
        2,
        paused,
        vec![running("new", 1, true), failed_task("bad", 1, true), running("old", 2, false)],
    )));
    assert_eq!(cause.class, Class::UpdatePaused);
    assert!(cause.headline.contains("exits with 9"), "{}", cause.headline);
}

#[test]
fn lesson_05_a_rollback_is_a_failure_with_the_new_tasks_error() {
    let message = "update rolled back due to failure or early termination of task bad";
    for state in [UpdateState::RollbackStarted, UpdateState::RollbackCompleted, UpdateState::RollbackPaused] {
        let word = format!("{state:?}");
        // The specification is the old one again, and its task serves.
        let tasks = vec![running("again", 1, true), failed_task("bad", 1, false)];
        let verdict = look(&app(1, Some((state, message)), tasks));
        let cause = failed(verdict);
        assert_eq!(cause.class, Class::RolledBack, "{word}");
        assert!(cause.headline.contains("exits with 9"), "{}", cause.headline);
        assert_eq!(evidence(&cause, "task-error"), "task: non-zero exit (9)");
        assert_eq!(evidence(&cause, "update"), message);
    }
}

#[test]
fn a_replica_is_missing() {
    let verdict = look(&app(2, None, vec![running("a", 1, true)]));
    assert!(matches!(&verdict, Verdict::Waiting(waits) if waits[0].what.contains("1 of 2")), "{verdict:?}");
}
