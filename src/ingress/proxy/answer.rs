//! Answers that the proxy gives itself. Each carries its reason, so that none can pass for the app's.

use std::fmt;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use hyper::{Method, Response, StatusCode};

use crate::ingress::{HEADER_INGRESS, HEADER_ROUTER};

/// A body, the app's or ours.
pub(super) type Body = UnsyncBoxBody<Bytes, hyper::Error>;

/// Why the proxy answered itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No router matches (404).
    NoRoute,
    /// The service has no running task (503).
    NoTask(String),
    /// No task accepted a connection (502).
    Unreachable(String),
    /// A task accepted the connection and then broke it off, or did not speak HTTP (502).
    Broken(String),
    /// A task did not answer in time (504).
    Timeout(String),
    /// The service is not on the network where Traefik looks for it (504).
    NotAttached(String),
    /// A middleware or the entry point redirects (301, 302, 307, 308).
    Redirect(String),
    /// `basicauth` asks for a password (401).
    Unauthorised(String),
    /// The request cannot be forwarded (400).
    BadRequest(String),
}

impl Reason {
    /// One word for it, the beginning of the header's value.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoRoute => "no-route",
            Self::NoTask(_) => "no-task",
            Self::Unreachable(_) => "unreachable",
            Self::Broken(_) => "broken",
            Self::Timeout(_) => "timeout",
            Self::NotAttached(_) => "not-attached",
            Self::Redirect(_) => "redirect",
            Self::Unauthorised(_) => "unauthorised",
            Self::BadRequest(_) => "bad-request",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::NoTask(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreachable(_) | Self::Broken(_) => StatusCode::BAD_GATEWAY,
            Self::Timeout(_) | Self::NotAttached(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Redirect(_) => StatusCode::FOUND,
            Self::Unauthorised(_) => StatusCode::UNAUTHORIZED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoute => f.write_str("no-route"),
            Self::NoTask(text)
            | Self::Unreachable(text)
            | Self::Broken(text)
            | Self::Timeout(text)
            | Self::NotAttached(text)
            | Self::Redirect(text)
            | Self::Unauthorised(text)
            | Self::BadRequest(text) => write!(f, "{}: {text}", self.code()),
        }
    }
}

/// The proxy's answer for a reason; `more` goes into the body.
pub(super) fn answer(reason: &Reason, router: Option<&str>, more: &str) -> Response<Body> {
    let status = reason.status();
    let text = format!("taster ingress: {} ({reason})\n{more}", status.canonical_reason().unwrap_or_default());
    let mut response = Response::new(Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    set(&mut response, HEADER_INGRESS, &reason.to_string());
    if let Some(router) = router {
        set(&mut response, HEADER_ROUTER, router);
    }
    response
}

/// A redirect, with the status that Traefik chooses: methods other than GET keep their method.
pub(super) fn redirect(
    by: String,
    location: &str,
    permanent: bool,
    method: &Method,
    router: Option<&str>,
) -> Response<Body> {
    let mut response = answer(&Reason::Redirect(by), router, "");
    *response.status_mut() = match (permanent, *method == Method::GET) {
        (true, true) => StatusCode::MOVED_PERMANENTLY,
        (true, false) => StatusCode::PERMANENT_REDIRECT,
        (false, true) => StatusCode::FOUND,
        (false, false) => StatusCode::TEMPORARY_REDIRECT,
    };
    set(&mut response, LOCATION.as_str(), location);
    response
}

/// The challenge of `basicauth`.
pub(super) fn challenge(realm: &str, router: &str) -> Response<Body> {
    let mut response = answer(&Reason::Unauthorised("basicauth".into()), Some(router), "");
    set(&mut response, WWW_AUTHENTICATE.as_str(), &format!("Basic realm=\"{}\"", realm.replace('"', "\\\"")));
    response
}

/// Sets a header; characters that a header cannot hold become question marks.
pub(super) fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    let clean: String = value.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
    if let Ok(value) = HeaderValue::from_str(&clean) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
