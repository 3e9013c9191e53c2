//! Many recipes: side by side on one machine, joined from many machines, and every night.

mod merge;
mod night;
mod pool;
mod result;

pub use merge::{MergeError, merge};
pub use night::{Night, NightError, NightLock, NightOptions, candidates};
pub use pool::{Job, Pooled, Ran, capacity, run_all};
pub use result::{fleet_recipe, newest_by_recipe};
