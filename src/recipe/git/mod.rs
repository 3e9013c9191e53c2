//! Reading a git repository without a checkout. Nothing outside this folder names gix.
//!
//! Repositories are strangers' data: no configuration but the repository's own is read and that one is not trusted, nothing in
//! it is executed, no environment variable is looked at, and everything that goes into a tree is checked against its name: the commit,
//! the directories and the files.

mod objects;
mod refs;
mod tags;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;

use super::{Error, Irregularity};

pub(super) use objects::{Listing, RootFiles};
pub(super) use tags::Tag;

/// An open repository.
pub(super) struct Repository {
    path: PathBuf,
    repo: gix::Repository,
    /// What was read: releases share most of their files.
    blobs: RefCell<objects::Blobs>,
}

impl Repository {
    /// Opens the repository whose work tree or bare directory is exactly `path`; `None` when there is none. Directories above are not
    /// searched: a directory inside somebody's repository is not that repository.
    pub(super) fn open(path: &Path) -> Result<Option<Repository>, Error> {
        let has_git = path.join(".git").symlink_metadata().is_ok();
        let bare = path.join("HEAD").is_file() && path.join("objects").is_dir();
        if !has_git && !bare {
            return Ok(None);
        }
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Reduced).open_path_as_is(!has_git);
        match gix::open_opts(path, options) {
            Ok(repo) => Ok(Some(Repository { path: path.to_owned(), repo, blobs: RefCell::default() })),
            Err(error) => Err(corrupt(path, "the repository itself", &error)),
        }
    }

    /// The full hash of the commit that `HEAD` names; `None` when nothing has been committed yet.
    pub(super) fn head(&self) -> Result<Option<String>, Error> {
        let fail = |error| self.corrupt("HEAD", &error);
        let id = self.repo.head().map_err(fail)?.try_peel_to_id().map_err(fail)?;
        Ok(id.map(|id| id.to_string()))
    }

    /// The full hash of the commit that a revision names. A tag wins over everything else of that name, since a version is a tag.
    pub(super) fn resolve(&self, revision: &str) -> Result<String, Error> {
        let no_such = |why: String| Error::NoSuchRevision {
            path: self.path.clone(),
            revision: revision.to_owned(),
            why,
            suggestions: self.similar_names(revision),
        };
        let tag = format!("refs/tags/{revision}");
        let id = match self.repo.try_find_reference(tag.as_str()) {
            Ok(Some(reference)) => match reference.try_id() {
                Some(id) => id.detach(),
                None => reference.into_fully_peeled_id().map_err(|error| self.corrupt(&tag, &error))?.detach(),
            },
            _ => match self.repo.rev_parse_single(revision) {
                Ok(id) => id.detach(),
                Err(error) if error.is_corrupted() => return Err(self.corrupt(revision, &error)),
                Err(_) => return Err(no_such(self.why_not_found())),
            },
        };
        let object = self.repo.find_object(id).map_err(|error| self.corrupt(&format!("object {id}"), &error))?;
        let peeled =
            object.peel_tags_to_end().map_err(|error| self.corrupt(&format!("what {revision} names"), &error))?;
        match peeled.kind {
            gix::objs::Kind::Commit => Ok(peeled.id.to_string()),
            other => Err(no_such(format!("the name leads to a {other}, and a commit is needed"))),
        }
    }

    /// Paths in the index: git does not ignore these, whatever `.gitignore` says.
    pub(super) fn tracked(&self, irregularities: &mut Vec<Irregularity>) -> BTreeSet<String> {
        match self.repo.try_index() {
            Ok(None) => BTreeSet::new(),
            Ok(Some(index)) => {
                index.entries().iter().filter_map(|e| e.path(&index).to_str().ok().map(ToOwned::to_owned)).collect()
            }
            Err(error) => {
                let what = format!(
                    "git's index cannot be read, tracked files that .gitignore names may be missing: {}",
                    chain(&error)
                );
                irregularities.push(Irregularity::new(".git/index", None, what));
                BTreeSet::new()
            }
        }
    }

    /// The URL of the remote `origin`.
    pub(super) fn origin_url(&self) -> Option<String> {
        self.repo.config_snapshot().string("remote.origin.url").map(|url| url.to_string())
    }

    /// Whether the history was cut off by a shallow clone.
    pub(super) fn is_shallow(&self) -> bool {
        self.repo.is_shallow().unwrap_or(false)
    }

    /// Patterns of `.git/info/exclude`.
    pub(super) fn exclude_file(&self) -> PathBuf {
        self.repo.common_dir().join("info/exclude")
    }

    fn why_not_found(&self) -> String {
        match self.head() {
            Ok(None) => "nothing has been committed to it yet".to_owned(),
            _ if self.is_shallow() => {
                "git finds nothing of that name, and the repository is a shallow clone (`git fetch --unshallow --tags` completes it)".to_owned()
            }
            // The library's own words name its parser's state, and say no more.
            _ => "git finds nothing of that name".to_owned(),
        }
    }

    /// Tags and branches whose name is similar, the best first, three at most.
    fn similar_names(&self, wanted: &str) -> Vec<String> {
        let Ok(platform) = self.repo.references() else { return Vec::new() };
        let (Ok(tags), Ok(branches)) = (platform.tags(), platform.local_branches()) else { return Vec::new() };
        let mut scored: Vec<(f64, String)> = tags
            .chain(branches)
            .filter_map(Result::ok)
            .filter_map(|reference| reference.name().shorten().to_str().ok().map(ToOwned::to_owned))
            .map(|name| {
                let bare = wanted.trim_start_matches('v');
                let prefix = !bare.is_empty() && name.starts_with(bare);
                (if prefix { 1.0 } else { strsim::jaro_winkler(wanted, &name) }, name)
            })
            .filter(|(score, _)| *score > 0.8)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| super::version::natural_order(&b.1, &a.1)));
        scored.into_iter().map(|(_, name)| name).take(3).collect()
    }

    fn corrupt(&self, what: &str, error: &gix::Error) -> Error {
        corrupt(&self.path, what, error)
    }
}

fn corrupt(path: &Path, what: &str, error: &gix::Error) -> Error {
    Error::Corrupt { path: path.to_owned(), what: what.to_owned(), why: chain(error) }
}

/// An error and its causes on one line, without repetitions.
fn chain(error: &gix::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.iter_errors() {
        let text = cause.to_string().replace('\n', " ");
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}
