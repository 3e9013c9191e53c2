//! Logs of tasks, and commands in them.

use std::time::Duration;

use taster::swarm::exec::{Command, ExecError, in_service};
use taster::swarm::logs::{Follower, LogLimits, Output, task_tail};
use taster::swarm::observe::observe;

use crate::support::{IMAGE, with_swarm};

#[test]
fn logs_are_read_and_followed_and_commands_run() {
    with_swarm(0, async |swarm| {
        let app = format!(
            "  app: {{image: \"{IMAGE}\", command: [sh, -c, \"for i in $$(seq 1 50); do echo line $$i; done; sleep 1; echo to stderr >&2; sleep 1; echo later; sleep 1000\"], \
             environment: {{COLOUR: blue}}, stop_grace_period: 1s, deploy: {{endpoint_mode: dnsrr}}}}\n  \
             none: {{image: \"{IMAGE}\", command: [sleep, \"1\"], deploy: {{endpoint_mode: dnsrr, replicas: 0}}}}"
        );
        let outcome = swarm.judge("r", &app, &["app", "none"]).await;
        outcome.converged();
        let engines = &swarm.engines;
        let view = observe(engines, "r").await.unwrap();
        let (app, none) = (&view.services[0], &view.services[1]);

        let (mut follower, mut lines) = Follower::new(engines.clone(), 1 << 20);
        follower.look(&view);
        follower.look(&view);
        let mut followed = Vec::new();
        while let Ok(Some(line)) = tokio::time::timeout(Duration::from_secs(6), lines.recv()).await {
            followed.push(line);
        }
        let texts: Vec<&str> = followed.iter().map(|line| line.line.text.as_str()).collect();
        assert_eq!(texts.iter().filter(|text| **text == "line 1").count(), 1, "each line once: {texts:?}");
        assert!(texts.contains(&"line 50") && texts.contains(&"later"), "{texts:?}");
        // The engine keeps the two outputs apart: which of two lines written at once comes first is not told. So a second lies between them.
        let first = followed.iter().find(|line| line.line.output == Output::Stdout).unwrap();
        assert!(first.to_string().contains("| line 1"), "{first}");

        let tail = task_tail(engines, &app.tasks[0], LogLimits { lines: 3, bytes: 1000 }).await.unwrap();
        assert_eq!(tail.len(), 3, "{tail:?}");
        assert!(tail.iter().any(|line| line.output == Output::Stderr && line.text == "to stderr"), "{tail:?}");
        assert!(tail.iter().all(|line| line.at.is_some()), "{tail:?}");
        let tiny = task_tail(engines, &app.tasks[0], LogLimits { lines: 30, bytes: 20 }).await.unwrap();
        assert!(tiny.iter().map(|line| line.text.len()).sum::<usize>() <= 20, "{tiny:?}");

        let mut command = Command::shell("echo $COLOUR $MORE; echo err >&2; exit 3");
        command.env = vec!["MORE=sky".into()];
        let done = in_service(engines, app, &command).await.unwrap();
        assert_eq!(
            (done.exit_code, done.stdout_text().as_str(), done.stderr_text().as_str()),
            (3, "blue sky\n", "err\n")
        );

        let mut command = Command::new(["cat"]);
        command.stdin = Some(b"fed in".to_vec());
        assert_eq!(in_service(engines, app, &command).await.unwrap().stdout, b"fed in");

        let mut command = Command::shell("seq 1 100000");
        command.output_limit = 100;
        let done = in_service(engines, app, &command).await.unwrap();
        assert!(
            done.cut && done.stdout.len() == 100 && done.exit_code == 0,
            "{} {}",
            done.stdout.len(),
            done.exit_code
        );

        let mut command = Command::shell("echo begun; sleep 100");
        command.timeout = Duration::from_secs(2);
        match in_service(engines, app, &command).await {
            Err(ExecError::TimedOut { stdout, .. }) => assert_eq!(stdout, b"begun\n"),
            other => panic!("{other:?}"),
        }
        match in_service(engines, app, &Command::new(["nosuchcommand"])).await {
            Ok(done) => assert!(matches!(done.exit_code, 126 | 127), "{done:?}"),
            Err(error) => assert!(error.to_string().contains("nosuchcommand"), "{error}"),
        }
        let error = in_service(engines, none, &Command::new(["true"])).await.unwrap_err();
        assert!(error.to_string().contains("none of its tasks is running"), "{error}");
    });
}
