//! What a run says about a dimension, and what a week says.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use super::steps::newest_hop;
use crate::record::{Dimension, HistoryLine, HistoryStep, Outcome, StepKind};
use crate::run::RunId;

/// What a run says about one dimension.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    /// It was tried: 1 passed, 0 failed, ½ passed only when it was tried again.
    Tried(f64),
    /// It does not apply, as the run observed.
    NotApplicable(String),
}

/// What speaks for one week.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spoken {
    pub(super) week: Date,
    pub(super) run: String,
    pub(super) at: Timestamp,
    pub(super) passed: f64,
}

/// What a history says about one dimension.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Observed {
    /// One for each week in which the dimension was tried, oldest first.
    pub(super) weeks: Vec<Spoken>,
    /// The newest run that says anything says that it does not apply.
    pub(super) not_applicable: Option<String>,
}

/// What every run of a history says about each dimension.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sayings {
    by_dimension: [Told; 4],
}

/// What the runs say about one dimension.
#[derive(Debug, Clone, Default, PartialEq)]
struct Told {
    /// When each run that says anything began, oldest first, and why it does not apply, if it says so.
    applying: Vec<(Timestamp, Option<String>)>,
    /// What speaks for each week, oldest first.
    weeks: Vec<Spoken>,
}

/// What is known about one dimension at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen<'s> {
    /// One for each week in which it was tried, oldest first.
    pub(super) weeks: &'s [Spoken],
    /// Whether it applies, as the newest run that says anything says.
    pub(super) applies: bool,
}

impl Sayings {
    /// Of these runs, in any order, until `as_of`.
    ///
    /// Several runs in a week are one observation: the newest run that says anything speaks for the week. The worst of them would make a
    /// nightly job look worse than a weekly one of the same recipe, and the best would make it look better.
    pub(super) fn of(lines: &[HistoryLine], as_of: Timestamp) -> Self {
        let mut runs: Vec<(Timestamp, &HistoryLine)> =
            lines.iter().filter_map(|line| Some((RunId::began(&line.run)?, line))).collect();
        runs.retain(|(began, _)| *began <= as_of);
        runs.sort_by(|a, b| a.1.run.cmp(&b.1.run));
        // Two lines of one run are one run.
        runs.dedup_by(|a, b| a.1.run == b.1.run);
        let mut by_dimension: [Told; 4] = Default::default();
        for (at, line) in runs {
            let week = week(at);
            for (of, dimension) in by_dimension.iter_mut().zip(Dimension::ALL) {
                match said(line, dimension) {
                    Some(Said::Tried(passed)) => {
                        of.applying.push((at, None));
                        let spoken = Spoken { week, run: line.run.clone(), at, passed };
                        match of.weeks.last_mut() {
                            Some(last) if last.week == week => *last = spoken,
                            _ => of.weeks.push(spoken),
                        }
                    }
                    Some(Said::NotApplicable(reason)) => of.applying.push((at, Some(reason))),
                    None => {}
                }
            }
        }
        Self { by_dimension }
    }

    /// When the first run that says anything began.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.by_dimension.iter().filter_map(|of| of.applying.first()).map(|(at, _)| *at).min()
    }

    /// What is known about a dimension at the end of a week, or at the moment that these were gathered for.
    pub(super) fn seen(&self, dimension: Dimension, until: Timestamp) -> Seen<'_> {
        let of = &self.by_dimension[dimension as usize];
        let weeks = &of.weeks[..of.weeks.partition_point(|spoken| spoken.at <= until)];
        let applying = &of.applying[..of.applying.partition_point(|(at, _)| *at <= until)];
        Seen { weeks, applies: applying.last().is_none_or(|(_, reason)| reason.is_none()) }
    }

    /// The same of every dimension, with the reason, to be told.
    pub(super) fn observed(&self, until: Timestamp) -> [Observed; 4] {
        Dimension::ALL.map(|dimension| {
            let of = &self.by_dimension[dimension as usize];
            let applying = &of.applying[..of.applying.partition_point(|(at, _)| *at <= until)];
            let not_applicable = applying.last().and_then(|(_, reason)| reason.clone());
            Observed { weeks: self.seen(dimension, until).weeks.to_vec(), not_applicable }
        })
    }
}

/// The Monday of a moment's week, UTC.
pub(super) fn week(at: Timestamp) -> Date {
    let date = at.to_zoned(TimeZone::UTC).date();
    let days = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(days.days()).unwrap_or(date)
}

/// `None` when the run tells nothing: not tried, blocked, errored, or skipped by mere declaration.
fn said(line: &HistoryLine, dimension: Dimension) -> Option<Said> {
    let of = |kind: StepKind| line.steps.iter().filter(move |step| step.kind == kind);
    match dimension {
        Dimension::Install => together(&[of(StepKind::Install).collect()]),
        Dimension::Smoke => together(&[of(StepKind::Smoke).collect()]),
        // Both, or nothing was proven.
        Dimension::Backup => together(&[of(StepKind::Backup).collect(), of(StepKind::Restore).collect()]),
        // The hop that operators take; the older ones of a whole chain count for level 7.
        Dimension::Upgrade => {
            let hops: Vec<&HistoryStep> = of(StepKind::Upgrade).collect();
            together(&[newest_hop(&hops, |step| &step.id)])
        }
    }
}

/// One failure is a failure. A pass needs one of every part; what is blocked or errored in between says nothing.
fn together(parts: &[Vec<&HistoryStep>]) -> Option<Said> {
    let all = || parts.iter().flatten();
    if all().any(|step| step.outcome == Outcome::Failed) {
        return Some(Said::Tried(0.0));
    }
    let passed = |part: &Vec<&HistoryStep>| part.iter().any(|step| step.outcome == Outcome::Passed);
    if !parts.is_empty() && parts.iter().all(passed) {
        let flaky = all().any(|step| step.outcome == Outcome::Passed && step.flaky);
        return Some(Said::Tried(if flaky { 0.5 } else { 1.0 }));
    }
    let skipped = |step: &&&HistoryStep| step.outcome == Outcome::Skipped && step.structural;
    let reason = all().find(skipped).map(|step| step.reason.clone())?;
    all().all(|step| step.outcome == Outcome::Skipped && step.structural).then_some(Said::NotApplicable(reason))
}
