//! Crash loops (lesson 12).
//!
//! A failure is a *strike* when its container started after the last progress of everything that it could have waited for. A peer
//! progresses while it is on its way for the first time, when it becomes ready for the first time, and when it lives much longer than
//! ever before; a peer that keeps failing does not progress, so two services that crash do not wait for each other for ever. Faults that
//! no peer can cure (memory, a missing command, a crash of the program itself) count at once.

use jiff::Timestamp;

use super::cause::{Cause, Class};
use super::failure::{Failure, Kind};
use super::health;
use super::judge::Look;
use super::slots::{Stand, Standing};
use super::stuck::disk_full;
use super::track::{Track, up_for};
use super::waits;
use super::words;
use crate::swarm::observe::ServiceView;

/// The crash loop that explains most, with the others beside it.
pub(super) fn find(look: &Look<'_>) -> Option<Cause> {
    if let Some(cause) = look.services().find_map(|(standing, track)| no_room_or_lost(look, standing, track)) {
        return Some(cause);
    }
    let mut loops: Vec<Loop<'_>> =
        look.services().filter_map(|(standing, track)| crash_loop(look, standing, track)).collect();
    // A peer that fails must itself be a crash loop: else it may yet come up, and this one with it.
    let named: Vec<&str> = loops.iter().map(|found| found.service.short_name.as_str()).collect();
    let failing =
        |name: &str| look.standings.iter().any(|standing| standing.service.short_name == name && is_failing(standing));
    let open = |found: &Loop<'_>| {
        !found.independent && found.peers.iter().any(|peer| failing(peer) && !named.contains(&peer.as_str()))
    };
    let open: Vec<bool> = loops.iter().map(open).collect();
    let mut open = open.into_iter();
    loops.retain(|_| !open.next().unwrap_or(false));
    // First the one that waits for nobody.
    loops.sort_by_key(|found| (found.sounds_like_waiting, !found.independent, found.service.short_name.clone()));
    let (first, others) = loops.split_first()?;
    let mut cause = cause(look, first.service, &first.strikes);
    for other in others {
        let Some(last) = other.strikes.last() else { continue };
        let text = format!("{} {} too: {}", other.service.short_name, blame(other.service, last), last.last_lines(3));
        cause = cause.with("other-service", text);
    }
    Some(cause)
}

struct Loop<'a> {
    service: &'a ServiceView,
    strikes: Vec<&'a Failure>,
    peers: Vec<String>,
    independent: bool,
    sounds_like_waiting: bool,
}

pub(super) fn is_failing(standing: &Standing<'_>) -> bool {
    standing.slots.iter().any(|slot| matches!(slot.stand, Stand::Failing | Stand::GivenUp))
}

/// A full disk of the node, or a lost node: no matter who notices it.
fn no_room_or_lost(look: &Look<'_>, standing: &Standing<'_>, track: &Track) -> Option<Cause> {
    if !is_failing(standing) {
        return None;
    }
    let last = track.failures.last()?;
    let name = &standing.service.short_name;
    if last.kind == Kind::Lost {
        let headline = format!("{name}: the node on which it ran was lost");
        let advice = "Look at `docker node ls` on the manager; try again on a fresh node.";
        return Some(evidence(Cause::new(Class::Engine, name, headline, advice), last));
    }
    if last.disk_is_full() && !look.load.disk_has_room(&look.params.thresholds) {
        let (headline, advice) = disk_full(name);
        return Some(evidence(Cause::new(Class::DiskFull, name, headline, advice), last));
    }
    None
}

