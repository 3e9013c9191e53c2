//! Writes a git repository, history and annotated tags included, without git: users of taster need not have it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gix::refs::transaction::PreviousValue;

/// Who makes the commits and tags.
const AUTHOR: (&str, &str) = ("Taster", "taster@demo.example");
/// When the first commit was made (1 March 2026, UTC); each later one follows a month after, so that equal input gives equal ids.
const FIRST_COMMIT: i64 = 1_772_323_200;
const MONTH: i64 = 30 * 24 * 3600;

/// One commit on `main`.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    /// What it says.
    pub(super) message: String,
    /// Every file of its tree by path; none is executable.
    pub(super) files: BTreeMap<String, String>,
    /// An annotated tag on it: its name and what it says.
    pub(super) tag: Option<(String, String)>,
}

/// Why a repository could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something is there already, and is left alone.
    #[error("{0} exists already: name a folder that does not hold it, or remove it")]
    Exists(PathBuf),
    /// A file or folder could not be written.
    #[error("cannot write {path}: {source}")]
    File {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Git's own files could not be written.
    #[error("cannot write the git repository {path}: {source}")]
    Git {
        /// The repository.
        path: PathBuf,
        /// What the git library said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Writes a repository with these commits on `main`, the last one checked out.
pub(super) fn write(path: &Path, commits: &[Commit]) -> Result<(), WriteError> {
    if path.exists() {
        return Err(WriteError::Exists(path.to_owned()));
    }
    for (name, content) in commits.last().map(|commit| &commit.files).into_iter().flatten() {
        let file = path.join(name);
        let written =
            std::fs::create_dir_all(file.parent().unwrap_or(path)).and_then(|()| std::fs::write(&file, content));
        written.map_err(|source| WriteError::File { path: file, source })?;
    }
    commit_all(path, commits).map_err(|source| WriteError::Git { path: path.to_owned(), source })
}

fn commit_all(path: &Path, commits: &[Commit]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // Isolated: neither the user's own configuration nor the environment may change what comes out.
    let repository = gix::ThreadSafeRepository::init_opts(
        path,
        gix::create::Kind::WithWorktree,
        gix::create::Options { destination_must_be_empty: Some(false), ..Default::default() },
        gix::open::Options::isolated(),
    )?
    .to_thread_local();
    let mut parent: Option<gix::ObjectId> = None;
    let mut tree = repository.empty_tree().id;
    for (number, commit) in commits.iter().enumerate() {
        let time = format!("{} +0000", FIRST_COMMIT + MONTH * i64::try_from(number)?);
        let signature = gix::actor::SignatureRef { name: AUTHOR.0.into(), email: AUTHOR.1.into(), time: &time };
        let mut editor = repository.edit_tree(repository.empty_tree().id)?;
        for (name, content) in &commit.files {
            editor.upsert(name.as_str(), gix::objs::tree::EntryKind::Blob, repository.write_blob(content)?)?;
        }
        tree = editor.write()?.detach();
        let id = repository.commit_as(signature, signature, "refs/heads/main", &commit.message, tree, parent)?.detach();
        if let Some((name, message)) = &commit.tag {
            repository.tag(name, id, gix::objs::Kind::Commit, Some(signature), message, PreviousValue::MustNotExist)?;
        }
        parent = Some(id);
    }
    // The index says that the files are tracked, so that `git status` finds nothing to report.
    repository.index_from_tree(&tree)?.write(gix::index::write::Options::default())?;
    Ok(())
}
