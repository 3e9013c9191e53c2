//! Git repositories of the commons: where they come from, and their mirrors on this machine.

mod place;
mod source;

pub use place::{About, Place};
pub use source::{Source, SourceError, name_of, repositories, without_credentials};
