//! What `taster nightly` did, and how far it is: kept after every recipe, so that a kill at any moment loses only what was running. Types only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::plan::{DueRecipe, FleetRecipe, FleetResult};

/// The version of this format; readers accept this and the major before.
pub const SCHEMA: &str = "taster.night/1";

/// One night.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NightReport {
    /// The version of this format.
    pub schema: String,
    /// When it began, UTC, RFC 3339.
    pub began: String,
    /// How often it was taken up again after it had been broken off.
    pub resumed: usize,
    /// How many recipes the sources hold.
    pub found: usize,
    /// How many repositories could not be read, or not freshly.
    pub unreadable: usize,
    /// How many recipes have errors of the linter.
    pub lint_errors: usize,
    /// What was due when it began, the most urgent first.
    pub due: Vec<DueRecipe>,
    /// What came of those that were tried.
    pub results: Vec<FleetRecipe>,
    /// Due, and left for another night, with the reason.
    pub left: Vec<(String, String)>,
    /// How long recipes were tried, in seconds.
    pub spent: f64,
    /// How far it is.
    pub stage: NightStage,
}

/// How far a night is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NightStage {
    /// Recipes are tried.
    #[default]
    Testing,
    /// Everything that was due is tried or left, and nothing is published yet.
    Tested,
    /// The sources hold no recipe at all. Not to be taken for a quiet night (lesson 6).
    NothingFound,
    /// There are recipes, and none of them was due.
    NothingDue,
    /// It came to its end.
    Done,
}

impl NightReport {
    /// What the results alone say (design.md §3.2): 1, 4, 5, 3, 6 or 0.
    pub fn exit(&self) -> u8 {
        let any = |result| self.results.iter().any(|recipe| recipe.result == result);
        if any(FleetResult::Failed) {
            1
        } else if any(FleetResult::Errored) {
            4
        } else if self.unreadable > 0 {
            5
        } else if self.found == 0 || any(FleetResult::NotTested) || (self.results.is_empty() && !self.due.is_empty()) {
            3
        } else if self.due.is_empty() {
            6
        } else {
            0
        }
    }
}
