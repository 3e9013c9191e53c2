//! `upgrade`: from an earlier release to the candidate, in place, with the operator's own `.env` and secrets, data intact.
//!
//! Everything that swarm keeps stays: nothing is pruned. That an upgrade happened is proven (lesson 1), that swarm did not put the old
//! specification back as well (lesson 5), and that it needs nothing of the operator that they cannot know (lesson 23).

use std::collections::BTreeSet;
use std::time::Instant;

use bollard::Docker;

use super::answer::Strength;
use super::availability::{Availability, Outage};
use super::data::{self, Readings};
use super::install::{self, ask_all};
use super::operator::{self, Operator};
use super::recorder::Passed;
use super::session::{Replace, Session};
use super::subject::Subject;
use super::trouble::Trouble;
use crate::recipe::{Recipe, Release};
use crate::record::{Evidence, Outcome};
use crate::scenario::{PATH_IN_RECIPE, Scenario};
use crate::swarm::deploy::Change;
use crate::swarm::observe::TaskState;

/// Whose values the newer recipe is deployed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    /// What the operator has from the older release.
    Operators,
    /// What the newer sample and scenario say.
    Newer,
}

/// Where an upgrade leads, and from where.
#[derive(Debug)]
pub(super) struct Hop {
    /// The recipe that is there first, and how it is tried.
    from: (Recipe, Scenario),
    /// The recipe that follows it.
    to: (Recipe, Scenario),
    /// In words.
    name: String,
}

impl Hop {
    /// From a release to the candidate, which is in the session. The scenario travels with the release that it describes; one that has
    /// none is tried by the candidate's.
    fn to_candidate(session: &Session, release: &Release) -> Result<Self, Trouble> {
        let (candidate, scenario) = session.candidate.clone();
        let unreadable = |error: String| {
            let reason = format!("the release {} cannot be read: {error}", release.tag);
            Trouble { outcome: Outcome::Blocked, ..Trouble::failed("predecessor-broken", reason) }
        };
        let path = candidate.candidate.origin.path();
        let mut older = Recipe::at(path, &release.commit).map_err(|error| unreadable(error.to_string()))?;
        // An older .env.sample may call the recipe otherwise; it is the same stack all the same.
        older.name.clone_from(&candidate.name);
        let own = match older.tree.get(PATH_IN_RECIPE) {
            Some(file) => Scenario::parse(PATH_IN_RECIPE, &String::from_utf8_lossy(&file.bytes))
                .map_err(|error| unreadable(error.to_string()))?,
            None => scenario.clone(),
        };
        let name = format!("{} → {}", release.tag, candidate.candidate.name());
        Ok(Self { from: (older, own), to: (candidate, scenario), name })
    }

    /// The candidate's scenario with the values that an operator of the older release has: a value that came with the candidate is one
    /// that no operator has set (lesson 23).
    fn to_scenario_of_operator(&self, operator: &Operator) -> Scenario {
        let (older, newer) = (&self.from.1, &self.to.1);
        let knows = |name: &String| older.env.contains_key(name) || operator.env.entry(name).is_some();
        let mut scenario = newer.clone();
        scenario.env.retain(|name, _| knows(name));
        scenario.env.extend(older.env.clone());
        scenario
    }
}

/// Upgrades from `release` to the candidate.
///
/// # Errors
/// Why the operator's app is not what it was, or that there is nothing to upgrade from.
pub(super) async fn run(session: &mut Session, host: &Docker, release: Option<&Release>) -> Result<Passed, Trouble> {
    let Some(release) = release else {
        return Err(Trouble::skipped("no-earlier-release", "there is no earlier release to upgrade from"));
    };
    let hop = Hop::to_candidate(session, release)?;
    let operator = Operator::new(&hop.from.0);
    let (operator, readings) = install_older(session, host, &hop, &operator).await?;
    let trouble = match upgrade(session, host, &hop, &operator, &readings, Values::Operators).await {
        Ok(passed) => return Ok(passed),
        Err(trouble) => trouble,
    };
    let changed = operator::differences(&operator.env, &Operator::new(&hop.to.0).env);
    if trouble.outcome != Outcome::Failed || changed.is_empty() {
        return Err(trouble);
    }
    Err(with_new_sample(session, host, &hop, &operator, &changed, trouble).await)
}