fn crash_loop<'a>(look: &'a Look<'a>, standing: &'a Standing<'a>, track: &'a Track) -> Option<Loop<'a>> {
    if standing.wanted.is_none() || !is_failing(standing) {
        return None;
    }
    let service = standing.service;
    if service.restart.max_attempts.is_some_and(|attempts| track.failures.len() as u64 > attempts)
        && standing.slots.iter().any(|slot| slot.stand == Stand::Failing && slot.newest.state.is_terminal())
    {
        // Its attempts seem to be used up: in a moment it is known, and says more.
        return None;
    }
    let last = track.failures.last()?;
    let sounds_like_waiting = waits::sounds_like_waiting(&last.all_words());
    let peers = waits::peers(look.view, service, look.params);
    let peer_names = peers.iter().map(|peer| peer.short_name.clone()).collect();
    let thresholds = &look.params.thresholds;
    let found =
        |strikes, independent| Some(Loop { service, strikes, peers: peer_names, independent, sounds_like_waiting });
    if is_independent(&last.kind) {
        let equal: Vec<&Failure> = track.failures.iter().filter(|failure| failure.kind == last.kind).collect();
        return if equal.len() >= thresholds.strikes { found(equal, true) } else { None };
    }
    let mut ready_since: Option<Timestamp> = None;
    for (peer, peer_track) in look.services().filter(|(peer, _)| peers.iter().any(|name| name.id == peer.service.id)) {
        // A peer that tells nothing of its health, and that this one may well wait for: by its log, by its settings, or for all we know.
        let patient = sounds_like_waiting || last.log.is_empty() || waits::uses(service, peer.service, look.params);
        if patient && is_silent_and_young(look, peer) {
            return None;
        }
        let mut since = peer_track.progress_at;
        if patient {
            since =
                since.max(peer.slots.iter().filter_map(|slot| patience_ends(look, peer, slot.newest.started_at)).max());
        }
        ready_since = ready_since.max(since);
    }
    let counts = |failure: &&Failure| ready_since.is_none() || failure.started_at > ready_since;
    let counted: Vec<&Failure> = track.failures.iter().filter(counts).collect();
    let equal: Vec<&Failure> = counted.iter().copied().filter(|failure| failure.kind == last.kind).collect();
    let needed = if sounds_like_waiting { thresholds.strikes_waiting } else { thresholds.strikes };
    if equal.len() >= needed {
        return found(equal, false);
    }
    if counted.len() > needed { found(counted, false) } else { None }
}

/// A peer without a healthcheck may be up for long before it answers: while it is young, a service that may wait for it is given time.
fn is_silent_and_young(look: &Look<'_>, peer: &Standing<'_>) -> bool {
    let young = |slot: &super::slots::Slot<'_>| {
        slot.stand == Stand::Up
            && slot.newest.health.is_none()
            && up_for(look.view, slot) < look.params.thresholds.peer_patience
    };
    peer.slots.iter().any(young)
}

fn patience_ends(look: &Look<'_>, peer: &Standing<'_>, started_at: Option<Timestamp>) -> Option<Timestamp> {
    if is_failing(peer) || peer.slots.iter().any(|slot| slot.newest.health.is_some()) {
        return None;
    }
    started_at?.checked_add(look.params.thresholds.peer_patience).ok()
}

/// No peer cures it.
fn is_independent(kind: &Kind) -> bool {
    match kind {
        Kind::OutOfMemory | Kind::NotStarted(_) | Kind::Exit(126 | 127) => true,
        // Illegal instruction, bus error, arithmetic error, segmentation fault.
        Kind::Signal(number) => matches!(number, 4 | 7 | 8 | 11),
        Kind::Exit(_) | Kind::Unhealthy | Kind::Lost => false,
    }
}

/// What one failure looks like, as the end of a sentence about the service.
pub(super) fn blame(service: &ServiceView, failure: &Failure) -> String {
    match &failure.kind {
        Kind::Exit(code) => format!("exits with {code}"),
        Kind::Signal(number) => format!("is ended by {}", words::signal(*number)),
        Kind::OutOfMemory => match service.memory_limit {
            Some(limit) => format!("is killed at its memory limit of {}", words::bytes(limit)),
            None => "is killed for want of memory".to_owned(),
        },
        Kind::Unhealthy => "is killed by its healthcheck".to_owned(),
        Kind::NotStarted(_) => "cannot be started".to_owned(),
        Kind::Lost => "was lost with its node".to_owned(),
    }
}

