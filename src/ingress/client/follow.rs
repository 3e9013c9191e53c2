//! A chain of redirects, within the app's own hosts.

use std::collections::BTreeSet;
use std::io;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::cookies::Jar;
use super::fetch::{Target, fetch, trust};
use super::location::{Location, resolve};
use super::{ClientError, Entry, Exchange, Limits};

/// How the ingress says that it asks for a password, see `proxy::Reason`.
const UNAUTHORISED: &str = "unauthorised";

/// A chain of exchanges; there is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The exchanges that led to a redirect which was followed.
    pub hops: Vec<Exchange>,
    /// The last exchange.
    pub last: Exchange,
    /// Why it ended there.
    pub end: End,
}

/// Why a chain ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The last answer is no redirect.
    Answered,
    /// The last answer redirects to a host that is not the app's, or to a port the ingress does not have; the URL.
    OtherHost(String),
    /// The last answer redirects once more than the limits allow.
    TooManyHops,
    /// The last answer redirects to where this chain has been with the same cookies: a browser would loop; the URL.
    Loop(String),
    /// The last answer redirects to nowhere that can be followed; the `Location` header as it came, empty when there was none.
    BadLocation(String),
}

/// Fetches `https://host/path` and follows redirects as long as they stay within `own_hosts` (lower case; `host` is one of them
/// by itself). Cookies are kept along the way.
///
/// # Errors
/// When one of the exchanges failed. A redirect elsewhere is not an error, see [`End`].
pub async fn follow<S, C, F>(
    connect: C,
    host: &str,
    path: &str,
    own_hosts: &BTreeSet<String>,
    ca_pem: &str,
    limits: Limits,
) -> Result<Followed, ClientError>
where
    C: Fn(Entry) -> F,
    F: Future<Output = io::Result<S>>,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begun = Instant::now();
    let trust = trust(ca_pem)?;
    let mut jar = Jar::default();
    let host = host.to_ascii_lowercase();
    let mut at = Location { entry: Entry::Https, host: host.clone(), port: None, path: path.to_owned() };
    let mut been = BTreeSet::new();
    let mut hops: Vec<Exchange> = Vec::new();
    loop {
        let mut target = Target { entry: at.entry, host: &at.host, path: &at.path, authorised: false };
        let cookies = jar.header(&at.host, &at.path, at.entry == Entry::Https);
        been.insert((target.url(), cookies.clone()));
        let left = Limits { total: limits.total.saturating_sub(begun.elapsed()), ..limits };
        let mut last = fetch(&connect, &target, cookies.clone(), &trust, left).await?;
        if last.ingress.as_deref().is_some_and(|reason| reason.starts_with(UNAUTHORISED)) {
            // The middleware `basicauth`: an operator's visitor has a password, and what counts is what lies behind it.
            target.authorised = true;
            let left = Limits { total: limits.total.saturating_sub(begun.elapsed()), ..limits };
            last = fetch(&connect, &target, cookies, &trust, left).await?;
        }
        for (_, cookie) in last.headers.iter().filter(|(name, _)| name == "set-cookie") {
            jar.take(&at.host, cookie);
        }
        if !matches!(last.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(Followed { hops, last, end: End::Answered });
        }
        let written = last.header("location").unwrap_or_default();
        let Some(next) = resolve(&at, written).filter(|_| !written.trim().is_empty()) else {
            let end = End::BadLocation(written.to_owned());
            return Ok(Followed { hops, last, end });
        };
        let own_port = match (next.entry, next.port.as_deref()) {
            (_, None) | (Entry::Http, Some("80")) | (Entry::Https, Some("443")) => true,
            (_, Some(_)) => false,
        };
        let own = next.host == host || own_hosts.contains(&next.host);
        let url = {
            let port = next.port.as_ref().filter(|_| !own_port).map(|port| format!(":{port}")).unwrap_or_default();
            format!("{}://{}{port}{}", next.entry.scheme(), next.host, next.path)
        };
        if !own || !own_port {
            return Ok(Followed { hops, last, end: End::OtherHost(url) });
        }
        let cookies = jar.header(&next.host, &next.path, next.entry == Entry::Https);
        if been.contains(&(url.clone(), cookies)) {
            return Ok(Followed { hops, last, end: End::Loop(url) });
        }
        if hops.len() >= limits.hops {
            return Ok(Followed { hops, last, end: End::TooManyHops });
        }
        hops.push(last);
        at = Location { port: None, ..next };
    }
}
