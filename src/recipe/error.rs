//! What can go wrong when a recipe is read.

use std::path::PathBuf;

/// Why a recipe could not be read. The message says what was attempted, on what, why it failed and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The path does not exist.
    #[error("cannot read a recipe from {}: there is no such path", path.display())]
    NoSuchPath {
        /// The path as given.
        path: PathBuf,
    },
    /// The path is a file.
    #[error("cannot read a recipe from {}: it is not a directory; give the directory that holds the recipe's compose.yml", path.display())]
    NotADirectory {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused to read a file or a directory.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The system's own error.
        source: std::io::Error,
    },
    /// The operating system refused to write a file of the tree.
    #[error("cannot write the recipe's files to {}: {source}", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// The system's own error.
        source: std::io::Error,
    },
    /// The files do not make a recipe.
    #[error(
        "{} is not a recipe: it has no {missing}; a recipe has a compose file (compose.yml) in its root, and beside it an .env.sample or an abra.sh{}",
        path.display(),
        at(revision)
    )]
    NotARecipe {
        /// The directory or repository.
        path: PathBuf,
        /// The revision that was asked for; `None` for the work tree.
        revision: Option<String>,
        /// What is missing.
        missing: String,
    },
    /// A revision was asked for, and the path is no git repository.
    #[error("cannot read {revision} from {}: it is not a git repository; only a git repository has revisions", path.display())]
    NotARepository {
        /// The path as given.
        path: PathBuf,
        /// The revision that was asked for.
        revision: String,
    },
    /// The repository has no such revision.
    #[error("{} has no revision {revision}: {why}{}", path.display(), did_you_mean(suggestions))]
    NoSuchRevision {
        /// The repository.
        path: PathBuf,
        /// The revision that was asked for.
        revision: String,
        /// Why it was not found.
        why: String,
        /// Tags and branches with a similar name, the best first.
        suggestions: Vec<String>,
    },
    /// The repository is there, and git's own data in it cannot be read.
    #[error("the git repository {} is damaged: cannot read {what}: {why}; `git fsck` says more, a fresh clone cures it", path.display())]
    Corrupt {
        /// The repository.
        path: PathBuf,
        /// The object or file that could not be read.
        what: String,
        /// Why not.
        why: String,
    },
}

fn at(revision: &Option<String>) -> String {
    revision.as_ref().map(|revision| format!(" (looked at revision {revision})")).unwrap_or_default()
}

fn did_you_mean(suggestions: &[String]) -> String {
    match suggestions {
        [] => String::new(),
        some => format!("; did you mean {}?", some.join(" or ")),
    }
}
