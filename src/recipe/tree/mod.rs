//! An immutable tree of files that a run owns.
//!
//! Two runs that share one checkout spoil each other (lesson 31). A run therefore reads a recipe once, into memory, and every
//! later step works on that. A recipe is a few dozen small files; what is larger than [`Limits`] allows is named, not read.

mod build;
mod lookup;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use build::{Refusal, TreeBuilder};
pub use lookup::LookupError;

/// What kind of file it is. Git knows no other kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A plain file.
    Regular,
    /// A plain file that may be executed.
    Executable,
    /// A symbolic link; its bytes are the target, as written.
    Symlink,
}

/// One file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// The content; of a symbolic link, the target.
    pub bytes: Arc<[u8]>,
    /// What kind of file it is.
    pub mode: Mode,
}

impl TreeFile {
    /// The content as text; `None` when it is not UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// How much of a recipe is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Number of files.
    pub files: usize,
    /// Directories that lie inside each other.
    pub depth: usize,
}

impl Default for Limits {
    /// 8 MiB a file, 64 MiB and 10 000 files together, 32 levels. A swarm config holds 500 KiB at most, so nothing that a recipe
    /// can deploy comes near; screenshots and an application's own repository may.
    fn default() -> Self {
        Limits { file_bytes: 8 << 20, total_bytes: 64 << 20, files: 10_000, depth: 32 }
    }
}

/// Files by their path from the recipe's root, with `/` between the parts. Cloning is cheap; nothing can change it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    inner: Arc<Inner>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Inner {
    files: BTreeMap<String, TreeFile>,
    /// What is there and was not read, and why.
    omitted: BTreeMap<String, String>,
}

impl Tree {
    /// A tree of plain files, for programs that make a recipe up.
    ///
    /// # Errors
    /// [`Refusal`] for the first path that may not be in a tree, or that exceeds the limits.
    pub fn from_files<P, B>(files: impl IntoIterator<Item = (P, B)>) -> Result<Tree, Refusal>
    where
        P: AsRef<str>,
        B: AsRef<[u8]>,
    {
        let mut builder = TreeBuilder::new(Limits::default());
        for (path, bytes) in files {
            builder.insert(path.as_ref(), bytes.as_ref(), Mode::Regular)?;
        }
        Ok(builder.finish())
    }

    /// The file at `path`, symbolic links followed; `None` for everything that [`find`](Tree::find) explains as an error.
    pub fn get(&self, path: &str) -> Option<&TreeFile> {
        self.find(path).ok().map(|(_, file)| file)
    }

    /// The entry at exactly this path: a symbolic link is returned as it is, not followed.
    pub fn entry(&self, path: &str) -> Option<&TreeFile> {
        self.inner.files.get(path)
    }

    /// All entries in the order of their paths, symbolic links as they are.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TreeFile)> {
        self.inner.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// What is in the recipe and was not read: (path, why), in the order of the paths.
    pub fn omitted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner.omitted.iter().map(|(path, why)| (path.as_str(), why.as_str()))
    }

    /// The entries that lie directly in the root, symbolic links as they are.
    pub fn root_entries(&self) -> impl Iterator<Item = (&str, &TreeFile)> {
        self.iter().filter(|(path, _)| !path.contains('/'))
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.inner.files.len()
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.inner.files.is_empty()
    }
}
