//! Levels and stability: pure functions of recorded results.

mod level;
mod names;

pub use level::{Level, level};
pub use names::LEVEL_NAMES;
