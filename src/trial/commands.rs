//! What operators run around a deploy: the recipe's `POST_DEPLOY_CMDS` and `POST_UPGRADE_CMDS`, and the steps that a scenario names.

use std::time::Duration;

use super::inside;
use super::session::Session;
use super::trouble::Trouble;
use crate::scenario::{Seed, command};
use crate::swarm::exec::Command;

/// How long one command may take: migrations of large apps run in them.
const LIMIT: Duration = Duration::from_secs(900);

/// Where abra puts the script in a container [M].
const SCRIPT: &str = "/tmp/abra.sh";

/// When a recipe's own commands are run, by the variable of the `.env` that holds them (recipe-format.md §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// The first deploy of an app.
    Deploy,
    /// An upgrade.
    Upgrade,
}

impl After {
    fn variable(self) -> &'static str {
        match self {
            Self::Deploy => "POST_DEPLOY_CMDS",
            Self::Upgrade => "POST_UPGRADE_CMDS",
        }
    }
}

/// Runs the recipe's own commands, as abra does [M]: its `abra.sh` is put into the service's container, and the function called by bash,
/// or by sh where there is none. Nothing of it runs on this machine. Gives the commands.
///
/// # Errors
/// The first that fails.
pub(super) async fn run(session: &mut Session, after: After) -> Result<Vec<String>, Trouble> {
    let variable = after.variable();
    let value = session.subject.environment.get(variable).cloned().unwrap_or_default();
    let lines: Vec<String> =
        value.split('|').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    for line in &lines {
        session.log.progress("commands", format!("{variable}: {line}"));
        let (service, call) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let call = call.trim();
        let function = call.split_whitespace().next().unwrap_or_default();
        let script = session.subject.recipe.tree.get("abra.sh").map(|file| file.bytes.to_vec());
        let has_it = session
            .subject
            .recipe
            .abra_sh
            .as_ref()
            .is_some_and(|script| script.functions.iter().any(|known| known.name == function));
        let advice = format!("Correct {variable}: it holds `<service> <function> <arguments>`, parted by `|`.");
        let Some(script) = script.filter(|_| has_it) else {
            let reason = format!("{variable} calls `{function}` in {service}, and abra.sh has no such function");
            return Err(Trouble::failed("post-command", reason).with("command", line.clone()).advise(advice));
        };
        let mut put = Command::shell(format!("cat > {SCRIPT}"));
        put.stdin = Some(script);
        let subject = &session.subject;
        let call =
            format!("TARGET={service}; APP_NAME={}; STACK_NAME={}; . {SCRIPT}; {call}", subject.domain, subject.stack);
        let shell = "if [ -x /bin/bash ]; then exec /bin/bash -c \"$0\"; else exec /bin/sh -c \"$0\"; fi";
        for command in [put, Command::new(["sh", "-c", shell, &call])] {
            if let Err(said) = tell(session, service, command).await? {
                let reason = format!("{variable}: `{line}` fails");
                return Err(Trouble::failed("post-command", reason)
                    .with("output", said)
                    .advise("Run it with `abra app cmd` and see what it says; operators of the recipe get the same."));
            }
        }
    }
    Ok(lines)
}

/// Runs the commands that a scenario names; `when` says which they are.
///
/// # Errors
/// The first that fails.
pub(super) async fn steps(session: &mut Session, steps: &[Seed], when: &str) -> Result<(), Trouble> {
    for step in steps {
        session.log.progress("commands", format!("{when}: {}", step.run));
        if let Err(said) = tell(session, &step.service, Command::new(command(&step.run))).await? {
            let reason = format!("the command {when}, `{}` in {}, fails", step.run, step.service);
            return Err(Trouble::failed("upgrade-step", reason).with("output", said).advise(
                "Correct it in tests/taster.toml, [upgrade.edges], and in the release note that tells operators of it.",
            ));
        }
    }
    Ok(())
}

/// Runs a command in a running task of a service: nothing, or what went wrong with it.
async fn tell(session: &mut Session, service: &str, mut wanted: Command) -> Result<Result<(), String>, Trouble> {
    wanted.timeout = LIMIT;
    Ok(match inside::run(session, service, &wanted).await? {
        Ok(output) if output.exit_code == 0 => Ok(()),
        Ok(output) => {
            let said = format!("exit code {}\n{}{}", output.exit_code, output.stdout_text(), output.stderr_text());
            Err(session.log.redactor().clean(&said))
        }
        Err(unable) => Err(unable.to_string()),
    })
}
