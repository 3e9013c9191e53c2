//! The level that a run proves (design.md §3.3): the last of an unbroken run from 1.

use crate::record::{Outcome, StepKind, StepResult};

/// A level, and whether more could not be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// 0 to 8.
    pub level: u8,
    /// The run broke off for want of a measurement, not for a failure: the level is at least this.
    pub at_least: bool,
}

/// What is known about one rung of the ladder.
enum Rung {
    Holds,
    Broken,
    Unmeasured,
}

/// The level of a run from its steps. Rungs 3 and up need steps that this version does not try, so they are unmeasured.
pub fn level(steps: &[StepResult]) -> Level {
    let rungs =
        [rung(steps, &[StepKind::Install]), rung(steps, &[StepKind::Install, StepKind::Restart, StepKind::Redeploy])];
    let mut reached = 0;
    for rung in rungs {
        match rung {
            Rung::Holds => reached += 1,
            Rung::Broken => return Level { level: reached, at_least: false },
            Rung::Unmeasured => return Level { level: reached, at_least: true },
        }
    }
    Level { level: reached, at_least: true }
}

/// A rung holds when every kind of step was tried and passed.
fn rung(steps: &[StepResult], kinds: &[StepKind]) -> Rung {
    let mut measured = true;
    for kind in kinds {
        let mut of_kind = steps.iter().filter(|step| step.kind == *kind).peekable();
        if of_kind.peek().is_none() {
            measured = false;
        }
        for step in of_kind {
            match step.outcome {
                Outcome::Failed => return Rung::Broken,
                Outcome::Passed => {}
                // Blocked by a failure shows on the rung of that failure; blocked by an error is unmeasured.
                Outcome::Skipped | Outcome::Blocked | Outcome::Errored => measured = false,
            }
        }
    }
    if measured { Rung::Holds } else { Rung::Unmeasured }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(outcomes: &[(StepKind, Outcome)]) -> Vec<StepResult> {
        outcomes
            .iter()
            .map(|(kind, outcome)| StepResult {
                id: kind.word().to_owned(),
                kind: *kind,
                variant: "default".to_owned(),
                outcome: *outcome,
                reason: String::new(),
                class: None,
                flaky: false,
                seconds: 0.0,
                evidence: Vec::new(),
                advice: None,
                weak: false,
            })
            .collect()
    }

    #[test]
    fn the_ladder_breaks_at_the_first_rung_that_does_not_hold() {
        use Outcome::{Blocked, Errored, Failed, Passed};
        use StepKind::{Install, Redeploy, Restart};
        type Case = (&'static [(StepKind, Outcome)], u8, bool);
        let cases: [Case; 7] = [
            (&[(Install, Passed), (Restart, Passed), (Redeploy, Passed)], 2, true),
            (&[(Install, Passed), (Restart, Failed), (Redeploy, Passed)], 1, false),
            (&[(Install, Passed), (Restart, Errored), (Redeploy, Failed)], 1, false),
            (&[(Install, Passed), (Restart, Errored), (Redeploy, Passed)], 1, true),
            (&[(Install, Failed), (Restart, Blocked), (Redeploy, Blocked)], 0, false),
            (&[(Install, Errored), (Restart, Blocked), (Redeploy, Blocked)], 0, true),
            (&[], 0, true),
        ];
        for (outcomes, expected, at_least) in cases {
            assert_eq!(level(&steps(outcomes)), Level { level: expected, at_least }, "{outcomes:?}");
        }
    }
}
