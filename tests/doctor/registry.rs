//! What a registry answers the engine. The registries here listen on loopback, which an engine on the same machine reaches.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};

use sha2::{Digest, Sha256};

use crate::{check, diagnosis, doctor};

/// A registry with one image of any name, or that answers every question for it with this status and error code.
fn registry(refusal: Option<(&'static str, &'static str)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = r#"{"architecture":"amd64","os":"linux"}"#;
    let digest = |text: &str| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{kind}","config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":{},"digest":"sha256:{}"}},"layers":[]}}"#,
        config.len(),
        digest(config)
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            let _ = lines.find(String::is_empty);
            let (status, kind, body) = match (refusal, request.split(' ').nth(1).unwrap_or_default()) {
                (_, "/v2/") => ("200 OK", "application/json", "{}".to_owned()),
                (Some((status, code)), _) => {
                    (status, "application/json", format!(r#"{{"errors":[{{"code":"{code}","message":"no"}}]}}"#))
                }
                (None, path) if path.contains("/manifests/") => ("200 OK", kind, manifest.clone()),
                (None, _) => ("200 OK", "application/octet-stream", config.to_owned()),
            };
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let body = if request.starts_with("HEAD") { String::new() } else { body };
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

/// The check `registry` for an image there: (status, found).
fn asked(address: SocketAddr) -> (String, String) {
    let image = format!("{address}/probe:1");
    let (code, diagnosis) = diagnosis(&mut doctor(&["--no-node", "--registry-image", &image]));
    assert_eq!(code, 0, "a registry is never a reason not to test at all");
    let (status, found, _) = check(&diagnosis, "registry");
    (status, found)
}

#[test]
fn an_image_that_is_there() {
    let (status, found) = asked(registry(None));
    assert!(status == "ok" && found.contains("can see"), "{status}: {found}");
}

#[test]
fn an_image_that_is_not_there_still_shows_that_the_registry_answers() {
    let (status, found) = asked(registry(Some(("404 Not Found", "MANIFEST_UNKNOWN"))));
    assert!(status == "ok" && found.contains("asked for"), "{status}: {found}");
}

#[test]
fn a_registry_that_has_enough_of_us() {
    let (status, found) = asked(registry(Some(("429 Too Many Requests", "TOOMANYREQUESTS"))));
    assert_eq!(status, "warn", "{found}");
    assert!(found.to_lowercase().contains("toomanyrequests"), "{found}");
}

#[test]
fn a_registry_that_does_not_answer() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (status, found) = asked(address);
    assert!(status == "warn" && found.contains("cannot ask for") && found.contains("refused"), "{status}: {found}");
}
