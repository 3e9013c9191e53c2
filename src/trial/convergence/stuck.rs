//! What never gets better by waiting: rejected tasks, tasks that no node takes, updates that went back or stopped, tasks that are not
//! started again.

use std::time::Duration;

use super::cause::{Cause, Class};
use super::crash::{self, blame};
use super::failure::{Failure, Kind, missing_path};
use super::judge::Look;
use super::slots::{Stand, Standing};
use super::track::Track;
use super::words;
use crate::swarm::observe::{ServiceView, TaskState, TaskView, UpdateState, UpdateView};

/// The first such cause.
pub(super) fn find(look: &Look<'_>) -> Option<Cause> {
    look.services().find_map(|(standing, track)| rejected(look, standing, track)).or_else(|| {
        look.services().find_map(|(standing, track)| {
            turned_back(look, standing, track)
                .or_else(|| waiting_for_a_node(look, standing, track))
                .or_else(|| given_up(look, standing, track))
        })
    })
}

/// A task that could not even start, for a reason that no waiting mends (lesson 13).
fn rejected(look: &Look<'_>, standing: &Standing<'_>, track: &Track) -> Option<Cause> {
    standing.wanted.as_ref()?;
    let not_started = |failure: &&Failure| matches!(failure.kind, Kind::NotStarted(_));
    let failure = track.failures.iter().rev().find(not_started)?;
    let Kind::NotStarted(class) = failure.kind else { return None };
    let count = track.failures.iter().filter(|other| other.kind == failure.kind).count();
    let needed = match class {
        // These pass when something else lets go: a port, a moment of trouble in the engine.
        Class::PortInUse => 2,
        Class::Engine => 3,
        Class::Rejected if !failure.rejected => 2,
        _ => 1,
    };
    (count >= needed).then(|| not_started_cause(look, standing.service, failure))
}

/// The cause of a task that could not start.
pub(super) fn not_started_cause(look: &Look<'_>, service: &ServiceView, failure: &Failure) -> Cause {
    let Kind::NotStarted(class) = failure.kind else { return crash::cause(look, service, &[failure]) };
    let name = &service.short_name;
    let mut class = look.image_class(class);
    if class == Class::DiskFull && look.load.disk_has_room(&look.params.thresholds) {
        class = Class::Rejected;
    }
    let (headline, advice) = match class {
        Class::NoSuchImage => (
            format!("{name}: there is no image {}", service.image),
            "Check the image's name and tag; build or push it if it is your own.".to_owned(),
        ),
        Class::ImageNotLoaded => (
            format!("{name}: its image {} is not on the node, though it should have been put there", service.image),
            "This is taster's fault or the node's, not the recipe's: try again, and report it if it stays.".to_owned(),
        ),
        Class::WrongArchitecture => (
            format!("{name}: the image {} is made for another processor", service.image),
            "Use an image that is published for this architecture, or a node that has the image's.".to_owned(),
        ),
        Class::BindSourceMissing => (
            format!("{name}: mounts {} from the host, and it does not exist there", missing_path(&failure.err).unwrap_or("a path")),
            "Use a named volume or a config instead: a path of one host is not on another one.".to_owned(),
        ),
        Class::BadMount => (
            format!("{name}: one of its mounts cannot be made"),
            "Compare the mount's target with what the image has there: a file goes on a file, a folder on a folder.".to_owned(),
        ),
        Class::PortInUse => (
            format!("{name}: a port that it publishes is taken on the node"),
            "Two services cannot publish one port on a node: change one, or route through Traefik instead.".to_owned(),
        ),
        Class::NameTooLong => (
            format!("{name}: a name is too long for the kernel (host names end at 64 characters)"),
            "Shorten `hostname:`, or the stack's or service's name.".to_owned(),
        ),
        Class::NoSuchUser => (
            format!("{name}: runs as a user or group that its image does not have"),
            "Give `user:` as numbers, or name a user of the image.".to_owned(),
        ),
        Class::CommandNotFound => (
            format!("{name}: what it should run is not in the image, or cannot be executed"),
            "Check `command:` and `entrypoint:` against the image; an entrypoint from a config needs a mode such as 0555.".to_owned(),
        ),
        Class::SecretMissing | Class::ConfigMissing | Class::NetworkMissing => (
            format!("{name}: a secret, config or network that it uses is not there"),
            "Check the name in the compose file against what is deployed; an external one must be made beforehand.".to_owned(),
        ),
        Class::PluginMissing => (
            format!("{name}: needs a volume or network driver that the node does not have"),
            "Use the local driver, or install the plugin on every node.".to_owned(),
        ),
        Class::DiskFull => disk_full(name),
        Class::Engine => (
            format!("{name}: the engine failed to start its container"),
            "Look at the engine's log on the node; try again on a fresh node.".to_owned(),
        ),
        _ => (format!("{name}: the engine rejects its task"), "The engine's error says why; it does not get better by waiting.".to_owned()),
    };
    Cause::new(class, name, headline, advice)
        .with("task-error", failure.err.clone())
        .with("log", failure.last_lines(10))
}

