//! Where each slot of a service stands, from its newest task of the present specification.

use std::collections::BTreeMap;
use std::time::Duration;

use super::failure::{ended_well, slot};
use super::track::Track;
use super::words;
use crate::swarm::observe::{HealthStatus, ServiceView, StackView, TaskState, TaskView, UpdateState};

/// Where a slot stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stand {
    /// Its task runs, and is healthy where there is a healthcheck.
    Up,
    /// Its task ended well, and that was all.
    Done,
    /// It failed, and is about to be tried again, or has not yet lived longer than the times before.
    Failing,
    /// On its way for the first time, or further than ever before.
    OnTheWay(String),
    /// It failed, and swarm does not start it again.
    GivenUp,
}

/// One slot.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    pub(super) name: String,
    pub(super) newest: &'a TaskView,
    pub(super) stand: Stand,
}

/// Where a service stands.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    pub(super) service: &'a ServiceView,
    pub(super) slots: Vec<Slot<'a>>,
    /// What is still wanted, in words; `None` when it counts as converged.
    pub(super) wanted: Option<String>,
}

impl Standing<'_> {
    /// Some slot is on its way: there is hope that needs no judgement yet.
    pub(super) fn is_on_the_way(&self) -> bool {
        self.slots.iter().any(|slot| matches!(slot.stand, Stand::OnTheWay(_)))
            || (self.slots.is_empty() && self.service.desired > 0)
    }

    /// All its slots are up or done.
    pub(super) fn is_up(&self) -> bool {
        self.slots.iter().all(|slot| matches!(slot.stand, Stand::Up | Stand::Done))
            && self.slots.len() as u64 >= self.service.desired
    }
}

/// Where a service stands.
pub(super) fn stand<'a>(
    view: &StackView,
    service: &'a ServiceView,
    track: &Track,
    settle: Duration,
    grace: Duration,
) -> Standing<'a> {
    let mut newest: BTreeMap<String, &TaskView> = BTreeMap::new();
    for task in service.tasks.iter().filter(|task| task.current && task.desired != TaskState::Remove) {
        // Newest first: the first one of a slot is its present task.
        newest.entry(slot(service, task)).or_insert(task);
    }
    let slots: Vec<Slot<'_>> = newest
        .into_iter()
        .map(|(name, newest)| Slot { stand: stand_of(view, service, newest, &name, track, grace), name, newest })
        .collect();
    let wanted = wanted(view, service, &slots, settle);
    Standing { service, slots, wanted }
}

fn stand_of(
    view: &StackView,
    service: &ServiceView,
    task: &TaskView,
    name: &str,
    track: &Track,
    grace: Duration,
) -> Stand {
    let since = task.state_at.map_or(Duration::ZERO, |at| words::between(at, view.taken_at));
    let known = track.known_tasks.contains(&task.id);
    match &task.state {
        TaskState::Complete if ended_well(service, task) => Stand::Done,
        TaskState::Failed | TaskState::Rejected | TaskState::Orphaned | TaskState::Complete if known => {
            Stand::OnTheWay("its next task is not made yet".to_owned())
        }
        TaskState::Failed | TaskState::Rejected | TaskState::Complete if since > grace => Stand::GivenUp,
        TaskState::Failed | TaskState::Rejected | TaskState::Orphaned | TaskState::Complete => Stand::Failing,
        TaskState::Shutdown | TaskState::Remove => Stand::OnTheWay("its task is being replaced".to_owned()),
        state => {
            let unhealthy = task.health.as_ref().is_some_and(|health| health.status == HealthStatus::Unhealthy);
            let longest = track.longest_life(name);
            let age = task.started_at.map_or(Duration::ZERO, |at| words::between(at, view.taken_at));
            let healthy =
                task.inspected && task.health.as_ref().is_none_or(|health| health.status == HealthStatus::Healthy);
            match longest {
                // It was up before and fell again: it must live longer than that to be believed.
                Some(longest) if *state == TaskState::Running && healthy && !service.mode.is_job() => {
                    let proven = task.health.is_some() && !track.fell_when_healthy(name);
                    if proven || age > longest + Duration::from_secs(1) { Stand::Up } else { Stand::Failing }
                }
                Some(longest) if age <= longest * 2 + Duration::from_secs(1) => Stand::Failing,
                _ if unhealthy => Stand::Failing,
                _ if *state == TaskState::Running && service.mode.is_job() => {
                    Stand::OnTheWay("the job is running".to_owned())
                }
                _ if *state == TaskState::Running && healthy => Stand::Up,
                _ => Stand::OnTheWay(on_the_way(task, age)),
            }
        }
    }
}

