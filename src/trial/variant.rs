//! `install` of a declared variant: the candidate as it is configured in another way, from nothing.

use super::install;
use super::recorder::Passed;
use super::session::Session;
use super::subject::Subject;
use super::trouble::Trouble;
use crate::swarm::engine;

/// Installs the candidate as this variant on the emptied node.
///
/// # Errors
/// Why it is not installed.
pub(super) async fn run(session: &mut Session, name: &str) -> Result<Passed, Trouble> {
    let (recipe, scenario) = (session.candidate.0.clone(), &session.candidate.1);
    let scenario = scenario
        .variant(name)
        .ok_or_else(|| Trouble::errored("no-such-variant", format!("the scenario declares no variant {name}")))?;
    let subject = Subject::prepare(recipe, scenario, session.log.redactor())?;
    for note in &subject.notes {
        session.log.note(format!("{name}: {note}"));
    }
    session.purge().await?;
    session.turn_to(subject, &engine::connect().await?).await?;
    Ok(install::run(session).await?.passed())
}
