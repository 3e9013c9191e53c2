//! Levels, stability, measured status: pure functions of recorded results.

mod beta;
mod gate;
mod inherit;
mod level;
mod names;
mod observe;
mod recipe;
mod rungs;
mod stability;
mod standing;
mod status;
mod steps;
mod upgraded;

pub use gate::{Base, CountedErrors, Gate, GateVerdict, Stood, gate};
pub use inherit::{Reached, reached};
pub use level::{Measured, ladder};
pub use names::LEVEL_NAMES;
pub use recipe::score;
pub use stability::{HALF_LIFE_DAYS, over_time, stability, weight};
pub use standing::Standing;
pub use status::measured_status;
pub use steps::hop;
pub use upgraded::Upgraded;
