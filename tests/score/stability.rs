//! Stability: what must hold for every history.

use proptest::prelude::*;
use taster::record::{HistoryLine, Outcome, StabilityDetail, StepKind};
use taster::score::{over_time, stability};

use crate::made::{all_of, hours_ago, line, now, step};

const WEEK: i64 = 7 * 24;

fn scored(lines: &[HistoryLine]) -> StabilityDetail {
    stability(lines, now())
}

/// Weekly runs until now; `outcome` of the week so many weeks ago.
fn weekly(weeks: usize, outcome: impl Fn(usize) -> Outcome) -> Vec<HistoryLine> {
    (0..weeks).map(|week| line(hours_ago(week as i64 * WEEK), week, all_of(outcome(week)))).collect()
}

#[test]
fn nothing_known_promises_nothing_and_trust_is_earned() {
    let scores: Vec<f64> =
        [0, 1, 2, 4, 8, 16, 32, 64].map(|weeks| scored(&weekly(weeks, |_| Outcome::Passed)).score).to_vec();
    assert!(scores[0] < 10.0, "{scores:?}");
    assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{scores:?}");
    assert!(scores[3] < 80.0 && scores[5] > 80.0 && scores[7] > 90.0, "{scores:?}");
    assert!(scored(&weekly(8, |_| Outcome::Failed)).score < 1.0);
}

#[test]
fn a_nightly_job_earns_no_more_trust_than_a_weekly_one() {
    let nightly: Vec<HistoryLine> =
        (0..8 * 7).map(|day| line(hours_ago(day * 24), day as usize, all_of(Outcome::Passed))).collect();
    let (nightly, weekly) = (scored(&nightly), scored(&weekly(9, |_| Outcome::Passed)));
    // The running week makes nine.
    assert_eq!(nightly.observations, weekly.observations);
    assert!((nightly.score - weekly.score).abs() < 1.0, "{} {}", nightly.score, weekly.score);
}

#[test]
fn the_newest_run_that_says_anything_speaks_for_its_week() {
    let thursday = hours_ago(2 * 24);
    let wednesday = hours_ago(3 * 24);
    let passed = |lines: &[HistoryLine]| {
        scored(lines).dimensions[0].observations.iter().map(|seen| seen.passed).collect::<Vec<_>>()
    };
    let of = |first, second| [line(wednesday, 0, all_of(first)), line(thursday, 1, all_of(second))];
    assert_eq!(passed(&of(Outcome::Passed, Outcome::Failed)), [0.0]);
    assert_eq!(passed(&of(Outcome::Failed, Outcome::Passed)), [1.0]);
    assert_eq!(passed(&of(Outcome::Failed, Outcome::Errored)), [0.0], "an errored run says nothing");
    let mut flaky = line(thursday, 0, all_of(Outcome::Passed));
    flaky.steps[0].flaky = true;
    assert_eq!(passed(&[flaky]), [0.5], "half a pass: it failed first");
    // Sunday 23:59 and Monday 00:00 are two weeks.
    let sunday = "2026-11-15T23:59:59Z".parse().unwrap();
    let monday = "2026-11-16T00:00:00Z".parse().unwrap();
    assert_eq!(
        passed(&[line(sunday, 0, all_of(Outcome::Failed)), line(monday, 0, all_of(Outcome::Passed))]),
        [0.0, 1.0]
    );
}

#[test]
fn a_backup_counts_with_its_restore_and_an_install_with_all_variants() {
    let of = |dimension: usize, steps| {
        let seen = scored(&[line(hours_ago(1), 0, steps)]).dimensions[dimension].clone();
        seen.observations.first().map(|seen| seen.passed)
    };
    let backup = |backup, restore| of(2, vec![step(StepKind::Backup, backup), step(StepKind::Restore, restore)]);
    assert_eq!(backup(Outcome::Passed, Outcome::Passed), Some(1.0));
    assert_eq!(backup(Outcome::Passed, Outcome::Failed), Some(0.0));
    assert_eq!(backup(Outcome::Failed, Outcome::Blocked), Some(0.0));
    assert_eq!(backup(Outcome::Passed, Outcome::Blocked), None, "unproven");
    assert_eq!(
        of(2, vec![step(StepKind::Backup, Outcome::Passed)]),
        None,
        "a backup proves nothing until it has been restored"
    );
    let install = |default, smtp| of(0, vec![step(StepKind::Install, default), step(StepKind::Install, smtp)]);
    assert_eq!(install(Outcome::Passed, Outcome::Failed), Some(0.0));
    assert_eq!(install(Outcome::Passed, Outcome::Errored), Some(1.0));
    let mut old = step(StepKind::Upgrade, Outcome::Failed);
    old.id = "upgrade:0.9.0+1.0→1.0.0+1.0@default".to_owned();
    assert_eq!(
        of(1, vec![step(StepKind::Upgrade, Outcome::Passed), old]),
        Some(1.0),
        "operators come from the newest release"
    );
}

#[test]
fn what_does_not_apply_drops_out_and_what_was_never_tried_does_not() {
    let mut lines = weekly(30, |_| Outcome::Passed);
    let whole = scored(&lines);
    for line in &mut lines {
        line.steps.retain(|step| step.kind != StepKind::Smoke);
    }
    let untried = scored(&lines);
    assert!(untried.score < whole.score - 5.0, "nothing is gained by not trying: {} {}", untried.score, whole.score);
    for line in &mut lines {
        for kind in [StepKind::Backup, StepKind::Restore] {
            let step = line.steps.iter_mut().find(|step| step.kind == kind).unwrap();
            step.outcome = Outcome::Skipped;
            step.structural = true;
            step.reason = "no volume was written".to_owned();
        }
        line.steps.push(step(StepKind::Smoke, Outcome::Passed));
    }
    let without = scored(&lines);
    assert_eq!(without.dimensions[2].not_applicable.as_deref(), Some("no volume was written"));
    assert_eq!(without.dimensions[2].weight, 0.0);
    assert_eq!(without.dimensions.iter().map(|dimension| dimension.weight).sum::<f64>(), 1.0);
    assert!((without.score - whole.score).abs() < 2.0, "{} {}", without.score, whole.score);
    // By declaration alone nothing drops out.
    lines.iter_mut().flat_map(|line| &mut line.steps).for_each(|step| step.structural = false);
    assert!(scored(&lines).score < without.score - 5.0);
}

