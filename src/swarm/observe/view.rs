//! The data: a stack, its services, their tasks.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::swarm::logs::LogLine;

/// Everything the engines said about one stack at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StackView {
    /// The stack's name.
    pub stack: String,
    /// When it was looked at, by the manager's clock, so that it compares with the times below.
    pub taken_at: Timestamp,
    /// Its services, sorted by name.
    pub services: Vec<ServiceView>,
    /// The swarm's nodes.
    pub nodes: Vec<NodeView>,
}

/// One node of the swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeView {
    /// The node's identifier.
    pub id: String,
    /// Its host name.
    pub hostname: String,
    /// It is up and takes tasks.
    pub ready: bool,
    /// What the manager says about it: `ready`, `down: heartbeat failure`.
    pub state: String,
}

/// How many tasks a service wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// So many replicas.
    Replicated(u64),
    /// One task on each node.
    Global,
    /// So many tasks that each run to their end once.
    ReplicatedJob(u64),
    /// One task on each node that runs to its end once.
    GlobalJob,
    /// A mode that this version does not know, by its name.
    Other(String),
}

impl Mode {
    /// Tasks run to their end instead of staying up.
    pub fn is_job(&self) -> bool {
        matches!(self, Self::ReplicatedJob(_) | Self::GlobalJob)
    }
}

/// When swarm starts a task again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartCondition {
    /// Never.
    None,
    /// After a failure.
    OnFailure,
    /// Always (swarm's default).
    Any,
}

/// A service's restart policy as swarm holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestartPolicy {
    /// When.
    pub condition: RestartCondition,
    /// The pause before it (swarm's default: 5 s).
    pub delay: Duration,
    /// Attempts; `None` = without end.
    pub max_attempts: Option<u64>,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self { condition: RestartCondition::Any, delay: Duration::from_secs(5), max_attempts: None }
    }
}

/// The state of a service update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the engine's own words")]
pub enum UpdateState {
    Updating,
    Paused,
    Completed,
    RollbackStarted,
    RollbackPaused,
    RollbackCompleted,
    /// A state that this version does not know, by its name.
    Other(String),
}

/// `UpdateStatus` of a service. Every update by the API clears it first (seen on 20.10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateView {
    /// Where it is.
    pub state: UpdateState,
    /// The engine's words; they name the task on which a rollback or a pause rests.
    pub message: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortView {
    /// `tcp`, `udp`, `sctp`.
    pub protocol: String,
    /// The port in the container.
    pub target: u16,
    /// The port on the node; 0 = chosen by the engine (a task's own ports then have the real one).
    pub published: u16,
    /// `host` or `ingress`.
    pub mode: String,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceView {
    /// The service's identifier.
    pub id: String,
    /// `<stack>_<service>`.
    pub name: String,
    /// The name in the compose file.
    pub short_name: String,
    /// How many tasks it wants.
    pub mode: Mode,
    /// Tasks wanted: by the mode, or as the manager counts them for global services.
    pub desired: u64,
    /// Tasks in state `running` whose desired state is `running` and that follow the present specification.
    pub running: u64,
    /// Tasks of a job's present round that ended well.
    pub completed: u64,
    /// The version of the specification.
    pub version: u64,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed (by the API or by the update itself).
    pub updated_at: Option<Timestamp>,
    /// The image in the specification.
    pub image: String,
    /// The service's labels (`deploy: labels:` in a compose file).
    pub labels: BTreeMap<String, String>,
    /// `UpdateStatus`.
    pub update: Option<UpdateView>,
    /// How long an update watches each new task (swarm's default: 5 s).
    pub update_monitor: Duration,
    /// The restart policy.
    pub restart: RestartPolicy,
    /// The memory limit in bytes.
    pub memory_limit: Option<u64>,
    /// How long a task may take to stop (engine's default: 10 s).
    pub stop_grace: Duration,
    /// `vip` or `dnsrr`.
    pub endpoint_mode: String,
    /// Ports in the specification.
    pub ports: Vec<PortView>,
    /// The last update changed the published ports, which no task's own specification shows.
    pub ports_changed: bool,
    /// The healthcheck as the newest container really has it, the image's own included; `None` when it has none, or before
    /// there is a container.
    pub healthcheck: Option<Healthcheck>,
    /// Short names of the peers that its environment or command name as a host.
    pub mentions: Vec<String>,
    /// Tasks, newest first; the engine keeps the last five of a slot.
    pub tasks: Vec<TaskView>,
}

/// The state of a task, in the order in which swarm goes through them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the engine's own words")]
pub enum TaskState {
    New,
    Pending,
    Assigned,
    Accepted,
    Preparing,
    Ready,
    Starting,
    Running,
    Complete,
    Shutdown,
    Failed,
    Rejected,
    Remove,
    Orphaned,
    /// A state that this version does not know, by its name.
    Other(String),
}

impl TaskState {
    /// Nothing will happen to the task any more.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Complete | Self::Shutdown | Self::Failed | Self::Rejected | Self::Remove | Self::Orphaned)
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "new",
            Self::Pending => "pending",
            Self::Assigned => "assigned",
            Self::Accepted => "accepted",
            Self::Preparing => "preparing",
            Self::Ready => "ready",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Shutdown => "shutdown",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Remove => "remove",
            Self::Orphaned => "orphaned",
            Self::Other(word) => word,
        })
    }
}

