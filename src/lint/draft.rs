//! What a rule says, before the engine finds its lines and columns and puts findings of several sets together.

use std::ops::Range;

use crate::record::Fix;

/// A finding as a rule makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub(super) message: String,
    pub(super) places: Vec<(Location, String)>,
    pub(super) help: Option<String>,
    pub(super) did_you_mean: Option<String>,
    pub(super) fix: Option<Fix>,
}

impl Draft {
    /// A finding with this message: a sentence without a final stop that names the service, variable or file it is about. It must
    /// not depend on the set of compose files, or findings of several sets will not become one.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), places: Vec::new(), help: None, did_you_mean: None, fix: None }
    }

    /// Adds a place. The first is where to act, and may have an empty label; further ones explain.
    pub fn at(mut self, location: Location, label: impl Into<String>) -> Self {
        self.places.push((location, label.into()));
        self
    }

    /// Says what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what was probably meant, when that is known.
    pub fn did_you_mean(mut self, meant: Option<impl Into<String>>) -> Self {
        self.did_you_mean = meant.map(Into::into);
        self
    }

    /// Offers a fix.
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

/// Where something is written: a range of bytes in a file of the candidate or of a release.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The file, from the recipe's root; or git's own name for what it is about, such as `refs/tags/1.0.0+1.0`.
    pub file: String,
    /// The release whose file it is; `None` for the candidate's.
    pub release: Option<String>,
    /// The bytes; `None` for the file as a whole.
    pub range: Option<Range<usize>>,
}

impl Location {
    /// A range of a file of the candidate.
    pub fn new(file: impl Into<String>, range: Range<usize>) -> Self {
        Self { file: file.into(), release: None, range: Some(range) }
    }

    /// A file of the candidate as a whole, or a file that is missing.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), release: None, range: None }
    }
}
