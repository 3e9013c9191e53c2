//! Building a tree: which paths may be in it, and how much.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Inner, Limits, Mode, Tree, TreeFile};

/// Why a file was not put into a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The path is absolute, leaves the tree, or names git's own folder.
    #[error("`{path}` may not be in a recipe: {why}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The file is too large.
    #[error("`{path}` has {bytes} bytes; files over {limit} bytes are not read")]
    TooLarge {
        /// The path.
        path: String,
        /// Its size in bytes.
        bytes: u64,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// The files together are too large.
    #[error("`{path}` was not read: the files before it already fill the limit of {limit} bytes for one recipe")]
    TooMuch {
        /// The path.
        path: String,
        /// The most that is read of all files together, in bytes.
        limit: u64,
    },
    /// There are too many files.
    #[error("`{path}` was not read: a recipe may have {limit} files, and that many were read before it")]
    TooMany {
        /// The path.
        path: String,
        /// The most files that are read.
        limit: usize,
    },
    /// The path is taken, or lies under a path that is a file.
    #[error("`{path}` was not read: `{other}` is already a file of that name")]
    Clash {
        /// The path.
        path: String,
        /// The path that it clashes with.
        other: String,
    },
}

/// Collects files into a [`Tree`].
#[derive(Debug)]
pub struct TreeBuilder {
    limits: Limits,
    bytes: u64,
    files: BTreeMap<String, TreeFile>,
    omitted: BTreeMap<String, String>,
}

impl TreeBuilder {
    /// An empty tree with these limits.
    pub fn new(limits: Limits) -> TreeBuilder {
        TreeBuilder { limits, bytes: 0, files: BTreeMap::new(), omitted: BTreeMap::new() }
    }

    /// The limits that hold.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The entry at exactly this path.
    pub fn entry(&self, path: &str) -> Option<&TreeFile> {
        self.files.get(path)
    }

    /// Whether something at this path was seen and left out.
    pub fn is_omitted(&self, path: &str) -> bool {
        self.omitted.contains_key(path)
    }

    /// Notes that `path` exists and was not read.
    pub fn omit(&mut self, path: &str, why: impl Into<String>) {
        self.omitted.insert(path.to_owned(), why.into());
    }

    /// Says whether a file of this size may be put at this path, before its bytes are read.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn admit(&self, path: &str, bytes: u64) -> Result<(), Refusal> {
        let owned = || path.to_owned();
        if let Some(why) = path_fault(path) {
            return Err(Refusal::Path { path: owned(), why });
        }
        if bytes > self.limits.file_bytes {
            return Err(Refusal::TooLarge { path: owned(), bytes, limit: self.limits.file_bytes });
        }
        if self.bytes.saturating_add(bytes) > self.limits.total_bytes {
            return Err(Refusal::TooMuch { path: owned(), limit: self.limits.total_bytes });
        }
        if self.files.len() >= self.limits.files {
            return Err(Refusal::TooMany { path: owned(), limit: self.limits.files });
        }
        if let Some(other) = self.clash(path) {
            return Err(Refusal::Clash { path: owned(), other });
        }
        Ok(())
    }

    /// Puts a file into the tree.
    ///
    /// # Errors
    /// [`Refusal`] says why it may not be there; the tree is unchanged then.
    pub fn insert(&mut self, path: &str, bytes: &[u8], mode: Mode) -> Result<(), Refusal> {
        self.admit(path, bytes.len() as u64)?;
        self.insert_shared(path, Arc::from(bytes), mode)
    }

    /// Puts a file into the tree whose bytes other trees hold too.
    ///
    /// # Errors
    /// As [`insert`](TreeBuilder::insert).
    pub fn insert_shared(&mut self, path: &str, bytes: Arc<[u8]>, mode: Mode) -> Result<(), Refusal> {
        let size = bytes.len() as u64;
        self.admit(path, size)?;
        self.bytes += size;
        self.files.insert(path.to_owned(), TreeFile { bytes, mode });
        Ok(())
    }

    /// The finished tree.
    pub fn finish(self) -> Tree {
        Tree { inner: Arc::new(Inner { files: self.files, omitted: self.omitted }) }
    }

    /// A file that makes `path` impossible: the same path, a file where `path` needs a directory, or files under `path`. A git
    /// tree made by hand can hold a link and a directory of one name, and would write through the link.
    fn clash(&self, path: &str) -> Option<String> {
        if self.files.contains_key(path) {
            return Some(path.to_owned());
        }
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).find(|above| self.files.contains_key(*above));
        above.map(ToOwned::to_owned).or_else(|| {
            let prefix = format!("{path}/");
            self.files
                .range(prefix.clone()..)
                .next()
                .map(|(other, _)| other)
                .filter(|o| o.starts_with(&prefix))
                .cloned()
        })
    }
}

/// What is wrong with a path, for a file of a recipe.
fn path_fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("it is empty");
    }
    if path.starts_with('/') {
        return Some("it is absolute");
    }
    if path.contains('\0') {
        return Some("it holds a NUL character");
    }
    path.split('/').find_map(|part| match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("`.` and `..` are no file names"),
        git if git.eq_ignore_ascii_case(".git") => Some("`.git` is git's own folder"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> TreeBuilder {
        TreeBuilder::new(Limits { file_bytes: 10, total_bytes: 15, files: 3, depth: 4 })
    }

    #[test]
    fn refuses_paths_that_leave_or_that_belong_to_git() {
        for path in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", ".git/config", "a/.GIT/x", "a\0b"] {
            let refused = small().insert(path, b"x", Mode::Regular);
            assert!(matches!(refused, Err(Refusal::Path { .. })), "{path:?}: {refused:?}");
        }
        small().insert(".gitignore", b"x", Mode::Regular).unwrap();
    }

    #[test]
    fn holds_the_limits() {
        let mut builder = small();
        assert!(matches!(builder.insert("a", b"12345678901", Mode::Regular), Err(Refusal::TooLarge { bytes: 11, .. })));
        builder.insert("a", b"1234567890", Mode::Regular).unwrap();
        assert!(matches!(builder.insert("b", b"123456", Mode::Regular), Err(Refusal::TooMuch { .. })));
        builder.insert("b", b"1", Mode::Regular).unwrap();
        builder.insert("c", b"1", Mode::Regular).unwrap();
        assert!(matches!(builder.insert("d", b"1", Mode::Regular), Err(Refusal::TooMany { limit: 3, .. })));
    }

    #[test]
    fn refuses_a_file_under_a_file_and_a_file_over_a_directory() {
        let mut builder = small();
        builder.insert("a", b"/tmp", Mode::Symlink).unwrap();
        builder.insert("d/e", b"", Mode::Regular).unwrap();
        for (path, other) in [("a/b", "a"), ("a/b/c", "a"), ("d", "d/e"), ("a", "a")] {
            let refused = builder.insert(path, b"", Mode::Regular);
            assert_eq!(refused, Err(Refusal::Clash { path: path.into(), other: other.into() }));
        }
    }
}
