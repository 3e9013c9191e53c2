//! Lessons 5, 10 and 11 on a real swarm.

use taster::swarm::observe::{UpdateState, observe};
use taster::trial::convergence::{Class, Verdict};

use crate::support::{IMAGE, with_swarm};

fn app(line: &str, action: &str) -> String {
    format!(
        "  app: {{image: \"{IMAGE}\", command: [sh, -c, \"{line}\"], stop_grace_period: 1s, deploy: {{endpoint_mode: dnsrr, restart_policy: {{delay: 1s}}, \
         update_config: {{failure_action: {action}, monitor: 4s}}}}}}"
    )
}

#[test]
fn lesson_05_10_11_updates_that_succeed_stop_and_turn_back() {
    with_swarm(0, async |swarm| {
        swarm.judge("u", &app("sleep 1000", "rollback"), &["app"]).await.converged();
        let before = observe(&swarm.engines, "u").await.unwrap();

        // N of N all the time with the old task first, then the new one: converged only when the new one runs and the update is done.
        let outcome = swarm.judge("u", &app("sleep 2000", "rollback"), &["app"]).await;
        outcome.converged();
        let service = &outcome.view.services[0];
        assert_eq!(service.update.as_ref().map(|update| &update.state), Some(&UpdateState::Completed));
        assert_ne!(service.tasks[0].id, before.services[0].tasks[0].id);
        assert!(service.tasks[0].current && !service.tasks[1].current, "{:#?}", service.tasks);

        let outcome = swarm.judge("u", &app("echo broken; sleep 1; exit 9", "rollback"), &["app"]).await;
        let cause = outcome.failed(Class::RolledBack);
        assert!(cause.headline.contains("exits with 9"), "{cause:#?}");
        assert!(cause.evidence.iter().any(|piece| piece.kind == "log" && piece.text.contains("broken")), "{cause:#?}");
        // Also for one who comes late: the old version serves again, and all replicas run.
        let params = taster::trial::convergence::Params::new(std::time::Duration::from_secs(60), ["app"]);
        tokio::time::sleep(std::time::Duration::from_secs(8)).await;
        swarm.watch("u", params).await.failed(Class::RolledBack);

        let outcome = swarm.judge("u", &app("echo broken; sleep 1; exit 9", "pause"), &["app"]).await;
        assert!(
            matches!(&outcome.verdict, Verdict::Failed(cause) if cause.class == Class::CrashLoop),
            "{:#?}",
            outcome.verdict
        );
    });
}
