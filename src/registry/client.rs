//! Asking: tokens, pages, and answers that are no answers.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::header::{ACCEPT, LINK, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Client, Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use super::RegistryError;
use super::answer::{Challenge, ImageFacts, Manifest, Platform, Presence, TagList, Token};
use super::place::{Place, authority, is_loopback};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a registry may ask us to wait before we give up instead.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// So many pages of tags are read at most: repositories that build every commit have no end.
const MOST_PAGES: usize = 50;
/// Answers above this are not read, in bytes.
const LARGEST: usize = 8 << 20;
/// So many questions are under way at once.
const AT_ONCE: usize = 8;

/// All kinds of manifest that engines pull.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// Registries, and the tokens that they gave us.
#[derive(Debug)]
pub struct Registries {
    client: Client,
    /// By repository.
    tokens: Mutex<BTreeMap<String, String>>,
    /// Registries that answer nothing, so that their other images do not wait as long again.
    silent: Mutex<BTreeMap<String, RegistryError>>,
}

/// An answer, as far as it is about the image and not about the connection.
pub(super) enum Said {
    Found(Response),
    Absent,
    Hidden,
}

impl Registries {
    /// A client without credentials. A provider of cryptography must be installed (see [`cli::main`](crate::cli::main)).
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn new() -> Result<Self, RegistryError> {
        let client = Client::builder()
            .user_agent(concat!("taster/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::limited(5))
            .build()
            .map_err(|error| RegistryError::Unreachable { host: "(any)".to_owned(), why: causes(&error) })?;
        Ok(Self { client, tokens: Mutex::default(), silent: Mutex::default() })
    }

    /// Asks about images, several at a time; the answers are in the order of the questions.
    pub(super) async fn ask_all(&self, references: &[String]) -> Vec<(String, Result<ImageFacts, RegistryError>)> {
        // Of owned names: of borrowed ones the compiler cannot prove that the future may go from thread to thread.
        let asked = references.iter().cloned().map(|reference| async move {
            let answer = self.ask(&reference).await;
            (reference, answer)
        });
        stream::iter(asked).buffered(AT_ONCE).collect().await
    }

    /// Asks about one image.
    ///
    /// # Errors
    /// When the registry does not answer, or not about the image.
    pub async fn ask(&self, reference: &str) -> Result<ImageFacts, RegistryError> {
        let place = Place::of(reference)?;
        let host = place.host();
        if let Some(error) = self.silent.lock().await.get(&host) {
            return Err(error.clone());
        }
        let answer = self.ask_at(&place).await;
        if let Err(error @ (RegistryError::Unreachable { .. } | RegistryError::Limited { .. })) = &answer {
            self.silent.lock().await.insert(host, error.clone());
        }
        answer
    }

    async fn ask_at(&self, place: &Place) -> Result<ImageFacts, RegistryError> {
        let (presence, architectures) =
            match self.get(place, place.url(&format!("manifests/{}", place.manifest))).await? {
                Said::Found(response) => (Presence::Exists, self.architectures(place, response).await?),
                Said::Absent => (Presence::Absent, Vec::new()),
                Said::Hidden => {
                    return Ok(ImageFacts {
                        presence: Presence::Hidden,
                        architectures: Vec::new(),
                        tags: Vec::new(),
                        tags_are_whole: false,
                    });
                }
            };
        let (tags, tags_are_whole) = self.tags(place).await?;
        Ok(ImageFacts { presence, architectures, tags, tags_are_whole })
    }

    async fn architectures(&self, place: &Place, response: Response) -> Result<Vec<String>, RegistryError> {
        let manifest: Manifest = json(place, response).await?;
        if let Some(architecture) = manifest.architecture {
            return Ok(vec![architecture]);
        }
        let mut names: Vec<String> =
            manifest.manifests.iter().filter_map(|entry| entry.platform.as_ref()?.name()).collect();
        if let (true, Some(config)) = (manifest.manifests.is_empty(), manifest.config)
            && let Said::Found(response) = self.get(place, place.url(&format!("blobs/{}", config.digest))).await?
        {
            names.extend(json::<Platform>(place, response).await?.name());
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// The tags of a repository, and whether these are all.
    async fn tags(&self, place: &Place) -> Result<(Vec<String>, bool), RegistryError> {
        let mut url = place.url("tags/list");
        url.set_query(Some("n=1000"));
        let mut tags = Vec::new();
        for _ in 0..MOST_PAGES {
            // Some registries show images and hide the list of tags.
            let Said::Found(response) = self.get(place, url.clone()).await? else { return Ok((tags, false)) };
            let next = response.headers().get(LINK).and_then(|link| next_page(&url, link.to_str().ok()?));
            tags.extend(json::<TagList>(place, response).await?.tags.unwrap_or_default());
            match next {
                Some(next) if next != url => url = next,
                _ => return Ok((tags, true)),
            }
        }
        Ok((tags, false))
    }

    /// Gets something of a repository, with a token where the registry wants one.
    pub(super) async fn get(&self, place: &Place, url: Url) -> Result<Said, RegistryError> {
        let key = format!("{}{}", place.root, place.repository);
        let mut waited = false;
        let mut authorized = false;
        loop {
            let token = self.tokens.lock().await.get(&key).cloned();
            let mut request = self.client.get(url.clone()).header(ACCEPT, MANIFESTS);
            if let Some(token) = &token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.map_err(|error| unreachable(&url, &error))?;
            match response.status() {
                StatusCode::OK => return Ok(Said::Found(response)),
                StatusCode::NOT_FOUND => return Ok(Said::Absent),
                // Once only: a token that a registry does not take will not become better.
                StatusCode::UNAUTHORIZED if !authorized => {
                    authorized = true;
                    let Some(token) = self.token(place, &response).await? else { return Ok(Said::Hidden) };
                    self.tokens.lock().await.insert(key.clone(), token);
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Ok(Said::Hidden),
                StatusCode::TOO_MANY_REQUESTS => match wanted_wait(&response) {
                    Some(wait) if !waited => {
                        waited = true;
                        tokio::time::sleep(wait).await;
                    }
                    _ => return Err(RegistryError::Limited { host: place.host() }),
                },
                status => {
                    let why = format!("HTTP {status} for {}", url.path());
                    return Err(RegistryError::Odd { host: place.host(), why });
                }
            }
        }
    }

    /// A token for whoever has no account; `None` when there is none.
    async fn token(&self, place: &Place, refusal: &Response) -> Result<Option<String>, RegistryError> {
        let headers = refusal.headers().get_all(WWW_AUTHENTICATE).iter();
        let Some(challenge) = headers.filter_map(|header| Challenge::parse(header.to_str().ok()?)).next() else {
            return Ok(None);
        };
        let odd = |why: String| RegistryError::Odd { host: place.host(), why };
        let mut realm = Url::parse(&challenge.realm)
            .map_err(|error| odd(format!("it names `{}` for tokens: {error}", challenge.realm)))?;
        // A token must not be read on its way, but for a registry on this machine.
        if realm.scheme() != "https" && !(is_loopback(&realm) && is_loopback(&place.root)) {
            return Err(odd(format!("it names `{realm}` for tokens, which is not HTTPS")));
        }
        for (key, value) in [("service", &challenge.service), ("scope", &challenge.scope)] {
            if let Some(value) = value {
                realm.query_pairs_mut().append_pair(key, value);
            }
        }
        let response = self.client.get(realm.clone()).send().await.map_err(|error| unreachable(&realm, &error))?;
        match response.status() {
            StatusCode::OK => {
                let token: Token = json(place, response).await?;
                Ok(token.token.or(token.access_token).filter(|token| !token.is_empty()))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(None),
            StatusCode::TOO_MANY_REQUESTS => Err(RegistryError::Limited { host: authority(&realm) }),
            status => Err(odd(format!("HTTP {status} for a token from {}", authority(&realm)))),
        }
    }
}

/// Reads an answer, which must not be too long.
pub(super) async fn json<T: DeserializeOwned>(place: &Place, mut response: Response) -> Result<T, RegistryError> {
    let odd = |why: String| RegistryError::Odd { host: place.host(), why };
    let url = response.url().clone();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&url, &error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(odd(format!("the answer to {} is longer than {LARGEST} bytes", url.path())));
        }
    }
    serde_json::from_slice(&bytes).map_err(|error| odd(format!("the answer to {}: {error}", url.path())))
}

/// How long a registry wants us to wait; `None` when that is too long.
fn wanted_wait(response: &Response) -> Option<Duration> {
    let header = response.headers().get(RETRY_AFTER).and_then(|header| header.to_str().ok()?.trim().parse().ok());
    let wait = Duration::from_secs(header.unwrap_or(1));
    (wait <= LONGEST_WAIT).then_some(wait)
}

/// The next page of a list, `Link: </v2/…?last=x&n=1000>; rel="next"`; only of the same registry.
fn next_page(url: &Url, link: &str) -> Option<Url> {
    let (target, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = rest.contains("rel=\"next\"") || rest.contains("rel=next");
    url.join(target).ok().filter(|found| next && found.origin() == url.origin())
}

fn unreachable(url: &Url, error: &reqwest::Error) -> RegistryError {
    RegistryError::Unreachable { host: authority(url), why: causes(error) }
}

/// An error with what is behind it: reqwest's own message tells only that something went wrong.
fn causes(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    if error.is_timeout() { format!("no answer within {} s", PATIENCE.as_secs()) } else { deepest.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_followed_within_a_registry_only() {
        let here = Url::parse("https://r.example/v2/a/tags/list?n=2").unwrap();
        let next = |link| next_page(&here, link).map(|url| url.to_string());
        assert_eq!(
            next("</v2/a/tags/list?last=x&n=2>; rel=\"next\"").as_deref(),
            Some("https://r.example/v2/a/tags/list?last=x&n=2")
        );
        for none in ["", "</v2/>; rel=\"prev\"", "<https://evil.example/v2/>; rel=\"next\"", "/v2/; rel=\"next\""] {
            assert_eq!(next(none), None, "{none}");
        }
    }
}
