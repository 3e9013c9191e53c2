//! The repositories of an organisation, `/api/v1/orgs/<name>/repos`, page by page.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::header::{HeaderMap, LINK};
use serde::{Deserialize, Serialize};

use super::ask::{ForgeError, Patience, get};
use crate::mirror::About;

/// Repositories asked for at once; a forge may give fewer.
const PAGE: usize = 50;
/// A listing of more pages than this goes in circles.
const MOST_PAGES: usize = 1_000;

/// A forge.
#[derive(Debug, Clone)]
pub struct Forge {
    url: String,
    token: Option<String>,
    patience: Patience,
    client: Client,
}

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
    /// A forge at `https://host`. A token goes only over https, or to this machine.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub fn new(url: &str, token: Option<String>, patience: Patience) -> Result<Forge, ForgeError> {
        let own = ["http://127.0.0.1", "http://[::1]", "http://localhost"].iter().any(|local| url.starts_with(local));
        let client = Client::builder()
            .timeout(Duration::from_secs(60))
            .user_agent(concat!("taster/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(|error| ForgeError::Trouble {
            url: url.to_owned(),
            tries: 0,
            why: format!("cannot make an HTTPS client: {error}"),
        })?;
        let token = token.filter(|_| url.starts_with("https://") || own);
        Ok(Forge { url: url.trim_end_matches('/').to_owned(), token, patience, client })
    }

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
        let mut found: Vec<Repository> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut total = None;
        for page in 1..=MOST_PAGES {
            let url = format!("{}/api/v1/{kind}/{name}/repos?page={page}&limit={PAGE}", self.url);
            let (headers, body) = get(&self.client, &url, self.token.as_deref(), &self.patience)?;
            let answer = |why: String| ForgeError::Answer { url: url.clone(), why };
            let listed: Vec<Repository> = serde_json::from_slice(&body).map_err(|error| answer(error.to_string()))?;
            if let Some(odd) = listed.iter().find(|one| one.name.is_empty() || one.clone_url.is_empty()) {
                return Err(answer(format!("a repository has no name or no clone_url: {odd:?}")));
            }
            total = header(&headers, "x-total-count").and_then(|text| text.parse::<usize>().ok()).or(total);
            let none = listed.is_empty();
            // Pages shift while somebody makes a repository, so one may come twice.
            found.extend(listed.into_iter().filter(|one| seen.insert(one.clone_url.clone())));
            let last = match (header(&headers, LINK.as_str()), total) {
                (Some(link), _) => !link.contains("rel=\"next\""),
                (None, Some(total)) => found.len() >= total,
                (None, None) => false,
            };
            if none || last {
                return match total {
                    Some(total) if found.len() < total => {
                        Err(answer(format!("it says that there are {total} repositories, and lists {}", found.len())))
                    }
                    _ => Ok(found),
                };
            }
        }
        Err(ForgeError::Answer {
            url: format!("{}/api/v1/{kind}/{name}/repos", self.url),
            why: format!("there are more than {MOST_PAGES} pages"),
        })
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
