//! What came of many recipes, in words.

use super::count::count;
use super::markup::plain;
use crate::record::{FleetReport, FleetResult, NightReport};

/// A line for each recipe that did not pass, what could not be joined, and the totals.
pub fn fleet_report(report: &FleetReport) -> String {
    let mut lines = Vec::new();
    for recipe in report.recipes.iter().filter(|recipe| recipe.result != FleetResult::Passed) {
        let run = recipe.run.as_ref().map(|run| format!(" ({run})")).unwrap_or_default();
        lines.push(format!("{}: {}: {}{run}", recipe.recipe, recipe.result.words().to_uppercase(), recipe.reason));
    }
    lines.extend(report.conflicts.iter().map(|conflict| format!("conflict: {conflict}")));
    if !report.unplanned.is_empty() {
        lines.push(format!("nobody planned: {}", report.unplanned.join(", ")));
    }
    let of = |result| report.recipes.iter().filter(|recipe| recipe.result == result).count();
    lines.push(format!(
        "{}: {} passed, {} failed, {} errored, {} not tested",
        count(report.recipes.len(), "recipe"),
        of(FleetResult::Passed),
        of(FleetResult::Failed),
        of(FleetResult::Errored),
        of(FleetResult::NotTested)
    ));
    lines.iter().map(|line| plain(line) + "\n").collect()
}

/// A night in words; `dry`: what it would do.
pub fn night_report(report: &NightReport, dry: bool) -> String {
    let mut lines = Vec::new();
    if dry {
        lines.extend(report.due.iter().map(|due| {
            let interval = due.interval;
            format!(
                "{}: {} ({}), interval {interval:.1}, about {:.0} s",
                due.recipe,
                due.why.word(),
                due.commit,
                due.seconds
            )
        }));
    }
    for recipe in &report.results {
        lines.push(format!("{}: {} {}", recipe.recipe, recipe.result.words(), recipe.reason).trim_end().to_owned());
    }
    lines.extend(report.left.iter().map(|(recipe, why)| format!("{recipe}: left for another night: {why}")));
    let of = |result| report.results.iter().filter(|recipe| recipe.result == result).count();
    lines.push(match (report.found, report.due.len()) {
        (0, _) => "NOTHING WAS FOUND: the sources hold no recipe at all, which is not a quiet night".to_owned(),
        (found, 0) => {
            format!("nothing was due: {} found, each tried as it is now, and not long ago", count(found, "recipe"))
        }
        (found, due) => format!(
            "{} found, {due} due: {} passed, {} failed, {} errored, {} not tested, {} left",
            count(found, "recipe"),
            of(FleetResult::Passed),
            of(FleetResult::Failed),
            of(FleetResult::Errored),
            of(FleetResult::NotTested),
            report.left.len()
        ),
    });
    lines.push(format!(
        "{} could not be read, {} with errors of the linter",
        count(report.unreadable, "repository"),
        count(report.lint_errors, "recipe")
    ));
    lines.iter().map(|line| plain(line) + "\n").collect()
}
