//! A git repository opened once, for all of its releases: what the catalogue reads.

use std::path::{Path, PathBuf};

use super::git::{Repository, RootFiles};
use super::tree::{Limits, TreeBuilder};
use super::{Candidate, Error, Irregularity, Origin, OtherTag, Recipe, Release, release};

/// The releases of a repository, and the files of each without opening the repository again.
pub struct History {
    path: PathBuf,
    repository: Repository,
    /// The releases, the oldest version first.
    pub releases: Vec<Release>,
    /// The tags that are no versions.
    pub other_tags: Vec<OtherTag>,
    /// Tags that cannot be read, lightweight ones and the like.
    pub irregularities: Vec<Irregularity>,
}

/// The branch that a repository shows first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name; empty when a commit is checked out and no branch is known.
    pub name: String,
    /// The full hash of its commit; `None` when nothing has been committed, or the branch is not there.
    pub commit: Option<String>,
    /// Whether any branch or tag leads to a commit: if so, and `commit` is `None`, the default branch is missing.
    pub other_refs: bool,
}

impl History {
    /// What the branches and tags of a repository are, in one short text: as long as it is the same, everything read from the
    /// repository is the same.
    ///
    /// # Errors
    /// [`Error`] when there is no repository or it is damaged.
    pub fn fingerprint(path: &Path) -> Result<String, Error> {
        open(path)?.fingerprint()
    }

    /// Opens a repository, bare or not, and reads its tags.
    ///
    /// # Errors
    /// [`Error`] when there is no repository or it is damaged.
    pub fn open(path: &Path) -> Result<History, Error> {
        let repository = open(path)?;
        let mut irregularities = Vec::new();
        let (releases, other_tags) = release::releases(repository.tags(&mut irregularities)?, &mut irregularities);
        Ok(History { path: path.to_owned(), repository, releases, other_tags, irregularities })
    }

    /// The default branch: the one that the remote `origin` shows first where that is known, `HEAD`'s otherwise.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn default_branch(&self) -> Result<Branch, Error> {
        self.repository.default_branch()
    }

    /// The URL of the remote `origin`.
    pub fn origin_url(&self) -> Option<String> {
        self.repository.origin_url()
    }

    /// When a commit was made.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn committed_at(&self, commit: &str) -> Result<Option<jiff::Timestamp>, Error> {
        self.repository.committed_at(commit)
    }

    /// Whether a commit is on the default branch: its newest commit, or one before it. A commit that the repository does not have is not.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn is_on_default_branch(&self, commit: &str) -> Result<bool, Error> {
        match self.default_branch()?.commit {
            Some(tip) => self.repository.leads_to(&tip, commit),
            None => Ok(false),
        }
    }

    /// The full hash of a commit's root directory: two commits with the same one hold the same files.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn tree_of(&self, commit: &str) -> Result<String, Error> {
        self.repository.tree_of(commit)
    }

    /// The recipe at a commit, only with the files of the root that decide what is deployed (compose files, `.env.sample`,
    /// `abra.sh`). `None` when one of them is a link: then only the whole tree tells.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn deployed_at(&self, name: &str, commit: &str) -> Result<Option<Recipe>, Error> {
        let mut builder = TreeBuilder::new(Limits::default());
        match self.repository.root_files(commit, &mut builder, &decides)? {
            RootFiles::Read => Ok(Some(Recipe::of_tree(name, builder.finish(), self.candidate(commit)))),
            RootFiles::HoldLinks => Ok(None),
        }
    }

    /// The recipe at a commit with all of its files.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn all_at(&self, name: &str, commit: &str) -> Result<Recipe, Error> {
        let mut builder = TreeBuilder::new(Limits::default());
        self.repository.read_tree(commit, &mut builder, &mut Vec::new())?;
        Ok(Recipe::of_tree(name, builder.finish(), self.candidate(commit)))
    }

    /// The recipe's name, see [`Recipe::name`].
    pub fn name(&self, recipe: &Recipe) -> String {
        super::load::name(&self.path, Some(&self.repository), recipe.env_sample.as_ref(), &mut Vec::new())
    }

    /// Whether a tree makes a recipe, and what is missing when it does not.
    ///
    /// # Errors
    /// [`Error::NotARecipe`].
    pub fn check(&self, recipe: &Recipe, branch: &str) -> Result<(), Error> {
        super::load::check(&self.path, Some(branch), &recipe.tree, &mut Vec::new())
    }

    fn candidate(&self, commit: &str) -> Candidate {
        let origin = Origin::Revision { path: self.path.clone(), revision: commit.to_owned() };
        Candidate { commit: Some(commit.to_owned()), version: None, dirty: false, changed: Vec::new(), origin }
    }
}

fn open(path: &Path) -> Result<Repository, Error> {
    match Repository::open(path)? {
        Some(repository) => Ok(repository),
        None => Err(Error::NotARepository { path: path.to_owned(), revision: "its releases".to_owned() }),
    }
}

/// Whether a file of the root has a part in what is deployed. abra takes every `compose*.yml` (recipe-format.md §3 [M]).
fn decides(name: &str) -> bool {
    let compose = name.starts_with("compose") && (name.ends_with(".yml") || name.ends_with(".yaml"));
    compose || name == ".env.sample" || name == "abra.sh"
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("path", &self.path).field("releases", &self.releases.len()).finish()
    }
}
