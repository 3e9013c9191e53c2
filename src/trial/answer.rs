//! Does the app answer, and is it the app that answers? (design.md §3.3, *Answering*; lessons 8 and 9)

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::agent::{IngressStarted, Link};
use crate::ingress::client::{BodyText, ClientError, End, Entry, Followed, Limits, follow};
use crate::ingress::proxy::Reason;
use crate::ingress::routes::{RouteTable, Router};
use crate::scenario::Ready;

/// How good an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// No answer of the app.
    None,
    /// The app answers, and cannot be told from a broken one.
    Weak,
    /// The app answers with a page.
    Strong,
}

impl Strength {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Weak => "weak",
            Self::Strong => "strong",
        }
    }
}

/// What came of asking at one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The first URL that was asked for.
    pub url: String,
    /// The final status.
    pub status: Option<u16>,
    /// How good it is.
    pub strength: Strength,
    /// The service that answered.
    pub service: Option<String>,
    /// The task that answered.
    pub task: Option<String>,
    /// The page's title.
    pub title: Option<String>,
    /// Why the proxy answered in the app's place; `None` when it did not.
    pub proxy: Option<String>,
    /// What was seen, in words.
    pub text: String,
}

impl Answer {
    /// No router takes the request, which no waiting changes.
    pub fn is_unrouted(&self) -> bool {
        self.proxy.as_deref() == Some(Reason::NoRoute.code())
    }
}

/// A page to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    host: String,
    path: String,
    ready: Option<Ready>,
}

/// The routers that the ingress can serve: others ask for entry points that an operator's Traefik may have, or hang on something that is
/// not emulated (a note says so).
pub fn served(routes: &RouteTable) -> impl Iterator<Item = &Router> {
    routes.routers.iter().filter(|router| {
        let known =
            router.entrypoints.is_empty() || router.entrypoints.iter().any(|name| routes.entrypoints.knows(name));
        known && router.rule.matchers().iter().all(|(matcher, _)| matcher.kind.is_emulated())
    })
}

/// What to ask: every host of every router, at a path that its rule takes. `[ready]` stands in the place of the questions to its
/// host, and a router that names no host is asked at the app's own `domain`.
pub fn questions(routes: &RouteTable, domain: &str, ready: Option<&Ready>) -> Vec<Question> {
    let mut seen = BTreeSet::new();
    let mut questions = Vec::new();
    let ready_host = ready.and_then(|ready| {
        let first = || served(routes).flat_map(|router| router.rule.hosts()).next();
        let any = || served(routes).next().map(|_| domain.to_owned());
        ready.host.clone().or_else(first).or_else(any)
    });
    if let (Some(ready), Some(host)) = (ready, &ready_host) {
        questions.push(Question { host: host.clone(), path: ready.path.clone(), ready: Some(ready.clone()) });
    }
    for router in served(routes) {
        let mut hosts = router.rule.hosts();
        if hosts.is_empty() {
            hosts.insert(domain.to_owned());
        }
        hosts.retain(|host| Some(host) != ready_host.as_ref());
        for host in hosts {
            let path = router.rule.sample_path().to_owned();
            if seen.insert((host.clone(), path.clone())) {
                questions.push(Question { host, path, ready: None });
            }
        }
    }
    questions
}

/// Asks one question through the ingress, once.
pub async fn ask(
    link: &Link,
    ingress: &IngressStarted,
    routes: &RouteTable,
    question: &Question,
    within: Duration,
) -> Answer {
    let limits = Limits { total: within, ..Limits::default() };
    let connect = |entry: Entry| {
        let address = match entry {
            Entry::Http => ingress.http,
            Entry::Https => ingress.https,
        };
        async move { link.connect(address).await.map_err(io::Error::other) }
    };
    let begun = Instant::now();
    let followed = follow(connect, &question.host, &question.path, &routes.hosts(), &ingress.ca, limits).await;
    let url = format!("https://{}{}", question.host, question.path);
    match followed {
        Ok(followed) => judge(url, &followed, question.ready.as_ref()),
        Err(error) => silent(url, &error, begun.elapsed()),
    }
}

