//! From the engine's JSON to the view.
//!
//! The client library's enums are closed (one unknown word of a newer engine would lose a whole answer) and its models lose fields (a
//! task's addresses, a specification's healthcheck). So every answer is taken as plain JSON and read here, where an unknown word stays a
//! word, and specifications are compared as they are.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::mentions::mentions;
use super::view::{
    Address, HealthStatus, HealthView, Healthcheck, Mode, NodeView, PortView, Probe, RestartCondition, RestartPolicy,
    ServiceView, TaskState, TaskView, UpdateState, UpdateView,
};
use super::wire::{
    RawAttachment, RawContainer, RawHealth, RawHealthcheck, RawMode, RawNode, RawPort, RawProbe, RawService, RawTask,
    RawUpdateStatus,
};

/// Swarm's default for `update_config.monitor` (documentation of `docker service create`; seen on 20.10).
const DEFAULT_MONITOR: Duration = Duration::from_secs(5);
/// The engine's defaults for healthchecks (Dockerfile reference, `HEALTHCHECK`).
const DEFAULT_HEALTH_TIME: Duration = Duration::from_secs(30);
const DEFAULT_HEALTH_RETRIES: u32 = 3;
/// The engine's default for `stop_grace_period`.
const DEFAULT_STOP_GRACE: Duration = Duration::from_secs(10);

/// The engine writes the year 1 for "never".
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(|time: &Timestamp| *time > Timestamp::UNIX_EPOCH)
}

fn or_default(nanoseconds: u64, default: Duration) -> Duration {
    if nanoseconds == 0 { default } else { Duration::from_nanos(nanoseconds) }
}

fn task_state(word: &str) -> TaskState {
    match word {
        "new" => TaskState::New,
        "allocated" | "pending" => TaskState::Pending,
        "assigned" => TaskState::Assigned,
        "accepted" => TaskState::Accepted,
        "preparing" => TaskState::Preparing,
        "ready" => TaskState::Ready,
        "starting" => TaskState::Starting,
        "running" => TaskState::Running,
        "complete" => TaskState::Complete,
        "shutdown" => TaskState::Shutdown,
        "failed" => TaskState::Failed,
        "rejected" => TaskState::Rejected,
        "remove" => TaskState::Remove,
        "orphaned" => TaskState::Orphaned,
        other => TaskState::Other(other.to_owned()),
    }
}

fn update(raw: RawUpdateStatus) -> Option<UpdateView> {
    let state = match raw.state.as_str() {
        "" => return None,
        "updating" => UpdateState::Updating,
        "paused" => UpdateState::Paused,
        "completed" => UpdateState::Completed,
        "rollback_started" => UpdateState::RollbackStarted,
        "rollback_paused" => UpdateState::RollbackPaused,
        "rollback_completed" => UpdateState::RollbackCompleted,
        other => UpdateState::Other(other.to_owned()),
    };
    Some(UpdateView {
        state,
        message: raw.message,
        started_at: time(&raw.started_at),
        completed_at: time(&raw.completed_at),
    })
}

fn ports(raw: Option<Vec<RawPort>>) -> Vec<PortView> {
    let port = |raw: RawPort| PortView {
        protocol: raw.protocol,
        target: raw.target_port,
        published: raw.published_port,
        mode: raw.publish_mode,
    };
    raw.unwrap_or_default().into_iter().map(port).collect()
}

fn mode(raw: &HashMap<String, Option<RawMode>>) -> Mode {
    let Some((name, settings)) = raw.iter().next() else { return Mode::Replicated(1) };
    match name.as_str() {
        "Replicated" => Mode::Replicated(settings.as_ref().and_then(|mode| mode.replicas).unwrap_or(1)),
        "Global" => Mode::Global,
        "ReplicatedJob" => {
            // The API: total completions default to the number of concurrent tasks.
            Mode::ReplicatedJob(
                settings.as_ref().and_then(|mode| mode.total_completions.or(mode.max_concurrent)).unwrap_or(1),
            )
        }
        "GlobalJob" => Mode::GlobalJob,
        other => Mode::Other(other.to_owned()),
    }
}

