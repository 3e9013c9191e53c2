//! The repositories of an organisation, `/api/v1/orgs/<name>/repos`, page by page.

use serde::{Deserialize, Serialize};

use super::ask::ForgeError;
use super::client::Forge;
use crate::mirror::About;

/// A repository as the API lists it; fields that are not used are not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    /// Its name.
    pub name: String,
    /// The address for `git clone`.
    pub clone_url: String,
    /// The same over ssh.
    pub ssh_url: String,
    /// The default branch.
    pub default_branch: String,
    /// One line.
    #[serde(deserialize_with = "text")]
    pub description: String,
    /// The app's own site.
    #[serde(deserialize_with = "text")]
    pub website: String,
    /// The address of a picture.
    #[serde(deserialize_with = "text")]
    pub avatar_url: String,
    /// What it is tagged with; older forges tell nothing here.
    #[serde(deserialize_with = "texts")]
    pub topics: Vec<String>,
}

/// `null` is an empty text.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

/// `null` is an empty list.
fn texts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default())
}

impl Repository {
    /// What it tells about the repository of an organisation.
    pub fn about(&self, organisation: &str) -> About {
        About {
            url: self.clone_url.clone(),
            ssh_url: self.ssh_url.clone(),
            default_branch: self.default_branch.clone(),
            description: self.description.clone(),
            tags: self.topics.clone(),
            website: self.website.clone(),
            icon: self.avatar_url.clone(),
            organisation: organisation.to_owned(),
        }
    }
}

impl Forge {
    /// All repositories of an organisation, or of a user of that name, in the order of the forge.
    ///
    /// # Errors
    /// [`ForgeError`]; a listing that the forge did not give whole is an error too, for who is missing in it would be lost.
    pub fn repositories(&self, name: &str) -> Result<Vec<Repository>, ForgeError> {
        match self.listing("orgs", name) {
            Err(ForgeError::NotFound { .. }) => self.listing("users", name),
            listing => listing,
        }
    }

    fn listing(&self, kind: &str, name: &str) -> Result<Vec<Repository>, ForgeError> {
        self.pages(&format!("{kind}/{name}/repos"), |one: &Repository| {
            if one.name.is_empty() || one.clone_url.is_empty() {
                return Err(format!("a repository has no name or no clone_url: {one:?}"));
            }
            Ok(one.clone_url.clone())
        })
    }
}
