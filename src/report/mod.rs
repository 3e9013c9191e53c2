//! Views of the event log: terminal, JSON.

mod live;
mod verdict;

pub use live::{Live, Verbosity};
pub use verdict::verdict;
