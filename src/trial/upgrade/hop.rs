//! One upgrade: deployed over what is there, and looked at.
//!
//! That it happened is proven (lesson 1), that swarm did not put the old specification back as well (lesson 5), and that it needs nothing
//! of the operator that they cannot know (lesson 23).

use std::collections::BTreeSet;
use std::time::Instant;

use bollard::Docker;

use super::Arrived;
use super::tables::Tables;
use crate::recipe::Recipe;
use crate::record::{Evidence, Outcome};
use crate::scenario::{CANDIDATE, Edge, PATH_IN_RECIPE, Scenario, Seed};
use crate::swarm::deploy::Change;
use crate::swarm::observe::{TaskState, TaskView};
use crate::trial::answer::{Answer, Strength};
use crate::trial::availability::{Availability, Outage};
use crate::trial::commands::{self, After};
use crate::trial::convergence::Params;
use crate::trial::data::{self, Readings};
use crate::trial::install::ask_all;
use crate::trial::operator::Operator;
use crate::trial::recorder::Passed;
use crate::trial::session::{Replace, Session};
use crate::trial::subject::Subject;
use crate::trial::trouble::Trouble;

/// A release, or the candidate.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    /// Its tag, or what the candidate is called.
    pub(super) name: String,
    pub(super) recipe: Recipe,
    /// How it is tried: the scenario travels with the release that it describes; one that has none is tried by the candidate's.
    pub(super) scenario: Scenario,
}

impl Stop {
    /// The release of this tag, or the candidate itself, which is called `candidate`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn of((recipe, scenario): &(Recipe, Scenario), name: &str, candidate: &str) -> Result<Self, Trouble> {
        let (recipe, scenario) = (recipe.clone(), scenario.clone());
        if name == candidate {
            return Ok(Self { name: name.to_owned(), recipe, scenario });
        }
        let unreadable = |error: String| {
            let reason = format!("the release {name} cannot be read: {error}");
            Trouble { outcome: Outcome::Blocked, ..Trouble::failed("predecessor-broken", reason) }
        };
        let release = recipe.releases.iter().find(|release| release.tag == name);
        let release = release.ok_or_else(|| unreadable("there is no such tag".to_owned()))?;
        let path = recipe.candidate.origin.path();
        let mut older = Recipe::at(path, &release.commit).map_err(|error| unreadable(error.to_string()))?;
        // An older .env.sample may call the recipe otherwise; it is the same stack all the same.
        older.name.clone_from(&recipe.name);
        let scenario = match older.tree.get(PATH_IN_RECIPE) {
            Some(file) => Scenario::parse(PATH_IN_RECIPE, &String::from_utf8_lossy(&file.bytes))
                .map_err(|error| unreadable(error.to_string()))?,
            None => scenario,
        };
        Ok(Self { name: name.to_owned(), recipe: older, scenario })
    }
}

/// Where an upgrade leads, and from where.
#[derive(Debug)]
pub(super) struct Hop {
    /// What is there first.
    pub(super) from: Stop,
    /// What follows it.
    pub(super) to: Stop,
    /// What operators do on the way, release by release.
    edges: Vec<Edge>,
}

/// An upgrade that went well.
#[derive(Debug)]
pub(super) struct Landed {
    pub(super) passed: Passed,
    /// Seconds from the deploy until everything was looked at.
    pub(super) seconds: f64,
    /// Seconds without an answer.
    pub(super) unavailable: Option<f64>,
    /// What the operator has now.
    pub(super) operator: Operator,
    /// What the probes say now.
    pub(super) readings: Readings,
}

impl Landed {
    /// What is kept of it.
    pub(super) fn arrived(&self, session: &Session) -> Arrived {
        Arrived {
            operator: self.operator.clone(),
            readings: self.readings.clone(),
            scenario: session.subject.scenario.clone(),
            snapshot: None,
        }
    }
}

