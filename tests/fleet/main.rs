//! Plans, releases and fleets: what a change can affect, the tag after the merge, many recipes on many machines, every night.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod many;
mod night;
mod plan;
#[path = "../support/ran.rs"]
mod ran;
mod release;
mod repository;
