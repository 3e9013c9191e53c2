//! Headers between client, proxy and app.

use hyper::Request;
use hyper::header::{
    CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};

use super::Arrival;
use crate::ingress::{HEADER_INGRESS, HEADER_ROUTER, HEADER_SERVICE, HEADER_TASK};

/// Headers that concern one connection only (RFC 9110 §7.6.1).
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Headers by which a client could lie about where it comes from; Traefik drops them from clients it was not told to trust.
const FORWARDED: &[&str] = &[
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-method",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-forwarded-tls-client-cert",
    "x-forwarded-tls-client-cert-info",
    "x-forwarded-uri",
    "x-real-ip",
];

/// Removes the headers that concern one connection only, those that `Connection` names among them.
pub(super) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name: &HeaderName| !FORWARDED.contains(&name.as_str()))
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// Removes the headers that only the proxy may set.
pub(super) fn remove_own(headers: &mut HeaderMap) {
    for name in [HEADER_SERVICE, HEADER_TASK, HEADER_ROUTER, HEADER_INGRESS] {
        headers.remove(name);
    }
}

/// The protocol that a request asks to switch to.
pub(super) fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|token| token.trim().eq_ignore_ascii_case("upgrade"));
    headers.get(UPGRADE).filter(|_| asked).cloned()
}

/// The host as the client wrote it, with a port if it wrote one: from the target (HTTP/2, proxies) or the `Host` header.
pub(super) fn authority<B>(request: &Request<B>) -> Option<String> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str().rsplit('@').next().unwrap_or_default().to_owned()),
        None => request.headers().get(HOST)?.to_str().ok().map(str::to_owned),
    }
}

/// Splits an authority into the host and its port; the port is not part of an IPv6 address in brackets.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.chars().all(|c| c.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Tells the app about the client, as Traefik does for one that it does not trust.
pub(super) fn set_forwarded(headers: &mut HeaderMap, authority: &str, arrival: Arrival, websocket: bool) {
    for name in FORWARDED {
        headers.remove(*name);
    }
    let proto = match (arrival.tls, websocket) {
        (true, true) => "wss",
        (true, false) => "https",
        (false, true) => "ws",
        (false, false) => "http",
    };
    let peer = arrival.peer.ip().to_canonical().to_string();
    let port =
        split_port(authority).1.filter(|port| !port.is_empty()).unwrap_or(if arrival.tls { "443" } else { "80" });
    for (name, value) in [
        ("x-forwarded-for", peer.as_str()),
        ("x-real-ip", peer.as_str()),
        ("x-forwarded-host", authority),
        ("x-forwarded-port", port),
        ("x-forwarded-proto", proto),
        ("x-forwarded-server", "taster"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Sets or, with an empty value, removes headers by name; names that no header can have are left out.
pub(super) fn edit<'e>(headers: &mut HeaderMap, edits: impl IntoIterator<Item = (&'e String, &'e String)>) {
    for (name, value) in edits {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) else { continue };
        if value.is_empty() {
            headers.remove(name);
        } else {
            headers.insert(name, value);
        }
    }
}
