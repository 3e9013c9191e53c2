//! The logs of every service, into the run's folder.

use super::session::Session;
use crate::run::RunFolder;
use crate::swarm::logs::{self, LogLimits};

/// What is kept of one task's log.
const LIMITS: LogLimits = LogLimits { lines: 20_000, bytes: 4 << 20 };

/// Writes `logs/<service>.<task>.log` for every task that is still known. What cannot be read or written is noted: the outcome does
/// not rest on it.
pub(super) async fn keep(session: &mut Session, folder: &RunFolder) {
    let Ok(view) = session.look().await else {
        session.log.note("the logs of the services could not be read: the node does not answer");
        return;
    };
    for service in &view.services {
        for task in service.tasks.iter().filter(|task| task.container_id.is_some()) {
            let lines = match logs::task_tail(session.engines(), task, LIMITS).await {
                Ok(lines) => lines,
                Err(error) => {
                    session.log.note(format!("the log of {} could not be read: {error}", service.short_name));
                    continue;
                }
            };
            let text: String = lines.iter().map(|line| format!("{}\n", line.text)).collect();
            let clean = session.log.redactor().clean(&text);
            let short: String = task.id.chars().take(12).collect();
            if let Err(error) = folder.write(&format!("logs/{}.{short}.log", service.short_name), clean.as_bytes()) {
                session.log.note(format!("the log of {} could not be kept: {error}", service.short_name));
            }
        }
    }
}
