//! The events of a run, one JSON object a line (`events.ndjson`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cost::ServiceCosts;
use super::outcome::{StepKind, StepResult};
use super::summary::{CandidateSummary, ImageDigest, Proof};
use super::upgrade::{PlannedHop, UpgradeMap};
use super::upstream::Upstream;

/// The version of the event schema; readers accept this and the major before.
pub const SCHEMA: &str = "taster.events/1";

/// One line of the event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// When it happened, UTC, RFC 3339.
    pub at: String,
    /// Milliseconds since the run began.
    pub ms: u64,
    /// What happened.
    pub fact: Fact,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Fact {
    /// The first line of every log.
    Opened(LogHeader),
    /// Everything that will be tried, before anything is.
    Plan {
        /// The steps, in order.
        steps: Vec<PlannedStep>,
        /// What the plan leaves out, in words.
        left_out: Vec<String>,
        /// The recipes that run beside it, because the scenario needs them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beside: Vec<String>,
    },
    /// Something about the recipe's files that is worth knowing and stopped nothing.
    Irregularity {
        /// The file and line, when known.
        place: String,
        /// What is irregular.
        text: String,
    },
    /// The node that the run uses.
    Node(NodeFacts),
    /// An image is ready on the node.
    Image(ImageDigest),
    /// Something that taster changed or added to what the recipe asks for (lesson 4).
    Adaptation {
        /// The service, or empty for the whole stack.
        service: String,
        /// What was changed.
        what: String,
        /// Why.
        why: String,
    },
    /// A stack was deployed.
    Deployed {
        /// The stack's name.
        stack: String,
        /// Each service and whether it was `created`, `updated` or `unchanged`.
        services: BTreeMap<String, String>,
        /// The commit that was deployed (lesson 2); absent for a tree without git.
        commit: Option<String>,
    },
    /// A step begins.
    StepStarted {
        /// The step's identifier.
        id: String,
    },
    /// What is going on within a step.
    Progress(Progress),
    /// A task changed its state.
    Task {
        /// The service, as the compose file calls it.
        service: String,
        /// The task's identifier.
        task: String,
        /// Its state as swarm calls it.
        state: String,
        /// The engine's error, when there is one.
        error: Option<String>,
        /// The exit code, when it ended.
        exit_code: Option<i64>,
    },
    /// An answer, or the lack of one, at a route.
    Answer {
        /// The route, as a URL.
        url: String,
        /// HTTP status; absent when there was no HTTP answer.
        status: Option<u16>,
        /// `strong`, `weak` or `none`.
        strength: String,
        /// The service and the task that answered.
        from: Option<String>,
        /// What was seen, in words.
        text: String,
    },
    /// A page was opened in a browser.
    Page {
        /// When in the run: `smoke`, `before-upgrade`, …
        look: String,
        /// The address that was asked for.
        url: String,
        /// The address in the end.
        final_url: String,
        /// The page's status; absent when there was no answer.
        status: Option<u16>,
        /// Its title in the end.
        title: String,
        /// What is wrong with it: class and text.
        faults: Vec<String>,
        /// What it asked of hosts that are not the recipe's own, and did not get.
        third_parties: Vec<String>,
        /// The screenshot's file in the run's folder.
        screenshot: Option<String>,
        /// How long it was looked at, in seconds.
        seconds: f64,
    },
    /// What a restore proved, volume by volume.
    Proven {
        /// The proofs.
        proofs: Vec<Proof>,
    },
    /// Which upgrades were tried so far, whenever that changed; the last one counts.
    Upgrades {
        /// All of them.
        map: UpgradeMap,
    },
    /// What the registry of the app's image said about newer versions.
    Upstream(Upstream),
    /// What each service of the candidate costs.
    Measured {
        /// The services.
        services: Vec<ServiceCosts>,
    },
    /// How long a part took, so that the apps' own time can be told from ours.
    Timing {
        /// What was timed: `node-ready`, `deploy`, `converge`, …
        what: String,
        /// Seconds.
        seconds: f64,
    },
    /// A step ended.
    StepEnded(StepResult),
    /// Something a reader should know.
    Note {
        /// In words.
        text: String,
    },
    /// The run is over, and everything it made is gone (or what is not).
    Ended {
        /// The exit code of the run.
        exit: u8,
        /// Objects of the run that could not be removed.
        left_behind: Vec<String>,
    },
}

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogHeader {
    /// The schema of the lines that follow.
    pub schema: String,
    /// The version of taster that wrote it.
    pub taster: String,
    /// The run's identifier.
    pub run: String,
    /// The recipe's name.
    pub recipe: String,
    /// The revision under test.
    pub candidate: CandidateSummary,
}

/// A step that the plan names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    /// Unique in the run.
    pub id: String,
    /// The kind of step.
    pub kind: StepKind,
    /// The variant.
    pub variant: String,
    /// From where to where, of an upgrade that there is something to upgrade from for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<PlannedHop>,
    /// Why it will not be tried, where the scenario declares it as skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<String>,
}

/// What is going on within a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// The step, or a phase such as `node`.
    pub step: String,
    /// What is being waited for, in words.
    pub text: String,
}

/// Facts about a node.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeFacts {
    /// `ephemeral` or `engine`.
    pub kind: String,
    /// The engine's version.
    pub engine: String,
    /// Its API version.
    pub api: String,
    /// The kernel's release.
    pub kernel: String,
    /// The processor architecture, as the engine names it.
    pub architecture: String,
    /// The storage driver.
    pub storage: String,
    /// Cgroup version, 1 or 2.
    pub cgroup: String,
    /// `vip` where virtual IPs work, else `dnsrr`.
    pub endpoint_mode: String,
    /// How the node was given its rights: `least`, `listed`, `privileged`, or `host` for an engine that was there.
    pub rights: String,
    /// The image that the node was made from.
    pub image: String,
    /// Number of CPUs.
    pub cpus: i64,
    /// Memory in bytes.
    pub memory: i64,
    /// Swarm nodes in all.
    pub swarm_nodes: usize,
}
