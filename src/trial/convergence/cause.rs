//! Why a stack did not converge, in words a maintainer understands.

use serde::Serialize;

use crate::record::Evidence;

/// The stable name of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The container ends again and again with an error.
    CrashLoop,
    /// The container ends again and again, and says that all is well.
    ExitsZero,
    /// The kernel killed it at its memory limit.
    OutOfMemory,
    /// It ends by a signal: a crash of the program itself, or somebody killed it.
    KilledBySignal,
    /// What it should run is not there, or cannot be executed.
    CommandNotFound,
    /// Swarm does not start it again, as its restart policy says.
    RestartsExhausted,
    /// A job's task fails.
    JobFailed,
    /// A task was rejected for a reason that has no name of its own.
    Rejected,
    /// The image does not exist.
    NoSuchImage,
    /// The image is made for another processor.
    WrongArchitecture,
    /// A bind mount's source is not on the node.
    BindSourceMissing,
    /// Another fault of a mount.
    BadMount,
    /// A published port is taken.
    PortInUse,
    /// A name is longer than the kernel or the engine takes.
    NameTooLong,
    /// A network is not there.
    NetworkMissing,
    /// A secret is not there.
    SecretMissing,
    /// A config is not there.
    ConfigMissing,
    /// `user:` names somebody whom the image does not have.
    NoSuchUser,
    /// No node fulfils the placement.
    Unschedulable,
    /// A volume or network driver is not installed.
    PluginMissing,
    /// The update was rolled back.
    RolledBack,
    /// The update was paused halfway.
    UpdatePaused,
    /// The healthcheck itself cannot run.
    HealthcheckBroken,
    /// The container runs, and its healthcheck does not pass.
    HealthcheckNeverPasses,
    /// The healthcheck killed it while it was still starting.
    KilledWhileStarting,
    /// Not ready within its time, on a node that had time to spare.
    Timeout,
    /// The image was not put on the node.
    ImageNotLoaded,
    /// The node is still busy with the image.
    ImageNotReady,
    /// The node was too busy.
    Starved,
    /// The node's disk is full.
    DiskFull,
    /// The node is smaller than what the recipe reserves.
    InsufficientResources,
    /// The engine, the manager or a node does not do its work.
    Engine,
}

impl Class {
    /// We or the infrastructure are at fault: the outcome is `errored` (design.md §3.2).
    pub fn is_ours(self) -> bool {
        matches!(
            self,
            Self::ImageNotLoaded
                | Self::ImageNotReady
                | Self::Starved
                | Self::DiskFull
                | Self::InsufficientResources
                | Self::Engine
        )
    }

    /// The name as it is written down.
    pub fn word(self) -> String {
        // A unit variant is always written as a string.
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// Why a stack did not converge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// The stable name.
    pub class: Class,
    /// The service's short name; empty when no single one is at fault.
    pub service: String,
    /// One line that says what happened.
    pub headline: String,
    /// What it rests on: `task-error`, `exit-code`, `health`, `log`, `update`, `pressure`, `timing`, `engine`.
    pub evidence: Vec<Evidence>,
    /// What to do next.
    pub advice: String,
    /// Peers that the service seems to have missed, by what its log or its settings say. When nothing else is wrong and the swarm works
    /// without virtual IPs, restarting only this service tells whether it had kept an old address: see `trial::restart`.
    pub missed_peers: Vec<String>,
}

impl Cause {
    /// A cause without evidence yet.
    pub(super) fn new(
        class: Class,
        service: impl Into<String>,
        headline: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            class,
            service: service.into(),
            headline: headline.into(),
            evidence: Vec::new(),
            advice: advice.into(),
            missed_peers: Vec::new(),
        }
    }

    /// Adds a piece of evidence, unless it is empty.
    #[must_use]
    pub(super) fn with(mut self, kind: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.trim().is_empty() {
            self.evidence.push(Evidence::text(kind, text));
        }
        self
    }
}
