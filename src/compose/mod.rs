//! Compose files: YAML with spans → interpolated → validated → merged → the project that a swarm would get.
//!
//! [`load()`] does it all. The judge of what a compose file means is the loader of docker/cli (`docker stack config`); the parity
//! test in `tests/compose/` holds the two together, and lists the few deliberate differences.

pub mod backup;
mod canonical;
mod format;
mod interpolate;
mod load;
mod merge;
mod model;
mod path;
mod problem;
pub mod project;
mod schema;
mod source;
pub mod tree;
pub mod yaml;
mod yaml_text;

pub use canonical::canonical;
pub use interpolate::{Form, VariableUse};
pub use load::{Document, Loaded, load};
pub use problem::{LoadError, Problem, Severity, render};
pub use source::{Position, SourceFile, Span, position};
pub use yaml_text::to_yaml;
