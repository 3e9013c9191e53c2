//! The level of a recipe at a candidate (design.md §3.3): the last of an unbroken row of rungs from 1.

use super::names::LEVEL_NAMES;
use super::rungs;
use super::standing::Standing;
use crate::record::{FindingCounts, Ladder, Rung, RungDemand, RungState, StepResult};
use crate::scenario::is_guess;

/// What a run has to say.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'r> {
    /// Every planned step.
    pub steps: &'r [StepResult],
    /// The variants that the recipe declares beside the sampled one.
    pub variants: &'r [String],
    /// What the linter counted, when it ran.
    pub findings: Option<&'r FindingCounts>,
}

/// The ladder of a run, with what is known beside it.
pub fn ladder(run: Measured<'_>, standing: &Standing) -> Ladder {
    // What nobody declared counts neither for nor against the recipe.
    let steps: Vec<StepResult> = run.steps.iter().filter(|step| !is_guess(&step.variant)).cloned().collect();
    let variants: Vec<String> = run.variants.iter().filter(|name| !is_guess(name)).cloned().collect();
    let run = Measured { steps: &steps, variants: &variants, ..run };
    let rungs: Vec<Rung> = [
        rungs::some_install(run, standing),
        rungs::all_install(run, standing),
        rungs::upgraded(run, standing),
        rungs::restored(run, standing),
        rungs::no_lint_errors(run, standing),
        rungs::community(standing),
        rungs::everything(run, standing),
        rungs::maintained(standing),
    ]
    .into_iter()
    .zip(1..)
    .map(|(demands, level)| rung(level, demands))
    .collect();
    let broken = rungs.iter().find(|rung| rung.state != RungState::Satisfied);
    Ladder {
        level: broken.map_or(8, |rung| rung.level - 1),
        at_least: broken.is_some_and(|rung| rung.state == RungState::Unknown),
        rungs,
    }
}

/// A rung holds when all that it asks for holds; one thing that is missing outweighs what is unknown.
fn rung(level: u8, demands: Vec<RungDemand>) -> Rung {
    let state = demands.iter().map(|demand| demand.state).max().unwrap_or(RungState::Unknown);
    Rung { level, name: LEVEL_NAMES[usize::from(level)].to_owned(), state, demands }
}
