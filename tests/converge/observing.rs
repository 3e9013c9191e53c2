//! What is seen, how soon, and where.

use std::time::{Duration, Instant};

use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::StreamExt;
use taster::swarm::observe::{HealthStatus, Mode, TaskState, Wake, changes, observe};

use crate::support::{IMAGE, with_swarm};

#[test]
fn healthy_is_believed_within_a_second_and_what_is_seen_is_true() {
    with_swarm(0, async |swarm| {
        // When the engine says that it is healthy, by a listener of its own.
        let engine = swarm.engines.manager().clone();
        let healthy = tokio::spawn(async move {
            let filters = std::collections::HashMap::from([("event", vec!["health_status"])]);
            let mut events = Box::pin(engine.events(Some(EventsOptionsBuilder::default().filters(&filters).build())));
            while let Some(Ok(event)) = events.next().await {
                if event.action.as_deref() == Some("health_status: healthy") {
                    return Instant::now();
                }
            }
            panic!("no event");
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        let app = format!(
            "  app: {{image: \"{IMAGE}\", command: [sh, -c, \"sleep 4; touch /tmp/up; sleep 1000\"], stop_grace_period: 1s, environment: {{DB_HOST: db}}, \
             healthcheck: {{test: [CMD, test, -e, /tmp/up], interval: 1s, timeout: 7s, retries: 30}}, \
             deploy: {{endpoint_mode: dnsrr, resources: {{limits: {{memory: 64M}}}}, restart_policy: {{condition: on-failure, delay: 2s, max_attempts: 7}}}}}}\n  \
             db: {{image: \"{IMAGE}\", command: [sleep, \"1000\"], stop_grace_period: 1s, deploy: {{endpoint_mode: dnsrr, mode: global}}, ports: [{{target: 80, mode: host}}]}}"
        );
        let outcome = swarm.judge("seen", &app, &["app", "db"]).await;
        let converged = Instant::now();
        let facts = outcome.converged();
        let lag = converged.duration_since(healthy.await.unwrap());
        println!("from the engine's `healthy` to convergence: {:.3} s", lag.as_secs_f64());
        assert!(lag < Duration::from_secs(1), "{lag:?}");
        assert_eq!(facts.services["app"].restarts, 0);
        assert!(facts.services["app"].seconds_to_healthy.unwrap() >= 4.0, "{facts:?}");

        let [app, db] = outcome.view.services.as_slice() else { panic!("{:#?}", outcome.view) };
        assert_eq!((app.short_name.as_str(), app.name.as_str(), &app.mode), ("app", "seen_app", &Mode::Replicated(1)));
        assert_eq!((app.desired, app.running, app.memory_limit), (1, 1, Some(64 * 1024 * 1024)));
        assert_eq!((app.restart.delay, app.restart.max_attempts), (Duration::from_secs(2), Some(7)));
        assert_eq!(app.mentions, ["db"]);
        let check = app.healthcheck.as_ref().unwrap();
        assert_eq!(
            (check.interval, check.timeout, check.retries),
            (Duration::from_secs(1), Duration::from_secs(7), 30)
        );
        let task = &app.tasks[0];
        assert_eq!(task.health.as_ref().map(|health| health.status), Some(HealthStatus::Healthy));
        assert!(task.current && task.inspected && task.started_at.is_some() && !task.addresses.is_empty(), "{task:#?}");
        assert!(task.image_id.as_ref().is_some_and(|id| id.starts_with("sha256:")), "{task:#?}");
        assert_eq!((&db.mode, db.desired, db.running, db.healthcheck.as_ref()), (&Mode::Global, 1, 1, None));
        assert!(db.tasks[0].ports.iter().any(|port| port.target == 80 && port.published > 0), "{:#?}", db.tasks);
        assert!(outcome.view.nodes.iter().all(|node| node.ready), "{:?}", outcome.view.nodes);
    });
}

#[test]
fn a_task_on_a_worker_is_looked_at_there() {
    with_swarm(1, async |swarm| {
        let app = format!(
            "  app: {{image: \"{IMAGE}\", command: [sh, -c, \"sleep 1000\"], stop_grace_period: 1s, healthcheck: {{test: [CMD, \"true\"], interval: 1s}}, \
             deploy: {{endpoint_mode: dnsrr, placement: {{constraints: [node.role == worker]}}}}}}\n  \
             bad: {{image: \"{IMAGE}\", command: [sh, -c, \"echo words of the worker; exit 1\"], deploy: {{endpoint_mode: dnsrr, placement: {{constraints: [node.role == worker]}}, restart_policy: {{delay: 1s}}}}}}"
        );
        let outcome = swarm.judge("w", &app, &["app", "bad"]).await;
        let cause = outcome.failed(taster::trial::convergence::Class::CrashLoop);
        assert!(cause.evidence.iter().any(|piece| piece.text.contains("words of the worker")), "{cause:#?}");
        let view = observe(&swarm.engines, "w").await.unwrap();
        let task = &view.services[0].tasks[0];
        assert_eq!(task.node_id.as_deref(), Some(swarm.ids[1].as_str()));
        assert_eq!(
            (&task.state, task.health.as_ref().map(|health| health.status)),
            (&TaskState::Running, Some(HealthStatus::Healthy))
        );
        // Without the worker's engine, that is said and not guessed.
        let blind = taster::swarm::observe::Engines::new(
            swarm.engines.manager().clone(),
            [(swarm.ids[0].clone(), swarm.engines.manager().clone())].into(),
        );
        let error = observe(&blind, "w").await.unwrap_err().to_string();
        assert!(error.contains("no engine is known for that node"), "{error}");
    });
}

#[test]
fn a_dead_engine_is_noticed() {
    with_swarm(0, async |swarm| {
        let mut wakes = changes(&swarm.engines);
        assert!(matches!(wakes.next().await, Wake::Event | Wake::Poll));
        swarm.host.kill_container(&swarm.names[0], None).await.unwrap();
        let begun = Instant::now();
        let reason = loop {
            if let Wake::Trouble { engine, reason } = wakes.next().await {
                break format!("{engine}: {reason}");
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "nobody noticed");
        };
        println!("noticed after {:.1} s: {reason}", begun.elapsed().as_secs_f64());
        let looked = tokio::time::timeout(Duration::from_secs(20), observe(&swarm.engines, "x")).await;
        let error = looked.expect("it must not hang").unwrap_err();
        assert!(error.to_string().contains("the swarm manager did not say"), "{error}");
    });
}