/// Puts the older release on an empty node, with data in it.
///
/// # Errors
/// `blocked` when the release does not install any more: that is a finding of its own (lesson 7), and not the candidate's fault.
async fn install_older(
    session: &mut Session,
    host: &Docker,
    hop: &Hop,
    operator: &Operator,
) -> Result<(Operator, Readings), Trouble> {
    let broken = |trouble: Trouble| match trouble.outcome {
        Outcome::Failed => Trouble {
            outcome: Outcome::Blocked,
            class: "predecessor-broken".to_owned(),
            reason: format!("the release to upgrade from does not install any more: {}", trouble.reason),
            ..trouble
        },
        _ => trouble,
    };
    session.log.progress("upgrade", format!("installing the older release: {}", hop.name));
    session.purge().await?;
    let (recipe, scenario) = hop.from.clone();
    let older = Subject::for_operator(recipe, scenario, operator, session.log.redactor()).map_err(broken)?;
    let operator = older.operator(operator);
    session.change_subject(older)?;
    session.prepare_node().await?;
    session.provide_images(host).await.map_err(broken)?;
    install::run(session).await.map_err(broken)?;
    data::seed(session).await.map_err(broken)?;
    let readings = data::read(session).await.map_err(broken)?;
    Ok((operator, readings))
}

/// Deploys the newer recipe over the older one, and looks whether everything is as it must be.
///
/// # Errors
/// What is not.
async fn upgrade(
    session: &mut Session,
    host: &Docker,
    hop: &Hop,
    operator: &Operator,
    readings: &Readings,
    values: Values,
) -> Result<Passed, Trouble> {
    let older = Parts::of(&session.subject);
    let (recipe, mut scenario) = hop.to.clone();
    if values == Values::Operators {
        scenario = hop.to_scenario_of_operator(operator);
    }
    let newer = Subject::for_operator(recipe, scenario, operator, session.log.redactor())?;
    for note in &newer.notes {
        session.log.note(note.clone());
    }
    session.change_subject(newer)?;
    session.prepare_node().await?;
    session.provide_images(host).await?;
    session.log.progress("upgrade", hop.name.clone());
    let before = session.look().await?;
    let params = session.params().after(&before);
    let asking = Availability::watch(session);
    let begun = Instant::now();
    let applied = session.deploy(&Replace::Changed).await?;
    let remade = applied
        .services
        .iter()
        .find(|service| service.change == Change::Created && older.services.contains(&service.key));
    if let Some(service) = remade {
        let reason = format!("{} was made anew, so nothing was upgraded", service.key);
        return Err(Trouble::errored("not-moved", reason)
            .advise("This is a fault of taster: please report it with the run's folder."));
    }
    let changed: Vec<&str> = applied
        .services
        .iter()
        .filter(|service| service.change != Change::Unchanged)
        .map(|service| service.key.as_str())
        .collect();
    if changed.is_empty() {
        let reason = format!("{}: both deploy the very same services, so there is nothing to upgrade", hop.name);
        return Err(Trouble::skipped("same-deployment", reason));
    }
    session.converge("upgrade", params, begun).await?;
    moved(session).await?;
    let answers = ask_all(session, "upgrade", begun).await?;
    data::compare(session, readings, "the upgrade").await?;
    let outage = asking.map(Availability::outage);
    let mut passed = Passed {
        reason: format!(
            "{} in {:.1} s{}",
            hop.name,
            begun.elapsed().as_secs_f64(),
            outage.map(unavailable).unwrap_or_default()
        ),
        weak: answers.iter().any(|answer| answer.strength != Strength::Strong),
        ..Passed::default()
    };
    passed.evidence.push(Evidence::text("changed", changed.join(", ")));
    passed.evidence.extend(answers.iter().map(|answer| {
        Evidence::text("answer", format!("{}: {} ({})", answer.url, answer.text, answer.strength.word()))
    }));
    passed.evidence.extend(older.orphans(&Parts::of(&session.subject)));
    Ok(passed)
}

fn unavailable(outage: Outage) -> String {
    if outage.total.is_zero() {
        return ", answering all the time".to_owned();
    }
    format!(", unavailable for {:.1} s", outage.total.as_secs_f64())
}