fn restart(template: &Value) -> RestartPolicy {
    let policy = &template["RestartPolicy"];
    let default = RestartPolicy::default();
    RestartPolicy {
        condition: match policy["Condition"].as_str() {
            Some("none") => RestartCondition::None,
            Some("on-failure") => RestartCondition::OnFailure,
            _ => RestartCondition::Any,
        },
        delay: policy["Delay"].as_u64().map_or(default.delay, Duration::from_nanos),
        max_attempts: policy["MaxAttempts"].as_u64().filter(|attempts| *attempts > 0),
    }
}

/// What of a task's specification makes swarm replace it. The engine leaves `Runtime` out of a task's copy, and does not replace a
/// task for a changed placement that it still satisfies (both seen on 20.10).
fn comparable(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(fields) = spec.as_object_mut() {
        fields.remove("Runtime");
        fields.remove("Placement");
    }
    spec
}

pub(super) fn node(raw: RawNode) -> NodeView {
    let ready = raw.status.state == "ready" && raw.spec.availability != "drain";
    let mut state = raw.status.state;
    if raw.spec.availability != "active" && !raw.spec.availability.is_empty() {
        state = format!("{state}, {}", raw.spec.availability);
    }
    if !raw.status.message.is_empty() {
        state = format!("{state}: {}", raw.status.message);
    }
    NodeView { id: raw.id, hostname: raw.description.hostname, ready, state }
}

fn short_name(stack: &str, name: &str) -> String {
    name.strip_prefix(stack).and_then(|rest| rest.strip_prefix('_')).unwrap_or(name).to_owned()
}

impl RawService {
    /// The name in the compose file.
    pub(super) fn short_name(&self, stack: &str) -> String {
        short_name(stack, &self.spec.name)
    }
}

/// A service with its tasks, newest first; health and times of the containers are filled in later.
pub(super) fn service(raw: RawService, stack: &str, names: &[String], nodes: u64, tasks: Vec<RawTask>) -> ServiceView {
    let template = comparable(&raw.spec.task_template);
    let round = raw.job_status.map(|status| status.job_iteration.index);
    let mut tasks: Vec<TaskView> = tasks.into_iter().map(|task| self::task(task, &template, round)).collect();
    tasks.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| b.id.cmp(&a.id)));
    let mode = mode(&raw.spec.mode);
    let desired = match &mode {
        Mode::Replicated(replicas) | Mode::ReplicatedJob(replicas) => *replicas,
        Mode::Global | Mode::GlobalJob | Mode::Other(_) => {
            raw.service_status.map_or(nodes, |status| status.desired_tasks)
        }
    };
    let running =
        |task: &&TaskView| task.state == TaskState::Running && task.desired == TaskState::Running && task.current;
    let completed = |task: &&TaskView| task.state == TaskState::Complete && task.current;
    let previous = raw.previous_spec.map(|spec| spec.endpoint_spec.unwrap_or_default());
    let endpoint = raw.spec.endpoint_spec.unwrap_or_default();
    let short_name = short_name(stack, &raw.spec.name);
    ServiceView {
        mentions: mentions(&template["ContainerSpec"], stack, &short_name, names),
        short_name,
        name: raw.spec.name,
        id: raw.id,
        desired,
        running: tasks.iter().filter(running).count() as u64,
        completed: tasks.iter().filter(completed).count() as u64,
        version: raw.version.index,
        created_at: time(&raw.created_at),
        updated_at: time(&raw.updated_at),
        image: template["ContainerSpec"]["Image"].as_str().unwrap_or_default().to_owned(),
        labels: raw.spec.labels.unwrap_or_default(),
        update: raw.update_status.and_then(update),
        update_monitor: or_default(
            raw.spec.update_config.and_then(|config| config.monitor).unwrap_or(0),
            DEFAULT_MONITOR,
        ),
        restart: restart(&template),
        memory_limit: template["Resources"]["Limits"]["MemoryBytes"].as_u64().filter(|bytes| *bytes > 0),
        stop_grace: or_default(template["ContainerSpec"]["StopGracePeriod"].as_u64().unwrap_or(0), DEFAULT_STOP_GRACE),
        endpoint_mode: endpoint.mode.clone().unwrap_or_else(|| "vip".to_owned()),
        ports_changed: previous.is_some_and(|previous| previous != endpoint),
        ports: ports(endpoint.ports),
        healthcheck: None,
        mode,
        tasks,
    }
}

