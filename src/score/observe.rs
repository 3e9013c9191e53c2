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

/// What every run of a history says about each dimension, oldest run first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sayings {
    by_dimension: [Vec<Saying>; 4],
}

#[derive(Debug, Clone, PartialEq)]
struct Saying {
    at: Timestamp,
    run: String,
    said: Said,
}

impl Sayings {
    /// Of these runs, in any order.
    pub(super) fn of(lines: &[HistoryLine]) -> Self {
        let mut runs: Vec<(Timestamp, &HistoryLine)> =
            lines.iter().filter_map(|line| Some((RunId::began(&line.run)?, line))).collect();
        runs.sort_by(|a, b| a.1.run.cmp(&b.1.run));
        // Two lines of one run are one run.
        runs.dedup_by(|a, b| a.1.run == b.1.run);
        let by_dimension = Dimension::ALL.map(|dimension| {
            let saying = |(at, line): &(Timestamp, &HistoryLine)| {
                said(line, dimension).map(|said| Saying { at: *at, run: line.run.clone(), said })
            };
            runs.iter().filter_map(saying).collect()
        });
        Self { by_dimension }
    }

    /// When the first run that says anything began.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.by_dimension.iter().filter_map(|sayings| sayings.first()).map(|saying| saying.at).min()
    }

    /// What the runs until `until` say about each dimension.
    ///
    /// Several runs in a week are one observation: the newest run that says anything speaks for the week. The worst of them would make a
    /// nightly job look worse than a weekly one of the same recipe, and the best would make it look better.
    pub(super) fn observed(&self, until: Timestamp) -> [(Dimension, Observed); 4] {
        let mut number = 0;
        Dimension::ALL.map(|dimension| {
            let sayings = &self.by_dimension[number];
            number += 1;
            (dimension, observed(sayings, until))
        })
    }
}

fn observed(sayings: &[Saying], until: Timestamp) -> Observed {
    let sayings = &sayings[..sayings.partition_point(|saying| saying.at <= until)];
    let mut weeks: Vec<Spoken> = Vec::new();
    for saying in sayings {
        let Said::Tried(passed) = saying.said else { continue };
        let spoken = Spoken { week: week(saying.at), run: saying.run.clone(), at: saying.at, passed };
        match weeks.last_mut() {
            Some(last) if last.week == spoken.week => *last = spoken,
            _ => weeks.push(spoken),
        }
    }
    let not_applicable = match sayings.last().map(|saying| &saying.said) {
        Some(Said::NotApplicable(reason)) => Some(reason.clone()),
        _ => None,
    };
    Observed { weeks, not_applicable }
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
