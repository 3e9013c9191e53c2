//! Crash loops, rejected tasks, healthchecks.

use taster::trial::convergence::Class;

use crate::support::{IMAGE, Outcome, with_swarm};

/// A service that runs a shell line; further keys in YAML's flow form.
fn sh(name: &str, line: &str, more: &str, deploy: &str) -> String {
    let line = line.replace('$', "$$").replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "  {name}: {{image: \"{IMAGE}\", command: [sh, -c, \"{line}\"], stop_grace_period: 1s{more}, deploy: {{endpoint_mode: dnsrr{deploy}}}}}\n"
    )
}

fn text(outcome: &Outcome) -> String {
    let cause = outcome.verdict.cause().expect("a cause");
    let evidence: Vec<String> = cause.evidence.iter().map(|piece| format!("{}: {}", piece.kind, piece.text)).collect();
    format!("{}\n{}\n{}", cause.headline, cause.advice, evidence.join("\n"))
}

#[test]
fn lesson_12_and_13_each_fault_is_named() {
    with_swarm(0, async |swarm| {
        // Name, service, class, words that must be told, seconds on an idle machine.
        let cases = [
            (
                "exit1",
                sh("app", "echo starting; echo 'no config' >&2; exit 1", "", ""),
                Class::CrashLoop,
                vec!["exits with 1", "no config"],
            ),
            (
                "exit0",
                sh("app", "echo done", "", ""),
                Class::ExitsZero,
                vec!["exits with 0", "replicated-job", "on-failure"],
            ),
            ("segv", sh("app", "sh -c 'kill -SEGV $$'; exit $?", "", ""), Class::KilledBySignal, vec!["SIGSEGV"]),
            (
                "oom",
                sh("app", "sleep 1; tail /dev/zero", "", ", resources: {limits: {memory: 20M}}"),
                Class::OutOfMemory,
                vec!["memory limit of 20 MiB"],
            ),
            (
                "missing",
                sh("app", "nosuchcommand --now", "", ""),
                Class::CommandNotFound,
                vec!["nosuchcommand: not found", "127"],
            ),
            (
                "attempts",
                sh("app", "exit 3", "", ", restart_policy: {max_attempts: 1, delay: 1s}"),
                Class::RestartsExhausted,
                vec!["exits with 3", "max_attempts: 1"],
            ),
            (
                "job",
                sh("app", "exit 5", "", ", mode: replicated-job, restart_policy: {condition: none}")
                    .replace("endpoint_mode: dnsrr, ", ""),
                Class::JobFailed,
                vec!["exits with 5"],
            ),
            (
                "bind",
                sh("app", "sleep 1000", ", volumes: [\"/no/such/path:/x\"]", ""),
                Class::BindSourceMissing,
                vec!["mounts /no/such/path from the host"],
            ),
            (
                "longname",
                sh("app", "sleep 1000", &format!(", hostname: {}", "a".repeat(70)), ""),
                Class::NameTooLong,
                vec!["too long"],
            ),
            ("user", sh("app", "sleep 1000", ", user: nosuch", ""), Class::NoSuchUser, vec!["nosuch"]),
            (
                "constraint",
                sh("app", "sleep 1000", "", ", placement: {constraints: [\"node.labels.x == y\"]}"),
                Class::Unschedulable,
                vec!["scheduling constraints not satisfied"],
            ),
            (
                "curl",
                sh("app", "sleep 1000", ", healthcheck: {test: [CMD, curl, localhost], interval: 1s, retries: 30}", ""),
                Class::HealthcheckBroken,
                vec!["curl", "not found"],
            ),
        ];
        for (stack, services, class, words) in cases {
            let outcome = swarm.judge(stack, &services, &["app"]).await;
            println!("{stack}: {:?} after {:.1} s", class, outcome.seconds);
            let text = {
                outcome.failed(class);
                text(&outcome)
            };
            for word in words {
                assert!(text.contains(word), "{stack}: {word:?} is not in:\n{text}");
            }
            assert!(outcome.seconds < 60.0, "{stack}: {}", outcome.seconds);
            swarm.remove(stack).await;
        }
        let missing = "  app: {image: \"nosuch:9\", command: [\"true\"], deploy: {endpoint_mode: dnsrr}}";
        let outcome = swarm.judge("image", missing, &["app"]).await;
        assert!(outcome.failed(Class::NoSuchImage).headline.contains("nosuch:9"));
    });
}

#[test]
fn lesson_12_an_app_that_exits_until_its_database_is_up_passes_and_two_port_clashes_are_named() {
    with_swarm(0, async |swarm| {
        let db = sh(
            "db",
            "sleep 12; touch /tmp/up; sleep 1000",
            ", healthcheck: {test: [CMD, test, -e, /tmp/up], interval: 1s, retries: 60}",
            "",
        );
        // There is no network between them: what counts is the time at which it gives up exiting.
        let app = sh(
            "app",
            "test $(date +%s) -ge $UNTIL || { echo database not there; exit 1; }; sleep 1000",
            ", environment: {UNTIL: \"@\"}",
            ", restart_policy: {delay: 1s}",
        );
        let until = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 14;
        let outcome =
            swarm.judge("waits", &format!("{db}{}", app.replace('@', &until.to_string())), &["app", "db"]).await;
        let restarts = outcome.converged().services["app"].restarts;
        assert!(restarts >= 2, "it failed {restarts} times on the way");
        swarm.remove("waits").await;

        let port = ", ports: [{target: 80, published: 8081, mode: host}]";
        let outcome = swarm
            .judge(
                "port",
                &format!("{}{}", sh("a", "sleep 1000", port, ""), sh("b", "sleep 1000", port, "")),
                &["a", "b"],
            )
            .await;
        outcome.failed(Class::PortInUse);
        swarm.remove("port").await;
    });
}

#[test]
fn lesson_14_healthchecks_that_kill_and_that_never_pass() {
    with_swarm(0, async |swarm| {
        let slow = sh(
            "app",
            "for i in $(seq 1 40); do echo migrating table $i; sleep 1; done; touch /tmp/up; sleep 1000",
            ", healthcheck: {test: [CMD, test, -e, /tmp/up], interval: 1s, retries: 3, start_period: 3s}",
            ", restart_policy: {delay: 1s}",
        );
        let outcome = swarm.judge("slow", &slow, &["app"]).await;
        outcome.failed(Class::KilledWhileStarting);
        let told = text(&outcome);
        for word in [
            "still starting",
            "start_period 3 s + 3 checks every 1 s",
            "migrating table",
            "Raise `healthcheck.start_period`",
        ] {
            assert!(told.contains(word), "{word:?} is not in:\n{told}");
        }
        swarm.remove("slow").await;

        let never = sh(
            "app",
            "echo serving; sleep 1000",
            ", healthcheck: {test: [CMD-SHELL, \"echo wrong page; exit 1\"], interval: 1s, retries: 3}",
            ", restart_policy: {delay: 1s}",
        );
        let outcome = swarm.judge("never", &never, &["app"]).await;
        outcome.failed(Class::HealthcheckNeverPasses);
        assert!(text(&outcome).contains("wrong page"), "{}", text(&outcome));
    });
}