fn task(raw: RawTask, template: &Value, round: Option<u64>) -> TaskView {
    let job_round = raw.job_iteration.map(|round| round.index);
    let state = task_state(&raw.status.state);
    let container = raw.status.container_status.unwrap_or_default();
    let address = |attachment: &RawAttachment| -> Vec<Address> {
        let one = |address: &String| Address {
            network_id: attachment.network.id.clone(),
            network: attachment.network.spec.name.clone(),
            address: address.split('/').next().unwrap_or_default().to_owned(),
        };
        attachment.addresses.iter().flatten().map(one).collect()
    };
    TaskView {
        id: raw.id,
        slot: raw.slot,
        node_id: Some(raw.node_id).filter(|id| !id.is_empty()),
        desired: task_state(&raw.desired_state),
        // A job that is started again has the same specification, and a new round.
        current: comparable(&raw.spec) == *template && (round.is_none() || job_round == round),
        message: raw.status.message,
        err: raw.status.err,
        exit_code: container.exit_code.filter(|_| state.is_terminal() && !container.container_id.is_empty()),
        oom_killed: false,
        created_at: time(&raw.created_at),
        state_at: time(&raw.status.timestamp),
        started_at: None,
        finished_at: None,
        container_id: Some(container.container_id).filter(|id| !id.is_empty()),
        inspected: false,
        healthcheck: None,
        health: None,
        image: raw.spec["ContainerSpec"]["Image"].as_str().unwrap_or_default().to_owned(),
        image_id: None,
        addresses: raw.networks_attachments.iter().flatten().flat_map(address).collect(),
        ports: ports(raw.status.port_status.and_then(|status| status.ports)),
        log_tail: Vec::new(),
        state,
    }
}

/// Fills in what only the container's own engine knows.
pub(super) fn container(task: &mut TaskView, raw: RawContainer) {
    task.inspected = true;
    task.oom_killed = raw.state.oom_killed;
    task.started_at = time(&raw.state.started_at);
    task.finished_at = time(&raw.state.finished_at);
    task.image_id = Some(raw.image).filter(|id| !id.is_empty());
    if task.state.is_terminal() && !raw.state.running {
        task.exit_code = raw.state.exit_code.or(task.exit_code);
    }
    task.healthcheck = raw.config.healthcheck.and_then(healthcheck);
    if task.healthcheck.is_some() {
        task.health = Some(
            raw.state
                .health
                .map_or(HealthView { status: HealthStatus::Starting, failing_streak: 0, probes: Vec::new() }, health),
        );
    }
}

fn healthcheck(raw: RawHealthcheck) -> Option<Healthcheck> {
    let test = raw.test.filter(|test| test.first().is_some_and(|kind| kind != "NONE"))?;
    Some(Healthcheck {
        test,
        interval: or_default(raw.interval, DEFAULT_HEALTH_TIME),
        timeout: or_default(raw.timeout, DEFAULT_HEALTH_TIME),
        retries: if raw.retries == 0 { DEFAULT_HEALTH_RETRIES } else { raw.retries },
        start_period: Duration::from_nanos(raw.start_period),
    })
}

fn health(raw: RawHealth) -> HealthView {
    let probe = |raw: RawProbe| Probe {
        started_at: time(&raw.start),
        ended_at: time(&raw.end),
        exit_code: raw.exit_code,
        output: raw.output.trim().to_owned(),
    };
    HealthView {
        status: match raw.status.as_str() {
            "" | "starting" => HealthStatus::Starting,
            "healthy" => HealthStatus::Healthy,
            "unhealthy" => HealthStatus::Unhealthy,
            _ => HealthStatus::Unknown,
        },
        failing_streak: u64::try_from(raw.failing_streak).unwrap_or(0),
        probes: raw.log.unwrap_or_default().into_iter().map(probe).collect(),
    }
}
