//! Where a change began: the commit at which it left its base.

use std::path::Path;

use super::git::Repository;
use super::{Error, Recipe};

/// Where a change began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// The commit that the base's name leads to now.
    pub tip: String,
    /// The newest commit that both the base and the change descend from; `None` when the histories that are here have none in common.
    pub commit: Option<String>,
    /// The repository is a shallow clone, in which such a commit may be missing.
    pub shallow: bool,
}

impl Beginning {
    /// The commit to compare with: a base that has moved on must not look like a part of the change. Where no beginning is known, the base
    /// as it is now.
    pub fn compared(&self) -> &str {
        self.commit.as_deref().unwrap_or(&self.tip)
    }

    /// What to know about the comparison, in words; `None` when the base is where the change began.
    pub fn told(&self) -> Option<String> {
        let tip = &self.tip;
        match &self.commit {
            Some(commit) if *commit == self.tip => None,
            Some(commit) => Some(format!(
                "the base has moved on to {tip:.10} since, so the change is compared with {commit:.10}, from which it began"
            )),
            None => {
                let cure = if self.shallow {
                    "; this is a shallow clone, and `git fetch --unshallow` brings the rest"
                } else {
                    ""
                };
                Some(format!(
                    "no commit is known here from which both the base {tip:.10} and the change came, so the base is taken as it is now{cure}"
                ))
            }
        }
    }
}

impl Recipe {
    /// Where this candidate left `base`, a revision of the same repository. Changes that are not committed began where their commit did.
    ///
    /// # Errors
    /// [`Error`] when there is no such revision, no repository, or when it is damaged.
    pub fn began(&self, base: &str) -> Result<Beginning, Error> {
        began(self.candidate.origin.path(), base, self.candidate.commit.as_deref())
    }
}

fn began(path: &Path, base: &str, commit: Option<&str>) -> Result<Beginning, Error> {
    let Some(repository) = Repository::open(path)? else {
        return Err(Error::NotARepository { path: path.to_owned(), revision: base.to_owned() });
    };
    let tip = repository.resolve(base)?;
    let common = match commit {
        Some(commit) => repository.merge_base(&tip, commit)?,
        None => None,
    };
    Ok(Beginning { tip, commit: common, shallow: repository.is_shallow() })
}
