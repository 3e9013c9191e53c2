//! Pull requests and the statuses of commits: `/repos/<owner>/<name>/pulls`, `…/statuses/<commit>`, `…/commits/<commit>/statuses`.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::ask::ForgeError;
use super::client::Forge;

/// A pull request; fields that are not used are not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// `open` or `closed`.
    pub state: String,
    /// What is to be merged.
    pub head: Branch,
    /// What it is to be merged into.
    pub base: Branch,
    /// The commit that it began from, where the forge tells.
    pub merge_base: Option<String>,
}

impl Pull {
    /// The commit that it began from: a base that has moved on is no part of it. Where the forge does not tell, the base as it is now.
    pub fn began(&self) -> &str {
        let is_hash = |text: &&str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.merge_base.as_deref().filter(is_hash).unwrap_or(&self.base.sha)
    }
}

/// One end of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Branch {
    /// The branch.
    #[serde(rename = "ref")]
    pub name: String,
    /// The commit.
    pub sha: String,
}

/// The state of a commit's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All is well.
    Success,
    /// It is not.
    Failure,
    /// Nobody can tell.
    Error,
    /// It is being found out.
    Pending,
    /// Another word of another version.
    #[serde(other)]
    Other,
}

/// A status of a commit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// What it is about.
    #[serde(default)]
    pub context: String,
    /// Its state.
    #[serde(alias = "state")]
    pub status: State,
    /// One line.
    #[serde(default)]
    pub description: String,
}

impl Forge {
    /// A pull request.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn pull(&self, repository: &str, number: u64) -> Result<Pull, ForgeError> {
        self.one(&format!("repos/{repository}/pulls/{number}"))
    }

    /// All open pull requests of a repository.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn open_pulls(&self, repository: &str) -> Result<Vec<Pull>, ForgeError> {
        self.pages(&format!("repos/{repository}/pulls?state=open"), |pull: &Pull| Ok(pull.number.to_string()))
    }

    /// The newest status of a commit with this context.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn status(&self, repository: &str, commit: &str, context: &str) -> Result<Option<Status>, ForgeError> {
        #[derive(Deserialize)]
        struct Listed {
            id: u64,
            #[serde(flatten)]
            status: Status,
        }
        let path = format!("repos/{repository}/commits/{commit}/statuses");
        let listed: Vec<Listed> = self.pages(&path, |one: &Listed| Ok(one.id.to_string()))?;
        let of_context = listed.into_iter().filter(|one| one.status.context == context);
        Ok(of_context.max_by_key(|one| one.id).map(|one| one.status))
    }

    /// Adds a status to a commit.
    ///
    /// # Errors
    /// [`ForgeError`].
    pub fn set_status(
        &self,
        repository: &str,
        commit: &str,
        status: &Status,
        link: Option<&str>,
    ) -> Result<(), ForgeError> {
        let body = serde_json::json!({
            "context": status.context, "state": status.status, "description": status.description,
            "target_url": link.unwrap_or_default(),
        });
        self.write::<serde_json::Value>(Method::POST, &format!("repos/{repository}/statuses/{commit}"), &body)?;
        Ok(())
    }
}
