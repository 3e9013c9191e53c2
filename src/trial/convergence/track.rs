//! What the judge remembers of a service between two looks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::facts::FirstHealthy;
use super::failure::Failure;
use super::slots::{Slot, Stand, Standing};
use crate::swarm::observe::{HealthStatus, ServiceView, StackView, TaskState, TaskView};

/// What the judge remembers of a service.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// Tasks from before the deploy.
    pub(super) known_tasks: BTreeSet<String>,
    /// Tasks that ended badly, oldest first; their logs are kept of the last few only.
    pub(super) failures: Vec<Failure>,
    /// The last time at which the service got further than ever before: on its way, or ready for the first time. A peer's failure counts
    /// only when its container started after it.
    pub(super) progress_at: Option<Timestamp>,
    /// Slots that were ready once.
    ready_once: BTreeSet<String>,
    /// Tasks that were seen healthy.
    healthy_tasks: BTreeSet<String>,
    /// How each task became healthy, and until then the most failing checks in a row.
    pub(super) first_healthy: BTreeMap<String, FirstHealthy>,
    failing: BTreeMap<String, u64>,
    /// When a task was first called unhealthy.
    pub(super) unhealthy_at: BTreeMap<String, Timestamp>,
    /// Seconds since the deploy at which all tasks ran, and at which all were healthy.
    pub(super) running_after: Option<Duration>,
    pub(super) healthy_after: Option<Duration>,
    /// Since when, on the caller's clock, a task has been in a state that should pass; by task and state.
    pub(super) stuck_since: BTreeMap<String, (TaskState, Duration)>,
    /// When this version of the service was first seen.
    pub(super) version_seen: Option<(u64, Duration)>,
    /// When the service was first seen.
    pub(super) first_seen: Option<Duration>,
}

impl Track {
    /// A memory that holds nothing but the tasks from before the deploy.
    pub(super) fn new(known_tasks: BTreeSet<String>) -> Self {
        Self { known_tasks, ..Self::default() }
    }

    /// Takes in what is new in a view: failures, health, states.
    pub(super) fn take_in(&mut self, view: &StackView, service: &ServiceView, elapsed: Duration) {
        self.first_seen.get_or_insert(elapsed);
        if self.version_seen.is_none_or(|(version, _)| version != service.version) {
            self.version_seen = Some((service.version, elapsed));
        }
        let is_new = |task: &&TaskView| task.current && !self.known_tasks.contains(&task.id);
        let new: Vec<&TaskView> = service.tasks.iter().rev().filter(is_new).collect();
        for task in new {
            let status = task.health.as_ref().map(|health| health.status);
            self.take_in_health(view, task);
            if status == Some(HealthStatus::Healthy) {
                self.healthy_tasks.insert(task.id.clone());
            }
            if status == Some(HealthStatus::Unhealthy) && !task.state.is_terminal() {
                self.unhealthy_at.entry(task.id.clone()).or_insert(view.taken_at);
            }
            if self.failures.iter().any(|failure| failure.task == task.id) {
                continue;
            }
            // A task that swarm itself stops (a replica too many) is no failure; those it replaces are not current.
            if let Some(mut failure) = Failure::of(service, task) {
                failure.was_healthy = self.healthy_tasks.contains(&task.id);
                self.failures.push(failure);
            }
        }
        for task in &service.tasks {
            let entry = self.stuck_since.entry(task.id.clone()).or_insert_with(|| (task.state.clone(), elapsed));
            if entry.0 != task.state {
                *entry = (task.state.clone(), elapsed);
            }
        }
        self.stuck_since.retain(|id, _| service.tasks.iter().any(|task| task.id == *id));
    }

    /// Takes in how a container gets on until it is healthy for the first time.
    fn take_in_health(&mut self, view: &StackView, task: &TaskView) {
        let (Some(health), Some(check), Some(started)) = (&task.health, &task.healthcheck, task.started_at) else {
            return;
        };
        if self.first_healthy.contains_key(&task.id) {
            return;
        }
        let failing = self.failing.entry(task.id.clone()).or_default();
        if health.status != HealthStatus::Healthy {
            *failing = health.failing_streak.max(*failing);
            return;
        }
        // The first of those that passed since the last one that did not.
        let passing = health.probes.iter().rev().take_while(|probe| probe.exit_code == 0);
        let at = passing.last().and_then(|probe| probe.ended_at).unwrap_or(view.taken_at);
        let first = FirstHealthy {
            seconds: super::words::between(started, at).as_secs_f64(),
            allowed: check.allowance().as_secs_f64(),
            failures: *failing,
            retries: check.retries,
        };
        self.first_healthy.insert(task.id.clone(), first);
    }

    /// Takes in where the service stands now.
    pub(super) fn advance(
        &mut self,
        view: &StackView,
        standing: &Standing<'_>,
        elapsed: Duration,
        peer_settle: Duration,
    ) {
        let mut progress = standing.is_on_the_way();
        for slot in standing.slots.iter().filter(|slot| matches!(slot.stand, Stand::Up | Stand::Done)) {
            let ready = match slot.stand {
                Stand::Done => true,
                _ => slot.newest.health.is_some() || up_for(view, slot) >= peer_settle,
            };
            // Only the first time is progress: what falls and rises again and again would keep its peers from being named.
            progress |= !self.ready_once.contains(&slot.name);
            if ready {
                self.ready_once.insert(slot.name.clone());
            }
        }
        // While it goes on, it is renewed with every look, so that no failure of a peer counts until then.
        if progress {
            self.progress_at = Some(view.taken_at);
        }
        if self.running_after.is_none() && standing.is_up() {
            self.running_after = Some(elapsed);
        }
        let checked = standing.slots.iter().any(|slot| slot.newest.health.is_some());
        if self.healthy_after.is_none() && checked && standing.is_up() {
            self.healthy_after = Some(elapsed);
        }
    }

    /// The longest life of a failed container of this slot; `None` when none failed.
    pub(super) fn longest_life(&self, slot: &str) -> Option<Duration> {
        self.failures.iter().filter(|failure| failure.slot == slot).map(|failure| failure.lived).max()
    }

    /// A container of this slot failed after it had been healthy.
    pub(super) fn fell_when_healthy(&self, slot: &str) -> bool {
        self.failures.iter().any(|failure| failure.slot == slot && failure.was_healthy)
    }
}

/// How long a slot's container has been up.
pub(super) fn up_for(view: &StackView, slot: &Slot<'_>) -> Duration {
    slot.newest.started_at.map_or(Duration::ZERO, |at| super::words::between(at, view.taken_at))
}