fn silent(url: String, error: &ClientError, elapsed: Duration) -> Answer {
    let text = format!("{error} (after {:.1} s)", elapsed.as_secs_f64());
    Answer { url, status: None, strength: Strength::None, service: None, task: None, title: None, proxy: None, text }
}

/// Judges the end of a chain of answers.
fn judge(url: String, followed: &Followed, ready: Option<&Ready>) -> Answer {
    let last = &followed.last;
    let body = String::from_utf8_lossy(&last.body);
    let (strength, text) = if !last.is_from_app() {
        // Lesson 8: what the proxy says is not the app's answer.
        let reason = last.ingress.clone().unwrap_or_else(|| "it does not say who answered".to_owned());
        (Strength::None, format!("{} from the proxy, not from the app: {reason}", last.status))
    } else if let Some(ready) = ready {
        declared(followed, &body, ready)
    } else {
        generic(followed)
    };
    Answer {
        url,
        status: Some(last.status),
        strength,
        service: last.service.clone(),
        task: last.task.clone(),
        title: title(&body),
        proxy: last.ingress.clone(),
        text,
    }
}

/// `[ready]` replaces the generic check.
fn declared(followed: &Followed, body: &str, ready: &Ready) -> (Strength, String) {
    let status = followed.last.status;
    if !matches!(followed.end, End::Answered | End::OtherHost(_)) {
        return generic(followed);
    }
    let status_fits = ready.status.map_or((200..300).contains(&status), |wanted| wanted == status);
    if !status_fits {
        let wanted = ready.status.map_or("2xx".to_owned(), |wanted| wanted.to_string());
        return (Strength::None, format!("{status} where [ready] wants {wanted}"));
    }
    match &ready.contains {
        Some(text) if !body.contains(text.as_str()) => {
            (Strength::None, format!("{status}, and the page does not contain `{text}`"))
        }
        // Without a text to look for, a blank page tells as little as anywhere else (lesson 9).
        None if (200..300).contains(&status) && followed.last.text() == BodyText::Empty => {
            (Strength::None, format!("{status}, and the page is blank"))
        }
        _ => (Strength::Strong, format!("{status}, as [ready] wants it")),
    }
}

fn generic(followed: &Followed) -> (Strength, String) {
    let last = &followed.last;
    let hops =
        if followed.hops.is_empty() { String::new() } else { format!(" after {} redirect(s)", followed.hops.len()) };
    match (&followed.end, last.status) {
        (End::OtherHost(url), status) => (Strength::Weak, format!("{status}, a redirect to another host: {url}")),
        (End::Loop(url), _) => (Strength::None, format!("redirects in a circle, at {url}")),
        (End::TooManyHops, _) => (Strength::None, format!("more than {} redirects", followed.hops.len())),
        (End::BadLocation(location), status) => {
            (Strength::None, format!("{status}, a redirect to nowhere: `{location}`"))
        }
        (End::Answered, 200..=299) => match last.text() {
            BodyText::Empty => (Strength::None, format!("{}{hops}, and the page is blank", last.status)),
            // A single-page app paints later; whether it does, only a browser can tell.
            BodyText::HtmlWithoutText => {
                (Strength::Weak, format!("{}{hops}, a page without any text until scripts run", last.status))
            }
            BodyText::Present => (Strength::Strong, format!("{}{hops}", last.status)),
        },
        (End::Answered, 401 | 403 | 404) => (Strength::Weak, format!("{}{hops}", last.status)),
        (End::Answered, status) => (Strength::None, format!("{status}{hops}")),
    }
}

/// The text between `<title>` and `</title>`.
fn title(body: &str) -> Option<String> {
    let lower = body.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    let words: Vec<&str> = body.get(start..end)?.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether something takes a connection at an address in the node, for TCP routers and host ports.
pub async fn accepts(link: &Link, address: SocketAddr) -> bool {
    matches!(tokio::time::timeout(Duration::from_secs(5), link.connect(address)).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_whatever_surrounds_it() {
        assert_eq!(title("<html><TITLE lang=en>\n My  wiki </TITLE>").as_deref(), Some("My wiki"));
        assert_eq!(title("<title></title>"), None);
        assert_eq!(title("<title>unclosed"), None);
        assert_eq!(title("İ<title>x</title>").as_deref(), Some("x"));
    }
}
