//! What a task that ended badly died of. The engine's words were collected on 20.10.24 by planting each fault.

use std::time::Duration;

use jiff::Timestamp;

use super::cause::Class;
use super::words;
use crate::swarm::logs::LogLine;
use crate::swarm::observe::{
    HealthStatus, HealthView, Healthcheck, Mode, RestartCondition, ServiceView, TaskState, TaskView,
};

/// What a task died of. Two failures are equal when their kinds are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Its program ended with this code.
    Exit(i64),
    /// Its program was ended by this signal.
    Signal(u8),
    /// The kernel killed it at its memory limit.
    OutOfMemory,
    /// The engine killed it because its healthcheck failed.
    Unhealthy,
    /// The container could not be started, or the task was rejected before.
    NotStarted(Class),
    /// Its node was lost.
    Lost,
}

/// A task that ended badly.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) task: String,
    pub(super) slot: String,
    pub(super) kind: Kind,
    /// Rejected by the engine, and not just ended: never gets better.
    pub(super) rejected: bool,
    pub(super) err: String,
    /// When its container started, or when the task was made when that is not known.
    pub(super) started_at: Option<Timestamp>,
    /// How long its container lived.
    pub(super) lived: Duration,
    pub(super) was_healthy: bool,
    pub(super) healthcheck: Option<Healthcheck>,
    pub(super) health: Option<HealthView>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) log: Vec<LogLine>,
}

impl Failure {
    /// What the task died of; `None` when it did not end badly.
    pub(super) fn of(service: &ServiceView, task: &TaskView) -> Option<Self> {
        let kind = kind(service, task)?;
        let lived = match (task.started_at, task.finished_at) {
            (Some(from), Some(to)) => words::between(from, to),
            _ => Duration::ZERO,
        };
        Some(Self {
            task: task.id.clone(),
            slot: slot(service, task),
            rejected: task.state == TaskState::Rejected,
            err: task.err.clone(),
            started_at: task.started_at.or(task.created_at),
            lived,
            was_healthy: false,
            healthcheck: task.healthcheck.clone(),
            health: task.health.clone(),
            ended_at: task.finished_at.or(task.state_at),
            log: task.log_tail.clone(),
            kind,
        })
    }

    /// The last lines that it wrote, as one text.
    pub(super) fn last_lines(&self, count: usize) -> String {
        let from = self.log.len().saturating_sub(count);
        self.log[from..].iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Everything that was said about its end, for a search for words.
    pub(super) fn all_words(&self) -> String {
        let probes = self.health.iter().flat_map(|health| &health.probes).map(|probe| probe.output.as_str());
        let lines = self.log.iter().map(|line| line.text.as_str());
        std::iter::once(self.err.as_str()).chain(probes).chain(lines).collect::<Vec<_>>().join("\n").to_lowercase()
    }

    /// It says that a disk is full.
    pub(super) fn disk_is_full(&self) -> bool {
        self.all_words().contains("no space left on device")
    }
}

/// The slot of a task: a number, or the node for global services.
pub(super) fn slot(service: &ServiceView, task: &TaskView) -> String {
    match service.mode {
        Mode::Global | Mode::GlobalJob => task.node_id.clone().unwrap_or_else(|| task.id.clone()),
        Mode::Replicated(_) | Mode::ReplicatedJob(_) | Mode::Other(_) => task.slot.to_string(),
    }
}

/// A service whose tasks may end well and stay ended: a job, or one that swarm starts again only after a failure, or never.
fn may_complete(service: &ServiceView) -> bool {
    service.mode.is_job() || service.restart.condition != RestartCondition::Any
}

/// It may stay ended, and ended by itself: a program that ends with 0 when its healthcheck has it stopped did not do its work.
pub(super) fn ended_well(service: &ServiceView, task: &TaskView) -> bool {
    may_complete(service) && !is_unhealthy(task)
}

fn kind(service: &ServiceView, task: &TaskView) -> Option<Kind> {
    match task.state {
        TaskState::Orphaned => return Some(Kind::Lost),
        TaskState::Rejected => return Some(Kind::NotStarted(class_of(&task.err))),
        // Swarm calls a task that ended with 0 complete, and starts another one.
        TaskState::Complete if ended_well(service, task) => return None,
        TaskState::Complete if is_unhealthy(task) => return Some(Kind::Unhealthy),
        TaskState::Complete => return Some(Kind::Exit(0)),
        TaskState::Failed => {}
        _ => return None,
    }
    let err = task.err.to_lowercase();
    let code = task.exit_code;
    // The engine's own words get lost when its clean-up fails at the same time (seen: "network sandbox does not exist").
    if err.contains("unhealthy container") || (is_unhealthy(task) && matches!(code, None | Some(0 | 137 | 143))) {
        return Some(Kind::Unhealthy);
    }
    if task.oom_killed && code != Some(0) {
        return Some(Kind::OutOfMemory);
    }
    if err.contains("starting container failed") || (task.inspected && task.started_at.is_none()) {
        return Some(Kind::NotStarted(class_of(&task.err)));
    }
    Some(match code {
        Some(code @ 129..=192) => Kind::Signal(u8::try_from(code - 128).unwrap_or(0)),
        Some(code) => Kind::Exit(code),
        None => Kind::NotStarted(class_of(&task.err)),
    })
}

/// Its healthcheck failed as often as it takes. The status alone says less: an engine calls every container unhealthy once it has ended.
fn is_unhealthy(task: &TaskView) -> bool {
    let (Some(check), Some(health)) = (&task.healthcheck, &task.health) else { return false };
    health.status == HealthStatus::Unhealthy && health.failing_streak >= u64::from(check.retries.max(1))
}

/// The class of an engine's error about a task that did not start.
pub(super) fn class_of(err: &str) -> Class {
    let err = err.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| err.contains(word));
    // The order matters: the runtime wraps everything into "failed to create shim task … unable to start container process".
    if has(&["no space left on device"]) {
        Class::DiskFull
    } else if has(&[
        "no such image",
        "manifest unknown",
        "pull access denied",
        "repository does not exist",
        "manifest for",
    ]) {
        Class::NoSuchImage
    } else if has(&[
        "exec format error",
        "does not match the specified platform",
        "no matching manifest",
        "unsupported platform",
    ]) {
        Class::WrongArchitecture
    } else if has(&["bind source path does not exist"])
        || (has(&["failed to mount local volume"]) && has(&["no such file or directory"]))
    {
        Class::BindSourceMissing
    } else if has(&["port is already allocated", "address already in use", "port already in use"]) {
        Class::PortInUse
    } else if has(&["sethostname: invalid argument", "file name too long", "name too long", "invalid hostname"]) {
        Class::NameTooLong
    } else if has(&["missing plugin", "error looking up volume plugin", "plugin not found", "unable to find plugin"]) {
        Class::PluginMissing
    } else if has(&["invalid mount config", "error mounting", "failed to mount", "invalid volume spec", "mount denied"])
    {
        Class::BadMount
    } else if has(&[
        "unable to find user",
        "no matching entries in passwd",
        "unable to find group",
        "no matching entries in group",
    ]) {
        Class::NoSuchUser
    } else if has(&["secret"]) && has(&["not found", "unavailable", "no such"]) {
        Class::SecretMissing
    } else if has(&["config "]) && has(&["not found", "unavailable", "no such"]) {
        Class::ConfigMissing
    } else if err.contains("network") && has(&["not found", "no such network", "could not find"]) {
        Class::NetworkMissing
    } else if has(&["exec: ", "executable file not found"])
        && has(&["no such file", "not found", "permission denied", "is a directory"])
    {
        Class::CommandNotFound
    } else if has(&[
        "context deadline exceeded",
        "cannot connect to the docker daemon",
        "connection refused",
        "vxlan",
        "sandbox",
    ]) || has(&[
        "containerd",
        "ttrpc",
        "cgroup",
        "operation not permitted: unknown",
        "resource temporarily unavailable",
    ]) {
        Class::Engine
    } else {
        Class::Rejected
    }
}

