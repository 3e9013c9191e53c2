//! Every planned step ends in exactly one outcome (design.md §3.2): the recorder sees to it, whatever happens to the run.

use std::time::Instant;

use super::trouble::Trouble;
use crate::record::{DECLARED, Evidence, Fact, Outcome, PlannedStep, StepKind, StepResult};
use crate::run::RunLog;
use crate::scenario::is_guess;

/// A step that passed.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// What was seen, in one line.
    pub reason: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Good enough for level 1 only (design.md §3.3, *Answering*).
    pub weak: bool,
    /// It failed, was tried again, and passed.
    pub flaky: bool,
}

impl From<Vec<Evidence>> for Passed {
    /// The first piece of evidence says it in one line.
    fn from(evidence: Vec<Evidence>) -> Self {
        let reason = evidence.first().map(|evidence| evidence.text.clone()).unwrap_or_default();
        Self { reason, evidence, weak: false, flaky: false }
    }
}

/// Keeps the plan and what came of it.
#[derive(Debug)]
pub(super) struct Recorder {
    log: RunLog,
    waiting: std::collections::VecDeque<PlannedStep>,
    current: Option<(PlannedStep, Instant)>,
    results: Vec<StepResult>,
}

impl Recorder {
    pub(super) fn new(log: RunLog, plan: &[PlannedStep]) -> Self {
        Self { log, waiting: plan.iter().cloned().collect(), current: None, results: Vec::new() }
    }

    /// Begins the next planned step that is to be tried, if there is one.
    pub(super) fn begin(&mut self) -> Option<PlannedStep> {
        self.skip_declared();
        let step = self.waiting.pop_front()?;
        self.log.write(Fact::StepStarted { id: step.id.clone() });
        self.current = Some((step.clone(), Instant::now()));
        Some(step)
    }

    /// Ends the next steps for as long as the scenario declares them as skipped.
    fn skip_declared(&mut self) {
        while self.waiting.front().is_some_and(|step| step.skip.is_some()) {
            let Some(step) = self.waiting.pop_front() else { return };
            self.log.write(Fact::StepStarted { id: step.id.clone() });
            let why = step.skip.clone().unwrap_or_default();
            self.current = Some((step, Instant::now()));
            self.end(Outcome::Skipped, |step| {
                step.reason = format!("declared in the scenario: {why}");
                step.class = Some(DECLARED.to_owned());
                step.advice = Some(format!(
                    "`taster test --step {}` tries it all the same. For the level it is unknown, until the commons accepts the skip with \
                     [[history.waive]] in its taster.toml.",
                    step.kind.word()
                ));
            });
        }
    }

    /// Begins the next planned step when it is of this kind; whether it is.
    pub(super) fn begin_if(&mut self, kind: StepKind) -> bool {
        self.skip_declared();
        self.waiting.front().is_some_and(|step| step.kind == kind) && self.begin().is_some()
    }

    /// Whether every planned step has begun.
    pub(super) fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Ends the current step with a pass.
    pub(super) fn passed(&mut self, passed: Passed) {
        self.end(Outcome::Passed, |step| {
            step.reason = passed.reason;
            step.evidence = passed.evidence;
            step.weak = passed.weak;
            step.flaky = passed.flaky;
        });
    }

    /// Ends the current step, or begins and ends the next one, with trouble.
    pub(super) fn trouble(&mut self, trouble: Trouble) {
        if self.current.is_none() && self.begin().is_none() {
            return;
        }
        self.end(trouble.outcome, |step| {
            // A guess that does not install was seen, but it is no fact that makes the step needless.
            step.structural = trouble.outcome == Outcome::Skipped && !is_guess(&step.variant);
            step.reason = trouble.reason;
            step.class = Some(trouble.class);
            step.evidence = trouble.evidence;
            step.advice = trouble.advice;
        });
    }

    fn end(&mut self, outcome: Outcome, fill: impl FnOnce(&mut StepResult)) {
        let Some((step, begun)) = self.current.take() else { return };
        let mut result = StepResult::new(step.id, step.kind, step.variant, outcome);
        result.hop = step.hop.map(|hop| hop.kind);
        result.seconds = begun.elapsed().as_secs_f64();
        fill(&mut result);
        self.log.write(Fact::StepEnded(result.clone()));
        self.results.push(result);
    }

    /// Ends what is still open: the current step with `trouble`, the rest as blocked by it.
    pub(super) fn break_off(&mut self, trouble: Trouble) {
        if self.current.is_none() {
            self.skip_declared();
        }
        let by = match &self.current {
            Some((step, _)) => step.kind.word().to_owned(),
            None => self.waiting.front().map(|step| step.kind.word().to_owned()).unwrap_or_default(),
        };
        self.trouble(trouble);
        self.block_rest(&by);
    }

    /// Ends every step that has not begun as blocked by the step `by`.
    pub(super) fn block_rest(&mut self, by: &str) {
        while self.begin().is_some() {
            self.trouble(Trouble::blocked(by));
        }
    }

    /// What came of the steps that ended.
    pub(super) fn results(&self) -> &[StepResult] {
        &self.results
    }
}