/// Headline and advice about a full disk.
pub(super) fn disk_full(name: &str) -> (String, String) {
    (
        format!("{name}: the node's disk is full"),
        "Free space where the engine keeps its data (`docker system df`), or give the node a larger disk; then try again.".to_owned(),
    )
}

/// An update that was rolled back (lesson 5), or paused with tasks of the old specification left (lesson 11).
fn turned_back(look: &Look<'_>, standing: &Standing<'_>, track: &Track) -> Option<Cause> {
    let service = standing.service;
    let update = service.update.as_ref()?;
    match update.state {
        UpdateState::RollbackStarted | UpdateState::RollbackPaused | UpdateState::RollbackCompleted => {
            Some(update_cause(look, service, track, update, Class::RolledBack))
        }
        UpdateState::Paused => {
            let old =
                |task: &TaskView| !task.current && task.desired == TaskState::Running && !task.state.is_terminal();
            let left = service.tasks.iter().any(old);
            left.then(|| update_cause(look, service, track, update, Class::UpdatePaused))
        }
        _ => None,
    }
}

fn update_cause(look: &Look<'_>, service: &ServiceView, track: &Track, update: &UpdateView, class: Class) -> Cause {
    let name = &service.short_name;
    // The message names the task: "update rolled back due to failure or early termination of task z8dpv…".
    let blamed = service.tasks.iter().find(|task| !task.id.is_empty() && update.message.contains(&task.id));
    let failure = blamed.and_then(|task| Failure::of(service, task));
    let failure = failure
        .or_else(|| track.failures.last().cloned())
        .or_else(|| service.tasks.iter().filter(|task| !task.current).find_map(|task| Failure::of(service, task)));
    let why = failure
        .as_ref()
        .map_or_else(|| "a new task failed".to_owned(), |failure| format!("the new task {}", blame(service, failure)));
    let (what, advice) = if class == Class::RolledBack {
        (
            "swarm rolled its update back",
            "The old version runs on, so the upgrade did not happen. Mend the new task's error; if it needs longer to \
          start, raise `update_config.monitor` and the healthcheck's `start_period`.",
        )
    } else {
        (
            "its update is paused halfway, and swarm never goes on by itself",
            "Mend the new task's error and deploy again.",
        )
    };
    let mut cause =
        Cause::new(class, name, format!("{name}: {what}: {why}"), advice).with("update", update.message.clone());
    if let Some(failure) = &failure {
        cause = crash::evidence(cause, failure);
        if failure.disk_is_full() && !look.load.disk_has_room(&look.params.thresholds) {
            let (headline, advice) = disk_full(name);
            cause = Cause { class: Class::DiskFull, headline, advice, ..cause };
        }
    }
    cause
}

/// A task that no node takes, or that its node does not take on.
fn waiting_for_a_node(look: &Look<'_>, standing: &Standing<'_>, track: &Track) -> Option<Cause> {
    let thresholds = &look.params.thresholds;
    let stopping =
        |task: &&TaskView| matches!(task.desired, TaskState::Shutdown | TaskState::Remove) && !task.state.is_terminal();
    let something_stops = look.view.services.iter().flat_map(|service| &service.tasks).any(|task| stopping(&task));
    for slot in standing.slots.iter().filter(|slot| matches!(slot.stand, Stand::OnTheWay(_) | Stand::Failing)) {
        let task = slot.newest;
        if task.desired == TaskState::Ready {
            // It waits for its restart delay.
            continue;
        }
        let Some((_, since)) = track.stuck_since.get(&task.id) else { continue };
        let waited = look.elapsed.saturating_sub(*since);
        let cause = match task.state {
            // What stops may hold the port or the memory that this one needs.
            TaskState::New | TaskState::Pending if !task.err.is_empty() => {
                (waited >= thresholds.pending_grace && !something_stops).then(|| unschedulable(standing.service, task))
            }
            TaskState::New | TaskState::Pending | TaskState::Assigned | TaskState::Accepted => {
                (waited >= thresholds.engine_grace).then(|| idle_engine(standing.service, task, waited))
            }
            TaskState::Preparing => (waited >= thresholds.preparing_grace).then(|| preparing(standing.service, waited)),
            _ => None,
        };
        if cause.is_some() {
            return cause;
        }
    }
    None
}

