//! What fails a pipeline (design.md §3.2): a policy over what came of a run, and nothing else.

use std::str::FromStr;

use super::steps::hop;
use crate::record::{Finding, HistoryLine, HistoryStep, Outcome, RunSummary, StepKind, StepResult};

/// The highest level that one run can prove by itself: the next one asks where the recipe lives.
const MOST_OF_A_RUN: u8 = 5;

/// What fails a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Only what the base passed.
    Regression,
    /// A level below this one.
    Level(u8),
    /// Everything that does not pass.
    Strict,
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "regression" => Ok(Self::Regression),
            "strict" => Ok(Self::Strict),
            _ => match text.strip_prefix("level:").map(str::parse) {
                Some(Ok(level @ 1..=MOST_OF_A_RUN)) => Ok(Self::Level(level)),
                Some(Ok(level @ 6..=8)) => Err(format!(
                    "level {level} cannot be proven by one run: it asks where the recipe lives and what was before; level:{MOST_OF_A_RUN} is the most"
                )),
                _ => Err(format!("`{text}` is no gate: write regression, strict, or level:1 to level:{MOST_OF_A_RUN}")),
            },
        }
    }
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Regression => f.write_str("regression"),
            Self::Level(level) => write!(f, "level:{level}"),
            Self::Strict => f.write_str("strict"),
        }
    }
}

/// What is known of the base, by which a regression is told from what was broken before.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// Its commit, when it is known.
    pub commit: Option<String>,
    /// The trusted runs of the recipe, the oldest first; empty when there is no history.
    pub lines: Vec<HistoryLine>,
    /// Errors of the linter that the base does not have; `None` when the base was not judged.
    pub new_errors: Option<Vec<Finding>>,
    /// Errors of the linter that the base has too.
    pub old_errors: Vec<Finding>,
    /// How many errors there are and were, where only that is known.
    pub counted_errors: Option<CountedErrors>,
    /// What whoever reads the verdict should know about the base.
    pub notes: Vec<String>,
}

/// Errors of the linter that are known by their number alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedErrors {
    /// Of the candidate.
    pub now: usize,
    /// Of the base.
    pub before: usize,
    /// The trusted run of the base's own commit that counted them.
    pub run: String,
}

/// How the base stood in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stood {
    /// It passed, or nothing was wrong with it; the run that says so.
    Passed(String),
    /// It did not; the run that says so.
    Failed(String),
    /// Nobody knows.
    Unknown,
}

impl Base {
    /// How the base stood in the step that corresponds to this one: in the newest run of its commit that tells, else in the newest trusted
    /// run that does.
    pub fn stood(&self, step: &StepResult) -> Stood {
        let own = |line: &&HistoryLine| Some(&line.commit) == self.commit.as_ref();
        let told = |line: &HistoryLine| {
            line.steps.iter().filter(|known| same(known, step)).find_map(|known| match known.outcome {
                Outcome::Passed => Some(Stood::Passed(line.run.clone())),
                Outcome::Skipped if known.structural => Some(Stood::Passed(line.run.clone())),
                Outcome::Failed => Some(Stood::Failed(line.run.clone())),
                Outcome::Skipped | Outcome::Blocked | Outcome::Errored => None,
            })
        };
        let newest = || self.lines.iter().rev();
        newest().filter(own).find_map(told).or_else(|| newest().find_map(told)).unwrap_or(Stood::Unknown)
    }

    /// The newest run of the base's commit, else the newest of all.
    pub fn line(&self) -> Option<&HistoryLine> {
        let own = self.lines.iter().rev().find(|line| Some(&line.commit) == self.commit.as_ref());
        own.or(self.lines.last())
    }
}

/// Whether a step of the base is the same as this one: an upgrade starts from the same release, and leads elsewhere by its nature.
fn same(known: &HistoryStep, step: &StepResult) -> bool {
    let from = |id| hop(id).map(|(from, _)| from.to_owned());
    known.kind == step.kind
        && known.variant == step.variant
        && (step.kind != StepKind::Upgrade || hop(&known.id).is_none() || from(&known.id) == from(&step.id))
}

/// What the gate says about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateVerdict {
    /// The gate.
    pub gate: Gate,
    /// The exit code: 0 fine, 1 the recipe fails the gate, 3 too little was tested to tell, 4 infrastructure.
    pub exit: u8,
    /// Why the gate does not open; empty when it does.
    pub reasons: Vec<String>,
    /// What does not fail the pipeline, and should be known.
    pub notes: Vec<String>,
}

impl GateVerdict {
    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self.exit {
            0 => "passed",
            1 => "failed",
            3 => "could not be judged: too little was tested",
            _ => "could not be judged: something other than the recipe failed",
        }
    }
}

