//! One line of a recipe's history: one trusted run, in short. Types only.
//!
//! Each line stands for itself, so that lines may come in any order and twice: two branches of a history are merged by git as the union
//! of their lines (design.md §3.4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cost::ServiceCosts;
use super::outcome::{Class, Outcome, StepKind, StepResult};
use super::summary::{CandidateSummary, FindingCounts, Proof, RunSummary, SCHEMA as SUMMARY_SCHEMA};
use super::upgrade::UpgradeMap;
use super::upstream::Upstream;

/// The version of a line; readers accept this and the major before.
pub const SCHEMA: &str = "taster.history/1";

/// Why a run is trusted: what its commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// A commit on the recipe's default branch.
    DefaultBranch,
    /// The commit of a release.
    Release,
}

/// One trusted run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryLine {
    /// The version of this format.
    pub schema: String,
    /// The run's identifier. Two lines of one run are one run.
    pub run: String,
    /// When the run began, UTC, RFC 3339.
    pub at: String,
    /// The recipe's name.
    pub recipe: String,
    /// The commit that was tested.
    pub commit: String,
    /// The version that was tested, when the commit is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Why it is trusted.
    pub trust: Trust,
    /// The variants that the recipe declared beside the sampled one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<String>,
    /// What came of each planned step.
    pub steps: Vec<HistoryStep>,
    /// Lint findings; absent when lint did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<FindingCounts>,
    /// What proves that the data of each volume survives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
    /// Which upgrades were tried; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_map: Option<UpgradeMap>,
    /// What each service costs, by name; empty when nothing was deployed, or when an earlier taster wrote the line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceCosts>,
    /// What the registry of the app's image said about newer versions; absent when it was not asked, or gave no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
}

/// What came of one step, without its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryStep {
    /// Unique in the run.
    pub id: String,
    /// The kind of step.
    pub kind: StepKind,
    /// The variant it was tried with.
    pub variant: String,
    /// How it ended.
    pub outcome: Outcome,
    /// It failed, was tried again, and passed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// An answer that is good enough for level 1 and bars level 7.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weak: bool,
    /// Skipped by a fact that taster observed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub structural: bool,
    /// The cause's stable name; absent for a plain pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Why, in one line; empty for a plain pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl From<&StepResult> for HistoryStep {
    fn from(step: &StepResult) -> Self {
        Self {
            id: step.id.clone(),
            kind: step.kind,
            variant: step.variant.clone(),
            outcome: step.outcome,
            flaky: step.flaky,
            weak: step.weak,
            structural: step.structural,
            class: step.class.clone(),
            reason: step.reason.clone(),
            seconds: step.seconds,
        }
    }
}

impl From<&HistoryStep> for StepResult {
    fn from(step: &HistoryStep) -> Self {
        let mut result = Self::new(&step.id, step.kind, &step.variant, step.outcome);
        result.flaky = step.flaky;
        result.weak = step.weak;
        result.structural = step.structural;
        result.class.clone_from(&step.class);
        result.reason.clone_from(&step.reason);
        result.seconds = step.seconds;
        result
    }
}

impl HistoryLine {
    /// The run as its summary has it, without what the history does not keep (evidence, digests, the node). The level is left at 0: it
    /// follows from the steps, see [`score`](crate::score).
    pub fn summary(&self) -> RunSummary {
        let steps: Vec<StepResult> = self.steps.iter().map(StepResult::from).collect();
        RunSummary {
            schema: SUMMARY_SCHEMA.to_owned(),
            run: self.run.clone(),
            recipe: self.recipe.clone(),
            candidate: CandidateSummary {
                commit: Some(self.commit.clone()),
                version: self.version.clone(),
                dirty: false,
            },
            node: None,
            level: 0,
            level_is_at_least: true,
            outcome: RunSummary::worst(&steps),
            steps,
            findings: self.findings.clone(),
            digests: Vec::new(),
            costs: std::collections::BTreeMap::new(),
            proofs: self.proofs.clone(),
            upgrade_map: self.upgrade_map.clone(),
            services: self.services.clone(),
            variants: self.variants.clone(),
            upstream: self.upstream.clone(),
        }
    }
}
