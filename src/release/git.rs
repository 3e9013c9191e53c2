//! The `git` program, asked for one thing at a time.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::error::ReleaseError;

/// A work tree.
pub(super) struct Git {
    path: PathBuf,
}

/// What a remote has of a branch and a tag: commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) branch: Option<String>,
    pub(super) tag: Option<String>,
}

impl Git {
    pub(super) fn of(path: &Path) -> Result<Self, ReleaseError> {
        let path = super::canonical(path);
        let git = Self { path: path.clone() };
        let root = git.text(&["rev-parse", "--show-toplevel"]).map_err(|error| match error {
            ReleaseError::Git { .. } => ReleaseError::NotARoot(path.clone()),
            error => error,
        })?;
        if super::canonical(Path::new(&root)) != path {
            return Err(ReleaseError::NotARoot(path));
        }
        Ok(git)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn output(&self, arguments: &[&str], index: Option<&Path>) -> Result<Output, ReleaseError> {
        let mut command = Command::new("git");
        // Its words are compared with nothing, and a question on a terminal would hang a job.
        command.current_dir(&self.path).args(arguments).env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
        if let Some(index) = index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.stdin(std::process::Stdio::null()).output().map_err(ReleaseError::NoGit)
    }

    /// Runs a command that must succeed.
    pub(super) fn with_index(&self, arguments: &[&str], index: Option<&Path>) -> Result<String, ReleaseError> {
        let output = self.output(arguments, index)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned());
        }
        Err(ReleaseError::Git {
            command: arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "),
            path: self.path.clone(),
            why: said(&output),
        })
    }

    pub(super) fn text(&self, arguments: &[&str]) -> Result<String, ReleaseError> {
        self.with_index(arguments, None)
    }

    /// Whether a command that answers by its exit code says yes.
    fn holds(&self, arguments: &[&str]) -> Result<bool, ReleaseError> {
        Ok(self.output(arguments, None)?.status.success())
    }

    pub(super) fn branch(&self) -> Result<String, ReleaseError> {
        self.text(&["symbolic-ref", "--quiet", "--short", "HEAD"]).map_err(|error| match error {
            ReleaseError::Git { .. } => ReleaseError::Detached,
            error => error,
        })
    }

    pub(super) fn head(&self) -> Result<String, ReleaseError> {
        self.text(&["rev-parse", "--verify", "HEAD^{commit}"])
    }

    /// Paths that differ from `HEAD`, in the index or the work tree, files that git does not know too.
    pub(super) fn changed(&self) -> Result<Vec<String>, ReleaseError> {
        let text = self.text(&["status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"])?;
        Ok(text.split('\0').filter_map(|line| line.get(3..)).map(ToOwned::to_owned).collect())
    }

    /// The commit of a tag here.
    pub(super) fn tagged(&self, version: &str) -> Result<Option<String>, ReleaseError> {
        let name = format!("refs/tags/{version}");
        if !self.holds(&["show-ref", "--verify", "--quiet", &name])? {
            return Ok(None);
        }
        self.text(&["rev-parse", "--verify", &format!("{name}^{{commit}}")]).map(Some)
    }

    pub(super) fn is_annotated(&self, version: &str) -> Result<bool, ReleaseError> {
        Ok(self.text(&["cat-file", "-t", &format!("refs/tags/{version}")])? == "tag")
    }

    /// What a path is in a commit: its mode and its object.
    pub(super) fn entry(&self, commit: &str, path: &str) -> Result<Option<(String, String)>, ReleaseError> {
        let text = self.text(&["ls-tree", commit, "--", path])?;
        let mut words = text.split_whitespace();
        Ok(match (words.next(), words.next(), words.next()) {
            (Some(mode), Some(_), Some(object)) => Some((mode.to_owned(), object.to_owned())),
            _ => None,
        })
    }

    /// Whether two commits hold the same but for release notes; `None` when one of them is not here.
    pub(super) fn same_but_notes(&self, one: &str, other: &str) -> Result<Option<bool>, ReleaseError> {
        for commit in [one, other] {
            let is_hash = !commit.is_empty() && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_hash || !self.holds(&["cat-file", "-e", &format!("{commit}^{{commit}}")])? {
                return Ok(None);
            }
        }
        self.holds(&["diff", "--quiet", one, other, "--", ".", ":(exclude)release/"]).map(Some)
    }

    pub(super) fn is_ancestor(&self, one: &str, of: &str) -> Result<bool, ReleaseError> {
        self.holds(&["merge-base", "--is-ancestor", one, of])
    }

    pub(super) fn tag(&self, version: &str, commit: &str, message: &str) -> Result<(), ReleaseError> {
        self.text(&["tag", "--annotate", "--message", message, version, commit]).map(drop)
    }

    /// What the remote has of this branch and tag.
    pub(super) fn remote(&self, remote: &str, branch: &str, version: &str) -> Result<Remote, ReleaseError> {
        let (head, tag) = (format!("refs/heads/{branch}"), format!("refs/tags/{version}"));
        let peeled = format!("{tag}^{{}}");
        let text = self.text(&["ls-remote", "--", remote, &head, &tag, &peeled])?;
        let mut found = Remote::default();
        for (commit, name) in text.lines().filter_map(|line| line.split_once('\t')) {
            if name == head {
                found.branch = Some(commit.to_owned());
            } else if name == peeled || (name == tag && found.tag.is_none()) {
                // Of an annotated tag the commit that it names counts, which comes on a line of its own.
                found.tag = Some(commit.to_owned());
            }
        }
        Ok(found)
    }

    /// Pushes both or neither.
    pub(super) fn push(
        &self,
        remote: &str,
        branch: &str,
        version: &str,
        commit: &str,
    ) -> Result<Result<(), String>, ReleaseError> {
        let (head, tag) = (format!("{commit}:refs/heads/{branch}"), format!("refs/tags/{version}"));
        let output = self.output(&["push", "--quiet", "--atomic", "--", remote, &head, &tag], None)?;
        Ok(if output.status.success() { Ok(()) } else { Err(said(&output)) })
    }
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    if text.is_empty() { format!("it ended with {}", output.status) } else { text }
}
