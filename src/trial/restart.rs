//! `restart`: every service's task is replaced; the data and the answer are the same.

use std::time::Instant;

use super::answer::Answer;
use super::data::{self, Readings};
use super::install::{Installed, ask_all};
use super::recorder::Passed;
use super::session::{Replace, Session};
use super::trouble::Trouble;
use crate::record::Evidence;
use crate::swarm::observe::{StackView, TaskState};

/// Replaces every task, and looks whether anything is different.
///
/// # Errors
/// Why the stack is not the same.
pub(super) async fn run(session: &mut Session, installed: &Installed, readings: &Readings) -> Result<Passed, Trouble> {
    let before = session.look().await?;
    let begun = Instant::now();
    session.deploy(&Replace::All).await?;
    let params = session.params().after(&before);
    let converged = session.converge("restart", params, begun).await;
    let after = match converged {
        Ok((_, view)) => view,
        Err(trouble) => return Err(stale_peer(session, trouble).await),
    };
    if let Some(task) = survivor(&before, &after) {
        // A restart that replaced nothing would make every comparison below worthless.
        return Err(Trouble::errored(
            "not-restarted",
            format!("swarm did not replace the task of {task}, so nothing was tried"),
        )
        .advise("Run it again; if it stays, the swarm's own log says why."));
    }
    same_answers(session, "restart", &installed.answers, begun).await?;
    data::compare(session, readings, "a restart").await?;
    Ok(Passed::from(vec![Evidence::text(
        "restart",
        format!("{} task(s) replaced, the same answers, {} probe(s) equal", running(&before).count(), readings.len()),
    )]))
}

/// Without virtual IPs a replaced task has a new address, and a program that keeps the old one fails through no fault of the recipe
/// (environment.md): restarting only that program tells.
async fn stale_peer(session: &mut Session, trouble: Trouble) -> Trouble {
    if session.facts.endpoint_mode != "dnsrr" || trouble.missed_peers.is_empty() {
        return trouble;
    }
    let begun = Instant::now();
    let Some(service) = trouble.service.clone() else { return trouble };
    session
        .log
        .note(format!("{}: did {service} only keep an old address? its task is replaced once more", trouble.reason));
    let Ok(before) = session.look().await else { return trouble };
    let params = session.params().after(&before);
    if session.deploy(&Replace::One(service)).await.is_err()
        || session.converge("restart", params, begun).await.is_err()
    {
        return trouble;
    }
    trouble.stale_address()
}

/// The answers must be what they were: status and title.
pub(super) async fn same_answers(
    session: &mut Session,
    step: &str,
    before: &[Answer],
    begun: Instant,
) -> Result<(), Trouble> {
    let answers = ask_all(session, step, begun).await?;
    for (was, is) in before.iter().zip(&answers) {
        if was.status != is.status || was.title != is.title {
            let show =
                |answer: &Answer| format!("{}, title {}", answer.text, answer.title.as_deref().unwrap_or("none"));
            return Err(Trouble::failed("answer-changed", format!("{} does not answer as before the {step}", is.url))
                .with("before", show(was))
                .with("after", show(is))
                .advise("See that everything the app writes lies in a named volume."));
        }
    }
    Ok(())
}

/// The identifiers of tasks that run, without jobs.
pub(super) fn running(view: &StackView) -> impl Iterator<Item = (&str, &str)> {
    view.services.iter().filter(|service| !service.mode.is_job()).flat_map(|service| {
        let tasks =
            service.tasks.iter().filter(|task| task.state == TaskState::Running && task.desired == TaskState::Running);
        tasks.map(|task| (service.short_name.as_str(), task.id.as_str()))
    })
}

/// The service of a task that ran before and still does.
fn survivor(before: &StackView, after: &StackView) -> Option<String> {
    running(before).find(|task| running(after).any(|now| now == *task)).map(|(service, _)| service.to_owned())
}
