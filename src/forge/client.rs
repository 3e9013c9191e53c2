//! A forge, and how it is asked: single things, and listings page by page.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use reqwest::blocking::Client;
use reqwest::header::{HeaderMap, LINK};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ask::{Call, ForgeError, LARGEST_ANSWER, Patience, ask};

/// Things asked for at once; a forge may give fewer.
const PAGE: usize = 50;
/// A listing of more pages than this goes in circles.
const MOST_PAGES: usize = 1_000;

/// A forge.
#[derive(Clone)]
pub struct Forge {
    url: String,
    token: Option<String>,
    patience: Patience,
    client: Client,
}

impl std::fmt::Debug for Forge {
    /// Without the token: what is shown for debugging is kept in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forge")
            .field("url", &self.url)
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// How a listing comes: a list, or an object that holds one, as newer listings of Gitea and those of GitHub do.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Listed<T> {
    Plain(Vec<T>),
    Within { artifacts: Vec<T> },
}

impl Forge {
    /// A forge at `https://host`. A token goes only over https, or to this machine.
    ///
    /// # Errors
    /// When the machine has no certificates to trust.
    pub fn new(url: &str, token: Option<String>, patience: Patience) -> Result<Forge, ForgeError> {
        let client = Client::builder()
            .timeout(Duration::from_secs(60))
            .user_agent(concat!("taster/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(|error| ForgeError::Trouble {
            url: url.to_owned(),
            tries: 0,
            why: format!("cannot make an HTTPS client: {error}"),
        })?;
        let token = token.filter(|_| is_safe(url));
        Ok(Forge { url: url.trim_end_matches('/').to_owned(), token, patience, client })
    }

    /// Whether a token may go to this address.
    pub fn takes_token(url: &str) -> bool {
        is_safe(url)
    }

    /// A listing, all of it.
    pub(super) fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        key: impl Fn(&T) -> Result<String, String>,
    ) -> Result<Vec<T>, ForgeError> {
        let mut found: Vec<T> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut total = None;
        let joint = if path.contains('?') { '&' } else { '?' };
        for page in 1..=MOST_PAGES {
            let url = format!("{}/api/v1/{path}{joint}page={page}&limit={PAGE}", self.url);
            let (headers, body) = ask(&self.client, &Call::get(&url), self.token.as_deref(), &self.patience)?;
            let answer = |why: String| ForgeError::Answer { url: url.clone(), why };
            let (Listed::Plain(listed) | Listed::Within { artifacts: listed }) = read(&body).map_err(&answer)?;
            total = header(&headers, "x-total-count").and_then(|text| text.parse::<usize>().ok()).or(total);
            let before = found.len();
            for one in listed {
                // Pages shift while somebody makes something, so one may come twice.
                if seen.insert(key(&one).map_err(&answer)?) {
                    found.push(one);
                }
            }
            // A listing that knows no pages comes whole, again and again.
            let none = found.len() == before;
            let last = match (header(&headers, LINK.as_str()), total) {
                (Some(link), _) => !link.contains("rel=\"next\""),
                (None, Some(total)) => found.len() >= total,
                (None, None) => false,
            };
            if none || last {
                return match total {
                    Some(total) if found.len() < total => {
                        Err(answer(format!("it says that there are {total}, and lists {}", found.len())))
                    }
                    _ => Ok(found),
                };
            }
        }
        Err(ForgeError::Answer {
            url: format!("{}/api/v1/{path}", self.url),
            why: format!("there are more than {MOST_PAGES} pages"),
        })
    }

    /// One thing.
    pub(super) fn one<T: DeserializeOwned>(&self, path: &str) -> Result<T, ForgeError> {
        let url = format!("{}/api/v1/{path}", self.url);
        let (_, body) = ask(&self.client, &Call::get(&url), self.token.as_deref(), &self.patience)?;
        serde_json::from_slice(&body).map_err(|error| ForgeError::Answer { url, why: error.to_string() })
    }

    /// The bytes of something, no more than `most`.
    pub(super) fn bytes(&self, path: &str, most: u64) -> Result<Vec<u8>, ForgeError> {
        let url = format!("{}/api/v1/{path}", self.url);
        let call = Call { most, ..Call::get(&url) };
        ask(&self.client, &call, self.token.as_deref(), &self.patience).map(|(_, body)| body)
    }

    /// The bytes at the address itself.
    pub(super) fn raw(&self, most: u64) -> Result<Vec<u8>, ForgeError> {
        let call = Call { most, ..Call::get(&self.url) };
        ask(&self.client, &call, None, &self.patience).map(|(_, body)| body)
    }

    /// Writes something, and reads what the forge made of it.
    pub(super) fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ForgeError> {
        let json = serde_json::to_vec(body)
            .map_err(|error| ForgeError::Answer { url: path.to_owned(), why: error.to_string() })?;
        self.send(method, path, "application/json".to_owned(), json)
    }

    /// Sends a body of some type.
    pub(super) fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        kind: String,
        body: Vec<u8>,
    ) -> Result<T, ForgeError> {
        let url = format!("{}/api/v1/{path}", self.url);
        let call = Call { method, url: &url, body: Some((kind, body)), most: LARGEST_ANSWER };
        let (_, body) = ask(&self.client, &call, self.token.as_deref(), &self.patience)?;
        serde_json::from_slice(&body).map_err(|error| ForgeError::Answer { url, why: error.to_string() })
    }
}

fn is_safe(url: &str) -> bool {
    let own = |local: &str| {
        let rest = url.strip_prefix(local);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    url.starts_with("https://")
        || ["http://127.0.0.1", "http://[::1]", "http://localhost"].iter().any(|local| own(local))
}

/// A list; what serde says about neither form fitting helps nobody.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<Listed<T>, String> {
    let starts_list = body.trim_ascii_start().starts_with(b"[");
    if starts_list {
        serde_json::from_slice(body).map(Listed::Plain).map_err(|error| error.to_string())
    } else {
        serde_json::from_slice(body).map_err(|error| format!("it is no list: {error}"))
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
