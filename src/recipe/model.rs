//! What a recipe is, once it has been read.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::git::Repository;
use super::{AbraSh, EnvFile, Error, OtherTag, Readme, Release, ReleaseNotes, Tree, Version};

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
    /// The releases that operators of this candidate may come from, the oldest first; the newest comes last.
    ///
    /// Of a candidate that is a release itself: those of other commits that are older by their version. Of any other commit: those in its
    /// history, so that an old commit is not upgraded from a release that came after it. Where none is in it, as when releases are tagged beside the
    /// branch, those that did not come from it; and all of them where the history is not known (no git, a shallow clone).
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn earlier(&self) -> Result<Vec<Release>, Error> {
        let candidate = &self.candidate;
        // With changes that are not committed it is something else than the release on its commit.
        let is_own = |release: &Release| !candidate.dirty && Some(&release.commit) == candidate.commit.as_ref();
        if let Some(own) = self.releases.iter().position(is_own) {
            return Ok(self.releases[..own].to_vec());
        }
        let (Some(commit), false) = (&candidate.commit, self.releases.is_empty()) else {
            return Ok(self.releases.clone());
        };
        let repository = Repository::open(candidate.origin.path())?.filter(|repository| !repository.is_shallow());
        let Some(repository) = repository else { return Ok(self.releases.clone()) };
        let tagged: BTreeSet<&str> = self.releases.iter().map(|release| release.commit.as_str()).collect();
        let before = repository.among_ancestors(commit, &tagged)?;
        if before.is_empty() {
            let came_from_it = |release: &Release| repository.leads_to(&release.commit, commit);
            let beside = self.releases.iter().map(|release| Ok((release, came_from_it(release)?)));
            let beside: Vec<(&Release, bool)> = beside.collect::<Result<_, Error>>()?;
            return Ok(beside.into_iter().filter(|(_, after)| !after).map(|(release, _)| release.clone()).collect());
        }
        Ok(self.releases.iter().filter(|release| before.contains(&release.commit)).cloned().collect())
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