/// Judges a run. `exit` is the run's own exit code: one that is not fine is never made fine by a gate, unless the recipe's faults, which the
/// base has too, are all there is.
pub fn gate(gate: Gate, run: &RunSummary, exit: u8, base: &Base) -> GateVerdict {
    let mut verdict = GateVerdict { gate, exit: 0, reasons: Vec::new(), notes: base.notes.clone() };
    let failed: Vec<&StepResult> = run.steps.iter().filter(|step| step.outcome == Outcome::Failed).collect();
    match gate {
        Gate::Strict => {
            verdict.exit = exit;
            verdict.reasons.extend(failed.iter().map(|step| format!("{} failed: {}", step.id, step.reason)));
        }
        Gate::Level(wanted) if run.level < wanted && !run.level_is_at_least => {
            verdict.exit = 1;
            verdict.reasons.push(format!("level {} is below {wanted}", run.level));
        }
        Gate::Level(wanted) if run.level < wanted => {
            verdict.exit = 3;
            let told =
                format!("at least level {} was proven, and whether {wanted} is reached was not measured", run.level);
            verdict.reasons.push(told);
        }
        Gate::Level(_) => {
            verdict.notes.extend(failed.iter().map(|step| format!("{} failed, above the level", step.id)))
        }
        Gate::Regression => regression(&failed, base, &mut verdict),
    }
    if gate != Gate::Strict {
        untested(run, exit, &mut verdict);
    }
    verdict
}

fn regression(failed: &[&StepResult], base: &Base, verdict: &mut GateVerdict) {
    for step in failed {
        let id = &step.id;
        if step.kind == StepKind::Lint && lint(base, verdict) {
            continue;
        }
        match base.stood(step) {
            Stood::Passed(run) => {
                verdict.reasons.push(format!("{id} failed, and the base passed it (run {run}): {}", step.reason));
            }
            Stood::Failed(run) => verdict.notes.push(format!("{id} failed, and so it does in the base (run {run})")),
            // A failure is never waved through because nobody looked before.
            Stood::Unknown => verdict.reasons.push(format!(
                "{id} failed, and nobody knows how the base stood, so it counts as new: {}",
                step.reason
            )),
        }
    }
    if !verdict.reasons.is_empty() {
        verdict.exit = 1;
    }
}

/// Judges the linter's errors; whether enough is known of the base for that.
fn lint(base: &Base, verdict: &mut GateVerdict) -> bool {
    match (&base.new_errors, &base.counted_errors) {
        (Some(new), _) => match (new.as_slice(), base.old_errors.len()) {
            ([], _) => verdict.notes.push("the linter's errors are all in the base too".to_owned()),
            ([first, ..], old) => {
                let told = format!("{} error(s) of the linter that the base does not have: {first}", new.len());
                verdict.reasons.push(told);
                if old > 0 {
                    verdict.notes.push(format!("{old} more error(s) of the linter are in the base too"));
                }
            }
        },
        (None, Some(CountedErrors { now, before, run })) if now > before => verdict.reasons.push(format!(
            "the linter has {now} error(s), and counted {before} in the base (run {run}), so some of them are new"
        )),
        (None, Some(CountedErrors { now, before, run })) => verdict.notes.push(format!(
            "the linter has {now} error(s), and counted {before} in the base (run {run}); whether they are the same ones is not known here, \
             and the job's own gate, which has the base's files, tells"
        )),
        (None, None) => return false,
    }
    true
}

/// What could not be tested is not passed.
fn untested(run: &RunSummary, exit: u8, verdict: &mut GateVerdict) {
    let ids = |outcome: Outcome| -> Vec<&str> {
        run.steps.iter().filter(|step| step.outcome == outcome).map(|step| step.id.as_str()).collect()
    };
    let (errored, blocked) = (ids(Outcome::Errored), ids(Outcome::Blocked));
    let (code, why) = if !errored.is_empty() {
        (4, format!("not tested, by no fault of the recipe: {}", errored.join(", ")))
    } else if exit == 4 {
        (4, "the run's log is not whole, or it left something behind".to_owned())
    } else if ids(Outcome::Passed).is_empty() && ids(Outcome::Failed).is_empty() {
        (3, "nothing was tested".to_owned())
    } else if !blocked.is_empty() && ids(Outcome::Failed).is_empty() {
        (3, format!("planned, and could not be tried: {}", blocked.join(", ")))
    } else {
        return;
    };
    // A fault of the recipe is the news; what else went wrong is told beside it.
    if verdict.exit == 1 {
        verdict.notes.push(why);
    } else if verdict.exit != 4 {
        // What a level asks for and nobody measured is told already, with its own code, unless infrastructure is why.
        verdict.exit = if verdict.exit == 3 && code == 3 { 3 } else { code };
        verdict.reasons.push(why);
    }
}
