//! Why a recipe is not released, and what a person may take on themselves.

use std::path::PathBuf;

use crate::recipe::{self, VersionError};

/// A refusal that a person may take on themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Force {
    /// The linter has errors.
    Lint,
    /// The last run failed, or there is none.
    Run,
    /// The branch is not the default branch.
    Branch,
}

impl Force {
    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Run => "run",
            Self::Branch => "branch",
        }
    }
}

/// Why a recipe is not released.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// It cannot be read.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// There is no git.
    #[error("cannot run git: {0}; a release is made with the maintainer's own git, so install it")]
    NoGit(std::io::Error),
    /// Git says no.
    #[error("git {command} failed in {}: {why}", path.display())]
    Git {
        /// What was asked of it.
        command: String,
        /// Where.
        path: PathBuf,
        /// Its own words.
        why: String,
    },
    /// It is no repository, or not its root.
    #[error("{} is not the root of a git repository with a work tree, so nothing can be released from it", .0.display())]
    NotARoot(PathBuf),
    /// No branch is checked out.
    #[error(
        "no branch is checked out (a commit is, as CI does it): check out the default branch, for example with `git switch main`"
    )]
    Detached,
    /// Files were changed.
    #[error("these files are not committed: {}; commit or remove them, for a release is a commit", .0.join(", "))]
    Dirty(Vec<String>),
    /// The files do not load.
    #[error("the compose files do not load, so nobody knows which version they announce: `taster lint` says why")]
    Broken,
    /// No label.
    #[error(
        "the service `app` has no version label (coop-cloud.${{STACK_NAME}}.version), so nobody knows which version to release: `taster lint` says more"
    )]
    NoLabel,
    /// The label is none.
    #[error("the version label `{label}` of `app` is no version: {why}")]
    BadLabel {
        /// The label.
        label: String,
        /// What is wrong with it.
        why: VersionError,
    },
    /// A lightweight tag of that name.
    #[error(
        "the tag {0} is there and is lightweight, which is no release: remove it (`git tag --delete {0}`), and release again"
    )]
    Lightweight(String),
    /// What lies here differs from the release of that version.
    #[error("{recipe} {version} is out, and what is deployed has changed since: `taster sync` raises the label")]
    NotRaised {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
    },
    /// The two cannot be compared.
    #[error("cannot tell what changed since the release: {0}")]
    Compare(String),
    /// The remote has another tag of that name.
    #[error(
        "{remote} has a tag {version} already, of the commit {commit}: fetch it (`git fetch {remote} --tags`), and raise the label with `taster sync` if this is something new"
    )]
    TagElsewhere {
        /// The version.
        version: String,
        /// The remote.
        remote: String,
        /// Its commit there.
        commit: String,
    },
    /// The remote has commits that are not here.
    #[error(
        "the branch {branch} of {remote} has commits that are not here (it is at {there}): `git pull --rebase {remote} {branch}`, test, and release again{undo}"
    )]
    Behind {
        /// The branch.
        branch: String,
        /// The remote.
        remote: String,
        /// Its commit there.
        there: String,
        /// What to undo first, when a tag is there already.
        undo: String,
    },
    /// The recipe is not fit for a release.
    #[error("{recipe} {version} is not released:{}", .refusals.iter().map(|(force, why)| format!("\n  {why}\n    (--force {} releases it all the same)", force.word())).collect::<String>())]
    Refused {
        /// The recipe.
        recipe: String,
        /// The version.
        version: String,
        /// Why, and what a person would have to take on themselves.
        refusals: Vec<(Force, String)>,
    },
    /// The note of that version is there, and a note of the next release too.
    #[error(
        "both release/next and release/{0} are there: put them together in release/{0}, remove release/next, commit, and release again"
    )]
    TwoNotes(String),
    /// The push failed; everything else is done.
    #[error(
        "{version} is tagged here, and could not be pushed to {remote}: {why}; nothing needs to be undone, `taster release --push` tries the push again"
    )]
    Push {
        /// The version.
        version: String,
        /// The remote.
        remote: String,
        /// Git's own words.
        why: String,
    },
}

impl ReleaseError {
    /// The exit code (design.md §3.2): 1 the recipe is not fit, 2 usage, 4 infrastructure.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::NotRaised { .. } | Self::Broken | Self::NoLabel | Self::BadLabel { .. } => 1,
            Self::NoGit(_) | Self::Git { .. } | Self::Push { .. } => 4,
            _ => 2,
        }
    }
}
