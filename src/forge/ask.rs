//! One request, with patience: rate limits are respected, passing trouble is tried again, and everything else is told at once.

use std::io::Read as _;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, RETRY_AFTER};

/// A page of a listing is far below this.
const LARGEST_ANSWER: u64 = 32 << 20;

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
        "{url} answers {status}: it wants a token, or refuses the one it was given; set TASTER_FORGE_TOKEN to one that may read it"
    )]
    Refused {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// 404.
    #[error(
        "{url} answers 404: there is no such organisation or user; is the address right, and is this a Forgejo or Gitea?"
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
    #[error("{url} answers {status}, which is not understood")]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
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

/// Fetches a page.
pub(super) fn get(
    client: &Client,
    url: &str,
    token: Option<&str>,
    patience: &Patience,
) -> Result<(HeaderMap, Vec<u8>), ForgeError> {
    let mut pause = patience.pause;
    let mut tries = 0;
    loop {
        tries += 1;
        let (why, wait) = match once(client, url, token)? {
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

fn once(client: &Client, url: &str, token: Option<&str>) -> Result<Tried, ForgeError> {
    let mut request = client.get(url).header(ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("token {token}"));
    }
    let response = match request.send() {
        Ok(response) => response,
        Err(error) => return Ok(Tried::Passing { why: chain(&error), wait: None }),
    };
    let (status, owned) = (response.status(), || url.to_owned());
    match status {
        StatusCode::OK => Ok(body(response)),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ForgeError::Refused { url: owned(), status: status.as_u16() })
        }
        StatusCode::NOT_FOUND => Err(ForgeError::NotFound { url: owned() }),
        status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
            Ok(Tried::Passing { why: format!("it answers {}", status.as_u16()), wait: retry_after(response.headers()) })
        }
        status => Err(ForgeError::Status { url: owned(), status: status.as_u16() }),
    }
}

fn body(response: Response) -> Tried {
    let headers = response.headers().clone();
    let mut bytes = Vec::new();
    match response.take(LARGEST_ANSWER).read_to_end(&mut bytes) {
        Ok(_) => Tried::Answer(headers, bytes),
        Err(error) => Tried::Passing { why: format!("the answer broke off: {error}"), wait: None },
    }
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
