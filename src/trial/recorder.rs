//! Every planned step ends in exactly one outcome (design.md §3.2): the recorder sees to it, whatever happens to the run.

use std::time::Instant;

use super::trouble::Trouble;
use crate::record::{Evidence, Fact, Outcome, PlannedStep, StepKind, StepResult};
use crate::run::RunLog;

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

    /// Begins the next planned step, if there is one.
    pub(super) fn begin(&mut self) -> Option<StepKind> {
        let step = self.waiting.pop_front()?;
        let kind = step.kind;
        self.log.write(Fact::StepStarted { id: step.id.clone() });
        self.current = Some((step, Instant::now()));
        Some(kind)
    }

    /// Ends the current step with a pass.
    pub(super) fn passed(&mut self, reason: String, evidence: Vec<Evidence>, weak: bool) {
        self.end(Outcome::Passed, |step| {
            step.reason = reason;
            step.evidence = evidence;
            step.weak = weak;
        });
    }

    /// Ends the current step, or begins and ends the next one, with trouble.
    pub(super) fn trouble(&mut self, trouble: Trouble) {
        if self.current.is_none() && self.begin().is_none() {
            return;
        }
        self.end(trouble.outcome, |step| {
            step.reason = trouble.reason;
            step.class = Some(trouble.class);
            step.evidence = trouble.evidence;
            step.advice = trouble.advice;
        });
    }

    fn end(&mut self, outcome: Outcome, fill: impl FnOnce(&mut StepResult)) {
        let Some((step, begun)) = self.current.take() else { return };
        let mut result = StepResult {
            id: step.id,
            kind: step.kind,
            variant: step.variant,
            outcome,
            reason: String::new(),
            class: None,
            flaky: false,
            seconds: begun.elapsed().as_secs_f64(),
            evidence: Vec::new(),
            advice: None,
            weak: false,
        };
        fill(&mut result);
        self.log.write(Fact::StepEnded(result.clone()));
        self.results.push(result);
    }

    /// Ends what is still open: the current step with `trouble`, the rest as blocked by it.
    pub(super) fn break_off(&mut self, trouble: Trouble) {
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
