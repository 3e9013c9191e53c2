//! What is known of a recipe beside one run. What is not known stays `None`, and is never taken for a no.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use super::level::{Measured, ladder};
use super::steps::hop;
use super::upgraded::Upgraded;
use crate::record::{HistoryLine, Outcome, StepKind};
use crate::run::RunId;

/// Half-months that level 8 looks back.
pub(super) const HALF_MONTHS: usize = 24;

/// What is known beside the run that gives the level.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// Whether it is in a community organisation; `None` when the commons names none.
    pub community: Option<bool>,
    /// Whether it has a licence.
    pub licence: Option<bool>,
    /// Whether its README names a maintainer.
    pub maintainer: Option<bool>,
    /// The releases before the candidate, oldest first.
    pub releases: Option<Vec<String>>,
    /// What the candidate is called in upgrades.
    pub candidate: String,
    /// Upgrades that any trusted run tried, and whether the newest of these tries passed.
    pub hops: BTreeMap<(String, String), bool>,
    /// Kinds of steps whose declared skip the commons accepts.
    pub waived: Vec<StepKind>,
    /// Whether level 5 held in each of the last half-months, newest first; `None` for one in which nothing was measured.
    pub half_months: Vec<Option<bool>>,
    /// The stability.
    pub stability: Option<f64>,
    /// Whether it is upgraded within three months of upstream.
    pub upgraded: Upgraded,
}

impl Standing {
    /// Takes over what a history tells of the commit `current`, until the moment `as_of`.
    pub fn remember(&mut self, lines: &[HistoryLine], current: &str, as_of: Timestamp, stability: f64) {
        self.stability = Some(stability);
        self.upgraded = Upgraded::of(lines, current, as_of);
        self.half_months = half_months(lines, as_of, &self.waived);
        let mut tried: BTreeMap<(String, String), (&str, bool)> = BTreeMap::new();
        for line in lines {
            for step in line.steps.iter().filter(|step| step.kind == StepKind::Upgrade) {
                let passed = match step.outcome {
                    Outcome::Passed => true,
                    Outcome::Failed => false,
                    _ => continue,
                };
                let Some((from, to)) = hop(&step.id) else { continue };
                let known = tried.entry((from.to_owned(), to.to_owned())).or_insert((&line.run, passed));
                if known.0 <= line.run.as_str() {
                    *known = (&line.run, passed);
                }
            }
        }
        self.hops = tried.into_iter().map(|(ends, (_, passed))| (ends, passed)).collect();
    }
}

/// The half of a month that a moment lies in: its first day, the 1st or the 16th.
fn half_month(at: Timestamp) -> Date {
    let date = at.to_zoned(TimeZone::UTC).date();
    let first = date.first_of_month();
    if date.day() <= 15 { first } else { first.with().day(16).build().unwrap_or(first) }
}

fn before(half: Date) -> Date {
    if half.day() > 1 {
        return half.first_of_month();
    }
    half.yesterday().ok().map_or(half, |last| last.first_of_month().with().day(16).build().unwrap_or(half))
}

/// Whether level 5 held in each of the last half-months, newest first. The newest run that can tell speaks for its half-month.
fn half_months(lines: &[HistoryLine], as_of: Timestamp, waived: &[StepKind]) -> Vec<Option<bool>> {
    let mut by_half: BTreeMap<Date, Vec<&HistoryLine>> = BTreeMap::new();
    for line in lines {
        if let Some(at) = RunId::began(&line.run).filter(|at| *at <= as_of) {
            by_half.entry(half_month(at)).or_default().push(line);
        }
    }
    let mut half = half_month(as_of);
    let mut all = Vec::with_capacity(HALF_MONTHS);
    for _ in 0..HALF_MONTHS {
        let mut lines = by_half.remove(&half).unwrap_or_default();
        lines.sort_by(|a, b| b.run.cmp(&a.run));
        all.push(lines.into_iter().find_map(|line| reached_five(line, waived)));
        half = before(half);
    }
    all
}

/// Whether a run shows level 5; `None` when too little of it was measured to tell.
fn reached_five(line: &HistoryLine, waived: &[StepKind]) -> Option<bool> {
    let steps: Vec<_> = line.steps.iter().map(Into::into).collect();
    let run = Measured { steps: &steps, variants: &line.variants, findings: line.findings.as_ref() };
    let reached = ladder(run, &Standing { waived: waived.to_vec(), ..Standing::default() });
    (reached.level >= 5 || !reached.at_least).then_some(reached.level >= 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_months_go_back_over_the_turn_of_the_year() {
        let at = |text: &str| half_month(text.parse().unwrap());
        assert_eq!(at("2026-01-15T23:59:59Z").to_string(), "2026-01-01");
        assert_eq!(at("2026-01-16T00:00:00Z").to_string(), "2026-01-16");
        assert_eq!(before(at("2026-01-03T00:00:00Z")).to_string(), "2025-12-16");
        assert_eq!(before(at("2026-02-28T00:00:00Z")).to_string(), "2026-02-01");
    }
}
