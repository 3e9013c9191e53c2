//! `run.json`: the summary of a run that other programs may rely on.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cost::ServiceCosts;
use super::event::NodeFacts;
use super::outcome::{Outcome, StepResult};
use super::upgrade::UpgradeMap;
use super::upstream::Upstream;

/// The version of the summary; readers accept this and the major before.
pub const SCHEMA: &str = "taster.run/1";

/// The revision under test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CandidateSummary {
    /// The commit; absent for a tree without git.
    pub commit: Option<String>,
    /// The version, when the commit is tagged or the label names one.
    pub version: Option<String>,
    /// The tree differs from the commit.
    pub dirty: bool,
}

/// An image that ran, so that a moved tag is visible as a moved tag (lesson 30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageDigest {
    /// The reference as the recipe writes it.
    pub reference: String,
    /// The image's identifier on the engine (the digest of its configuration).
    pub id: String,
    /// The registry's digest, when the engine knows one.
    pub digest: Option<String>,
    /// Its size in bytes.
    pub size: i64,
    /// Where it came from: `host` (found there) or `pulled`.
    pub source: String,
}

/// Numbers of lint findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingCounts {
    /// Errors.
    pub error: usize,
    /// Warnings.
    pub warn: usize,
    /// Information.
    pub info: usize,
}

/// What proves that a volume's data survives its loss (design.md §3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProofKind {
    /// The app or its database was asked before and after, and the answers are equal; without the data they are not.
    Application,
    /// At least half of the files that the run wrote came back as they were; a fresh install does not have them.
    File,
    /// Nothing.
    None,
}

/// How it was proven that one volume's data survives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The volume's key in the compose file.
    pub volume: String,
    /// What proves it.
    pub kind: ProofKind,
    /// The probes that prove it.
    pub by: Vec<String>,
    /// The share of the files that the run wrote which came back as they were, 0 to 1.
    pub compared: f64,
    /// How many files the run wrote.
    pub files: usize,
    /// How many of them change by themselves and did not come back as they were.
    pub volatile: usize,
    /// How many of them are neither in the backup nor were made anew from it.
    pub uncovered: usize,
}

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = self.compared * 100.0;
        match self.kind {
            ProofKind::Application => write!(f, "{}: application ({})", self.volume, self.by.join(", ")),
            ProofKind::File => write!(f, "{}: files ({share:.0} % of {} compared and equal)", self.volume, self.files),
            ProofKind::None => write!(f, "{}: none ({share:.0} % of {} file(s) equal)", self.volume, self.files),
        }
    }
}

/// The summary of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// The version of this format.
    pub schema: String,
    /// The run's identifier.
    pub run: String,
    /// The recipe's name.
    pub recipe: String,
    /// The revision under test.
    pub candidate: CandidateSummary,
    /// The node, when one came up.
    pub node: Option<NodeFacts>,
    /// The level that the run proves, 0 to 8.
    pub level: u8,
    /// More could not be measured: the level is at least this.
    pub level_is_at_least: bool,
    /// The worst outcome of the steps.
    pub outcome: Outcome,
    /// Every planned step.
    pub steps: Vec<StepResult>,
    /// Lint findings; absent when lint did not run.
    pub findings: Option<FindingCounts>,
    /// What ran.
    pub digests: Vec<ImageDigest>,
    /// Seconds by what they were spent on.
    pub costs: BTreeMap<String, f64>,
    /// What proves that the data of each volume survives; empty when no restore came so far.
    #[serde(default)]
    pub proofs: Vec<Proof>,
    /// Which upgrades were tried; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_map: Option<UpgradeMap>,
    /// The variants that the recipe declares beside the sampled one, tried or not.
    #[serde(default)]
    pub variants: Vec<String>,
    /// What each service costs, by name; empty when nothing was deployed.
    #[serde(default)]
    pub services: Vec<ServiceCosts>,
    /// What the registry of the app's image said about newer versions; absent when it was not asked (`--online`), or gave no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
}

/// The exit code of a set of step outcomes (design.md §3.2): 1 a recipe failed, 4 infrastructure, 3 nothing was tested, or something that
/// was planned could not be (lesson 7), 0 fine.
pub fn worst_exit(steps: &[StepResult]) -> u8 {
    let any = |outcome| steps.iter().any(|step| step.outcome == outcome);
    if any(Outcome::Failed) {
        1
    } else if any(Outcome::Errored) {
        4
    } else if !any(Outcome::Passed) || any(Outcome::Blocked) {
        3
    } else {
        0
    }
}

impl RunSummary {
    /// The worst outcome of `steps`, in the order failed, errored, blocked, passed, skipped.
    pub fn worst(steps: &[StepResult]) -> Outcome {
        [Outcome::Failed, Outcome::Errored, Outcome::Blocked, Outcome::Passed]
            .into_iter()
            .find(|outcome| steps.iter().any(|step| step.outcome == *outcome))
            .unwrap_or(Outcome::Skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::super::outcome::StepKind;
    use super::*;

    fn step(outcome: Outcome) -> StepResult {
        StepResult::new("install@default", StepKind::Install, "default", outcome)
    }

    #[test]
    fn lesson_03_nothing_ran_is_not_success() {
        assert_eq!(worst_exit(&[]), 3);
        assert_eq!(worst_exit(&[step(Outcome::Skipped), step(Outcome::Skipped)]), 3);
        assert_eq!(worst_exit(&[step(Outcome::Skipped), step(Outcome::Passed)]), 0);
        assert_eq!(worst_exit(&[step(Outcome::Passed), step(Outcome::Blocked)]), 3);
    }

    #[test]
    fn a_failure_outweighs_an_error_and_an_error_outweighs_a_pass() {
        assert_eq!(worst_exit(&[step(Outcome::Passed), step(Outcome::Errored), step(Outcome::Failed)]), 1);
        assert_eq!(worst_exit(&[step(Outcome::Passed), step(Outcome::Errored)]), 4);
        assert_eq!(RunSummary::worst(&[step(Outcome::Passed), step(Outcome::Blocked)]), Outcome::Blocked);
    }
}
