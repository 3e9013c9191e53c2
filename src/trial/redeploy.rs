//! `redeploy`: the same version deployed again changes nothing: no task is replaced, the data and the answer are the same.

use std::time::{Duration, Instant};

use super::data;
use super::evidence::log_tail;
use super::install::ask_all;
use super::recorder::Passed;
use super::restart::{running, same_answers};
use super::session::{Replace, Session};
use super::trouble::Trouble;
use crate::record::Evidence;

/// Swarm begins to replace tasks within milliseconds of an update; this long without a new task means that it does not.
const QUIET: Duration = Duration::from_secs(2);

/// Deploys again, and looks whether anything is different.
///
/// # Errors
/// What changed.
pub(super) async fn run(session: &mut Session) -> Result<Passed, Trouble> {
    // What counts is what was there a moment ago, also when a restart has changed it.
    let begun = Instant::now();
    let answers = ask_all(session, "redeploy", begun).await?;
    let readings = data::look(session).await?;
    let before = session.look().await?;
    let begun = Instant::now();
    let applied = session.deploy(&Replace::Changed).await?;
    let changed = applied.changed();
    if !changed.is_empty() {
        return Err(Trouble::failed(
            "spec-changed",
            format!("the same version deployed again is another specification of {}", changed.join(", ")),
        )
        .advise("See what differs from one deploy to the next: a random or timed value in a label or variable."));
    }
    tokio::time::sleep(QUIET).await;
    let mut params = session.params().after_ended(&before);
    session.settle_unchecked(&mut params);
    let (facts, after) = session.converge("redeploy", params, begun).await?;
    let fallen = facts.services.iter().find_map(|(name, service)| Some((name, service.last_failure.as_ref()?)));
    if let Some((name, failure)) = fallen {
        let log = log_tail(session, name).await;
        return Err(Trouble::failed("fell-over", format!("{name}: it was left alone, and {failure}"))
            .with("log", log)
            .advise("It was installed, answered and fell over by itself: its log says why."));
    }
    let new =
        running(&after).find(|task| !running(&before).any(|was| was == *task)).map(|(service, _)| service.to_owned());
    if let Some(service) = new {
        return Err(Trouble::failed(
            "task-replaced",
            format!("the same version deployed again replaces the task of {service}"),
        )
        .advise("Its last task's log says whether it ended by itself; run it again to see whether it always does."));
    }
    same_answers(session, "redeploy", &answers, begun).await?;
    data::compare(session, &readings, "the same version was deployed again").await?;
    Ok(Passed::from(vec![Evidence::text(
        "redeploy",
        format!("{} task(s) left alone, the same answers", running(&before).count()),
    )]))
}
