//! Evidence that several steps gather.

use super::session::Session;
use crate::swarm::logs::{self, LogLimits};

/// The last lines that a service's tasks wrote, redacted.
pub(super) async fn log_tail(session: &mut Session, service: &str) -> String {
    let Ok(view) = session.look().await else { return String::new() };
    let Some(service) = view.services.iter().find(|view| view.short_name == service) else { return String::new() };
    let Some(task) = service.tasks.first() else { return String::new() };
    let limits = LogLimits { lines: 20, bytes: 16 << 10 };
    let lines = logs::task_tail(session.engines(), task, limits).await.unwrap_or_default();
    let text: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
    session.log.redactor().clean(&text.join("\n"))
}
