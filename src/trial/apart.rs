//! Futures on the heap, so that a run's stack stays small.

use std::pin::Pin;

/// Puts a future on the heap. It is made in a frame of its own, which is gone when the future is polled: the frame of a function that
/// awaits has room for each future that it makes, unoptimised for several copies of each, and a hop within an upgrade within a step within
/// a run once came to more than the 2 MiB of a thread.
#[inline(never)]
pub(super) fn apart<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}
