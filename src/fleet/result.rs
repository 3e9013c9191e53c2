//! What a run says about its recipe as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::record::{FleetRecipe, FleetResult, Outcome, RunSummary, SUMMARY_SCHEMA, worst_exit};
use crate::run::RunId;

/// What came of a recipe, by the summary of its run.
pub fn fleet_recipe(summary: &RunSummary) -> FleetRecipe {
    let result = match worst_exit(&summary.steps) {
        0 => FleetResult::Passed,
        1 => FleetResult::Failed,
        4 => FleetResult::Errored,
        _ => FleetResult::NotTested,
    };
    let bad = [Outcome::Failed, Outcome::Errored, Outcome::Blocked];
    let first = bad.iter().find_map(|bad| summary.steps.iter().find(|step| step.outcome == *bad));
    let reason = match (result, first) {
        (FleetResult::Passed, _) => String::new(),
        (_, Some(step)) => format!("{} {}: {}", step.id, step.outcome.word(), step.reason),
        (_, None) => "nothing was tried in it".to_owned(),
    };
    FleetRecipe { recipe: summary.recipe.clone(), result, run: Some(summary.run.clone()), reason }
}

/// What a run's folder holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Held {
    /// A summary: the run came to its end.
    Ended(Box<RunSummary>),
    /// None, or one that cannot be used, and why.
    Not(String),
}

pub(super) fn held(folder: &Path) -> Held {
    let bytes = match std::fs::read(folder.join("run.json")) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Held::Not("it was broken off before its end".to_owned());
        }
        Err(error) => return Held::Not(format!("its run.json cannot be read: {error}")),
    };
    match serde_json::from_slice::<RunSummary>(&bytes) {
        Ok(summary) if summary.schema == SUMMARY_SCHEMA => Held::Ended(Box::new(summary)),
        Ok(summary) => {
            Held::Not(format!("the format of its run.json is {}, and {SUMMARY_SCHEMA} is needed", summary.schema))
        }
        Err(error) => Held::Not(format!("its run.json is no summary of a run: {error}")),
    }
}

/// The newest run of each recipe in a folder of runs that came to its end, with its folder.
pub fn newest_by_recipe(runs: &Path) -> BTreeMap<String, (RunSummary, PathBuf)> {
    let mut newest: BTreeMap<String, (RunSummary, PathBuf)> = BTreeMap::new();
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten().map(|entry| entry.path());
    for folder in entries {
        let Held::Ended(summary) = held(&folder) else { continue };
        if RunId::began(&summary.run).is_none() {
            continue;
        }
        let is_newer = newest.get(&summary.recipe).is_none_or(|(known, _)| known.run < summary.run);
        if is_newer {
            newest.insert(summary.recipe.clone(), (*summary, folder));
        }
    }
    newest
}
