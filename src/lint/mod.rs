//! The linter: rules over the facts of a recipe, judged on the sets of compose files that are really deployed.
//!
//! A recipe is read once ([`Facts`]): its files, and every set that its sample chooses or documents, each loaded as the swarm would load
//! it. A [`Rule`] is a pure function over the [`Subject`] that is made of them; the engine runs all rules, puts equal findings of several sets
//! together, and finds lines and columns. Files that do not load are findings too, and stop neither the other rules nor the other recipes.

mod database;
mod draft;
mod engine;
mod facts;
mod fix;
mod folder;
mod image;
mod open;
mod rule;
mod rules;
mod set;
mod silence;
mod similar;
mod subject;
mod write;

pub use database::Database;
pub use draft::{Draft, Location};
pub use engine::{Judged, Options, Sources, judge};
pub use facts::{Broken, BrokenSet, Facts};
pub use fix::{Fixed, FixedFile, fix, make};
pub use folder::Folder;
pub use image::{ImageReference, SemverLike, newer_tags};
pub use open::{Linted, Target, Trouble, lint, open, subject};
pub use rule::{Check, Confidence, Family, FixKind, Need, Rule};
pub use rules::{FAMILIES, find as find_rule};
pub use set::{Found, Pair, Set, SetKind};
pub use silence::{Baseline, Policy, PolicyError, new_findings, unused_ignores};
pub use subject::{ANSWERS, ImageAnswer, Outside, Subject};
pub use write::WriteError;
