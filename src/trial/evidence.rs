//! Evidence that several steps gather.

use super::session::Session;
use crate::swarm::logs::{self, LogLimits};

/// The last lines that a service's tasks wrote, redacted.
pub(super) async fn log_tail(session: &mut Session, service: &str) -> String {
    let Ok(view) = session.look().await else { return String::new() };
    let Some(service) = view.services.iter().find(|view| view.short_name == service) else { return String::new() };
    let limits = LogLimits { lines: 20, bytes: 16 << 10 };
    // The newest task comes first, and may just have been made in the place of the one that tells.
    for task in &service.tasks {
        let lines = logs::task_tail(session.engines(), task, limits).await.unwrap_or_default();
        let text: Vec<String> = lines.iter().map(|line| line.text.clone()).collect();
        if !text.is_empty() {
            return session.log.redactor().clean(&text.join("\n"));
        }
    }
    String::new()
}
