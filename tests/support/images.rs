//! A real registry with images of a chosen architecture and day, and strangers that answer like none. Several test
//! crates use it, each a part.
#![allow(dead_code, reason = "each crate uses a part of it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::docker_registry::DockerRegistry;

/// A registry on the loopback that ends with this value.
pub(crate) struct Registry {
    server: DockerRegistry,
    pub(crate) address: String,
    client: reqwest::Client,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = DockerRegistry::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { address: server.address.clone(), server, client: reqwest::Client::new(), runtime }
    }

    fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Response {
        let response = self.runtime.block_on(request.send()).unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v2/{path}", self.address)
    }

    /// Uploads a blob; its descriptor.
    fn blob(&self, repository: &str, kind: &str, bytes: &[u8]) -> Value {
        let begun = self.send(self.client.post(self.url(&format!("{repository}/blobs/uploads/"))));
        let mut place = reqwest::Url::parse(begun.headers()["location"].to_str().unwrap()).unwrap();
        let digest = digest(bytes);
        place.query_pairs_mut().append_pair("digest", &digest);
        self.send(self.client.put(place).body(bytes.to_vec()));
        json!({"mediaType": kind, "size": bytes.len(), "digest": digest})
    }

    /// Pushes an image without layers under a tag; its descriptor.
    pub(crate) fn image(&self, repository: &str, tag: &str, architecture: &str) -> Value {
        self.made(repository, tag, architecture, Value::Null)
    }

    /// The same with what its configuration says of the day of its making.
    pub(crate) fn made(&self, repository: &str, tag: &str, architecture: &str, created: impl Into<Value>) -> Value {
        let mut config =
            json!({"architecture": architecture, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}});
        let created = created.into();
        if !created.is_null() {
            config["created"] = created;
        }
        let config = self.blob(repository, "application/vnd.oci.image.config.v1+json", config.to_string().as_bytes());
        let kind = "application/vnd.oci.image.manifest.v1+json";
        self.manifest(
            repository,
            tag,
            kind,
            &json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []}),
        )
    }

    /// Pushes an image for several architectures.
    pub(crate) fn images(&self, repository: &str, tag: &str, architectures: &[&str]) {
        let made: Vec<(&str, Value)> = architectures.iter().map(|architecture| (*architecture, Value::Null)).collect();
        self.made_for(repository, tag, &made);
    }

    /// The same, each with the day of its making, in this order. What is for `unknown` is no image that runs.
    pub(crate) fn made_for(&self, repository: &str, tag: &str, made: &[(&str, Value)]) {
        let entry = |(architecture, created): &(&str, Value)| {
            let mut entry = self.made(repository, &format!("{tag}-{architecture}"), architecture, created.clone());
            entry["platform"] = json!({"architecture": architecture, "os": "linux"});
            entry
        };
        let entries: Vec<Value> = made.iter().map(entry).collect();
        let kind = "application/vnd.oci.image.index.v1+json";
        self.manifest(repository, tag, kind, &json!({"schemaVersion": 2, "mediaType": kind, "manifests": entries}));
    }

    /// Takes the bytes of a manifest or a configuration away, as a bad disk or a careless clean-up does; its tag stays in the list.
    pub(crate) fn lose(&self, descriptor: &Value) {
        let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
        let blobs: PathBuf = self.server.data().join("data/docker/registry/v2/blobs/sha256");
        let data: &Path = &blobs.join(&digest[..2]).join(&digest).join("data");
        std::fs::remove_file(data).unwrap();
    }

    fn manifest(&self, repository: &str, tag: &str, kind: &str, manifest: &Value) -> Value {
        let bytes = manifest.to_string().into_bytes();
        let descriptor = json!({"mediaType": kind, "size": bytes.len(), "digest": digest(&bytes)});
        let put = self.client.put(self.url(&format!("{repository}/manifests/{tag}")));
        self.send(put.header("Content-Type", kind).body(bytes));
        descriptor
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// What a stranger answers: by path and query, each answer once and the last one for ever: (status line, headers, body).
pub(crate) type Answers = BTreeMap<&'static str, Vec<(&'static str, String, String)>>;

/// A server with these answers; `{here}` in headers is its own address. What it was asked, with the token, is kept.
pub(crate) fn stranger(answers: Answers) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (address, seen) = (here.clone(), asked.clone());
    std::thread::spawn(move || {
        let mut answers = answers;
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines: Vec<String> = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let path = lines.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
            let token = lines.iter().find(|line| line.to_lowercase().starts_with("authorization:"));
            seen.lock().unwrap().push(format!("{path} {}", token.map_or("", |line| &line[15..])));
            let (status, headers, body) = match answers.get_mut(path.as_str()) {
                Some(list) if list.len() > 1 => list.remove(0),
                Some(list) => list[0].clone(),
                None => ("404 Not Found", String::new(), "{}".to_owned()),
            };
            let headers = headers.replace("{here}", &here);
            let length = body.len();
            let text =
                format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
            let _ = stream.write_all(text.as_bytes());
        }
    });
    (address, asked)
}
