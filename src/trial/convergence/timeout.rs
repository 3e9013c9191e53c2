//! Time is up: whose fault is it?

use super::cause::{Cause, Class};
use super::crash;
use super::failure::Failure;
use super::health;
use super::judge::Look;
use super::limits::Thresholds;
use super::slots::{Slot, Stand, Standing};
use super::words;
use crate::swarm::observe::{Pressure, Stall, TaskState, UpdateState};

/// The pressure on the node over the whole wait.
#[derive(Debug, Default)]
pub(super) struct Load {
    cpu: Mean,
    io: Mean,
    memory: Mean,
    disk_free: Option<u64>,
}

#[derive(Debug, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.sum += value;
            self.count += 1;
        }
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / f64::from(self.count))
    }
}

/// What a machine lacks at this moment, when it lacks something: whatever takes too long there may be no fault of what is tried.
pub fn starved(pressure: &Pressure) -> Option<String> {
    let mut load = Load::default();
    load.add(pressure);
    load.starved(&Thresholds::default())
}

impl Load {
    pub(super) fn add(&mut self, pressure: &Pressure) {
        let part = |stall: Option<Stall>, read: fn(Stall) -> f64| stall.map(read);
        self.cpu.add(part(pressure.cpu, |stall| stall.some));
        self.io.add(part(pressure.io, |stall| stall.full));
        self.memory.add(part(pressure.memory, |stall| stall.full));
        self.disk_free = pressure.disk_free.or(self.disk_free);
    }

    /// What the node lacked, when it did.
    pub(super) fn starved(&self, thresholds: &Thresholds) -> Option<String> {
        let over = |mean: &Mean, limit: f64| mean.value().filter(|value| *value >= limit);
        if let Some(value) = over(&self.memory, thresholds.starved_memory) {
            return Some(format!("everything waited for memory {value:.0} % of the time"));
        }
        if let Some(value) = over(&self.io, thresholds.starved_io) {
            return Some(format!("everything waited for the disk {value:.0} % of the time"));
        }
        over(&self.cpu, thresholds.starved_cpu)
            .map(|value| format!("something waited for a processor {value:.0} % of the time"))
    }

    /// The node's disk is known to have room: a full disk that a container tells of is then its own (a tmpfs, a sized volume).
    pub(super) fn disk_has_room(&self, thresholds: &Thresholds) -> bool {
        self.disk_free.is_some_and(|free| free >= thresholds.disk_full)
    }

    fn disk_is_full(&self, thresholds: &Thresholds) -> bool {
        self.disk_free.is_some_and(|free| free < thresholds.disk_full)
    }

    pub(super) fn describe(&self) -> String {
        let part = |name: &str, mean: &Mean| mean.value().map(|value| format!("{name} {value:.0} %"));
        let parts: Vec<String> =
            [part("cpu some", &self.cpu), part("io full", &self.io), part("memory full", &self.memory)]
                .into_iter()
                .flatten()
                .collect();
        if parts.is_empty() { "the pressure on the node was not measured".to_owned() } else { parts.join(", ") }
    }
}

/// The cause when time is up. There always is one.
pub(super) fn cause(look: &Look<'_>) -> Cause {
    let cause = best(look);
    if cause.class.is_ours() {
        return cause;
    }
    let thresholds = &look.params.thresholds;
    if look.load.disk_is_full(thresholds) {
        let (headline, advice) = super::stuck::disk_full(&cause.service);
        return Cause { class: Class::DiskFull, headline, advice, ..cause };
    }
    let cause = cause.with("pressure", look.load.describe());
    match look.load.starved(thresholds) {
        Some(starved) => Cause {
            class: Class::Starved,
            headline: format!("{}, on a node that had no time to spare ({starved})", cause.headline),
            advice: "Run fewer things beside it, or use a larger node; then try again.".to_owned(),
            ..cause
        },
        None => cause,
    }
}

fn best(look: &Look<'_>) -> Cause {
    let limit = words::duration(look.params.timeout);
    let wanting: Vec<&Standing<'_>> = look.standings.iter().filter(|standing| standing.wanted.is_some()).collect();
    let failures = |standing: &Standing<'_>| {
        look.tracks
            .get(&standing.service.short_name)
            .map(|track| track.failures.iter().collect::<Vec<&Failure>>())
            .unwrap_or_default()
    };
    // A service that is not up and has not failed may be what the failing ones wait for; one that failed says more by itself.
    let stuck = |standing: &&&Standing<'_>| {
        failures(standing).is_empty() && standing.slots.iter().any(|slot| unhealthy_in_time(slot))
    };
    let failed = |standing: &&&Standing<'_>| !failures(standing).is_empty();
    let mut cause = if let Some(standing) = wanting.iter().find(|standing| stuck(standing)) {
        match standing.slots.iter().find(|slot| unhealthy_in_time(slot)) {
            Some(slot) => health::not_in_time(look, standing.service, slot.newest),
            None => plain(standing),
        }
    } else if let Some(standing) = wanting.iter().find(|standing| failed(standing)) {
        crash::cause(look, standing.service, &failures(standing))
    } else if let Some(standing) = wanting.first() {
        plain(standing)
    } else {
        nothing_seen(look)
    };
    cause.headline = format!("{}; not converged within {limit}", cause.headline);
    let named = cause.service.clone();
    for wait in look.waits().into_iter().filter(|wait| wait.service != named) {
        cause = cause.with("other-service", format!("{}: {}", wait.service, wait.what));
    }
    cause
}

fn unhealthy_in_time(slot: &Slot<'_>) -> bool {
    matches!(slot.stand, Stand::OnTheWay(_) | Stand::Failing)
        && slot.newest.health.is_some()
        && slot.newest.started_at.is_some()
}

fn plain(standing: &Standing<'_>) -> Cause {
    let service = standing.service;
    let name = &service.short_name;
    let what = standing.wanted.clone().unwrap_or_default();
    let unknown_update = service.update.as_ref().is_some_and(|update| matches!(update.state, UpdateState::Other(_)));
    let preparing = standing.slots.iter().any(|slot| slot.newest.state == TaskState::Preparing);
    let unscheduled =
        standing.slots.is_empty() || standing.slots.iter().any(|slot| slot.newest.state == TaskState::New);
    let (class, advice) = if preparing {
        (
            Class::ImageNotReady,
            "Images are put on the node before the deploy, so this is the node's trouble: look at its disk.",
        )
    } else if unknown_update || unscheduled {
        (Class::Engine, "The manager does not do its work, or is newer than this taster: look at the engine's log.")
    } else {
        (Class::Timeout, "If it only needs longer, raise `TIMEOUT` in `.env.sample`.")
    };
    Cause::new(class, name, format!("{name}: {what}"), advice)
}

fn nothing_seen(look: &Look<'_>) -> Cause {
    let missing: Vec<String> = look.waits().into_iter().map(|wait| wait.service).collect();
    let missing = if missing.is_empty() { "any service".to_owned() } else { missing.join(", ") };
    let headline = format!("the swarm does not have {missing} of stack {}", look.view.stack);
    Cause::new(
        Class::Engine,
        "",
        headline,
        "The deploy did not take place, or somebody removed it: look at what was deployed.",
    )
}
