//! What a recipe has operators run after a deploy and after an upgrade: functions of its `abra.sh`, in the service's own container. The demo
//! app's image has no real shell, so it is tried on Radicale.

use std::process::Command;

use taster::record::{Outcome, RunSummary, StepKind, StepResult};

use crate::Bench;

/// The second one tells whether the first one was done, and fails all the same.
const FUNCTIONS: &str = r#"
greet() {
    echo "$TARGET $*" >> /tmp/greetings
}

fails() {
    if grep -qx 'app hello world' /tmp/greetings; then echo 'the greeting is there, and the calendar is not' >&2; fi
    return 3
}
"#;

impl Bench {
    /// Adds the functions, and this value to the sample.
    fn commands(&self, variable: &str, value: &str) {
        for (path, more) in [("abra.sh", FUNCTIONS.to_owned()), (".env.sample", format!("{variable}=\"{value}\"\n"))] {
            let path = self.repository.join(path);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, text + &more).unwrap();
        }
    }

    /// Publishes what lies there as a release.
    fn release(&self, tag: &str) {
        for arguments in
            [&["add", "-A"][..], &["commit", "-q", "-m", "a release"], &["tag", "-a", "-m", "a release", tag]]
        {
            let mut git = Command::new("git");
            git.arg("-C").arg(&self.repository).args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
            git.args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
            assert!(git.status().unwrap().success(), "git {arguments:?}");
        }
    }

    /// An operator who has this in their `.env` upgrades to a candidate that differs in a label.
    async fn upgraded(&self, value: &str) -> RunSummary {
        self.commands("POST_UPGRADE_CMDS", value);
        self.release("9.0.0+9.0.0");
        self.plant("- \"traefik.enable=true\"", "- \"traefik.enable=true\"\n        - \"org.example.new=1\"");
        self.steps(None, &[StepKind::Upgrade]).await
    }
}

fn of(summary: &RunSummary, kind: StepKind) -> &StepResult {
    summary.steps.iter().find(|step| step.kind == kind).unwrap()
}

#[track_caller]
fn fails(step: &StepResult, variable: &str) {
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Failed, Some("post-command")), "{step:#?}");
    assert!(step.reason.contains(&format!("{variable}: `app fails` fails")), "{step:#?}");
    let said = step.evidence.iter().any(|piece| piece.text.contains("exit code 3\nthe greeting is there"));
    assert!(said, "the command before it was done, with its arguments: {step:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn radicale_runs_its_commands_after_a_deploy_and_one_that_fails_is_red() {
    let bench = Bench::new("radicale");
    bench.commands("POST_DEPLOY_CMDS", "app greet hello world|app fails");
    fails(of(&bench.steps(None, &[StepKind::Install]).await, StepKind::Install), "POST_DEPLOY_CMDS");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_full_radicale_runs_its_commands_after_an_upgrade_and_one_that_fails_is_red() {
    let summary = Bench::new("radicale").upgraded("app greet hello world").await;
    let upgrade = of(&summary, StepKind::Upgrade);
    assert_eq!(upgrade.outcome, Outcome::Passed, "{upgrade:#?}");
    let ran =
        upgrade.evidence.iter().any(|piece| piece.kind == "post-upgrade" && piece.text == "app greet hello world");
    assert!(ran, "{upgrade:#?}");
    let summary = Bench::new("radicale").upgraded("app greet hello world|app fails").await;
    fails(of(&summary, StepKind::Upgrade), "POST_UPGRADE_CMDS");
}
