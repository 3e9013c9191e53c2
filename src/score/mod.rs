//! Levels and stability: pure functions of recorded results.

mod level;

pub use level::{Level, level};
