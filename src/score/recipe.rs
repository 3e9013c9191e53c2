//! All scores of one recipe, from its history.

use jiff::Timestamp;

use super::level::{Measured, ladder};
use super::stability::{over_time, stability};
use super::standing::Standing;
use crate::record::{HistoryLine, RecipeScore, StepResult};
use crate::run::RunId;

/// Scores a recipe at the moment `as_of` from its trusted runs and from what is known beside them; `None` when no run is that old.
///
/// The level is that of `current`, or else of the newest run; `None` when that run is not among the lines.
pub fn score(
    lines: &[HistoryLine],
    current: Option<&str>,
    mut standing: Standing,
    as_of: Timestamp,
) -> Option<RecipeScore> {
    let known = lines.iter().filter(|line| RunId::began(&line.run).is_some_and(|began| began <= as_of));
    let line = match current {
        Some(run) => known.clone().find(|line| line.run == run)?,
        None => known.clone().max_by(|a, b| a.run.cmp(&b.run))?,
    };
    let detail = stability(lines, as_of);
    standing.remember(lines, as_of, detail.score);
    let steps: Vec<StepResult> = line.steps.iter().map(StepResult::from).collect();
    let measured = Measured { steps: &steps, variants: &line.variants, findings: line.findings.as_ref() };
    Some(RecipeScore {
        recipe: line.recipe.clone(),
        run: line.run.clone(),
        at: line.at.clone(),
        commit: line.commit.clone(),
        version: line.version.clone(),
        runs: known.count(),
        ladder: ladder(measured, &standing),
        stability: detail,
        stability_over_time: over_time(lines, as_of),
    })
}
