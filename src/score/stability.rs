//! Stability (design.md §3.4): how sure one may be that what operators do with a recipe works.

use jiff::Timestamp;

use super::beta::{Beta, GeometricMean};
use super::observe::{Observed, Sayings, Spoken, week};
use crate::record::{Dimension, DimensionDetail, HistoryLine, Observation, StabilityDetail, StabilityWeek};

/// Days after which an observation weighs half.
pub const HALF_LIFE_DAYS: f64 = 90.0;

/// The lower and the upper end of what is published, as shares of the posterior.
const ENDS: (f64, f64) = (0.05, 0.95);

/// How many weeks of the past are told.
const WEEKS: usize = 52;

/// What each dimension weighs. An operator installs once and upgrades for years; a lost backup cannot be made good; a page that does
/// not look right is seen at once.
pub fn weight(dimension: Dimension) -> f64 {
    match dimension {
        Dimension::Install => 0.30,
        Dimension::Upgrade => 0.30,
        Dimension::Backup => 0.25,
        Dimension::Smoke => 0.15,
    }
}

/// The stability of one recipe at the moment `as_of`, from its trusted runs in any order. Runs after that moment do not count.
///
/// A dimension that was never tried counts with the prior alone, so that nothing is gained by not trying it; only what a run saw not to
/// apply drops out.
pub fn stability(lines: &[HistoryLine], as_of: Timestamp) -> StabilityDetail {
    of_sayings(&Sayings::of(lines), as_of)
}

fn of_sayings(sayings: &Sayings, as_of: Timestamp) -> StabilityDetail {
    let observed = sayings.observed(as_of);
    let applicable: f64 =
        observed.iter().filter(|(_, seen)| seen.not_applicable.is_none()).map(|(d, _)| weight(*d)).sum();
    let mut shares = Vec::new();
    let mut dimensions = Vec::new();
    for (dimension, seen) in observed {
        let posterior = Posterior::of(&seen.weeks, as_of);
        let share = Beta::new(posterior.alpha, posterior.beta);
        let applies = seen.not_applicable.is_none();
        let weight = if applies { weight(dimension) / applicable } else { 0.0 };
        dimensions.push(detail(dimension, weight, seen, &posterior, &share, as_of));
        if applies {
            shares.push((share, weight));
        }
    }
    let observations = dimensions.iter().filter(|d| d.not_applicable.is_none()).map(|d| d.observations.len()).sum();
    let mean = GeometricMean::new(&shares);
    // Nothing applies, not even an install: nothing is known.
    let end = |q| if shares.is_empty() { 0.0 } else { rounded(100.0 * mean.quantile(q), 1) };
    StabilityDetail { score: end(ENDS.0), median: end(0.5), high: end(ENDS.1), observations, dimensions }
}

/// The stability at the end of each of the last 52 weeks until `as_of`, from the first week with a run on. The running week ends at `as_of`.
pub fn over_time(lines: &[HistoryLine], as_of: Timestamp) -> Vec<StabilityWeek> {
    let sayings = Sayings::of(lines);
    let Some(first) = sayings.first().map(week) else { return Vec::new() };
    let mut weeks = Vec::new();
    let mut monday = week(as_of);
    while monday >= first && weeks.len() < WEEKS {
        let next = monday.checked_add(jiff::Span::new().days(7)).ok();
        let end = next.and_then(|next| next.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|next| next.timestamp());
        let end = end.unwrap_or(as_of).saturating_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(as_of).min(as_of);
        let then = of_sayings(&sayings, end);
        weeks.push(StabilityWeek { week: monday.to_string(), value: then.score, low: then.score, high: then.high });
        match monday.checked_sub(jiff::Span::new().days(7)) {
            Ok(before) => monday = before,
            Err(_) => break,
        }
    }
    weeks.reverse();
    weeks
}

/// What the observations of one dimension amount to.
#[derive(Debug, Clone, PartialEq)]
struct Posterior {
    passed: Option<f64>,
    effective: f64,
    alpha: f64,
    beta: f64,
}

impl Posterior {
    /// With weights v relative to the newest observation, (Σv)² / Σv² is how many equal observations carry the same information (Kish's
    /// effective sample size). All of them age together with the newest. The plain sum of the weights would understate what is known by
    /// half once a recipe has been tested for a year, and its interval would cover the truth in 97 of 100 cases instead of 90.
    fn of(weeks: &[Spoken], as_of: Timestamp) -> Self {
        let Some(newest) = weeks.iter().map(|spoken| spoken.at).max() else {
            return Self { passed: None, effective: 0.0, alpha: 0.5, beta: 0.5 };
        };
        let (mut sum, mut squares, mut passes) = (0.0, 0.0, 0.0);
        for spoken in weeks {
            let relative = decay(spoken.at, newest);
            sum += relative;
            squares += relative * relative;
            passes += relative * spoken.passed;
        }
        let passed = passes / sum;
        let effective = decay(newest, as_of) * sum * sum / squares;
        Self {
            passed: Some(passed),
            effective,
            alpha: 0.5 + effective * passed,
            beta: 0.5 + effective * (1.0 - passed),
        }
    }
}

/// The weight at `now` of what was seen at `then`.
fn decay(then: Timestamp, now: Timestamp) -> f64 {
    let days = now.duration_since(then).as_secs_f64() / 86_400.0;
    0.5_f64.powf(days / HALF_LIFE_DAYS)
}

fn detail(
    dimension: Dimension,
    weight: f64,
    seen: Observed,
    posterior: &Posterior,
    share: &Beta,
    as_of: Timestamp,
) -> DimensionDetail {
    let observations = seen.weeks.into_iter().map(|spoken| Observation {
        week: spoken.week.to_string(),
        run: spoken.run,
        at: spoken.at.to_string(),
        passed: spoken.passed,
        weight: rounded(decay(spoken.at, as_of), 4),
    });
    DimensionDetail {
        dimension,
        weight: rounded(weight, 4),
        not_applicable: seen.not_applicable,
        passed: posterior.passed.map(|passed| rounded(passed, 4)),
        effective: rounded(posterior.effective, 3),
        alpha: rounded(posterior.alpha, 3),
        beta: rounded(posterior.beta, 3),
        low: rounded(share.quantile(ENDS.0), 4),
        median: rounded(share.quantile(0.5), 4),
        high: rounded(share.quantile(ENDS.1), 4),
        observations: observations.collect(),
    }
}

/// Published figures are rounded, so that they are the same on every machine.
fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}
