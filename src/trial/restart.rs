//! `restart`: every service's task is replaced; the data and the answer are the same.

use std::time::{Duration, Instant};

use super::answer::Answer;
use super::convergence::Facts;
use super::data::{self, Readings};
use super::install::{Installed, ask_all};
use super::recorder::Passed;
use super::session::{Replace, Session};
use super::trouble::Trouble;
use crate::record::Evidence;
use crate::swarm::observe::{ServiceView, StackView, TaskState, TaskView, UpdateState, UpdateView};

/// So long all peers must have been up before one is replaced alone.
const PEERS_SETTLE: Duration = Duration::from_secs(3);

/// Replaces every task, and looks whether anything is different.
///
/// # Errors
/// Why the stack is not the same.
pub(super) async fn run(session: &mut Session, installed: &Installed, readings: &Readings) -> Result<Passed, Trouble> {
    let before = session.look().await?;
    let begun = Instant::now();
    session.deploy(&Replace::All).await?;
    let params = session.params().after(&before);
    let mut alone: Vec<String> = Vec::new();
    let mut converged = session.converge("restart", params, begun).await;
    let after = loop {
        match converged {
            Ok((_, view)) => break view,
            Err(trouble) => match halted_by_peers(&trouble, &before).filter(|service| !alone.contains(service)) {
                Some(service) => {
                    session
                        .log
                        .note(format!("{}: its peers were replaced at the same moment; now alone", trouble.reason));
                    converged = replace_alone(session, &service, begun).await?;
                    alone.push(service);
                }
                None => return Err(stale_peer(session, trouble).await),
            },
        }
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
    let mut evidence = vec![Evidence::text(
        "restart",
        format!("{} task(s) replaced, the same answers, {} probe(s) equal", running(&before).count(), readings.len()),
    )];
    if !alone.is_empty() {
        let who = alone.join(", ");
        let text = format!(
            "{who}: does not wait for its peers; replaced together with them it ended, and swarm turned its update back"
        );
        evidence.push(Evidence::text("start-order", text));
    }
    Ok(Passed::from(evidence))
}

/// The service whose update swarm stopped or turned back, where others were replaced at the same moment. That all are replaced at once
/// is our way to save time; a machine that starts again starts them without an update that could be turned back, and swarm goes on
/// trying. So it says nothing against an app that ends until its database is up.
fn halted_by_peers(trouble: &Trouble, before: &StackView) -> Option<String> {
    let halted = matches!(trouble.class.as_str(), "rolled-back" | "update-paused");
    let services: std::collections::BTreeSet<&str> = running(before).map(|(service, _)| service).collect();
    trouble.service.clone().filter(|_| halted && services.len() > 1)
}

/// Once its peers are up again, and swarm has done turning it back.
async fn replace_alone(
    session: &mut Session,
    service: &str,
    begun: Instant,
) -> Result<Result<(Facts, StackView), Trouble>, Trouble> {
    let mut up_since: Option<Instant> = None;
    let before = loop {
        let view = session.look().await?;
        let is_up = view.services.iter().all(|peer| {
            let halted = peer.short_name == service;
            is_still(peer) && (halted || peer.mode.is_job() || running_in(peer).count() as u64 >= peer.desired)
        });
        up_since = if is_up { up_since.or_else(|| Some(Instant::now())) } else { None };
        // A peer without a healthcheck runs from its first moment on, and works a little later.
        if up_since.is_some_and(|since| since.elapsed() >= PEERS_SETTLE) || begun.elapsed() >= session.subject.timeout {
            break view;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    session.deploy(&Replace::One(service.to_owned())).await?;
    let params = session.params().after(&before);
    Ok(session.converge("restart", params, Instant::now()).await)
}

/// Swarm changes nothing about it at the moment.
fn is_still(service: &ServiceView) -> bool {
    let under_way = |update: &UpdateView| matches!(update.state, UpdateState::Updating | UpdateState::RollbackStarted);
    !service.update.as_ref().is_some_and(under_way)
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
    let services = view.services.iter().filter(|service| !service.mode.is_job());
    services.flat_map(|service| running_in(service).map(|task| (service.short_name.as_str(), task.id.as_str())))
}

fn running_in(service: &ServiceView) -> impl Iterator<Item = &TaskView> {
    service.tasks.iter().filter(|task| task.state == TaskState::Running && task.desired == TaskState::Running)
}

/// The service of a task that ran before and still does.
fn survivor(before: &StackView, after: &StackView) -> Option<String> {
    running(before).find(|task| running(after).any(|now| now == *task)).map(|(service, _)| service.to_owned())
}
