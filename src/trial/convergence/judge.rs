//! The state machine.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::cause::{Cause, Class};
use super::facts::{Facts, ServiceFacts};
use super::failure::Kind;
use super::limits::Params;
use super::slots::{Stand, Standing, stand};
use super::timeout::Load;
use super::track::Track;
use super::{crash, health, stuck, timeout, words};
use crate::swarm::observe::{Mode, Pressure, ServiceView, StackView, UpdateState};

/// What one service still lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The service's short name.
    pub service: String,
    /// What it lacks, in words.
    pub what: String,
}

/// What the judge says after a look.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Not yet, and no reason to give up.
    Waiting(Vec<Wait>),
    /// It has converged.
    Converged(Facts),
    /// It will not, and the recipe is at fault.
    Failed(Cause),
    /// It will not, or it cannot be told, and the recipe is not at fault.
    Errored(Cause),
}

impl Verdict {
    pub(super) fn of(cause: Cause) -> Self {
        if cause.class.is_ours() { Self::Errored(cause) } else { Self::Failed(cause) }
    }

    /// The cause of a verdict that is not good.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Failed(cause) | Self::Errored(cause) => Some(cause),
            Self::Waiting(_) | Self::Converged(_) => None,
        }
    }
}

/// Judges one deploy, look by look. It goes on judging after it said `Converged`: a caller that waits for an answer feeds it on, and
/// learns of an app that falls over.
#[derive(Debug)]
pub struct Judge {
    params: Params,
    tracks: BTreeMap<String, Track>,
    load: Load,
}

impl Judge {
    /// A judge of one deploy.
    pub fn new(params: Params) -> Self {
        Self { params, tracks: BTreeMap::new(), load: Load::default() }
    }

    /// Judges what is seen now, so long after the deploy, under this pressure. From [`Params::timeout`] on it never answers
    /// [`Verdict::Waiting`].
    pub fn look(&mut self, view: &StackView, elapsed: Duration, pressure: &Pressure) -> Verdict {
        self.load.add(pressure);
        let thresholds = &self.params.thresholds;
        for service in &view.services {
            let track = self
                .tracks
                .entry(service.short_name.clone())
                .or_insert_with(|| Track::new(self.params.known_tasks.clone()));
            track.take_in(view, service, elapsed);
        }
        let mut standings: Vec<Standing<'_>> = Vec::new();
        for service in &view.services {
            let Some(track) = self.tracks.get_mut(&service.short_name) else { continue };
            let settle = self.params.settle(&service.short_name);
            let mut standing = stand(view, service, track, settle, thresholds.restart_grace);
            if standing.wanted.is_none() {
                standing.wanted = too_early(service, track, elapsed);
            }
            track.advance(view, &standing, elapsed, thresholds.peer_settle);
            standings.push(standing);
        }
        if let Some(facts) = self.converged(&standings, elapsed) {
            return Verdict::Converged(facts);
        }
        let look =
            Look { view, standings: &standings, tracks: &self.tracks, params: &self.params, elapsed, load: &self.load };
        if let Some(cause) = stuck::find(&look).or_else(|| health::not_runnable(&look)).or_else(|| crash::find(&look)) {
            return Verdict::of(cause);
        }
        if elapsed >= self.params.timeout {
            return Verdict::of(timeout::cause(&look));
        }
        Verdict::Waiting(look.waits())
    }

