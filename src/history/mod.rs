//! Append-only results of trusted runs: a file of JSON Lines for each recipe, which git merges without conflicts.
//!
//! Only trusted runs enter (design.md §1): of a commit on the default branch or a release, by the commons' own job. What is in
//! the history is all that stability, levels and the published catalogue are computed from.

mod import;
mod prune;
mod read;
mod store;

pub use import::{Refusal, line_of};
pub use prune::{Kept, Policy, prune};
pub use read::{History, read};
pub use store::{Appended, HistoryError, append};
