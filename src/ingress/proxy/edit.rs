//! Middlewares at work on one request.

use hyper::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response};

use super::answer::{self, Body};
use super::compiled::{Route, Step};
use super::headers;
use crate::ingress::routes::HeaderEdits;

/// The parts of a request that middlewares look at and change.
#[derive(Debug)]
pub(super) struct Draft {
    pub method: Method,
    /// The host as the client wrote it.
    pub authority: String,
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub tls: bool,
}

impl Draft {
    fn uri(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The whole URL; a port that is the scheme's own is left out.
    fn url(&self) -> String {
        let (host, port) = headers::split_port(&self.authority);
        let (scheme, own) = if self.tls { ("https", "443") } else { ("http", "80") };
        match port.filter(|port| *port != own) {
            Some(port) => format!("{scheme}://{host}:{port}{}", self.uri()),
            None => format!("{scheme}://{host}{}", self.uri()),
        }
    }
}

/// Applies a route's middlewares in order.
///
/// # Errors
/// A middleware that answers itself: the answer.
pub(super) fn apply(route: &Route, draft: &mut Draft) -> Result<(), Box<Response<Body>>> {
    let router = route.router.name.as_str();
    for step in &route.steps {
        match step {
            Step::RedirectScheme { scheme, port, permanent } => {
                if let Some(location) = other_scheme(draft, scheme, port) {
                    let by = format!("redirectscheme to {scheme}");
                    return Err(Box::new(answer::redirect(by, &location, *permanent, &draft.method, Some(router))));
                }
            }
            Step::RedirectRegex { regex, replacement, permanent } => {
                let url = draft.url();
                let location = regex.replace_all(&url, replacement.as_str());
                if location != url {
                    let by = "redirectregex".to_owned();
                    return Err(Box::new(answer::redirect(by, &location, *permanent, &draft.method, Some(router))));
                }
            }
            Step::StripPrefix { prefixes, force_slash } => strip_prefix(draft, prefixes, *force_slash),
            Step::StripPrefixRegex { regexes } => {
                let found = regexes.iter().find_map(|regex| {
                    regex
                        .find(&draft.path)
                        .filter(|found| found.start() == 0 && !found.is_empty())
                        .map(|found| found.end())
                });
                if let Some(end) = found {
                    let prefix = draft.path[..end].to_owned();
                    draft.path = leading_slash(&draft.path[end..]);
                    add_prefix_header(draft, &prefix);
                }
            }
            Step::AddPrefix { prefix } => draft.path = leading_slash(&format!("{prefix}{}", draft.path)),
            Step::ReplacePath { path } => {
                set_replaced_path(draft);
                draft.path.clone_from(path);
            }
            Step::ReplacePathRegex { regex, replacement } => {
                if regex.is_match(&draft.path) {
                    set_replaced_path(draft);
                    draft.path = regex.replace_all(&draft.path, replacement.as_str()).into_owned();
                }
            }
            Step::Headers(edits) => edit_request(draft, edits),
            // Passwords are not known here: any is taken, and the app does not see it.
            Step::BasicAuth { realm } => {
                if draft.headers.remove(AUTHORIZATION).is_none() {
                    return Err(Box::new(answer::challenge(realm, router)));
                }
            }
        }
    }
    Ok(())
}

/// Applies a route's middlewares to the app's response, the innermost first.
pub(super) fn apply_response(route: &Route, response: &mut HeaderMap, tls: bool) {
    for step in route.steps.iter().rev() {
        if let Step::Headers(edits) = step {
            headers::edit(response, &edits.response);
            if let Some(sts) = edits.sts.as_ref().filter(|_| tls || edits.force_sts) {
                headers::edit(response, [(&"strict-transport-security".to_owned(), sts)]);
            }
        }
    }
}

fn other_scheme(draft: &Draft, scheme: &str, port: &str) -> Option<String> {
    let (host, _) = headers::split_port(&draft.authority);
    let port = match (scheme, port) {
        (_, "") | ("http", "80") | ("https", "443") => String::new(),
        (_, port) => format!(":{port}"),
    };
    let location = format!("{scheme}://{host}{port}{}", draft.uri());
    (location != draft.url()).then_some(location)
}

fn strip_prefix(draft: &mut Draft, prefixes: &[String], force_slash: bool) {
    let Some(prefix) = prefixes.iter().find(|prefix| draft.path.starts_with(prefix.as_str())) else { return };
    let rest = &draft.path[prefix.len()..];
    draft.path = if force_slash { format!("/{}", rest.trim_start_matches('/')) } else { leading_slash(rest) };
    add_prefix_header(draft, prefix);
}

fn add_prefix_header(draft: &mut Draft, prefix: &str) {
    if let Ok(value) = HeaderValue::from_str(prefix) {
        draft.headers.append(HeaderName::from_static("x-forwarded-prefix"), value);
    }
}

fn set_replaced_path(draft: &mut Draft) {
    if let Ok(value) = HeaderValue::from_str(&draft.uri()) {
        draft.headers.insert(HeaderName::from_static("x-replaced-path"), value);
    }
}

fn edit_request(draft: &mut Draft, edits: &HeaderEdits) {
    headers::edit(&mut draft.headers, &edits.request);
    if let Some(host) = edits.request.iter().find(|(name, _)| name.eq_ignore_ascii_case(HOST.as_str())) {
        headers::edit(&mut draft.headers, [host]);
    }
}

/// An empty path stays empty: the request line then gets a single slash.
fn leading_slash(path: &str) -> String {
    if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}
