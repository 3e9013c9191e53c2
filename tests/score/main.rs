//! Levels, stability, and the history of trusted runs that they come from.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod calibration;
mod command;
mod history;
mod levels;
mod made;
mod stability;
mod upgraded;
