//! The catalogue: every repository of the commons read at every release, `recipes.json` as the ecosystem reads it, and the scored
//! `catalogue.json`.
//!
//! Nothing falls out of it in silence (lesson 39): each repository is a recipe, or no recipe with the reason, or its last good entry
//! marked stale with the reason; and a catalogue that lost a recipe or a version is not published unless somebody said so by name.

mod build;
mod change;
mod claims;
mod explain;
mod image;
mod memory;
mod previous;
mod publish;
mod read;
mod recompute;
mod render;
mod renew;
mod runs;
mod scan;
mod trusted;
mod versions;

pub use build::{Built, build};
pub use change::{Change, Kind, Loss, changes, losses};
pub use explain::{Unknown, explain};
pub use memory::Memory;
pub use previous::{Previous, PreviousError};
pub use publish::{PublishError, publish, validate};
pub use read::{Outcome, ReadOptions, Reading, read_all};
pub use recompute::recompute;
pub use render::{catalogue_json, recipes_json};
pub use renew::{published_about, renew};
pub use runs::{Runs, RunsError};
pub use scan::scan_report;
pub use trusted::Trusted;
