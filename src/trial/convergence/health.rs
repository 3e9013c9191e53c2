//! Healthchecks that cannot run, never pass, or kill what is still starting (lesson 14).

use std::time::Duration;

use jiff::Timestamp;

use super::cause::{Cause, Class};
use super::failure::Failure;
use super::judge::Look;
use super::slots::Stand;
use super::waits;
use super::words;
use crate::swarm::observe::{HealthView, Healthcheck, Probe, ServiceView, TaskView};

/// A healthcheck whose command is not in the image: it never passes, however long one waits.
pub(super) fn not_runnable(look: &Look<'_>) -> Option<Cause> {
    for (standing, track) in look.services() {
        let service = standing.service;
        let broken = |health: &HealthView| {
            let probes = &health.probes;
            (probes.len() >= 2 && probes.iter().all(cannot_run)).then(|| probes.last().cloned()).flatten()
        };
        let waiting = standing.slots.iter().filter(|slot| slot.stand != Stand::Up && slot.stand != Stand::Done);
        let probe = waiting.filter_map(|slot| slot.newest.health.as_ref()).find_map(broken).or_else(|| {
            let last = track.failures.last().filter(|_| standing.wanted.is_some())?;
            last.health.as_ref().and_then(broken)
        });
        let Some(probe) = probe else { continue };
        let name = &service.short_name;
        let test = service.healthcheck.as_ref().map(|check| check.test.join(" ")).unwrap_or_default();
        let advice = "Use a command that the image has, or install it in the image: many images have no curl or wget.";
        let headline = format!("{name}: its healthcheck cannot run: the image does not have the command");
        let cause = Cause::new(Class::HealthcheckBroken, name, headline, advice)
            .with("health", format!("exit code {}: {}", probe.exit_code, probe.output))
            .with("healthcheck", test);
        return Some(cause);
    }
    None
}

/// The engine (-1) or the shell (126, 127) says that the command cannot be run.
fn cannot_run(probe: &Probe) -> bool {
    let output = probe.output.to_lowercase();
    match probe.exit_code {
        126 | 127 => true,
        -1 => {
            output.contains("exec failed")
                && (output.contains("not found")
                    || output.contains("no such file")
                    || output.contains("permission denied"))
        }
        _ => false,
    }
}

/// The cause of containers that their healthcheck killed: a check that never passes, or one that came too early?
pub(super) fn killed(look: &Look<'_>, service: &ServiceView, strikes: &[&Failure]) -> Cause {
    let name = &service.short_name;
    let Some(last) = strikes.last() else { return never_passes(service, None, Duration::ZERO) };
    let called_at = look.tracks.get(name).and_then(|track| track.unhealthy_at.get(&last.task)).copied();
    // A program that ends as soon as it is told to may never have been seen unhealthy: its last check was what called it so.
    let last_check = last.health.as_ref().and_then(|health| health.probes.last()).and_then(|probe| probe.ended_at);
    let called_at = called_at.or(last_check);
    let called_at = called_at.or_else(|| last.ended_at.and_then(|at| at.checked_sub(service.stop_grace).ok()));
    let had = match (last.started_at, called_at) {
        (Some(from), Some(to)) => words::between(from, to).min(last.lived.max(Duration::from_millis(1))),
        _ => last.lived,
    };
    let cause = match (&last.healthcheck, called_at) {
        (Some(check), Some(at)) if was_still_starting(last, check, at) => {
            still_starting(service, check, had, strikes.len())
        }
        _ => never_passes(service, last.healthcheck.as_ref(), had),
    };
    let mut cause = super::crash::evidence(cause, last);
    cause.missed_peers = waits::missed(look.view, service, &last.all_words());
    blame_load(look, cause)
}

/// It was still at work when it was called unhealthy: it went on writing new lines to its log, and its check did not get an answer of any
/// kind from it.
fn was_still_starting(failure: &Failure, check: &Healthcheck, called_at: Timestamp) -> bool {
    let window = check.interval.saturating_mul(2).max(Duration::from_secs(3));
    let recent = failure
        .log
        .iter()
        .filter(|line| line.at.is_some_and(|at| at <= called_at && words::between(at, called_at) <= window));
    let mut lines: Vec<&str> = recent.map(|line| line.text.as_str()).collect();
    let written = lines.len();
    lines.sort_unstable();
    lines.dedup();
    let answered = failure.health.iter().flat_map(|health| &health.probes).any(|probe| is_an_answer(&probe.output));
    // One line over and over is a program that waits or complains, not one that gets on.
    written > 0 && (lines.len() > 1 || written == 1) && !answered && !says_that_it_is_up(failure)
}