    fn converged(&self, standings: &[Standing<'_>], elapsed: Duration) -> Option<Facts> {
        // Nothing seen is not converged: that would be a check that cannot fail.
        if standings.is_empty() || standings.iter().any(|standing| standing.wanted.is_some()) {
            return None;
        }
        let seen = |name: &String| standings.iter().any(|standing| standing.service.short_name == *name);
        if !self.params.expected.iter().all(seen) {
            return None;
        }
        let services =
            standings.iter().map(|standing| (standing.service.short_name.clone(), self.facts(standing))).collect();
        Some(Facts { seconds: elapsed.as_secs_f64(), services })
    }

    fn facts(&self, standing: &Standing<'_>) -> ServiceFacts {
        let service = standing.service;
        let mut facts = ServiceFacts { desired: service.desired, ..ServiceFacts::default() };
        facts.running = standing.slots.iter().filter(|slot| slot.stand == Stand::Up).count() as u64;
        facts.completed = standing.slots.iter().filter(|slot| slot.stand == Stand::Done).count() as u64;
        if service.desired == 0 {
            facts.notes.push("no tasks are wanted (0 of 0)".to_owned());
        }
        if service.update.as_ref().is_some_and(|update| update.state == UpdateState::Paused) {
            facts.notes.push("its update is paused; judged by its tasks and their health".to_owned());
        }
        let Some(track) = self.tracks.get(&service.short_name) else { return facts };
        facts.seconds_to_running = track.running_after.map(|after| after.as_secs_f64());
        facts.seconds_to_healthy = track.healthy_after.map(|after| after.as_secs_f64());
        facts.restarts = track.failures.len() as u64;
        facts.last_failure = track
            .failures
            .last()
            .map(|failure| format!("{} after {}", crash::blame(service, failure), words::duration(failure.lived)));
        let killed: Vec<_> = track.failures.iter().filter(|failure| failure.kind == Kind::Unhealthy).collect();
        facts.killed = killed.len() as u64;
        facts.first_healthy = track.first_healthy.values().min_by(|a, b| a.margin().total_cmp(&b.margin())).cloned();
        if let Some(first) = killed.first() {
            facts.notes.push(format!(
                "killed by its healthcheck {} on the way, the first time after {}",
                words::times(killed.len()),
                words::duration(first.lived)
            ));
        }
        facts
    }
}

/// What one look has to go by.
pub(super) struct Look<'a> {
    pub(super) view: &'a StackView,
    pub(super) standings: &'a [Standing<'a>],
    pub(super) tracks: &'a BTreeMap<String, Track>,
    pub(super) params: &'a Params,
    pub(super) elapsed: Duration,
    pub(super) load: &'a Load,
}

impl Look<'_> {
    /// The standing and the memory of each service.
    pub(super) fn services(&self) -> impl Iterator<Item = (&Standing<'_>, &Track)> {
        self.standings.iter().filter_map(|standing| Some((standing, self.tracks.get(&standing.service.short_name)?)))
    }

    /// What is still lacking.
    pub(super) fn waits(&self) -> Vec<Wait> {
        let missing = self
            .params
            .expected
            .iter()
            .filter(|name| !self.view.services.iter().any(|service| service.short_name == **name));
        let missing = missing
            .map(|name| Wait { service: name.clone(), what: "the swarm does not have this service yet".to_owned() });
        let wanting = self.standings.iter().filter_map(|standing| {
            Some(Wait { service: standing.service.short_name.clone(), what: standing.wanted.clone()? })
        });
        missing.chain(wanting).collect()
    }

    /// The class under which a missing image goes.
    pub(super) fn image_class(&self, class: Class) -> Class {
        if class == Class::NoSuchImage && self.params.images_loaded { Class::ImageNotLoaded } else { class }
    }
}

/// For a moment after a change the swarm looks as it did before: the orchestrator has not acted yet.
fn too_early(service: &ServiceView, track: &Track, elapsed: Duration) -> Option<String> {
    const MOMENT: Duration = Duration::from_secs(2);
    let first_seen = track.first_seen.unwrap_or(elapsed);
    // A global service wants as many tasks as the orchestrator has made so far.
    if matches!(service.mode, Mode::Global | Mode::GlobalJob | Mode::Other(_))
        && service.desired == 0
        && elapsed < first_seen + MOMENT
    {
        return Some("its tasks are not made yet".to_owned());
    }
    // A change of published ports replaces tasks without showing in their specification.
    let version_seen = track.version_seen.map_or(elapsed, |(_, seen)| seen);
    let older =
        |task: &crate::swarm::observe::TaskView| task.created_at < service.updated_at && !task.state.is_terminal();
    let unacted = service.update.is_none() && service.ports_changed && service.tasks.iter().any(older);
    (unacted && elapsed < version_seen + MOMENT).then(|| "its new ports are not acted upon yet".to_owned())
}
