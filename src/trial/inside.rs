//! Commands in a service's own container: the only place where anything of a recipe or a scenario is run.

use super::session::Session;
use super::trouble::Trouble;
use crate::swarm::exec::{self, Command, ExecError, Output};

/// Why a command was not run to its end; what it stands for decides whose fault that is.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unable {
    /// The stack has no such service.
    #[error("there is no service {0}")]
    NoService(String),
    /// None of its tasks runs.
    #[error("{0}")]
    NotRunning(String),
    /// It took too long.
    #[error("{0}")]
    TimedOut(String),
}

/// Runs a command in a running task of a service: what it said, or why it did not come to its end.
///
/// # Errors
/// When it could not be asked: the node or its engine is gone, which is no fault of the recipe.
pub(super) async fn run(
    session: &mut Session,
    service: &str,
    command: &Command,
) -> Result<Result<Output, Unable>, Trouble> {
    let view = session.look().await?;
    let Some(view) = view.services.iter().find(|view| view.short_name == service) else {
        return Ok(Err(Unable::NoService(service.to_owned())));
    };
    match exec::in_service(session.engines(), view, command).await {
        Ok(output) => Ok(Ok(output)),
        Err(error @ ExecError::NotRunning { .. }) => Ok(Err(Unable::NotRunning(error.to_string()))),
        Err(error @ ExecError::TimedOut { .. }) => Ok(Err(Unable::TimedOut(error.to_string()))),
        Err(error) => {
            Err(Trouble::errored("engine", error.to_string()).advise("The node's engine went away; run it again."))
        }
    }
}
