//! What the caller decides about one deploy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::swarm::observe::StackView;

/// What the caller decides about one deploy.
#[derive(Debug, Clone)]
pub struct Params {
    /// The recipe's own `TIMEOUT`.
    pub timeout: Duration,
    /// Short names of the services that must exist. Nothing converges without them.
    pub expected: BTreeSet<String>,
    /// How long a service without a healthcheck must have been up without a failure, by short name; [`Thresholds::settle`] where none is
    /// given. Design.md §3.3: max(10 s, update monitor) for services without a route.
    pub settle: BTreeMap<String, Duration>,
    /// Peers that a service uses, by short name, beyond those that its environment and command already name (`depends_on`, the content
    /// of its configs).
    pub uses: BTreeMap<String, BTreeSet<String>>,
    /// Tasks that were there before the deploy: their failures are not its own.
    pub known_tasks: BTreeSet<String>,
    /// The images were put on every node beforehand: a task that does not find its image is then our fault.
    pub images_loaded: bool,
    /// The finer settings.
    pub thresholds: Thresholds,
}

impl Params {
    /// Parameters for a deploy of these services (short names) within this time.
    pub fn new<S: Into<String>>(timeout: Duration, expected: impl IntoIterator<Item = S>) -> Self {
        Self {
            timeout,
            expected: expected.into_iter().map(Into::into).collect(),
            settle: BTreeMap::new(),
            uses: BTreeMap::new(),
            known_tasks: BTreeSet::new(),
            images_loaded: false,
            thresholds: Thresholds::default(),
        }
    }

    /// Takes the tasks of a view made before the deploy as known.
    #[must_use]
    pub fn after(mut self, before: &StackView) -> Self {
        self.known_tasks =
            before.services.iter().flat_map(|service| &service.tasks).map(|task| task.id.clone()).collect();
        self
    }

    /// Takes those tasks of a view as known that have ended: whatever else ends badly from now on counts.
    #[must_use]
    pub fn after_ended(mut self, before: &StackView) -> Self {
        let tasks = before.services.iter().flat_map(|service| &service.tasks);
        self.known_tasks = tasks.filter(|task| task.state.is_terminal()).map(|task| task.id.clone()).collect();
        self
    }

    pub(super) fn settle(&self, service: &str) -> Duration {
        self.settle.get(service).copied().unwrap_or(self.thresholds.settle)
    }
}

/// The finer settings of the judge.
#[derive(Debug, Clone)]
pub struct Thresholds {
    /// How long a service without a healthcheck must have been up when the caller does not say: a program that cannot run ends at once,
    /// and swarm calls it running until then.
    pub settle: Duration,
    /// Equal failures, each after everything was ready, that make a crash loop.
    pub strikes: usize,
    /// The same, when the log sounds as if it waited for a peer.
    pub strikes_waiting: usize,
    /// How long a peer without a healthcheck must be up to count as ready.
    pub peer_settle: Duration,
    /// The same, for a service whose log sounds as if it waited for a peer: databases without a healthcheck need time for their
    /// first boot.
    pub peer_patience: Duration,
    /// How long "no suitable node" may stand.
    pub pending_grace: Duration,
    /// How long after a task's end a successor may be missing.
    pub restart_grace: Duration,
    /// How long a task may be without a word from the scheduler or its node.
    pub engine_grace: Duration,
    /// How long a node may prepare a task whose image is there.
    pub preparing_grace: Duration,
    /// Mean share of time, in percent, in which something waited for a processor, from which on the node counts as starved.
    pub starved_cpu: f64,
    /// The same for the disk, everything waiting.
    pub starved_io: f64,
    /// The same for memory, everything waiting.
    pub starved_memory: f64,
    /// Below so many free bytes the node's disk counts as full.
    pub disk_full: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(3),
            strikes: 2,
            strikes_waiting: 3,
            peer_settle: Duration::from_secs(5),
            peer_patience: Duration::from_secs(30),
            pending_grace: Duration::from_secs(5),
            restart_grace: Duration::from_secs(5),
            engine_grace: Duration::from_secs(30),
            preparing_grace: Duration::from_secs(60),
            starved_cpu: 60.0,
            starved_io: 40.0,
            starved_memory: 10.0,
            disk_full: 64 * 1024 * 1024,
        }
    }
}
