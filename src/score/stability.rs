//! Stability (design.md §3.4): how sure one may be that what operators do with a recipe works.

use jiff::Timestamp;

use super::beta::{Beta, GeometricMean};
use super::observe::{Observed, Sayings, Seen, Spoken, week};
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
    now(&Sayings::of(lines, as_of), as_of)
}

/// The stability at the end of each of the last 52 weeks until `as_of`, from the first week with a run on. The running week ends at `as_of`.
pub fn over_time(lines: &[HistoryLine], as_of: Timestamp) -> Vec<StabilityWeek> {
    weekly(&Sayings::of(lines, as_of), as_of)
}

/// The stability with its arithmetic.
pub(super) fn now(sayings: &Sayings, as_of: Timestamp) -> StabilityDetail {
    let mut joint = Joint::of(sayings, as_of);
    let mut dimensions = Vec::new();
    for (part, seen) in joint.parts.iter().zip(sayings.observed(as_of)) {
        dimensions.push(detail(part, seen, as_of));
    }
    let observations = dimensions.iter().filter(|d| d.not_applicable.is_none()).map(|d| d.observations.len()).sum();
    let (score, median, high) = (joint.end(ENDS.0), joint.end(0.5), joint.end(ENDS.1));
    StabilityDetail { score, median, high, observations, dimensions }
}

/// The stability at the end of each week.
pub(super) fn weekly(sayings: &Sayings, as_of: Timestamp) -> Vec<StabilityWeek> {
    let Some(first) = sayings.first().map(week) else { return Vec::new() };
    let mut weeks = Vec::new();
    let mut monday = week(as_of);
    while monday >= first && weeks.len() < WEEKS {
        let next = monday.checked_add(jiff::Span::new().days(7)).ok();
        let end = next.and_then(|next| next.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|next| next.timestamp());
        let end = end.unwrap_or(as_of).saturating_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(as_of).min(as_of);
        let mut joint = Joint::of(sayings, end);
        let (value, high) = (joint.end(ENDS.0), joint.end(ENDS.1));
        weeks.push(StabilityWeek { week: monday.to_string(), value, low: value, high });
        match monday.checked_sub(jiff::Span::new().days(7)) {
            Ok(before) => monday = before,
            Err(_) => break,
        }
    }
    weeks.reverse();
    weeks
}

/// One dimension at a moment.
struct Part {
    dimension: Dimension,
    /// 0 when it does not apply.
    weight: f64,
    posterior: Posterior,
    share: Beta,
}

/// All dimensions at a moment.
struct Joint {
    parts: Vec<Part>,
    /// `None` when nothing applies, not even an install: nothing is known.
    mean: Option<GeometricMean>,
}

impl Joint {
    fn of(sayings: &Sayings, as_of: Timestamp) -> Self {
        let seen = Dimension::ALL.map(|dimension| (dimension, sayings.seen(dimension, as_of)));
        let applicable: f64 = seen.iter().filter(|(_, seen)| seen.applies).map(|(d, _)| weight(*d)).sum();
        let part = |(dimension, seen): (Dimension, Seen<'_>)| {
            let posterior = Posterior::of(seen.weeks, as_of);
            let weight = if seen.applies { weight(dimension) / applicable } else { 0.0 };
            Part { dimension, weight, share: Beta::new(posterior.alpha, posterior.beta), posterior }
        };
        let parts: Vec<Part> = seen.into_iter().map(part).collect();
        let shares: Vec<(&Beta, f64)> =
            parts.iter().filter(|part| part.weight > 0.0).map(|part| (&part.share, part.weight)).collect();
        let mean = (!shares.is_empty()).then(|| GeometricMean::new(&shares));
        Self { parts, mean }
    }

    fn end(&mut self, q: f64) -> f64 {
        self.mean.as_mut().map_or(0.0, |mean| rounded(100.0 * mean.quantile(q), 1))
    }
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

fn detail(part: &Part, seen: Observed, as_of: Timestamp) -> DimensionDetail {
    let Part { dimension, weight, posterior, share } = part;
    let observations = seen.weeks.into_iter().map(|spoken| Observation {
        week: spoken.week.to_string(),
        run: spoken.run,
        at: spoken.at.to_string(),
        passed: spoken.passed,
        weight: rounded(decay(spoken.at, as_of), 4),
    });
    DimensionDetail {
        dimension: *dimension,
        weight: rounded(*weight, 4),
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
