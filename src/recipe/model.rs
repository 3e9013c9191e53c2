//! What a recipe is, once it has been read.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{AbraSh, EnvFile, OtherTag, Readme, Release, ReleaseNotes, Tree, Version};

/// One recipe at one revision.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The recipe's name, as abra knows it: the name of its repository.
    ///
    /// That is the name of the directory, without the `.git` of a bare repository. A checkout may lie in a directory of another name
    /// (`/drone/src`): when the remote `origin` and `TYPE` or `RECIPE` in `.env.sample` agree on one name, that one holds.
    pub name: String,
    /// Its files, as they were when it was read.
    pub tree: Tree,
    /// Which revision it is.
    pub candidate: Candidate,
    /// `.env.sample` in the root; `None` when there is none that can be read.
    pub env_sample: Option<EnvFile>,
    /// `abra.sh` in the root; `None` when there is none that can be read.
    pub abra_sh: Option<AbraSh>,
    /// `README.md` in the root; `None` when there is none that can be read.
    pub readme: Option<Readme>,
    /// The releases of the whole repository, oldest version first; not only those that the candidate descends from.
    pub releases: Vec<Release>,
    /// The tags that are no versions, in the order of their names.
    pub other_tags: Vec<OtherTag>,
    /// The release notes in the tree.
    pub release_notes: ReleaseNotes,
    /// Everything that is not as the format wants it, in the order of the files.
    pub irregularities: Vec<Irregularity>,
}

/// The revision under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The full hash of the commit; `None` without a repository, or before the first commit.
    pub commit: Option<String>,
    /// The release whose tag is on that commit; the newest when there are several. A dirty candidate is not that release any more.
    pub version: Option<Version>,
    /// The files differ from the commit's: a tracked file was changed, added or removed, or a file is there that git
    /// neither tracks nor ignores. Always false for a revision of a repository, always true before the first commit, and false without a repository.
    pub dirty: bool,
    /// The paths that make it dirty, in order; empty when it is not.
    pub changed: Vec<String>,
    /// Where it was read from.
    pub origin: Origin,
}

/// Where a candidate was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The files as they lay on disk.
    WorkTree {
        /// The directory, absolute.
        path: PathBuf,
    },
    /// A revision of a git repository, read without a checkout.
    Revision {
        /// The repository, absolute.
        path: PathBuf,
        /// The revision as it was asked for.
        revision: String,
    },
}

impl Origin {
    /// The directory or repository.
    pub fn path(&self) -> &Path {
        match self {
            Self::WorkTree { path } | Self::Revision { path, .. } => path,
        }
    }
}

impl Candidate {
    /// What to call it: its version, the beginning of its commit's hash, or just that it is what lies there.
    pub fn name(&self) -> String {
        match (&self.version, &self.commit) {
            (Some(version), _) if !self.dirty => version.to_string(),
            (_, Some(commit)) => {
                let short: String = commit.chars().take(8).collect();
                if self.dirty { format!("{short}+changes") } else { short }
            }
            _ => "candidate".to_owned(),
        }
    }
}

impl Recipe {
    /// The release that operators of this candidate come from: the newest one of another commit, and older than the candidate when that
    /// is a release itself.
    pub fn predecessor(&self) -> Option<&Release> {
        self.earlier().last()
    }

    /// The releases of other commits that are older than the candidate, the oldest first.
    pub fn earlier(&self) -> &[Release] {
        let candidate = &self.candidate;
        // With changes that are not committed it is something else than the release on its commit.
        let is_own = |release: &Release| !candidate.dirty && Some(&release.commit) == candidate.commit.as_ref();
        let own = self.releases.iter().position(is_own);
        &self.releases[..own.unwrap_or(self.releases.len())]
    }
}

/// Something that is not as the format wants it, and that was survived.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Irregularity {
    /// The file, from the recipe's root; or git's own name for what it is about, such as `refs/tags/v1`. Empty: the recipe as a whole.
    pub path: String,
    /// The line in that file, counted from 1.
    pub line: Option<usize>,
    /// What is irregular, and what was made of it.
    pub what: String,
}

impl Irregularity {
    pub(super) fn new(path: impl Into<String>, line: Option<usize>, what: impl Into<String>) -> Irregularity {
        Irregularity { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Irregularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.path.as_str(), self.line) {
            ("", _) => write!(f, "{}", self.what),
            (path, None) => write!(f, "{path}: {}", self.what),
            (path, Some(line)) => write!(f, "{path}:{line}: {}", self.what),
        }
    }
}

/// An irregularity in one text, whose file the parser does not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// The bytes of the text that it is about.
    pub span: Range<usize>,
    /// What is irregular, and what was made of it.
    pub what: String,
}

impl Problem {
    pub(super) fn new(line: usize, span: Range<usize>, what: impl Into<String>) -> Problem {
        Problem { line, span, what: what.into() }
    }
}
