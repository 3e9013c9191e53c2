//! Scores: the ladder of levels with its reasons, stability with its arithmetic, the measured status. Types only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of what `taster score --json` prints; readers accept this and the major before.
pub const SCHEMA: &str = "taster.score/1";

/// What `taster score --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreReport {
    /// The version of this format.
    pub schema: String,
    /// The moment that ages are counted from: the newest run of the whole history, unless another was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// The recipes, by name.
    pub recipes: Vec<RecipeScore>,
    /// Lines of the history that count for nothing, and why.
    pub set_aside: Vec<SetAside>,
}

/// The scores of one recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecipeScore {
    /// Its name.
    pub recipe: String,
    /// The run that the level comes from: the newest trusted one.
    pub run: String,
    /// When that run began.
    pub at: String,
    /// The commit that it tested.
    pub commit: String,
    /// The version that it tested, when the commit is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How many trusted runs are known.
    pub runs: usize,
    /// The level and the rungs that lead to it.
    pub ladder: Ladder,
    /// The stability and its arithmetic.
    pub stability: StabilityDetail,
    /// The stability at the end of each week, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stability_over_time: Vec<StabilityWeek>,
}

/// A line of the history that counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// The file, by its name in the folder of the history.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

/// The level, and how it comes about (design.md §3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ladder {
    /// 0 to 8: the last of an unbroken row of rungs from 1.
    pub level: u8,
    /// The row broke off because a rung could not be measured: the level is at least this.
    pub at_least: bool,
    /// The rungs 1 to 8.
    pub rungs: Vec<Rung>,
}

/// One rung of the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rung {
    /// 1 to 8.
    pub level: u8,
    /// What it is called.
    pub name: String,
    /// Whether it holds.
    pub state: RungState,
    /// What it asks for, one by one.
    pub demands: Vec<RungDemand>,
}

/// One thing that a rung asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RungDemand {
    /// Whether it holds.
    pub state: RungState,
    /// What satisfied it, what is missing, or why it is not known: in words.
    pub text: String,
    /// The steps that it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// Whether something holds. The order is that of what decides: one that is missing outweighs one that is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RungState {
    /// It holds.
    Satisfied,
    /// It was not measured, or cannot be known. Never a verdict against the recipe.
    Unknown,
    /// It was looked at, and it does not hold.
    Missing,
}

impl RungState {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
        }
    }
}

/// What stability is made of: one thing that an operator relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dimension {
    /// Every variant installs.
    Install,
    /// The upgrade from the newest release before.
    Upgrade,
    /// A backup, and its restore after everything was lost.
    Backup,
    /// The pages in a real browser.
    Smoke,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Dimension; 4] = [Self::Install, Self::Upgrade, Self::Backup, Self::Smoke];

    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Upgrade => "upgrade",
            Self::Backup => "backup",
            Self::Smoke => "smoke",
        }
    }
}

/// Stability with everything that a person needs to do the sum again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StabilityDetail {
    /// The score, 0 to 100: with 95 % probability the recipe is better than this.
    pub score: f64,
    /// The middle of what is believed.
    pub median: f64,
    /// The upper end: with 95 % probability the recipe is not better than this.
    pub high: f64,
    /// How many observations it rests on.
    pub observations: usize,
    /// The dimensions; one that does not apply has no part in the score.
    pub dimensions: Vec<DimensionDetail>,
}

/// One dimension of stability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DimensionDetail {
    /// Which one.
    pub dimension: Dimension,
    /// Its weight in the geometric mean; 0 when it does not apply.
    pub weight: f64,
    /// Why it does not apply; absent when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<String>,
    /// Share of passes, weighted by age; absent without observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<f64>,
    /// How many observations of today they are worth.
    pub effective: f64,
    /// First parameter of the Beta posterior: ½ + effective × passed.
    pub alpha: f64,
    /// Second parameter: ½ + effective × (1 − passed).
    pub beta: f64,
    /// The 5 % quantile of this dimension alone, 0 to 1.
    pub low: f64,
    /// The median of this dimension alone, 0 to 1.
    pub median: f64,
    /// The 95 % quantile of this dimension alone, 0 to 1.
    pub high: f64,
    /// The observations, oldest first: one a week at most.
    pub observations: Vec<Observation>,
}

/// What one week says about one dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The Monday of the week, `2026-11-16`.
    pub week: String,
    /// The run that speaks for the week: the newest that has anything to say.
    pub run: String,
    /// When that run began.
    pub at: String,
    /// 1 passed, 0 failed, ½ passed only when it was tried again.
    pub passed: f64,
    /// Its weight by age: halved every 90 days.
    pub weight: f64,
}

/// The stability at the end of a week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StabilityWeek {
    /// The Monday of the week, `2026-11-16`.
    pub week: String,
    /// The score then, 0 to 100.
    pub value: f64,
    /// The lower end of the interval: the score itself.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// The status by the commons' own scale, as measured (recipe-format.md §1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredStatus {
    /// 0 to 5.
    pub status: u8,
    /// What speaks for it, and what is missing to more.
    pub reasons: Vec<RungDemand>,
}
