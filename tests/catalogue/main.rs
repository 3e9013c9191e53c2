//! `taster scan` and `taster catalogue` on real git repositories with planted faults.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod commons;
mod faults;
mod formats;
mod long;
mod losses;
mod mirrors;
mod runs;
#[path = "../support/forge.rs"]
mod server;
mod transport;
