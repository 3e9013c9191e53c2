//! Whatever the swarm does: the judge never panics, and has made up its mind by the timeout.

use proptest::prelude::*;
use std::time::Duration;

use super::sim::{App, Fate, Sim, begin, check, service, stack, task};
use crate::swarm::observe::{
    HealthStatus, HealthView, Mode, Pressure, Probe, RestartCondition, Stall, TaskState, UpdateState, UpdateView,
};
use crate::trial::convergence::{Judge, Params, Verdict};

fn fate() -> impl Strategy<Value = Fate> {
    let ends = proptest::option::of((
        0_u64..20_000,
        prop_oneof![Just(0), Just(1), Just(137), Just(139), Just(127), any::<i64>()],
    ));
    let log = prop_oneof![
        Just(vec![]),
        Just(vec!["boom"]),
        Just(vec!["connection refused to db"]),
        Just(vec!["no space left on device"])
    ];
    let rejected =
        prop_oneof![9 => Just(None), 1 => Just(Some("No such image: x")), 1 => Just(Some("context deadline exceeded"))];
    (ends, proptest::option::of(0_u64..60_000), any::<bool>(), log, rejected).prop_map(
        |(ends, healthy, oom, log, rejected)| Fate {
            ends: ends.map(|(after, code)| (Duration::from_millis(after), code)),
            healthy_after: healthy.map(Duration::from_millis),
            oom,
            obeys: oom,
            log,
            check: "",
            rejected,
        },
    )
}

fn app(name: &'static str) -> impl Strategy<Value = (&'static str, Vec<Fate>, bool, u64, u8, Option<u64>)> {
    (
        Just(name),
        proptest::collection::vec(fate(), 1..6),
        any::<bool>(),
        0_u64..8,
        0_u8..5,
        proptest::option::of(0_u64..4),
    )
}

fn any_state() -> impl Strategy<Value = TaskState> {
    prop_oneof![
        Just(TaskState::New),
        Just(TaskState::Pending),
        Just(TaskState::Assigned),
        Just(TaskState::Preparing),
        Just(TaskState::Ready),
        Just(TaskState::Starting),
        Just(TaskState::Running),
        Just(TaskState::Complete),
        Just(TaskState::Shutdown),
        Just(TaskState::Failed),
        Just(TaskState::Rejected),
        Just(TaskState::Remove),
        Just(TaskState::Orphaned),
        Just(TaskState::Other("new word".to_owned())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_living_swarm_always_gets_a_verdict(apps in (app("app"), app("db"), app("cache")), timeout in 1_u64..200, busy in any::<bool>()) {
        let apps = [apps.0, apps.1, apps.2].into_iter().map(|(name, fates, checked, delay, policy, attempts)| {
            let made = App::new(name, move |attempt, _| fates[attempt.min(fates.len() - 1)].clone());
            let made = if checked { made.checked(check(2, 3, 5)) } else { made };
            let condition = [RestartCondition::Any, RestartCondition::OnFailure, RestartCondition::None][usize::from(policy % 3)];
            let made = made.restart(condition, delay, attempts);
            match policy { 3 => made.mode(Mode::ReplicatedJob(1)), 4 => made.mode(Mode::Replicated(0)), _ => made }
        });
        let mut sim = Sim::new(apps.collect()).timeout(timeout);
        if busy {
            let stall = Some(Stall { some: 99.0, full: 99.0 });
            sim.pressure = Pressure { cpu: stall, io: stall, memory: stall, disk_free: Some(0) };
        }
        let (verdict, _) = sim.run();
        let decided = !matches!(verdict, Verdict::Waiting(_));
        prop_assert!(decided);
        if let Some(cause) = verdict.cause() {
            prop_assert!(!cause.headline.is_empty() && !cause.advice.is_empty());
            prop_assert_eq!(cause.class.is_ours(), matches!(verdict, Verdict::Errored(_)));
        }
    }

    #[test]
    fn no_view_however_strange_makes_it_panic(
        looks in proptest::collection::vec(
            (proptest::collection::vec((any_state(), any_state(), 0_u64..3, any::<bool>(), any::<Option<i64>>(), 0_u8..4, any::<i32>(), ".{0,20}"), 0..5), 0_u8..8, 0_u64..4),
            1..6,
        ),
    ) {
        let mut judge = Judge::new(Params::new(Duration::from_secs(2), ["app"]));
        for (number, (tasks, update, desired)) in looks.into_iter().enumerate() {
            let mut view = service("app");
            view.desired = desired;
            view.mode = Mode::Replicated(desired);
            view.update = [None, Some(UpdateState::Updating), Some(UpdateState::Paused), Some(UpdateState::Completed),
                Some(UpdateState::RollbackStarted), Some(UpdateState::RollbackPaused), Some(UpdateState::RollbackCompleted),
                Some(UpdateState::Other("x".into()))][usize::from(update)].clone()
                .map(|state| UpdateView { state, message: String::new(), started_at: None, completed_at: None });
            for (index, (state, wanted, slot, flag, code, health, shift, err)) in tasks.into_iter().enumerate() {
                let mut task = task(&format!("t{index}"));
                task.state = state;
                task.desired = wanted;
                task.slot = slot;
                task.current = flag;
                task.inspected = !flag;
                task.exit_code = code;
                task.err = err;
                task.started_at = begin().checked_add(jiff::SignedDuration::from_secs(i64::from(shift))).ok();
                task.finished_at = (shift % 2 == 0).then(begin);
                task.health = (health > 0).then(|| HealthView {
                    status: [HealthStatus::Starting, HealthStatus::Healthy, HealthStatus::Unhealthy][usize::from(health - 1)],
                    failing_streak: 1,
                    probes: vec![Probe { started_at: None, ended_at: None, exit_code: -1, output: String::new() }; 2],
                });
                view.tasks.push(task);
            }
            let elapsed = Duration::from_secs(number as u64);
            let verdict = judge.look(&stack(vec![view]), elapsed, &Pressure::default());
            let decided = !matches!(verdict, Verdict::Waiting(_));
            prop_assert!(decided || elapsed < Duration::from_secs(2));
        }
    }
}
