//! What `taster plan` prints: what a change can affect, and which jobs share the work. Types only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::StepKind;
use super::summary::CandidateSummary;

/// The version of what `taster plan --since` prints; readers accept this and the major before.
pub const CHANGE_SCHEMA: &str = "taster.change/1";

/// What a change can affect, and what is to be tried because of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangePlan {
    /// The version of this format.
    pub schema: String,
    /// The recipe.
    pub recipe: String,
    /// The revision that it is compared with, as it was asked for.
    pub base: String,
    /// The commit that is compared: the one at which the candidate left that revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_commit: Option<String>,
    /// What to know about that commit, in words, when the revision leads elsewhere by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_note: Option<String>,
    /// What is compared with it.
    pub candidate: CandidateSummary,
    /// The files that differ, by path.
    pub files: Vec<ChangedFile>,
    /// The services that differ, by name.
    pub services: Vec<ChangedService>,
    /// Every kind of step, in the order in which it would be tried: whether the change can affect it, and why.
    pub steps: Vec<StepReason>,
    /// The variants that the scenario declares: whether the change can affect them, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantReason>,
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedFile {
    /// Its path in the recipe.
    pub path: String,
    /// `added`, `changed` or `removed`.
    pub change: Change,
    /// What it has to do with what is deployed, in words.
    pub part: String,
}

/// How something differs from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is new.
    Added,
    /// It was there, and is another one.
    Changed,
    /// It is gone.
    Removed,
}

impl Change {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// A service that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangedService {
    /// Its name.
    pub service: String,
    /// How it differs.
    pub change: Change,
    /// The sets of compose files in which it does.
    pub sets: Vec<String>,
    /// Another image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bump: Option<ImageBump>,
    /// What else differs, such as `environment`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// The volumes in which it keeps state; none for a service without state.
    pub state: Vec<String>,
    /// The way over shared networks to another service that keeps state; empty when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reaches: Vec<String>,
}

/// Another image of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageBump {
    /// The image before.
    pub from: String,
    /// The image now.
    pub to: String,
    /// How they differ.
    pub kind: BumpKind,
}

/// How an image differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BumpKind {
    /// The same tag, pinned to another digest.
    Digest,
    /// Upstream's third number.
    Patch,
    /// Upstream's second number.
    Minor,
    /// Upstream's first number.
    Major,
    /// Tags that are no numbers: nobody can tell what it means.
    Unknown,
    /// An image of another name.
    OtherImage,
}

impl BumpKind {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Unknown => "unknown",
            Self::OtherImage => "another image",
        }
    }
}

/// Whether a change can affect a kind of step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepReason {
    /// The kind of step.
    pub kind: StepKind,
    /// Whether it is to be tried.
    pub tried: bool,
    /// Why, or why not.
    pub because: Vec<String>,
}

/// Whether a change can affect a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VariantReason {
    /// Its name.
    pub variant: String,
    /// Whether it is to be installed.
    pub tried: bool,
    /// Why, or why not.
    pub because: String,
}

/// The version of what `taster plan --shards` prints; readers accept this and the major before.
pub const SCHEMA: &str = "taster.plan/1";

/// Which runner tries which recipes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShardPlan {
    /// The version of this format.
    pub schema: String,
    /// Every recipe, by name.
    pub recipes: Vec<PlannedRecipe>,
    /// The runners, from 1.
    pub shards: Vec<Shard>,
    /// How long the one with the most to do takes, in seconds.
    pub makespan: f64,
    /// No split could take less, in seconds.
    pub lower_bound: f64,
    /// How many recipes nobody has measured.
    pub unmeasured: usize,
    /// What these are taken to take, in seconds: the median of the others, or a mere guess.
    pub guess: f64,
}

/// A recipe that is to be tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedRecipe {
    /// Its name.
    pub recipe: String,
    /// How long it takes, about, in seconds.
    pub seconds: f64,
    /// How many runs that rests on; 0 for a guess.
    pub runs: usize,
}

/// What one runner does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Its number, from 1.
    pub shard: usize,
    /// The recipes, in the order in which they are tried.
    pub recipes: Vec<String>,
    /// How long they take together, about, in seconds.
    pub seconds: f64,
}

/// The version of what `taster merge` and `taster test --all` print; readers accept this and the major before.
pub const FLEET_SCHEMA: &str = "taster.fleet/1";

/// What came of many recipes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FleetReport {
    /// The version of this format.
    pub schema: String,
    /// The recipes, by name.
    pub recipes: Vec<FleetRecipe>,
    /// Runs of recipes that nobody planned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unplanned: Vec<String>,
    /// What could not be joined, and why: two runs of one identifier that differ, files that cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
}

/// What came of one of many recipes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FleetRecipe {
    /// Its name.
    pub recipe: String,
    /// What came of it. Without a run that came to its end it is not tested, which is never a pass.
    pub result: FleetResult,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Why, for everything but a pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What came of one recipe as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FleetResult {
    /// Every step that was tried passed.
    Passed,
    /// The recipe is at fault.
    Failed,
    /// We or the infrastructure are at fault.
    Errored,
    /// No run, or none that came to its end, or one that tried nothing.
    NotTested,
}

impl FleetResult {
    /// The words used in reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::NotTested => "not tested",
        }
    }
}

impl FleetReport {
    /// The exit code (design.md §3.2): 1 a recipe failed, 4 infrastructure or a conflict, 3 something was not tested, 0 fine.
    pub fn exit(&self) -> u8 {
        let any = |result| self.recipes.iter().any(|recipe| recipe.result == result);
        if any(FleetResult::Failed) {
            1
        } else if any(FleetResult::Errored) || !self.conflicts.is_empty() {
            4
        } else if self.recipes.is_empty() || any(FleetResult::NotTested) {
            3
        } else {
            0
        }
    }
}

/// Why a recipe is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DueWhy {
    /// No trusted run has tried it.
    New,
    /// Its default branch is at a commit that no trusted run has tried to an end.
    Changed,
    /// The newest trusted run is too long ago.
    Stale,
}

impl DueWhy {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Stale => "stale",
        }
    }
}

/// A recipe that is due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DueRecipe {
    /// Its name.
    pub recipe: String,
    /// The commit that is to be tried.
    pub commit: String,
    /// Why.
    pub why: DueWhy,
    /// How wide the interval of its stability is, 0 to 100: the wider, the less is known.
    pub interval: f64,
    /// How long it takes, about, in seconds.
    pub seconds: f64,
}
