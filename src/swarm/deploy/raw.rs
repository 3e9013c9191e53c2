//! An engine's answer as plain JSON.
//!
//! bollard's models lose what they do not know, and one thing they mistake: a service's `Healthcheck` is read under another spelling
//! and comes back as `None`. Whoever compares specs, or sends an inspected one back, needs the answer as it is.

use bollard::Docker;
use bollard::errors::Error;
use serde_json::Value;

/// `GET <path>` on the engine, for example `/services/abc` or `/networks?filters=…` (already percent-encoded).
///
/// # Errors
/// The engine's own answer, or a body that is no JSON.
pub async fn get(docker: &Docker, path: &str) -> Result<Value, Error> {
    let wanted = path.to_owned();
    // bollard sends no request of our own making, but lets a request be changed: an innocent one is pointed elsewhere.
    let pointed = docker.clone().with_request_modifier(move |mut request| {
        let mut parts = request.uri().clone().into_parts();
        if let Ok(path) = wanted.parse() {
            parts.path_and_query = Some(path);
        }
        if let Ok(uri) = parts.try_into() {
            *request.uri_mut() = uri;
        }
        request
    });
    let body = pointed.ping().await?;
    serde_json::from_str(&body)
        .map_err(|source| Error::from(std::io::Error::other(format!("GET {path}: no JSON: {source}"))))
}

/// A `filters` query value: `{"label":["a=b"]}`, percent-encoded.
pub fn filters(key: &str, value: &str) -> String {
    let json = serde_json::json!({ key: [value] }).to_string();
    let mut encoded = String::with_capacity(json.len() * 2);
    for byte in json.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