#[test]
fn it_is_told_week_by_week_as_it_was_then() {
    let lines = weekly(10, |week| if week == 4 { Outcome::Failed } else { Outcome::Passed });
    let weeks = over_time(&lines, now());
    assert_eq!(weeks.len(), 10);
    assert_eq!((weeks[0].week.as_str(), weeks[9].week.as_str()), ("2026-09-14", "2026-11-16"));
    assert_eq!(weeks[9].value, scored(&lines).score);
    let rises: Vec<bool> = weeks.windows(2).map(|pair| pair[0].value < pair[1].value).collect();
    assert_eq!(rises, [true, true, true, true, false, true, true, true, true], "{weeks:?}");
    assert!(over_time(&weekly(300, |_| Outcome::Passed), now()).len() == 52);
    assert!(over_time(&[], now()).is_empty());
}

/// Runs at any hour of the last years, each with any outcomes.
fn histories() -> impl Strategy<Value = Vec<HistoryLine>> {
    let outcome = prop_oneof![4 => Just(Outcome::Passed), 2 => Just(Outcome::Failed), 1 => Just(Outcome::Errored), 1 => Just(Outcome::Blocked)];
    let run = (0i64..600 * 24, proptest::collection::vec((outcome, any::<bool>()), 5));
    proptest::collection::vec(run, 0..60).prop_map(|runs| {
        let made = runs.into_iter().enumerate().map(|(number, (hours, outcomes))| {
            let mut steps = all_of(Outcome::Passed);
            for (step, (outcome, flaky)) in steps.iter_mut().zip(outcomes) {
                step.outcome = outcome;
                step.flaky = flaky && outcome == Outcome::Passed;
            }
            line(hours_ago(hours), number, steps)
        });
        made.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn more_passes_never_lower_it(mut lines in histories(), hours in 0i64..600 * 24, which in 0usize..4) {
        let before = scored(&lines);
        let kinds: &[StepKind] = match which {
            0 => &[StepKind::Install],
            1 => &[StepKind::Upgrade],
            2 => &[StepKind::Backup, StepKind::Restore],
            _ => &[StepKind::Smoke],
        };
        lines.push(line(hours_ago(hours), 9999, kinds.iter().map(|kind| step(*kind, Outcome::Passed)).collect()));
        let after = scored(&lines);
        prop_assert!(after.score >= before.score, "{} became {}", before.score, after.score);
        // Median and upper end may come down, for more is known and the interval is narrower, but by no more than the score went up: two
        // differences of figures that are rounded to a tenth, so by 0.2 at most.
        let up = after.score - before.score;
        for (before, after) in [(before.median, after.median), (before.high, after.high)] {
            prop_assert!(before - after <= up + 0.2001, "the score went up by {up}, and {before} became {after}");
        }
    }

    #[test]
    fn what_tells_nothing_never_changes_it(mut lines in histories(), hours in proptest::collection::vec(0i64..600 * 24, 1..9)) {
        let before = scored(&lines);
        for (number, hours) in hours.into_iter().enumerate() {
            let outcome = [Outcome::Errored, Outcome::Blocked, Outcome::Skipped][number % 3];
            lines.push(line(hours_ago(hours), 5000 + number, all_of(outcome)));
        }
        prop_assert_eq!(scored(&lines), before);
    }

    #[test]
    fn age_decays_it(lines in histories(), days in 1i64..400) {
        let later = stability(&lines, now() + jiff::SignedDuration::from_hours(24 * days));
        let earlier = scored(&lines);
        for (later, earlier) in later.dimensions.iter().zip(&earlier.dimensions) {
            prop_assert!(later.effective <= earlier.effective);
            prop_assert!((later.effective - earlier.effective * 0.5_f64.powf(days as f64 / 90.0)).abs() < 0.002);
        }
        let passed: Vec<HistoryLine> = lines.iter().map(|known| HistoryLine { steps: all_of(Outcome::Passed), ..known.clone() }).collect();
        let (later, earlier) = (stability(&passed, now() + jiff::SignedDuration::from_hours(24 * days)), scored(&passed));
        prop_assert!(later.score <= earlier.score);
    }

    #[test]
    fn order_and_doubles_do_not_matter(lines in histories(), seed in any::<u64>()) {
        use rand::SeedableRng as _;
        use rand::seq::SliceRandom as _;
        let mut other: Vec<HistoryLine> = lines.iter().chain(lines.iter().take(7)).cloned().collect();
        other.shuffle(&mut rand::rngs::StdRng::seed_from_u64(seed));
        prop_assert_eq!(scored(&other), scored(&lines));
        if seed % 16 == 0 {
            prop_assert_eq!(over_time(&other, now()), over_time(&lines, now()));
        }
    }

    #[test]
    fn what_comes_later_does_not_count(lines in histories(), hours in 1i64..600 * 24) {
        let until = hours_ago(hours);
        let earlier: Vec<HistoryLine> = lines.iter().filter(|line| line.at.parse::<jiff::Timestamp>().unwrap() <= until).cloned().collect();
        prop_assert_eq!(stability(&lines, until), stability(&earlier, until));
    }
}
