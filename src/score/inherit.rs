//! The level of a run that tried only what a change can affect: the rest is taken over from the base, and shown as such (design.md §3.3).

use super::gate::Base;
use super::level::{Measured, ladder};
use super::standing::Standing;
use crate::record::{ChangePlan, HistoryLine, RunSummary, StepKind, StepResult};

/// The level that a run reaches together with what it takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The level.
    pub level: u8,
    /// More could not be measured.
    pub at_least: bool,
    /// The steps that were taken over, and the trusted run of the base's own commit that each comes from.
    pub inherited: Vec<(String, String)>,
}

impl Reached {
    /// `level 3`, or `at least level 3` where more was not measured.
    pub fn words(&self) -> String {
        if self.at_least { format!("at least level {}", self.level) } else { format!("level {}", self.level) }
    }
}

/// What a run reaches. Only a step that `change` proves unaffected, that was not tried, and that a trusted run of the base's own commit tried is
/// taken over, whatever came of it there: what nobody tried stays not tried.
pub fn reached(run: &RunSummary, base: &Base, change: Option<&ChangePlan>) -> Reached {
    let mut steps = run.steps.clone();
    let mut inherited = Vec::new();
    for (kind, variant) in change.into_iter().flat_map(unaffected) {
        let is_meant = |of: StepKind, name: &str| of == kind && variant.is_none_or(|variant| variant == name);
        if run.steps.iter().any(|step| is_meant(step.kind, &step.variant)) {
            continue;
        }
        let own = base.lines.iter().rev().filter(|line| Some(&line.commit) == base.commit.as_ref());
        let taken = own.map(|line| (line, of(line, is_meant))).find(|(_, steps)| !steps.is_empty());
        for (line, step) in taken.into_iter().flat_map(|(line, steps)| steps.into_iter().map(move |step| (line, step)))
        {
            inherited.push((step.id.clone(), line.run.clone()));
            steps.push(step);
        }
    }
    if inherited.is_empty() {
        return Reached { level: run.level, at_least: run.level_is_at_least, inherited };
    }
    let measured = Measured { steps: &steps, variants: &run.variants, findings: run.findings.as_ref() };
    let ladder = ladder(measured, &Standing::default());
    Reached { level: ladder.level, at_least: ladder.at_least, inherited }
}

fn of(line: &HistoryLine, is_meant: impl Fn(StepKind, &str) -> bool) -> Vec<StepResult> {
    line.steps.iter().filter(|step| is_meant(step.kind, &step.variant)).map(StepResult::from).collect()
}

/// What the change cannot affect: a kind of step with every variant but those that are installed by themselves, or the install of one variant.
fn unaffected(change: &ChangePlan) -> Vec<(StepKind, Option<&str>)> {
    // Installs are told apart by their variant: that of another one says nothing about this one.
    let kinds = change.steps.iter().filter(|step| !step.tried).map(|step| match step.kind {
        StepKind::Install => (StepKind::Install, Some(crate::scenario::DEFAULT_VARIANT)),
        kind => (kind, None),
    });
    let variants = change.variants.iter().filter(|variant| !variant.tried);
    kinds.chain(variants.map(|variant| (StepKind::Install, Some(variant.variant.as_str())))).collect()
}
