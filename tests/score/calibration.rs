//! The interval covers the truth as often as it claims, on recipes that are simulated with known flake rates.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use taster::record::{Dimension, HistoryLine, Outcome, StepKind};
use taster::score::{stability, weight};

use crate::made::{hours_ago, line, now, step};

/// Enough that chance moves a share of 90 % by less than 1 point.
const RECIPES: usize = 1000;

/// A recipe whose steps pass at these rates, tested every so many hours for some weeks.
fn simulated(random: &mut StdRng, rates: [f64; 4], weeks: i64, every: i64) -> Vec<HistoryLine> {
    let runs = weeks * 7 * 24 / every;
    let made = (0..runs).map(|number| {
        let mut outcome = |rate| if random.random::<f64>() < rate { Outcome::Passed } else { Outcome::Failed };
        let steps = vec![
            step(StepKind::Install, outcome(rates[0])),
            step(StepKind::Upgrade, outcome(rates[1])),
            step(StepKind::Backup, Outcome::Passed),
            step(StepKind::Restore, outcome(rates[2])),
            step(StepKind::Smoke, outcome(rates[3])),
        ];
        line(hours_ago(number * every), usize::try_from(number).unwrap(), steps)
    });
    made.collect()
}

/// In how many of 100 recipes the truth lies above the score, and within the interval.
fn covered(seed: u64, weeks: i64, every: i64, draw: impl Fn(&mut StdRng) -> f64) -> (f64, f64) {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut above, mut within) = (0, 0);
    for _ in 0..RECIPES {
        let rates = [0; 4].map(|_| draw(&mut random));
        let detail = stability(&simulated(&mut random, rates, weeks, every), now());
        let truth: f64 = Dimension::ALL.iter().zip(rates).map(|(dimension, rate)| weight(*dimension) * rate.ln()).sum();
        let truth = 100.0 * truth.exp();
        above += usize::from(truth >= detail.score);
        within += usize::from(truth >= detail.score && truth <= detail.high);
    }
    let percent = |count: usize| 100.0 * count as f64 / RECIPES as f64;
    (percent(above), percent(within))
}

/// Pass rates as the prior believes them: every recipe from hopeless to perfect.
fn any_rate(random: &mut StdRng) -> f64 {
    (std::f64::consts::FRAC_PI_2 * random.random::<f64>()).sin().powi(2)
}

#[test]
fn nine_of_ten_truths_lie_within_the_interval_however_long_the_history() {
    for (seed, weeks, every) in [(1, 2, 7 * 24), (2, 8, 7 * 24), (3, 26, 7 * 24), (4, 104, 7 * 24), (5, 12, 24)] {
        let (above, within) = covered(seed, weeks, every, any_rate);
        assert!(
            (above - 95.0).abs() <= 3.0,
            "{weeks} weeks, every {every} h: {above} % lie above the score, and 95 % are claimed"
        );
        assert!(
            (within - 90.0).abs() <= 3.0,
            "{weeks} weeks, every {every} h: {within} % lie within, and 90 % are claimed"
        );
    }
}

/// The score never promises more than it may, whatever the flake rate is. It may promise less: trust is earned.
#[test]
fn the_score_is_no_promise_that_a_known_flake_rate_breaks() {
    for flakes in [0.01, 0.05, 0.2] {
        for weeks in [4, 40] {
            let (above, _) = covered(17, weeks, 7 * 24, |_| 1.0 - flakes);
            assert!(above >= 92.0, "{flakes} flakes, {weeks} weeks: only {above} % lie above the score");
        }
    }
}
