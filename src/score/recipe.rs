//! All scores of one recipe, from its history.

use jiff::Timestamp;

use super::level::{Measured, ladder};
use super::observe::Sayings;
use super::stability::{now, weekly};
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
    let known: Vec<&HistoryLine> =
        lines.iter().filter(|line| RunId::began(&line.run).is_some_and(|began| began <= as_of)).collect();
    let line = match current {
        Some(run) => known.iter().find(|line| line.run == run)?,
        None => known.iter().max_by(|a, b| a.run.cmp(&b.run))?,
    };
    let sayings = Sayings::of(lines, as_of);
    let detail = now(&sayings, as_of);
    standing.remember(lines, &line.commit, as_of, detail.score);
    let steps: Vec<StepResult> = line.steps.iter().map(StepResult::from).collect();
    let measured = Measured { steps: &steps, variants: &line.variants, findings: line.findings.as_ref() };
    Some(RecipeScore {
        recipe: line.recipe.clone(),
        run: line.run.clone(),
        at: line.at.clone(),
        commit: line.commit.clone(),
        version: line.version.clone(),
        runs: known.len(),
        ladder: ladder(measured, &standing),
        stability: detail,
        stability_over_time: weekly(&sayings, as_of),
    })
}
