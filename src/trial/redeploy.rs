//! `redeploy`: the same version deployed again changes nothing: no task is replaced, the data and the answer are the same.

use std::time::{Duration, Instant};

use super::convergence::Params;
use super::data;
use super::install::ask_all;
use super::restart::{running, same_answers};
use super::session::{Replace, Session};
use super::trouble::Trouble;
use crate::record::Evidence;
use crate::swarm::deploy::Change;

/// Swarm begins to replace tasks within milliseconds of an update; this long without a new task means that it does not.
const QUIET: Duration = Duration::from_secs(2);

/// Deploys again, and looks whether anything is different.
///
/// # Errors
/// What changed.
pub(super) async fn run(session: &mut Session) -> Result<Vec<Evidence>, Trouble> {
    // What counts is what was there a moment ago, also when a restart has changed it.
    let begun = Instant::now();
    let answers = ask_all(session, "redeploy", begun).await?;
    let readings = data::read(session).await?;
    let before = session.look().await?;
    let begun = Instant::now();
    let applied = session.deploy(&Replace::Changed).await?;
    let changed: Vec<&str> = applied
        .services
        .iter()
        .filter(|service| service.change != Change::Unchanged)
        .map(|service| service.key.as_str())
        .collect();
    if !changed.is_empty() {
        return Err(Trouble::failed(
            "spec-changed",
            format!("the same version deployed again is another specification of {}", changed.join(", ")),
        ));
    }
    tokio::time::sleep(QUIET).await;
    let names: Vec<String> = session.subject.project.services.keys().cloned().collect();
    let (_, after) =
        session.converge("redeploy", Params::new(session.subject.timeout, names).after(&before), begun).await?;
    let new =
        running(&after).find(|task| !running(&before).any(|was| was == *task)).map(|(service, _)| service.to_owned());
    if let Some(service) = new {
        return Err(Trouble::failed(
            "task-replaced",
            format!("the same version deployed again replaces the task of {service}"),
        ));
    }
    same_answers(session, "redeploy", &answers, begun).await?;
    data::compare(session, &readings, "the same version was deployed again").await?;
    Ok(vec![Evidence::text("redeploy", format!("{} task(s) left alone, the same answers", running(&before).count()))])
}