/// A task's address on one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Address {
    /// The network's identifier.
    pub network_id: String,
    /// The network's full name.
    pub network: String,
    /// The address without its prefix length.
    pub address: String,
}

/// A container's healthcheck as the engine holds it, its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Healthcheck {
    /// `["CMD", …]` or `["CMD-SHELL", …]`.
    pub test: Vec<String>,
    /// Pause between checks.
    pub interval: Duration,
    /// How long one check may take.
    pub timeout: Duration,
    /// Failures in a row until unhealthy.
    pub retries: u32,
    /// Failures within this time do not count.
    pub start_period: Duration,
}

impl Healthcheck {
    /// How long a container that never passes has from its start until it is called unhealthy, when each check fails at once:
    /// the first check that counts is the first one after the start period.
    pub fn allowance(&self) -> Duration {
        self.start_period.saturating_add(self.interval.saturating_mul(self.retries))
    }
}

/// A container's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Not yet known.
    Starting,
    /// The last check passed.
    Healthy,
    /// Too many checks failed in a row.
    Unhealthy,
    /// A word that this version does not know.
    Unknown,
}

/// One run of the healthcheck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// 0 = passed; -1 = it could not be run, or took too long.
    pub exit_code: i64,
    /// What it printed, or why it could not be run.
    pub output: String,
}

/// The health of a task's container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthView {
    /// What the engine calls it.
    pub status: HealthStatus,
    /// Checks failed in a row (those within the start period are not counted).
    pub failing_streak: u64,
    /// The last five checks, oldest first.
    pub probes: Vec<Probe>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskView {
    /// The task's identifier.
    pub id: String,
    /// The slot of a replicated service (from 1) or job (from 0); 0 for global ones.
    pub slot: u64,
    /// The node it was given to.
    pub node_id: Option<String>,
    /// Where it is.
    pub state: TaskState,
    /// Where swarm wants it.
    pub desired: TaskState,
    /// It follows the service's present specification, and belongs to a job's present round.
    pub current: bool,
    /// The engine's word about the state.
    pub message: String,
    /// The engine's error, empty when there is none.
    pub err: String,
    /// The exit code, once its container has ended (128: it never started).
    pub exit_code: Option<i64>,
    /// Something in the container was killed for want of memory.
    pub oom_killed: bool,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it entered its state.
    pub state_at: Option<Timestamp>,
    /// When its container started.
    pub started_at: Option<Timestamp>,
    /// When its container ended.
    pub finished_at: Option<Timestamp>,
    /// Its container.
    pub container_id: Option<String>,
    /// Its container was looked at: without it, health and times are not known.
    pub inspected: bool,
    /// The container's healthcheck; `None` when it has none.
    pub healthcheck: Option<Healthcheck>,
    /// The container's health; `None` without a healthcheck.
    pub health: Option<HealthView>,
    /// The image in the task's specification.
    pub image: String,
    /// The image's identifier (a digest), as its container has it.
    pub image_id: Option<String>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// Its published host-mode ports with their real numbers.
    pub ports: Vec<PortView>,
    /// The last lines of its log: filled in once it has failed, or while its container is not healthy.
    pub log_tail: Vec<LogLine>,
}
