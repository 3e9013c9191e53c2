//! Outcomes of steps, and the evidence they rest on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::upgrade::HopKind;

/// How a step ended (design.md §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was tried, and it holds.
    Passed,
    /// The recipe is at fault, and the evidence says how.
    Failed,
    /// Not applicable, by a fact that taster observed or by declaration.
    Skipped,
    /// An earlier step's outcome made it impossible.
    Blocked,
    /// We or the infrastructure are at fault; it never counts for or against the recipe.
    Errored,
}

impl Outcome {
    /// The word used in logs and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Blocked => "blocked",
            Self::Errored => "errored",
        }
    }
}

/// The kind of a step (design.md §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// The linter's findings.
    Lint,
    /// Deployed for the first time: converged, healthy, answering.
    Install,
    /// Every service's task replaced; the data and the answer are the same.
    Restart,
    /// The same version deployed again changes nothing.
    Redeploy,
    /// From a release to the candidate, in place.
    Upgrade,
    /// Back to the release before.
    Rollback,
    /// A backup as backup-bot makes it.
    Backup,
    /// Everything lost, then restored.
    Restore,
    /// A backup of the release before, restored into the candidate.
    OldBackup,
    /// Opened in a real browser.
    Smoke,
    /// Installed once more on a node that is short of processor and disk: how near its healthchecks come to killing it. Counts for no level.
    Stress,
    /// Nothing left behind after undeploy and purge.
    Leftovers,
}

impl StepKind {
    /// All kinds, in the order in which they are tried.
    pub const IN_ORDER: [Self; 12] = [
        Self::Lint,
        Self::Install,
        Self::Restart,
        Self::Redeploy,
        Self::Backup,
        Self::Restore,
        Self::Smoke,
        Self::Upgrade,
        Self::Rollback,
        Self::OldBackup,
        Self::Stress,
        Self::Leftovers,
    ];

    /// The word used in identifiers and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Install => "install",
            Self::Restart => "restart",
            Self::Redeploy => "redeploy",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::OldBackup => "old-backup",
            Self::Smoke => "smoke",
            Self::Stress => "stress",
            Self::Leftovers => "leftovers",
        }
    }
}

/// A short, stable name for the cause of an outcome, such as `crash-loop` or `image-missing`; programs may rely on it.
pub type Class = String;

/// The class of a step that the scenario declares as skipped. It proves nothing (design.md §3.2).
pub const DECLARED: &str = "declared";

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What it is: `task-error`, `log`, `health`, `answer`, `diff`, `image`, …
    pub kind: String,
    /// The text, redacted, bounded.
    pub text: String,
    /// A file in the run folder that holds all of it, relative to the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Evidence {
    /// A piece of evidence that is a text alone.
    pub fn text(kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind: kind.into(), text: text.into(), file: None }
    }
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepResult {
    /// Unique in the run: `install@default`.
    pub id: String,
    /// The kind of step.
    pub kind: StepKind,
    /// The variant it was tried with.
    pub variant: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, in one line; empty for a plain pass.
    pub reason: String,
    /// The cause's stable name; absent for a plain pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// It failed, was tried again, and passed.
    pub flaky: bool,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What the outcome rests on.
    pub evidence: Vec<Evidence>,
    /// What to do next, when there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// An answer that is good enough for level 1 and bars level 7 (design.md §3.3, *Answering*).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
    /// Skipped by a fact that taster observed, such as that there is no earlier release: the ladder of levels goes on past it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub structural: bool,
    /// Why it was tried, of an upgrade: level 3 rests on the newest release alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<HopKind>,
}

impl StepResult {
    /// A step that ended so, and nothing more yet.
    pub fn new(id: impl Into<String>, kind: StepKind, variant: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            id: id.into(),
            kind,
            variant: variant.into(),
            outcome,
            reason: String::new(),
            class: None,
            flaky: false,
            seconds: 0.0,
            evidence: Vec::new(),
            advice: None,
            weak: false,
            structural: false,
            hop: None,
        }
    }
}
