//! Git repositories of the commons: where they come from, and their mirrors on this machine.

mod cache;
mod fetch;
mod place;
mod source;

pub use cache::{Bounds, Mirrors, Wanted};
pub use place::{About, Place};
pub use source::{Source, SourceError, name_of, repositories, without_credentials};
