//! What to try, and where: what a change can affect ([`since`]), how long recipes take, who does which of them, and what is due.
//!
//! Everything here but the reading of the two revisions is a pure function of what it is handed.

mod affected;
mod change;
mod due;
mod estimate;
mod hidden;
mod matrix;
mod pack;
mod reach;
mod shards;
mod since;

pub use due::{Candidate, due};
pub use estimate::{Estimate, Estimates, GUESS};
pub use matrix::{MatrixFormat, matrix};
pub use pack::{Capacity, Need, next};
pub use shards::{lower_bound, shards, split};
pub use since::{PlanError, options, since};
