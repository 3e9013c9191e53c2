//! Artefacts of workflows: `/repos/<owner>/<name>/actions/artifacts`, from Forgejo 16 and Gitea 1.25 on.
//!
//! The two tell the run that an artefact comes from in different ways: Gitea (like GitHub) puts `workflow_run` with the commit beside it,
//! Forgejo only `run_id`, whose commit `…/actions/runs/<id>` tells.

use serde::Deserialize;

use super::ask::{ForgeError, Patience};
use super::client::Forge;

/// No artefact that taster makes is larger, in bytes.
pub const LARGEST_ARTEFACT: u64 = 64 << 20;

/// An artefact, and what the forge itself says about where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artefact {
    /// Its identifier.
    pub id: u64,
    /// The commit of the workflow's run that made it; `None` when the forge does not tell.
    pub commit: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    expired: bool,
    #[serde(default)]
    run_id: Option<u64>,
    #[serde(default)]
    workflow_run: Option<Run>,
}

#[derive(Debug, Default, Deserialize)]
struct Run {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default, alias = "commit_sha")]
    head_sha: Option<String>,
}

impl Forge {
    /// The artefacts of this name that have not expired, the newest first.
    ///
    /// # Errors
    /// [`ForgeError`]; older forges answer 404.
    pub fn artefacts(&self, repository: &str, name: &str) -> Result<Vec<Artefact>, ForgeError> {
        let path = format!("repos/{repository}/actions/artifacts?name={name}");
        let mut listed: Vec<Listed> = self.pages(&path, |one: &Listed| Ok(one.id.to_string()))?;
        // A forge that does not know the filter gives all of them.
        listed.retain(|one| one.name == name && !one.expired);
        listed.sort_by_key(|one| std::cmp::Reverse(one.id));
        let mut artefacts = Vec::new();
        for one in listed {
            let told = one.workflow_run.as_ref().and_then(|run| run.head_sha.clone());
            let run = one.run_id.or(one.workflow_run.and_then(|run| run.id));
            let commit = match (told, run) {
                (Some(commit), _) => Some(commit),
                (None, Some(run)) => self.commit_of_run(repository, run)?,
                (None, None) => None,
            };
            artefacts.push(Artefact { id: one.id, commit: commit.filter(|commit| !commit.is_empty()) });
        }
        Ok(artefacts)
    }

    fn commit_of_run(&self, repository: &str, run: u64) -> Result<Option<String>, ForgeError> {
        match self.one::<Run>(&format!("repos/{repository}/actions/runs/{run}")) {
            Ok(run) => Ok(run.head_sha),
            // A run that was deleted has nothing to say.
            Err(ForgeError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The archive of an artefact, no larger than [`LARGEST_ARTEFACT`].
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn artefact(&self, repository: &str, id: u64) -> Result<Vec<u8>, ForgeError> {
        self.bytes(&format!("repos/{repository}/actions/artifacts/{id}/zip"), LARGEST_ARTEFACT)
    }
}

/// A file at an address, no larger than `most`; `None` when there is none. No token goes there.
///
/// # Errors
/// [`ForgeError`].
pub fn download(url: &str, most: u64) -> Result<Option<Vec<u8>>, ForgeError> {
    match Forge::new(url, None, Patience::default())?.raw(most) {
        Err(ForgeError::NotFound { .. }) => Ok(None),
        bytes => bytes.map(Some),
    }
}
