//! Where a job runs, and what it is for.

use std::path::PathBuf;

/// A system that runs jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Forgejo Actions.
    Forgejo,
    /// Gitea Actions; runners of Forgejo that are not new say so too.
    Gitea,
    /// GitHub Actions.
    GitHub,
    /// Drone.
    Drone,
    /// Woodpecker.
    Woodpecker,
    /// None that is known: somebody's own machine.
    None,
}

impl System {
    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forgejo => "Forgejo Actions",
            Self::Gitea => "Gitea Actions",
            Self::GitHub => "GitHub Actions",
            Self::Drone => "Drone",
            Self::Woodpecker => "Woodpecker",
            Self::None => "no system for pipelines",
        }
    }

    /// Whether it reads workflow commands (`::error …`) from a job's output.
    pub fn reads_commands(self) -> bool {
        matches!(self, Self::Forgejo | Self::Gitea | Self::GitHub)
    }
}

/// What a job is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A pull request.
    PullRequest {
        /// Its number.
        number: u64,
        /// The branch that it is for.
        target: String,
        /// What the base may be found by in a checkout, the surest first.
        bases: Vec<String>,
    },
    /// Commits on a branch.
    Push {
        /// The branch.
        branch: String,
        /// The commit that was there before; `None` for a new branch.
        before: Option<String>,
    },
    /// A release.
    Tag {
        /// The tag.
        tag: String,
    },
    /// The time has come.
    Schedule,
    /// Somebody wants it, or something that is not known.
    Manual,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PullRequest { number, target, .. } => write!(f, "pull request {number} for {target}"),
            Self::Push { branch, .. } => write!(f, "a push to {branch}"),
            Self::Tag { tag } => write!(f, "the tag {tag}"),
            Self::Schedule => f.write_str("a schedule"),
            Self::Manual => f.write_str("a start by hand"),
        }
    }
}

/// Where a job runs, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The system.
    pub system: System,
    /// What changed.
    pub change: Change,
    /// The commit that is to be tested; `None` where no system tells.
    pub commit: Option<String>,
    /// `owner/name` on the forge.
    pub repository: Option<String>,
    /// The forge's address.
    pub forge: Option<String>,
    /// The job's own page.
    pub job: Option<String>,
    /// The file that the job's summary is appended to.
    pub summary: Option<PathBuf>,
    /// The identifier of the workflow's run that this one follows (`workflow_run`).
    pub follows: Option<Followed>,
}

/// A workflow's run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The commit that it was for.
    pub commit: String,
}
