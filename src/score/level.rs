//! The level that a run proves (design.md §3.3): the last of an unbroken run from 1.

use crate::record::{Outcome, StepKind, StepResult};
use crate::scenario::is_guess;

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

/// The level of a run from its steps; `variants` are those that the recipe declares beside the sampled one. Rungs 6 and up need what
/// this version does not measure.
pub fn level(steps: &[StepResult], variants: &[String]) -> Level {
    // What nobody declared counts neither for nor against the recipe.
    let steps: Vec<StepResult> = steps.iter().filter(|step| !is_guess(&step.variant)).cloned().collect();
    let steps = steps.as_slice();
    let variants: Vec<&String> = variants.iter().filter(|name| !is_guess(name)).collect();
    let rungs = [
        some_install(steps),
        match rung(steps, &[StepKind::Install, StepKind::Restart, StepKind::Redeploy]) {
            Rung::Holds if !variants.iter().all(|name| installs(steps).any(|step| step.variant == **name)) => {
                Rung::Unmeasured
            }
            rung => rung,
        },
        rung(steps, &[StepKind::Upgrade]),
        rung(steps, &[StepKind::Backup, StepKind::Restore]),
        rung(steps, &[StepKind::Lint]),
    ];
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

fn installs(steps: &[StepResult]) -> impl Iterator<Item = &StepResult> {
    steps.iter().filter(|step| step.kind == StepKind::Install)
}

/// One variant that installs is enough.
fn some_install(steps: &[StepResult]) -> Rung {
    if installs(steps).any(|step| step.outcome == Outcome::Passed) {
        return Rung::Holds;
    }
    let all_failed = installs(steps).all(|step| step.outcome == Outcome::Failed);
    if all_failed && installs(steps).next().is_some() { Rung::Broken } else { Rung::Unmeasured }
}

/// A rung holds when every kind of step was tried and passed, or was seen not to apply.
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
                Outcome::Skipped if step.structural => {}
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
        outcomes.iter().map(|(kind, outcome)| StepResult::new(kind.word(), *kind, "default", *outcome)).collect()
    }

    #[test]
    fn the_ladder_breaks_at_the_first_rung_that_does_not_hold() {
        use Outcome::{Blocked, Errored, Failed, Passed, Skipped};
        use StepKind::{Install, Redeploy, Restart, Upgrade};
        type Case = (&'static [(StepKind, Outcome)], u8, bool);
        let cases: [Case; 11] = [
            (&[(Install, Passed), (Restart, Passed), (Redeploy, Passed)], 2, true),
            (&[(Install, Passed), (Restart, Failed), (Redeploy, Passed)], 1, false),
            (&[(Install, Passed), (Restart, Errored), (Redeploy, Failed)], 1, false),
            (&[(Install, Passed), (Restart, Errored), (Redeploy, Passed)], 1, true),
            (&[(Install, Failed), (Restart, Blocked), (Redeploy, Blocked)], 0, false),
            (&[(Install, Errored), (Restart, Blocked), (Redeploy, Blocked)], 0, true),
            (&[(Install, Passed), (Restart, Passed), (Redeploy, Passed), (Upgrade, Passed)], 3, true),
            (&[(Install, Passed), (Restart, Passed), (Redeploy, Passed), (Upgrade, Failed)], 2, false),
            (&[(Install, Passed), (Restart, Passed), (Redeploy, Passed), (Upgrade, Blocked)], 2, true),
            // Declared, not observed: nothing is known.
            (&[(Install, Passed), (Restart, Passed), (Redeploy, Passed), (Upgrade, Skipped)], 2, true),
            (&[], 0, true),
        ];
        for (outcomes, expected, at_least) in cases {
            assert_eq!(level(&steps(outcomes), &[]), Level { level: expected, at_least }, "{outcomes:?}");
        }
        let mut steps = steps(&[(Install, Passed), (Restart, Passed), (Redeploy, Passed), (Upgrade, Skipped)]);
        steps[3].structural = true;
        assert_eq!(level(&steps, &[]), Level { level: 3, at_least: true }, "there is no earlier release");
    }

    #[test]
    fn level_4_needs_the_backup_and_its_restore() {
        use Outcome::{Blocked, Failed, Passed, Skipped};
        let tried = |backup: Outcome, restore: Outcome, structural: bool| {
            let mut steps = steps(&[
                (StepKind::Install, Passed),
                (StepKind::Restart, Passed),
                (StepKind::Redeploy, Passed),
                (StepKind::Upgrade, Passed),
                (StepKind::Backup, backup),
                (StepKind::Restore, restore),
            ]);
            steps.iter_mut().for_each(|step| step.structural = structural);
            let level = level(&steps, &[]);
            (level.level, level.at_least)
        };
        assert_eq!(tried(Passed, Passed, false), (4, true));
        assert_eq!(tried(Passed, Failed, false), (3, false));
        assert_eq!(tried(Failed, Blocked, false), (3, false), "no backup at all");
        assert_eq!(tried(Passed, Blocked, false), (3, true), "unproven");
        assert_eq!(tried(Skipped, Skipped, true), (4, true), "nothing was written");
        assert_eq!(tried(Skipped, Skipped, false), (3, true), "declared, not observed");
    }

    #[test]
    fn level_5_needs_no_linter_errors() {
        use Outcome::{Errored, Failed, Passed};
        let tried = |lint: Option<Outcome>, backup: Outcome| {
            let kinds =
                [StepKind::Install, StepKind::Restart, StepKind::Redeploy, StepKind::Upgrade, StepKind::Restore];
            let mut steps = steps(&kinds.map(|kind| (kind, Passed)));
            steps.extend(self::tests::steps(&[(StepKind::Backup, backup)]));
            steps.extend(lint.map(|lint| StepResult::new("lint@default", StepKind::Lint, "default", lint)));
            let level = level(&steps, &[]);
            (level.level, level.at_least)
        };
        assert_eq!(tried(Some(Passed), Passed), (5, true));
        assert_eq!(tried(Some(Failed), Passed), (4, false));
        assert_eq!(tried(None, Passed), (4, true));
        assert_eq!(tried(Some(Errored), Passed), (4, true));
        assert_eq!(tried(Some(Passed), Failed), (3, false), "a ladder");
    }

    #[test]
    fn a_guessed_variant_counts_neither_for_a_level_nor_against_it() {
        let step =
            |variant: &str, outcome| StepResult::new(format!("install@{variant}"), StepKind::Install, variant, outcome);
        let guess = |outcome| step("guessed:smtp", outcome);
        let names = ["guessed:smtp".to_owned()];
        let alone = level(&[step("default", Outcome::Failed)], &[]);
        assert_eq!(level(&[step("default", Outcome::Failed), guess(Outcome::Passed)], &names), alone);
        let alone = level(&[step("default", Outcome::Passed)], &[]);
        for outcome in [Outcome::Passed, Outcome::Skipped, Outcome::Failed] {
            assert_eq!(level(&[step("default", Outcome::Passed), guess(outcome)], &names), alone);
        }
    }

    #[test]
    fn one_variant_that_installs_is_level_1_and_all_of_them_level_2() {
        use Outcome::{Errored, Failed, Passed};
        let tried = |default: Outcome, smtp: Option<Outcome>| {
            let mut steps = steps(&[
                (StepKind::Install, default),
                (StepKind::Restart, default),
                (StepKind::Redeploy, default),
                (StepKind::Upgrade, default),
            ]);
            steps.extend(smtp.map(|outcome| StepResult::new("install@smtp", StepKind::Install, "smtp", outcome)));
            level(&steps, &["smtp".to_owned()])
        };
        assert_eq!(tried(Passed, Some(Passed)), Level { level: 3, at_least: true });
        assert_eq!(tried(Passed, Some(Failed)), Level { level: 1, at_least: false });
        assert_eq!(tried(Failed, Some(Passed)), Level { level: 1, at_least: false });
        assert_eq!(tried(Passed, Some(Errored)), Level { level: 1, at_least: true });
        assert_eq!(tried(Passed, None), Level { level: 1, at_least: true }, "it was not asked for");
        assert_eq!(tried(Failed, Some(Errored)), Level { level: 0, at_least: true });
    }
}
