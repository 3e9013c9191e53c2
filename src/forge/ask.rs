//! One request, with patience: rate limits are respected, passing trouble is tried again, and everything else is told at once.
//!
//! What writes is tried again only where it surely was not done: else a comment would be written twice.

use std::io::Read as _;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode};

/// A page of a listing is far below this, in bytes.
pub(super) const LARGEST_ANSWER: u64 = 32 << 20;

/// How much of a forge's own words is told, in characters.
const LONGEST_WORDS: usize = 200;

/// What is asked.
#[derive(Debug)]
pub(super) struct Call<'c> {
    pub(super) method: Method,
    pub(super) url: &'c str,
    /// The body and its type.
    pub(super) body: Option<(String, Vec<u8>)>,
    /// The largest answer that is taken, in bytes.
    pub(super) most: u64,
}

impl<'c> Call<'c> {
    pub(super) fn get(url: &'c str) -> Self {
        Self { method: Method::GET, url, body: None, most: LARGEST_ANSWER }
    }
}

/// How long trouble that may pass is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often a request is tried.
    pub tries: u32,
    /// The first pause; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause that a server may ask for.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 4, pause: Duration::from_secs(1), longest: Duration::from_secs(120) }
    }
}

/// Why a forge did not answer what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// 401 or 403.
    #[error(
        "{url} answers {status}: it wants a token, or refuses the one it was given; set TASTER_FORGE_TOKEN to one that may do that"
    )]
    Refused {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// 404.
    #[error(
        "{url} answers 404: there is no such thing, or none that the token may see; is the address right, and is this a Forgejo or Gitea?"
    )]
    NotFound {
        /// What was asked for.
        url: String,
    },
    /// 429, or trouble of the server or the network that did not pass.
    #[error("{url} could not be read, tried {tries} times: {why}; try again later")]
    Trouble {
        /// What was asked for.
        url: String,
        /// How often.
        tries: u32,
        /// What happened last.
        why: String,
    },
    /// Another status.
    #[error("{url} answers {status}{}", if words.is_empty() { ", which is not understood".to_owned() } else { format!(": {words}") })]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// What the forge says about it.
        words: String,
    },
    /// The answer is larger than anything that is wanted.
    #[error("{url} gives more than {most} bytes, and nothing that is wanted is so large")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The bound.
        most: u64,
    },
    /// The answer is not what the API promises.
    #[error("{url} gives an answer that is not understood: {why}; is this a Forgejo or Gitea?")]
    Answer {
        /// What was asked for.
        url: String,
        /// What is wrong.
        why: String,
    },
}

/// What came of one try.
enum Tried {
    Answer(HeaderMap, Vec<u8>),
    Passing { why: String, wait: Option<Duration> },
}

/// Asks, and gives the answer's headers and body.
pub(super) fn ask(
    client: &Client,
    call: &Call<'_>,
    token: Option<&str>,
    patience: &Patience,
) -> Result<(HeaderMap, Vec<u8>), ForgeError> {
    let url = call.url;
    let mut pause = patience.pause;
    let mut tries = 0;
    loop {
        tries += 1;
        let (why, wait) = match once(client, call, token)? {
            Tried::Answer(headers, body) => return Ok((headers, body)),
            Tried::Passing { why, wait } => (why, wait),
        };
        let give_up = |why: String| ForgeError::Trouble { url: url.to_owned(), tries, why };
        if let Some(asked) = wait.filter(|asked| *asked > patience.longest) {
            let longest = patience.longest.as_secs();
            return Err(give_up(format!(
                "{why}, and it asks to wait {} s (at most {longest} are waited)",
                asked.as_secs()
            )));
        }
        if tries >= patience.tries {
            return Err(give_up(why));
        }
        std::thread::sleep(wait.unwrap_or(pause));
        pause *= 2;
    }
}

fn once(client: &Client, call: &Call<'_>, token: Option<&str>) -> Result<Tried, ForgeError> {
    let reads = call.method == Method::GET;
    let mut request = client.request(call.method.clone(), call.url).header(ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("token {token}"));
    }
    if let Some((kind, body)) = &call.body {
        request = request.header(CONTENT_TYPE, kind).body(body.clone());
    }
    let owned = || call.url.to_owned();
    let response = match request.send() {
        Ok(response) => response,
        Err(error) if reads || error.is_connect() => return Ok(Tried::Passing { why: chain(&error), wait: None }),
        Err(error) => return Err(ForgeError::Trouble { url: owned(), tries: 1, why: chain(&error) }),
    };
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ForgeError::Refused { url: owned(), status: status.as_u16() })
        }
        StatusCode::NOT_FOUND => Err(ForgeError::NotFound { url: owned() }),
        StatusCode::TOO_MANY_REQUESTS => Ok(passing(&response)),
        status if status.is_server_error() && reads => Ok(passing(&response)),
        status if status.is_server_error() => {
            Err(ForgeError::Trouble { url: owned(), tries: 1, why: format!("it answers {}", status.as_u16()) })
        }
        status if status.is_success() && (!reads || status == StatusCode::OK) => body(response, call),
        status => Err(ForgeError::Status { url: owned(), status: status.as_u16(), words: words(response) }),
    }
}

fn passing(response: &Response) -> Tried {
    Tried::Passing { why: format!("it answers {}", response.status().as_u16()), wait: retry_after(response.headers()) }
}

fn body(response: Response, call: &Call<'_>) -> Result<Tried, ForgeError> {
    let headers = response.headers().clone();
    let mut bytes = Vec::new();
    match response.take(call.most.saturating_add(1)).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > call.most => {
            Err(ForgeError::TooLarge { url: call.url.to_owned(), most: call.most })
        }
        Ok(_) => Ok(Tried::Answer(headers, bytes)),
        // What was written is written, whatever came of its answer.
        Err(error) if call.method != Method::GET => Err(ForgeError::Trouble {
            url: call.url.to_owned(),
            tries: 1,
            why: format!("the answer broke off: {error}"),
        }),
        Err(error) => Ok(Tried::Passing { why: format!("the answer broke off: {error}"), wait: None }),
    }
}

/// What a forge says about a refusal: `{"message": …}`, in one short line.
fn words(response: Response) -> String {
    let mut bytes = Vec::new();
    let _ = response.take(LARGEST_ANSWER >> 12).read_to_end(&mut bytes);
    let told: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let message = told.get("message").and_then(serde_json::Value::as_str).unwrap_or_default();
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS).collect()
}

/// `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(jiff::Timestamp::now())).unwrap_or_default())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        parts.push(error.to_string());
        cause = error.source();
    }
    parts.dedup();
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let wait = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Fri, 21 Nov 1997 09:55:06 GMT"), Some(Duration::ZERO), "it has passed");
        let later = wait("Wed, 21 Oct 2099 07:28:00 GMT").unwrap();
        assert!(later > Duration::from_secs(365 * 86_400), "{later:?}");
        assert_eq!(wait("soon"), None);
    }
}
