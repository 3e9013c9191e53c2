//! Scores in words: a line for each recipe, and the whole sum of one.

use jiff::Timestamp;

use super::markup::plain;
use crate::record::{DimensionDetail, Observation, RecipeScore, RungState, StabilityDetail};
use crate::score::HALF_LIFE_DAYS;

/// A recipe in one line.
pub fn score_line(score: &RecipeScore) -> String {
    let stability = &score.stability;
    format!(
        "{}: {}, stability {:.1} (up to {:.1}, {} observation(s)), last tested {}",
        score.recipe,
        level(score),
        stability.score,
        stability.high,
        stability.observations,
        score.at
    )
}

fn level(score: &RecipeScore) -> String {
    format!("{}level {}", if score.ladder.at_least { "at least " } else { "" }, score.ladder.level)
}

/// The ladder, every observation, and the sum, so that a person can do it again.
pub fn score_explained(score: &RecipeScore, as_of: Timestamp) -> String {
    let mut lines = vec![format!("{}\n", score_line(score))];
    let version = score.version.as_ref().map(|version| format!(" ({version})")).unwrap_or_default();
    lines.push(format!("Level, from run {} of commit {}{version}: {}", score.run, score.commit, level(score)));
    for rung in &score.ladder.rungs {
        lines.push(format!("  {} {} {}", mark(rung.state), rung.level, rung.name));
        lines.extend(rung.demands.iter().map(|demand| format!("      {} {}", mark(demand.state), plain(&demand.text))));
    }
    lines.push("  (✓ satisfied, ✗ missing, ? not known: the level is the last of an unbroken row of ✓)\n".to_owned());
    lines.push(format!("Stability as of {as_of}, from {} trusted run(s)", score.runs));
    lines.push(format!(
        "  One observation a week at most: the newest run that says anything. Weights are halved every {HALF_LIFE_DAYS} days."
    ));
    for dimension in &score.stability.dimensions {
        of_dimension(dimension, &mut lines);
    }
    lines.push(mean(&score.stability));
    lines.join("\n") + "\n"
}

fn mark(state: RungState) -> &'static str {
    match state {
        RungState::Satisfied => "✓",
        RungState::Missing => "✗",
        RungState::Unknown => "?",
    }
}

fn of_dimension(dimension: &DimensionDetail, lines: &mut Vec<String>) {
    let name = dimension.dimension.word();
    if let Some(reason) = &dimension.not_applicable {
        lines.push(format!("\n  {name} does not apply, so it has no part in the score: {}", plain(reason)));
        return;
    }
    lines.push(format!("\n  {name}, weight {}", dimension.weight));
    let newest = dimension.observations.last().map_or(1.0, |observation| observation.weight);
    for Observation { week, run, passed, weight, .. } in &dimension.observations {
        let word = match passed {
            passed if *passed >= 1.0 => "passed",
            passed if *passed <= 0.0 => "failed",
            _ => "flaky ",
        };
        lines.push(format!("    week of {week}  {word} = {passed:<3}  weight {weight:.4}  {run}"));
    }
    let relative =
        |power: i32| dimension.observations.iter().map(|seen| (seen.weight / newest).powi(power)).sum::<f64>();
    let Some(passed) = dimension.passed else {
        lines.push("    never tried: Beta(½, ½), which promises nothing".to_owned());
        lines.push(ends(dimension));
        return;
    };
    let (sum, squares) = (relative(1), relative(2));
    lines.push(format!(
        "    weights over the newest's: sum {sum:.3}, sum of squares {squares:.3}; {sum:.3}² / {squares:.3} × {newest:.4} = {:.3} observations of today",
        dimension.effective
    ));
    lines.push(format!(
        "    share that passed {passed:.4}; Beta(½ + {0:.3} × {passed:.4}, ½ + {0:.3} × {1:.4}) = Beta({2:.3}, {3:.3})",
        dimension.effective,
        1.0 - passed,
        dimension.alpha,
        dimension.beta
    ));
    lines.push(ends(dimension));
}

fn ends(dimension: &DimensionDetail) -> String {
    let (low, median, high) = (dimension.low, dimension.median, dimension.high);
    format!("    its quantiles: 5 % {low:.4}, 50 % {median:.4}, 95 % {high:.4}")
}

/// The whole sum as a line that anybody can run: it draws where taster integrates.
fn mean(stability: &StabilityDetail) -> String {
    let applies = stability.dimensions.iter().filter(|dimension| dimension.not_applicable.is_none());
    let product: Vec<String> =
        applies.map(|dimension| format!("b({},{})**{}", dimension.alpha, dimension.beta, dimension.weight)).collect();
    format!(
        "\n  The score is the 5 % quantile of the product of the shares, each to the power of its weight, when all are drawn independently:\n  \
         {:.1}; its median is {:.1}, its 95 % quantile {:.1}. The same by drawing 200 000 times:\n  \
         python3 -c 'from random import betavariate as b; d=sorted({} for _ in range(200000)); print([round(100*d[i],1) for i in (10000,100000,190000)])'\n",
        stability.score,
        stability.median,
        stability.high,
        product.join("*")
    )
}
