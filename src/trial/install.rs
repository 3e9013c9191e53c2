//! `install`: deployed for the first time: converged, healthy, answering.

use std::time::{Duration, Instant};

use super::answer::{self, Answer, Strength};
use super::commands::{self, After};
use super::costs;
use super::reach;
use super::recorder::Passed;
use super::session::{Replace, Session};
use super::trouble::Trouble;
use crate::compose::project::Service;
use crate::record::{Evidence, Fact};

/// How long a healthy app may take to answer.
const HEALTHY_PATIENCE: Duration = Duration::from_secs(15);

/// How long a weak answer may still become a strong one.
const WEAK_PATIENCE: Duration = Duration::from_secs(4);

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(250);

/// What an install that passed has shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Installed {
    /// The answers, one for each question.
    pub answers: Vec<Answer>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

impl Installed {
    /// As the result of a step.
    pub(super) fn passed(&self) -> Passed {
        let weak = self.answers.iter().any(|answer| answer.strength == Strength::Weak);
        Passed { reason: self.summary(), evidence: self.evidence.clone(), weak, flaky: false }
    }

    fn summary(&self) -> String {
        match self.answers.first() {
            Some(answer) => {
                let title = answer.title.as_ref().map(|title| format!(", “{title}”")).unwrap_or_default();
                format!("{} answers {}{title}", answer.url, answer.text)
            }
            None => "converged; no route to ask at".to_owned(),
        }
    }
}

/// Deploys, waits until it converged, asks.
///
/// # Errors
/// Why it is not installed.
pub(super) async fn run(session: &mut Session) -> Result<Installed, Trouble> {
    let begun = Instant::now();
    session.deploy(&Replace::Changed).await?;
    let params = session.params();
    let (facts, _) = session.converge("install", params, begun).await?;
    costs::weigh(session).await;
    for (service, facts) in &facts.services {
        session.costs.started(service, facts);
        for note in &facts.notes {
            session.log.note(format!("{service}: {note}"));
        }
    }
    let ran = commands::run(session, After::Deploy).await?;
    let answers = ask_all(session, "install", begun).await?;
    let mut evidence: Vec<Evidence> = facts
        .services
        .iter()
        .map(|(name, service)| {
            let healthy =
                service.seconds_to_healthy.map(|seconds| format!(", healthy after {seconds:.1} s")).unwrap_or_default();
            let running =
                service.seconds_to_running.map(|seconds| format!("running after {seconds:.1} s")).unwrap_or_default();
            let restarts = if service.restarts > 0 {
                format!(", {} task(s) failed on the way", service.restarts)
            } else {
                String::new()
            };
            Evidence::text(
                "service",
                format!("{name}: {} of {}, {running}{healthy}{restarts}", service.running, service.desired),
            )
        })
        .collect();
    evidence.extend(answers.iter().map(|answer| {
        Evidence::text("answer", format!("{}: {} ({})", answer.url, answer.text, answer.strength.word()))
    }));
    evidence.extend(ran.into_iter().map(|line| Evidence::text("post-deploy", line)));
    Ok(Installed { answers, evidence })
}

/// Asks every question until it has a good answer or patience ends; host ports must take a connection.
///
/// # Errors
/// When a question got no answer of the app.
pub(super) async fn ask_all(session: &mut Session, step: &str, begun: Instant) -> Result<Vec<Answer>, Trouble> {
    let routes = session.subject.routes.clone();
    let ready = session.subject.scenario.ready.clone();
    let questions = answer::questions(&routes, &session.subject.domain, ready.as_ref());
    if ready.is_some() && questions.is_empty() {
        return Err(Trouble::failed(
            "not-routed",
            "[ready] asks for an answer, and no router of the recipe is served here",
        )
        .advise("Give the recipe a router, or take [ready] out of tests/taster.toml."));
    }
    let declared = ready.and_then(|ready| ready.within);
    let mut answers = Vec::new();
    for question in &questions {
        let first_asked = Instant::now();
        let patience = declared.unwrap_or_else(|| patience(session, begun));
        let found = loop {
            session.look_on().await?;
            let Some(ingress) = session.ingress.clone() else {
                return Err(Trouble::errored("ingress", "the ingress is not up"));
            };
            let link = &session.cluster.manager().link;
            let answer = answer::ask(link, &ingress, &routes, question, Duration::from_secs(30)).await;
            let waited = first_asked.elapsed();
            let enough = match answer.strength {
                Strength::Strong => true,
                Strength::Weak => waited > WEAK_PATIENCE,
                Strength::None => waited > patience || answer.is_unrouted(),
            };
            if enough {
                break answer;
            }
            session.log.progress(step, format!("{}: {}", answer.url, answer.text));
            tokio::time::sleep(PAUSE).await;
        };
        session.log.write(Fact::Answer {
            url: found.url.clone(),
            status: found.status,
            strength: found.strength.word().to_owned(),
            from: found.service.clone().map(|service| format!("{service} {}", found.task.clone().unwrap_or_default())),
            text: found.text.clone(),
        });
        if found.strength == Strength::None {
            return Err(no_answer(session, &found).await);
        }
        answers.push(found);
    }
    let patience = patience(session, begun);
    reach::accepting(session, step, patience).await?;
    session.still_converged(step).await?;
    Ok(answers)
}

/// Without a healthcheck nothing else says when the app is ready: it has the rest of its own time.
fn patience(session: &Session, begun: Instant) -> Duration {
    let rest = session.subject.timeout.saturating_sub(begun.elapsed());
    if all_checked(session) { HEALTHY_PATIENCE } else { rest.max(HEALTHY_PATIENCE) }
}

fn all_checked(session: &Session) -> bool {
    let routes = &session.subject.routes;
    let mut backends = routes.routers.iter().flat_map(|router| &router.backends);
    backends.all(|backend| session.subject.project.services.get(&backend.service).is_some_and(Service::is_checked))
}

/// The app did not answer: what its service last said is the evidence.
async fn no_answer(session: &mut Session, answer: &Answer) -> Trouble {
    let service = answer.service.clone().or_else(|| {
        session
            .subject
            .routes
            .routers
            .iter()
            .flat_map(|router| &router.backends)
            .map(|backend| backend.service.clone())
            .next()
    });
    let mut trouble = Trouble::failed("no-answer", format!("{} answers {}", answer.url, answer.text))
        .with("answer", answer.text.clone());
    if let Some(service) = service {
        let lines = super::evidence::log_tail(session, &service).await;
        if !lines.is_empty() {
            trouble = trouble.with("log", lines);
        }
    }
    let advice = match answer.status {
        Some(500..) if answer.proxy.is_none() => {
            "Look at the app's log: it runs and is routed, and answers with an error."
        }
        _ if answer.is_unrouted() => {
            "No router takes this request over TLS: its rule must match, and it needs `.tls=true` or `.tls.certresolver`."
        }
        Some(404) => "If the app has nothing at this path, name one that it has in tests/taster.toml, [ready].",
        _ => {
            "See that the port in the label loadbalancer.server.port is the one at which the app listens, on all addresses."
        }
    };
    trouble.advise(advice)
}