impl Hop {
    /// The way between two of `releases`; what the candidate's scenario names for each release on it belongs to it.
    pub(super) fn between(session: &Session, from: Stop, to: Stop, releases: &[String]) -> Self {
        let (candidate, scenario) = &session.candidate;
        let at = |name: &String| releases.iter().position(|release| release == name);
        let first = at(&from.name).map_or(0, |at| at + 1);
        let last = at(&to.name).unwrap_or(releases.len().saturating_sub(1));
        let version = candidate.candidate.version.as_ref().map(ToString::to_string);
        let edges = &scenario.upgrade.edges;
        let edge = |at: usize| {
            let own = releases.get(at).and_then(|name| edges.get(name));
            let is_candidate = at + 1 == releases.len();
            let by_version = || version.as_ref().and_then(|version| edges.get(version));
            own.or_else(|| if is_candidate { edges.get(CANDIDATE).or_else(by_version) } else { None })
        };
        let edges = (first..=last).filter_map(edge).cloned().collect();
        Self { from, to, edges }
    }

    /// Whether operators run anything on the way.
    pub(super) fn has_steps(&self) -> bool {
        self.edges.iter().any(|edge| !edge.before.is_empty() || !edge.after.is_empty())
    }

    /// What operators run on the way once the newer release answers.
    pub(super) fn steps_after(&self) -> Vec<Seed> {
        self.edges.iter().flat_map(|edge| edge.after.clone()).collect()
    }

    /// In words.
    pub(super) fn name(&self) -> String {
        format!("{} → {}", self.from.name, self.to.name)
    }

    /// The operator once they have set what the way's releases tell them to.
    pub(super) fn operator(&self, operator: &Operator) -> Operator {
        let mut operator = operator.clone();
        for edge in &self.edges {
            operator.set.extend(edge.env.clone());
        }
        operator
    }

    /// The newer end as it is tried with what an operator of the older one has: a value that came with the newer one is one that no
    /// operator has set (lesson 23), and a probe that it has dropped is asked all the same.
    pub(super) fn subject_of_operator(&self, session: &Session, operator: &Operator) -> Result<Subject, Trouble> {
        let (older, newer) = (&self.from.scenario, &self.to.scenario);
        let knows = |name: &String| older.env.contains_key(name) || operator.env.entry(name).is_some();
        let mut scenario = newer.clone();
        scenario.env.retain(|name, _| knows(name));
        scenario.env.extend(older.env.clone());
        let dropped = older.probe.iter().filter(|probe| newer.probe.iter().all(|other| other.name != probe.name));
        scenario.probe.extend(dropped.cloned());
        Subject::for_operator(self.to.recipe.clone(), scenario, operator, session.log.redactor())
    }

    /// Goes with the operator's own values.
    ///
    /// # Errors
    /// What is not as it must be.
    pub(super) async fn go(
        &self,
        session: &mut Session,
        host: &Docker,
        operator: &Operator,
        readings: &Readings,
    ) -> Result<Landed, Trouble> {
        let newer = self.subject_of_operator(session, operator)?;
        self.deploy(session, host, newer, operator, readings).await
    }