/// The cause of a service that failed so; the last strike tells most.
pub(super) fn cause(look: &Look<'_>, service: &ServiceView, strikes: &[&Failure]) -> Cause {
    let name = &service.short_name;
    let Some(last) = strikes.last() else {
        return Cause::new(Class::CrashLoop, name, format!("{name}: fails"), "Look at its log.");
    };
    if last.kind == Kind::Unhealthy {
        return health::killed(look, service, strikes);
    }
    if matches!(last.kind, Kind::NotStarted(_)) {
        return super::stuck::not_started_cause(look, service, last);
    }
    let said = last.all_words();
    let missed = waits::missed(look.view, service, &said);
    let (class, advice) = match &last.kind {
        Kind::Exit(0) if !service.mode.is_job() => (
            Class::ExitsZero,
            "If it is a one-shot job, say so: `mode: replicated-job`, or `restart_policy: {condition: on-failure}`. If it should stay up, run \
             it in the foreground."
                .to_owned(),
        ),
        Kind::Exit(1 | 2) if said.contains("exec format error") => (
            Class::WrongArchitecture,
            "Use an image that is published for this architecture, or a node that has the image's.".to_owned(),
        ),
        Kind::Exit(126) => (Class::CommandNotFound, "Make it executable; an entrypoint from a config needs a mode such as 0555.".to_owned()),
        Kind::Exit(127) => {
            (Class::CommandNotFound, "Its command, or one that its entrypoint calls, is not in the image: the log says which.".to_owned())
        }
        Kind::OutOfMemory => (
            Class::OutOfMemory,
            "Raise `deploy.resources.limits.memory`, or make the app use less (caches, workers, heap).".to_owned(),
        ),
        Kind::Signal(9) => (
            Class::KilledBySignal,
            "Neither the healthcheck nor the memory limit killed it: look at the node's own memory, or at what in the container sends the signal."
                .to_owned(),
        ),
        Kind::Signal(4) => {
            (Class::KilledBySignal, "The image may need a newer processor than the node's: try another build of it.".to_owned())
        }
        Kind::Signal(_) => (Class::KilledBySignal, "The program itself crashes: try another version of the image.".to_owned()),
        _ if !missed.is_empty() => (
            Class::CrashLoop,
            format!("It does not reach {}, which is up: check the address and credentials it uses, and the networks they share.", missed.join(", ")),
        ),
        _ => (Class::CrashLoop, "Its last lines say why; every peer that it could wait for was ready.".to_owned()),
    };
    let headline = if class == Class::WrongArchitecture {
        format!("{name}: the image {} is made for another processor", service.image)
    } else {
        let zero = if class == Class::ExitsZero { " (as if its work were done)" } else { "" };
        format!("{name}: {}{zero} each time it starts, {} so far", blame(service, last), words::times(strikes.len()))
    };
    let mut cause = evidence(Cause::new(class, name, headline, advice), last);
    let lives: Vec<String> = strikes.iter().map(|strike| words::duration(strike.lived)).collect();
    cause = cause.with("timing", format!("lived {}", lives.join(", ")));
    cause.missed_peers = missed;
    cause
}

/// What one failure leaves behind.
pub(super) fn evidence(cause: Cause, failure: &Failure) -> Cause {
    let code = match &failure.kind {
        Kind::Exit(code) => code.to_string(),
        Kind::Signal(number) => format!("{} = 128 + {number}, {}", 128 + i64::from(*number), words::signal(*number)),
        Kind::OutOfMemory => "137, and the engine says that memory ran out".to_owned(),
        Kind::Unhealthy | Kind::NotStarted(_) | Kind::Lost => String::new(),
    };
    let output =
        failure.health.iter().flat_map(|health| &health.probes).next_back().filter(|probe| probe.exit_code != 0);
    let output = output.map(|probe| format!("exit code {}: {}", probe.exit_code, probe.output)).unwrap_or_default();
    cause
        .with("task-error", failure.err.clone())
        .with("exit-code", code)
        .with("health", output)
        .with("log", failure.last_lines(10))
}