/// The path that a mount's error names.
pub(super) fn missing_path(err: &str) -> Option<&str> {
    if let Some((_, path)) = err.split_once("bind source path does not exist: ") {
        return path.split_whitespace().next();
    }
    let (_, rest) = err.split_once("failed to mount local volume: mount ")?;
    rest.split(':').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each word for word from an engine 20.10.24 on which the fault was planted.
    #[test]
    fn lesson_13_the_engines_errors_have_classes() {
        let cases = [
            ("No such image: nope:9", Class::NoSuchImage),
            (
                "invalid mount config for type \"bind\": bind source path does not exist: /no/such/path",
                Class::BindSourceMissing,
            ),
            (
                "starting container failed: error while mounting volume '/var/lib/docker/volumes/e_lv/_data': failed to mount local volume: \
                 mount /no/such/dir:/var/lib/docker/volumes/e_lv/_data, flags: 0x1000: no such file or directory",
                Class::BindSourceMissing,
            ),
            (
                "starting container failed: failed to create shim task: OCI runtime create failed: runc create failed: unable to start \
                 container process: error during container init: sethostname: invalid argument: unknown",
                Class::NameTooLong,
            ),
            (
                "starting container failed: failed to create shim task: OCI runtime create failed: runc create failed: unable to start \
                 container process: error during container init: error mounting \"/var/lib/docker/containers/1/mounts/secrets/9\" to rootfs \
                 at \"/etc\": mount /x:/etc (via /proc/self/fd/6), flags: 0x5001: not a directory: unknown: Are you trying to mount a \
                 directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type",
                Class::BadMount,
            ),
            (
                "starting container failed: unable to find user nosuch: no matching entries in passwd file",
                Class::NoSuchUser,
            ),
            (
                "starting container failed: failed to create shim task: OCI runtime create failed: runc create failed: unable to start \
                 container process: exec: \"/nope\": stat /nope: no such file or directory: unknown",
                Class::CommandNotFound,
            ),
            (
                "starting container failed: failed to create shim task: OCI runtime create failed: runc create failed: unable to start \
                 container process: exec: \"/etc\": permission denied: unknown",
                Class::CommandNotFound,
            ),
        ];
        for (err, class) in cases {
            assert_eq!(class_of(err), class, "{err}");
        }
        assert_eq!(missing_path(cases[1].0), Some("/no/such/path"));
        assert_eq!(missing_path(cases[2].0), Some("/no/such/dir"));
        assert_eq!(class_of("something new"), Class::Rejected);
    }
}
