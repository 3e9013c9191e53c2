//! Branches: which one is shown first, and what all of them and the tags are.

use std::collections::BTreeSet;

use gix::bstr::ByteSlice as _;
use gix::refs::TargetRef;
use sha2::{Digest as _, Sha256};

use super::Repository;
use crate::recipe::Error;
use crate::recipe::history::Branch;

impl Repository {
    /// The default branch, see [`History::default_branch`](crate::recipe::History::default_branch).
    pub(in crate::recipe) fn default_branch(&self) -> Result<Branch, Error> {
        let mut known = self
            .symbolic("refs/remotes/origin/HEAD")
            .and_then(|target| target.strip_prefix("refs/remotes/origin/").map(ToOwned::to_owned))
            .or_else(|| self.symbolic("HEAD")?.strip_prefix("refs/heads/").map(ToOwned::to_owned));
        // A checkout of a commit (CI) without a remote that tells: the usual names.
        for usual in ["main", "master"] {
            if known.is_none() && self.commit_of(usual)?.is_some() {
                known = Some(usual.to_owned());
            }
        }
        let other_refs = self.has_refs()?;
        let (name, commit) = match known {
            Some(name) => {
                let commit = self.commit_of(&name)?;
                (name, commit)
            }
            None => (String::new(), self.head()?),
        };
        Ok(Branch { name, commit, other_refs })
    }

    /// Whether the history of the commit `tip` has the commit `wanted` in it.
    pub(in crate::recipe) fn leads_to(&self, tip: &str, wanted: &str) -> Result<bool, Error> {
        Ok(!self.among_ancestors(tip, &BTreeSet::from([wanted]))?.is_empty())
    }

    /// Those of the `wanted` commits that the history of the commit `tip` has in it, that one itself among them.
    pub(in crate::recipe) fn among_ancestors(
        &self,
        tip: &str,
        wanted: &BTreeSet<&str>,
    ) -> Result<BTreeSet<String>, Error> {
        let fail = |error: &dyn std::fmt::Display| Error::Corrupt {
            path: self.path.clone(),
            what: format!("the history of {tip}"),
            why: error.to_string(),
        };
        let Ok(tip_id) = gix::ObjectId::from_hex(tip.as_bytes()) else { return Ok(BTreeSet::new()) };
        let mut missing: BTreeSet<gix::ObjectId> =
            wanted.iter().filter_map(|wanted| gix::ObjectId::from_hex(wanted.as_bytes()).ok()).collect();
        let mut found = BTreeSet::new();
        for commit in self.repo.rev_walk([tip_id]).all().map_err(|error| fail(&error))? {
            if missing.is_empty() {
                break;
            }
            let id = commit.map_err(|error| fail(&error))?.id;
            if missing.remove(&id) {
                found.insert(id.to_string());
            }
        }
        Ok(found)
    }

    /// The best common ancestor of two commits, one of them itself when the other came from it; `None` when their histories have none in
    /// common, as far as they are here.
    pub(in crate::recipe) fn merge_base(&self, one: &str, other: &str) -> Result<Option<String>, Error> {
        let what = format!("the histories of {one} and {other}");
        let id = |commit: &str| {
            let id = gix::ObjectId::from_hex(commit.as_bytes());
            id.map_err(|error| self.corrupt(&what, &gix::Error::from_error(error)))
        };
        let base = self.repo.merge_base(id(one)?, id(other)?).map_err(|error| self.corrupt(&what, &error))?;
        Ok(base.map(|id| id.to_string()))
    }

    /// A digest of every branch and tag and of `HEAD`, read without any object.
    pub(in crate::recipe) fn fingerprint(&self) -> Result<String, Error> {
        let fail = |error| self.corrupt("the branches and tags", &error);
        let mut digest = Sha256::new();
        for special in ["HEAD", "refs/remotes/origin/HEAD"] {
            if let Ok(Some(reference)) = self.repo.try_find_reference(special) {
                digest.update(format!("{special} {}\n", shown(reference.target())));
            }
        }
        let platform = self.repo.references().map_err(fail)?;
        for reference in platform.all().map_err(fail)?.filter_map(Result::ok) {
            let name = reference.name().as_bstr().to_str_lossy().into_owned();
            if name.starts_with("refs/heads/")
                || name.starts_with("refs/tags/")
                || name.starts_with("refs/remotes/origin/")
            {
                digest.update(format!("{name} {}\n", shown(reference.target())));
            }
        }
        Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The commit of a branch: the local one, or the remote's when there is no local one.
    fn commit_of(&self, branch: &str) -> Result<Option<String>, Error> {
        for prefix in ["refs/heads/", "refs/remotes/origin/"] {
            let name = format!("{prefix}{branch}");
            if let Ok(Some(reference)) = self.repo.try_find_reference(name.as_str()) {
                let id = reference.into_fully_peeled_id().map_err(|error| self.corrupt(&name, &error))?;
                return Ok(Some(id.to_string()));
            }
        }
        Ok(None)
    }

    fn symbolic(&self, name: &str) -> Option<String> {
        let reference = self.repo.try_find_reference(name).ok()??;
        match reference.target() {
            TargetRef::Symbolic(target) => Some(target.as_bstr().to_str_lossy().into_owned()),
            TargetRef::Object(_) => None,
        }
    }

    fn has_refs(&self) -> Result<bool, Error> {
        let fail = |error| self.corrupt("the branches and tags", &error);
        let platform = self.repo.references().map_err(fail)?;
        Ok(platform.all().map_err(fail)?.filter_map(Result::ok).next().is_some())
    }
}

fn shown(target: TargetRef<'_>) -> String {
    match target {
        TargetRef::Object(id) => id.to_string(),
        TargetRef::Symbolic(name) => name.as_bstr().to_str_lossy().into_owned(),
    }
}
