//! Made-up runs.

use jiff::{SignedDuration, Timestamp};
use taster::record::{HISTORY_SCHEMA, HistoryLine, HistoryStep, Outcome, StepKind, Trust};

/// The moment that ages are counted from in these tests: a Saturday.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub(crate) fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

/// A run's identifier: four letters at its end tell runs of one second apart.
pub(crate) fn run_id(at: Timestamp, recipe: &str, number: usize) -> String {
    let letter = |place: usize| {
        char::from(b'a' + u8::try_from(number / 26_usize.pow(u32::try_from(place).unwrap()) % 26).unwrap())
    };
    let tail: String = (0..4).rev().map(letter).collect();
    format!("{}-{recipe}-{tail}", at.strftime("%Y%m%d-%H%M%S"))
}

pub(crate) fn step(kind: StepKind, outcome: Outcome) -> HistoryStep {
    let id = match kind {
        StepKind::Upgrade => "upgrade:1.0.0+1.0→abcd1234@default".to_owned(),
        kind => format!("{}@default", kind.word()),
    };
    HistoryStep {
        id,
        kind,
        variant: "default".to_owned(),
        outcome,
        flaky: false,
        weak: false,
        structural: false,
        class: None,
        reason: String::new(),
        seconds: 3.5,
    }
}

pub(crate) fn line(at: Timestamp, number: usize, steps: Vec<HistoryStep>) -> HistoryLine {
    HistoryLine {
        schema: HISTORY_SCHEMA.to_owned(),
        run: run_id(at, "blog", number),
        at: at.to_string(),
        recipe: "blog".to_owned(),
        commit: "0123456789012345678901234567890123456789".to_owned(),
        version: None,
        trust: Trust::DefaultBranch,
        variants: Vec::new(),
        steps,
        findings: None,
        proofs: Vec::new(),
        upgrade_map: None,
        services: Vec::new(),
        upstream: None,
    }
}

/// The steps that stability looks at, each with this outcome.
pub(crate) fn all_of(outcome: Outcome) -> Vec<HistoryStep> {
    [StepKind::Install, StepKind::Upgrade, StepKind::Backup, StepKind::Restore, StepKind::Smoke]
        .map(|kind| step(kind, outcome))
        .to_vec()
}
