//! Hooks, in the service's own container.

use std::time::Duration;

use crate::swarm::exec::Command;
use crate::trial::inside;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// How long a hook may take: dumps of databases are large.
const LIMIT: Duration = Duration::from_secs(900);

/// Runs a hook as the bot does, through the container's shell.
///
/// # Errors
/// When it fails, with what it said. `when` says which hook it is: `before the backup`.
pub(super) async fn run(
    session: &mut Session,
    step: &str,
    service: &str,
    when: &str,
    line: &str,
) -> Result<(), Trouble> {
    session.log.progress(step, format!("the hook {when} in {service}: {line}"));
    let class = if step == "backup" { "backup-hook" } else { "restore-hook" };
    let failed = |why: String| {
        Trouble::failed(class, format!("{service}: the hook {when} {why}"))
            .with("hook", line)
            .advise("Run it in the service's container and see what it says; a hook that ends with another code than 0 fails the operator's run.")
    };
    let mut command = Command::shell(line);
    command.timeout = LIMIT;
    let output = match inside::run(session, service, &command).await? {
        Ok(output) => output,
        Err(unable) => return Err(failed(format!("cannot run: {unable}"))),
    };
    let clean = session.log.redactor().clean(&format!("{}{}", output.stdout_text(), output.stderr_text()));
    let said = clean.trim();
    if output.exit_code != 0 {
        return Err(failed(format!("ends with exit code {}", output.exit_code)).with("output", said));
    }
    if !said.is_empty() {
        let short: String = said.chars().take(2000).collect();
        session.log.note(format!("{service}: the hook {when} says: {short}"));
    }
    Ok(())
}