fn on_the_way(task: &TaskView, age: Duration) -> String {
    match &task.state {
        TaskState::New | TaskState::Pending if !task.err.is_empty() => task.err.clone(),
        TaskState::New | TaskState::Pending => "waiting for the scheduler".to_owned(),
        TaskState::Assigned | TaskState::Accepted => "given to its node".to_owned(),
        TaskState::Preparing => "the node is preparing its image, networks and mounts".to_owned(),
        TaskState::Ready => "about to start".to_owned(),
        TaskState::Starting | TaskState::Running => match &task.health {
            Some(health) if task.started_at.is_some() => {
                let mut text = format!("not healthy yet, {} after its start", words::duration(age));
                if let Some(probe) = health.probes.last().filter(|probe| probe.exit_code != 0) {
                    let output = probe.output.lines().next().unwrap_or_default();
                    text = format!(
                        "{text}; the last check failed: {}",
                        if output.is_empty() { "no output" } else { output }
                    );
                }
                text
            }
            _ if task.state == TaskState::Running && !task.inspected => {
                "running; its container was not seen yet".to_owned()
            }
            _ => "its container is starting".to_owned(),
        },
        state => state.to_string(),
    }
}

/// What a service still lacks, in words.
fn wanted(view: &StackView, service: &ServiceView, slots: &[Slot<'_>], settle: Duration) -> Option<String> {
    if let Some(update) = &service.update {
        match &update.state {
            UpdateState::Updating => return Some("an update is under way".to_owned()),
            UpdateState::RollbackStarted => return Some("it is being rolled back".to_owned()),
            // The old version serves, and that is not what was asked for (lesson 5).
            UpdateState::RollbackPaused | UpdateState::RollbackCompleted => {
                return Some("it was rolled back".to_owned());
            }
            UpdateState::Other(word) => return Some(format!("its update is in state `{word}`")),
            UpdateState::Paused | UpdateState::Completed => {}
        }
    }
    let count = |stands: fn(&Stand) -> bool| slots.iter().filter(|slot| stands(&slot.stand)).count() as u64;
    let good = count(|stand| matches!(stand, Stand::Up | Stand::Done));
    if good < service.desired || slots.iter().any(|slot| !matches!(slot.stand, Stand::Up | Stand::Done)) {
        let why = slots.iter().find_map(|slot| match &slot.stand {
            Stand::OnTheWay(what) => Some(what.clone()),
            Stand::Failing => Some(failing(slot.newest)),
            Stand::GivenUp => Some("its task failed and is not started again".to_owned()),
            Stand::Up | Stand::Done => None,
        });
        let why = why.unwrap_or_else(|| "its tasks are not made yet".to_owned());
        return Some(format!("{good} of {} up: {why}", service.desired));
    }
    let old = |task: &&TaskView| !task.current && task.desired == TaskState::Running && !task.state.is_terminal();
    if service.tasks.iter().any(|task| old(&task)) {
        return Some("a task of the old specification still runs".to_owned());
    }
    let short = slots.iter().filter(|slot| slot.stand == Stand::Up && slot.newest.health.is_none()).find_map(|slot| {
        let age = slot.newest.started_at.map_or(Duration::ZERO, |at| words::between(at, view.taken_at));
        (age < settle).then(|| settle.saturating_sub(age))
    });
    short.map(|left| format!("up; watched for {} more, as it has no healthcheck", words::duration(left)))
}

fn failing(task: &TaskView) -> String {
    let err = if task.err.is_empty() { "waiting to be started again" } else { task.err.as_str() };
    if task.state.is_terminal() { format!("it ended ({err})") } else { "started again after a failure".to_owned() }
}