    /// Deploys `newer` over what is there, and looks whether everything is as it must be.
    ///
    /// # Errors
    /// What is not.
    pub(super) async fn deploy(
        &self,
        session: &mut Session,
        host: &Docker,
        mut newer: Subject,
        operator: &Operator,
        readings: &Readings,
    ) -> Result<Landed, Trouble> {
        let older = Parts::of(&session.subject);
        // A probe that is new reads what nobody has written here.
        newer.scenario.probe.retain(|probe| readings.contains_key(&probe.name));
        for note in &newer.notes {
            session.log.note(note.clone());
        }
        let tables = Tables::read(session).await?;
        for edge in &self.edges {
            commands::steps(session, &edge.before, "before the upgrade").await?;
        }
        let had: BTreeSet<String> = operator.secrets.keys().cloned().collect();
        let operator = newer.operator(operator);
        let new_secrets: Vec<String> = operator.secrets.keys().filter(|name| !had.contains(*name)).cloned().collect();
        session.turn_to(newer, host).await?;
        session.log.progress("upgrade", self.name());
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
        let changed = applied.changed();
        if changed.is_empty() {
            let reason = format!("{}: both deploy the very same services, so there is nothing to upgrade", self.name());
            for edge in &self.edges {
                commands::steps(session, &edge.after, "after the upgrade").await?;
            }
            return Err(Trouble::skipped(super::SAME, reason));
        }
        session.converge("upgrade", params, begun).await?;
        let ran = commands::run(session, After::Upgrade).await?;
        moved(session).await?;
        let answers = ask_all(session, "upgrade", begun).await?;
        for edge in &self.edges {
            commands::steps(session, &edge.after, "after the upgrade").await?;
        }
        data::compare(session, readings, "the upgrade").await?;
        let kept = tables.compare(session).await?;
        let outage = asking.map(Availability::outage);
        let seconds = begun.elapsed().as_secs_f64();
        let mut passed = Passed {
            reason: format!("{} in {seconds:.1} s{}", self.name(), outage.map(unavailable).unwrap_or_default()),
            weak: answers.iter().any(|answer| answer.strength != Strength::Strong),
            ..Passed::default()
        };
        passed.evidence.push(Evidence::text("changed", changed.join(", ")));
        passed.evidence.extend(answers.iter().map(|answer| {
            Evidence::text("answer", format!("{}: {} ({})", answer.url, answer.text, answer.strength.word()))
        }));
        passed.evidence.extend(ran.into_iter().map(|line| Evidence::text("post-upgrade", line)));
        passed.evidence.extend(kept);
        if !new_secrets.is_empty() {
            let text = format!("generated, because the operator has none yet: {}", new_secrets.join(", "));
            passed.evidence.push(Evidence::text("new-secret", text));
        }
        if readings.is_empty() && tables.is_empty() {
            let text = "no [[probe]] and no database that could be asked: nothing tells whether the data survived";
            passed.evidence.push(Evidence::text("finding", text));
        }
        passed.evidence.extend(older.orphans(&Parts::of(&session.subject)));
        let readings = data::look(session).await?;
        let unavailable = outage.map(|outage| outage.total.as_secs_f64());
        Ok(Landed { passed, seconds, unavailable, operator, readings })
    }
}

/// Waits until what was just deployed has converged and answers with the data that was there.
///
/// # Errors
/// What is not as it was.
pub(super) async fn settled(
    session: &mut Session,
    params: Params,
    begun: Instant,
    readings: &Readings,
    after_what: &str,
) -> Result<Vec<Answer>, Trouble> {
    session.converge("upgrade", params, begun).await?;
    let answers = ask_all(session, "upgrade", begun).await?;
    data::compare(session, readings, after_what).await?;
    Ok(answers)
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
        // One that is on its way out may linger for its grace period.
        let stays = |task: &&TaskView| task.state == TaskState::Running && task.desired == TaskState::Running;
        let mut runs = running.tasks.iter().filter(stays);
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

/// The names of what a stack consists of.
struct Parts {
    services: BTreeSet<String>,
    volumes: BTreeSet<String>,
    networks: BTreeSet<String>,
    configs: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl Parts {
    fn of(subject: &Subject) -> Self {
        let project = &subject.project;
        Self {
            services: project.services.keys().cloned().collect(),
            volumes: project.volumes.keys().cloned().collect(),
            networks: project.networks.keys().cloned().collect(),
            configs: project.configs.keys().cloned().collect(),
            secrets: project.secrets.keys().cloned().collect(),
        }
    }

    /// What the newer release has no use for, and what nobody removes.
    fn orphans(&self, newer: &Self) -> Vec<Evidence> {
        let kinds = [
            ("service", &self.services, &newer.services, "goes on running"),
            ("volume", &self.volumes, &newer.volumes, "is not used any more, and keeps its data"),
            ("network", &self.networks, &newer.networks, "is not used any more"),
            ("config", &self.configs, &newer.configs, "is not used any more"),
            ("secret", &self.secrets, &newer.secrets, "is not used any more"),
        ];
        let orphans = kinds.into_iter().flat_map(|(kind, older, newer, what)| {
            older.difference(newer).map(move |name| format!("the {kind} {name} {what}"))
        });
        orphans.map(|text| Evidence::text("orphan", text)).collect()
    }
}