/// What runs is what the candidate asks for: its image and its labels, the version among them (lesson 1).
async fn moved(session: &mut Session) -> Result<(), Trouble> {
    let view = session.look().await?;
    let project = session.subject.project.clone();
    for (name, service) in project.services() {
        let Some(running) = view.services.iter().find(|view| view.short_name == name) else {
            return Err(Trouble::errored("not-moved", format!("the swarm does not have the service {name}"))
                .advise("The swarm holds something else than it was given; run it again."));
        };
        let stale: Vec<String> = service
            .deploy
            .labels
            .iter()
            .filter(|(key, value)| running.labels.get(*key) != Some(value))
            .map(|(key, value)| {
                format!("{key} is `{}`, not `{value}`", running.labels.get(key).map_or("", String::as_str))
            })
            .collect();
        if !stale.is_empty() {
            return Err(Trouble::errored(
                "not-moved",
                format!("{name} does not carry the labels of what was deployed"),
            )
            .with("labels", stale.join("\n"))
            .advise("The swarm holds another specification than the one it was given; run it again."));
        }
        let provided = session.digests.iter().rev().find(|image| image.reference == service.image);
        let mut runs = running.tasks.iter().filter(|task| task.state == TaskState::Running);
        let other = provided.and_then(|image| {
            let is_other = |id: &&String| **id != image.id;
            runs.find_map(|task| task.image_id.as_ref().filter(is_other)).map(|id| (id.clone(), image.id.clone()))
        });
        if let Some((is, wanted)) = other {
            let reason = format!("{name} does not run the image that was deployed, {}", service.image);
            return Err(Trouble::errored("not-moved", reason)
                .with("image", format!("it runs {is}, not {wanted}"))
                .advise("The swarm kept an older image; run it again."));
        }
    }
    Ok(())
}

/// The upgrade failed with the operator's own `.env`. Would it have passed with the newer sample's values, and did anything tell them?
async fn with_new_sample(
    session: &mut Session,
    host: &Docker,
    hop: &Hop,
    operator: &Operator,
    changed: &[(String, String)],
    trouble: Trouble,
) -> Trouble {
    let values: Vec<String> = changed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    session.log.progress("upgrade", "once more, with the values of the newer .env.sample");
    let again = async {
        let (operator, readings) = install_older(session, host, hop, operator).await?;
        let operator = operator.with_sample_of(&hop.to.0);
        upgrade(session, host, hop, &operator, &readings, Values::Newer).await
    };
    match again.await {
        Ok(_) => {
            let notes = notes(hop);
            let words: BTreeSet<&str> = notes.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
            let told: Vec<&str> =
                changed.iter().map(|(name, _)| name.as_str()).filter(|name| words.contains(name)).collect();
            let told = if told.is_empty() {
                "no release note names any of them".to_owned()
            } else {
                format!("the release notes name {}", told.join(", "))
            };
            Trouble {
                class: "needs-new-environment".to_owned(),
                reason: format!("an operator's own .env is not enough any more: {}", trouble.reason),
                ..trouble
            }
            .with("environment", format!("with the values of the newer .env.sample it upgrades:\n{}", values.join("\n")))
            .with("release-note", told)
            .advise("Give each new variable a default in the compose file (`${NAME:-value}`), or raise the major version and tell operators in release/<version> what to set.")
        }
        Err(second) => trouble.with(
            "environment",
            format!("with the values of the newer .env.sample it fails as well: {}", second.reason),
        ),
    }
}

/// Everything that the release notes tell operators of the older release.
fn notes(hop: &Hop) -> String {
    let (older, newer) = (&hop.from.0.candidate.version, &hop.to.0.release_notes);
    let since = newer.by_version.iter().filter(|(version, _)| older.as_ref().is_none_or(|older| version > older));
    let notes = since.map(|(_, note)| note).chain(&newer.next);
    notes.map(|note| note.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The names of what a stack consists of.
struct Parts {
    services: BTreeSet<String>,
    volumes: BTreeSet<String>,
    networks: BTreeSet<String>,
}

impl Parts {
    fn of(subject: &Subject) -> Self {
        let project = &subject.project;
        Self {
            services: project.services.keys().cloned().collect(),
            volumes: project.volumes.keys().cloned().collect(),
            networks: project.networks.keys().cloned().collect(),
        }
    }

    /// What the newer release has no use for, and what nobody removes.
    fn orphans(&self, newer: &Self) -> Vec<Evidence> {
        let kinds = [
            ("service", &self.services, &newer.services, "goes on running"),
            ("volume", &self.volumes, &newer.volumes, "is not used any more, and keeps its data"),
            ("network", &self.networks, &newer.networks, "is not used any more"),
        ];
        let orphans = kinds.into_iter().flat_map(|(kind, older, newer, what)| {
            older.difference(newer).map(move |name| format!("the {kind} {name} {what}"))
        });
        orphans.map(|text| Evidence::text("orphan", text)).collect()
    }
}