fn unschedulable(service: &ServiceView, task: &TaskView) -> Cause {
    let name = &service.short_name;
    let err = task.err.to_lowercase();
    let (class, headline, advice) = if err.contains("not available for new tasks") {
        (
            Class::Engine,
            "the node takes no tasks",
            "The node is down, paused or drained: look at `docker node ls` there, or use a fresh node.",
        )
    } else if err.contains("host-mode port") {
        let advice = "A fixed host-mode port can be held by one task of a node only: with `order: start-first` the new task waits for ever for \
                      the old one's port, so use `stop-first`; two services need two ports.";
        (Class::PortInUse, "a host-mode port that it publishes is taken on the node", advice)
    } else if err.contains("insufficient resources") {
        let advice = "Use a larger node, or lower `deploy.resources.reservations` if the app runs with less.";
        (Class::InsufficientResources, "it reserves more processor or memory than the node has free", advice)
    } else if err.contains("platform") {
        let advice = "Use an image that is published for this architecture, or a node that has the image's.";
        (Class::WrongArchitecture, "its image is made for another platform than the node", advice)
    } else if err.contains("plugin") {
        let advice = "Use the local driver, or install the plugin on every node.";
        (Class::PluginMissing, "it needs a volume or network driver that the node does not have", advice)
    } else {
        let advice = "Loosen `deploy.placement` (constraints, max_replicas_per_node), or give the nodes the labels that it asks for.";
        (Class::Unschedulable, "no node may run it", advice)
    };
    Cause::new(class, name, format!("{name}: {headline}: {}", task.err), advice).with("task-error", task.err.clone())
}

fn idle_engine(service: &ServiceView, task: &TaskView, waited: Duration) -> Cause {
    let name = &service.short_name;
    let headline = format!(
        "{name}: its task has been {} for {}, and the swarm does nothing about it",
        task.state,
        words::duration(waited)
    );
    let advice = "The manager or the node does not do its work: look at the engine's log; try again on a fresh node.";
    Cause::new(Class::Engine, name, headline, advice).with("task-error", format!("{}: {}", task.state, task.message))
}

fn preparing(service: &ServiceView, waited: Duration) -> Cause {
    let name = &service.short_name;
    let headline = format!(
        "{name}: the node has been preparing its task for {} (image {})",
        words::duration(waited),
        service.image
    );
    let advice = "Images are put on the node before the deploy, so this is the node's trouble: its disk, or a registry that it asks all the same.";
    Cause::new(Class::ImageNotReady, name, headline, advice)
}

/// A task that failed and that swarm does not start again: `max_attempts` is used up, or the condition forbids it.
fn given_up(look: &Look<'_>, standing: &Standing<'_>, track: &Track) -> Option<Cause> {
    let slot = standing.slots.iter().find(|slot| slot.stand == Stand::GivenUp)?;
    let service = standing.service;
    let of_slot: Vec<&Failure> = track.failures.iter().filter(|failure| failure.slot == slot.name).collect();
    let last = of_slot.last()?;
    let mut cause = match last.kind {
        Kind::NotStarted(_) => not_started_cause(look, service, last),
        _ => crash::cause(look, service, &of_slot),
    };
    if matches!(cause.class, Class::CrashLoop | Class::ExitsZero) {
        cause.class = if service.mode.is_job() { Class::JobFailed } else { Class::RestartsExhausted };
    }
    let policy = match service.restart.max_attempts {
        Some(attempts) => format!("swarm does not start it again (`max_attempts: {attempts}`)"),
        None => "swarm does not start it again (its restart condition)".to_owned(),
    };
    cause.headline = format!("{}; {policy}", cause.headline);
    if cause.class == Class::RestartsExhausted {
        cause.advice = format!(
            "{} If it waits for a peer that needs long, raise or remove `restart_policy.max_attempts`.",
            cause.advice
        );
    }
    Some(cause)
}
