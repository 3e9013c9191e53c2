//! Convergence on real nodes: every fault planted, and what is said of it (lessons 5 and 10 to 15).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should panic where it stands"
)]

mod faults;
mod observing;
mod reaching;
mod support;
mod updates;