/// Its log says that it serves: it has started, and its check asks for something else.
fn says_that_it_is_up(failure: &Failure) -> bool {
    // From what servers written in Go, Node.js, Java, PHP, Python and the common databases say once they take connections.
    const UP: [&str; 9] = [
        "listening",
        "ready for connections",
        "ready to accept",
        "startup complete",
        "server started",
        "started server",
        "server is running",
        "serving on",
        "ready to handle connections",
    ];
    failure.log.iter().any(|line| {
        let text = line.text.to_lowercase();
        UP.iter().any(|words| text.contains(words))
    })
}

/// The check's output tells of an answer of the app itself: it is up, and says no.
fn is_an_answer(output: &str) -> bool {
    let output = output.to_lowercase();
    let status = [
        "http/1.1 4",
        "http/1.1 5",
        "http/1.0 4",
        "http/1.0 5",
        "returned error: 4",
        "returned error: 5",
        "server error",
        "not found",
    ];
    status.iter().any(|word| output.contains(word))
}

fn still_starting(service: &ServiceView, check: &Healthcheck, had: Duration, count: usize) -> Cause {
    let name = &service.short_name;
    let headline = format!(
        "{name}: its healthcheck killed it while it was still starting ({}): it had {}, and needed more",
        words::times(count),
        words::duration(had)
    );
    let advice = format!(
        "Raise `healthcheck.start_period` well above {}: a first boot that is killed may leave a lock or half a migration behind.",
        words::duration(had)
    );
    let allowed = format!(
        "start_period {} + {} checks every {} = {} until it is called unhealthy; how long it needs is not known, only that {} was too short",
        words::duration(check.start_period),
        check.retries,
        words::duration(check.interval),
        words::duration(check.allowance()),
        words::duration(had)
    );
    Cause::new(Class::KilledWhileStarting, name, headline, advice).with("timing", allowed)
}

fn never_passes(service: &ServiceView, check: Option<&Healthcheck>, had: Duration) -> Cause {
    let name = &service.short_name;
    let headline = format!("{name}: it runs, and its healthcheck does not pass in {}", words::duration(had));
    let advice =
        "Run the check by hand in the container: either the check asks for the wrong thing, or the app does not serve.";
    Cause::new(Class::HealthcheckNeverPasses, name, headline, advice)
        .with("healthcheck", check.map(|check| check.test.join(" ")).unwrap_or_default())
}

/// The cause of a container that is not healthy when time is up.
pub(super) fn not_in_time(look: &Look<'_>, service: &ServiceView, task: &TaskView) -> Cause {
    let age = task.started_at.map_or(Duration::ZERO, |at| words::between(at, look.view.taken_at));
    let mut cause = never_passes(service, task.healthcheck.as_ref(), age);
    let probe = task.health.as_ref().and_then(|health| health.probes.last());
    if let Some(probe) = probe {
        cause = cause.with("health", format!("exit code {}: {}", probe.exit_code, probe.output));
    } else {
        cause = cause.with("health", "no check has run yet");
    }
    let from = task.log_tail.len().saturating_sub(10);
    let lines: Vec<&str> = task.log_tail[from..].iter().map(|line| line.text.as_str()).collect();
    cause = cause.with("log", lines.join("\n"));
    let said = format!("{}\n{}", lines.join("\n"), probe.map(|probe| probe.output.as_str()).unwrap_or_default())
        .to_lowercase();
    cause.missed_peers = waits::missed(look.view, service, &said);
    cause
}

/// A healthcheck is about time, and time is what a starved node does not give.
fn blame_load(look: &Look<'_>, mut cause: Cause) -> Cause {
    let Some(starved) = look.load.starved(&look.params.thresholds) else { return cause };
    cause.class = Class::Starved;
    cause.headline = format!("{}, on a node that had no time to spare ({starved})", cause.headline);
    cause.advice = "Run fewer things beside it, or use a larger node; then try again.".to_owned();
    cause.with("pressure", look.load.describe())
}
