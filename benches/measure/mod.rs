//! Time, and how it compares: what several benchmarks share.

use std::time::{Duration, Instant};

/// How much of the reference's time ours is.
pub(crate) fn ratio(ours: Duration, reference: Duration) -> f64 {
    ours.as_secs_f64() / reference.as_secs_f64()
}

/// What the middle one of five runs took.
pub(crate) fn median(mut work: impl FnMut()) -> Duration {
    let mut taken: Vec<Duration> = (0..5)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    taken.sort();
    taken[2]
}
