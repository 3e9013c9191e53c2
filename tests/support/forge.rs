//! A forge on loopback: the published API of Forgejo for an organisation's repositories, pull requests and artefacts, and git's own smart HTTP
//! behind it (`git http-backend`). It can be told to misbehave. Several test crates use it, each a part.
#![allow(dead_code, reason = "each crate uses a part of it")]

mod pulls;

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

#[allow(unused_imports, reason = "each crate uses a part of it")]
pub(crate) use pulls::{Artefact, Comment, Refusal, Repositories, Shape};

/// An answer that is given instead of the right one, once.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<&'static str>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Names that the organisation lists.
    pub(crate) listed: Vec<String>,
    /// Names that exist only for who has a token.
    pub(crate) private: Vec<String>,
    /// Names whose transfer never ends.
    pub(crate) hanging: Vec<String>,
    /// The most repositories on a page, whatever is asked for.
    pub(crate) page: usize,
    /// The API gives no `Link` and no total.
    pub(crate) terse: bool,
    /// The total that the API claims, instead of the right one.
    pub(crate) claims: Option<usize>,
    /// Faults of the API, in order.
    pub(crate) faults: VecDeque<Fault>,
    /// What was asked for.
    pub(crate) asked: Vec<String>,
    /// What came as authorisation, with what was asked for.
    pub(crate) tokens: Vec<(String, String)>,
    /// The token without which the API answers nothing.
    pub(crate) demands: Option<String>,
    /// Pull requests and all that belongs to them.
    pub(crate) repositories: Repositories,
    /// Answers instead of the right ones, each once, by method and part of the path.
    pub(crate) refusals: Vec<Refusal>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Server {
    /// Serves the repositories below `root`.
    pub(crate) fn start(root: &Path) -> Self {
        Self::start_with(root, None)
    }

    /// The same over TLS.
    pub(crate) fn start_tls(root: &Path, tls: rustls::ServerConfig) -> Self {
        Self::start_with(root, Some(Arc::new(tls)))
    }

    fn start_with(root: &Path, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { page: 50, ..State::default() }));
        let (shared, root, own) = (Arc::clone(&state), root.to_owned(), url.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, root, url, tls) = (Arc::clone(&shared), root.clone(), own.clone(), tls.clone());
                // A client that breaks off is no fault of the server.
                std::thread::spawn(move || match tls {
                    None => drop(serve(stream, &root, &url, &state)),
                    Some(tls) => {
                        let mut stream = rustls::StreamOwned::new(rustls::ServerConnection::new(tls).unwrap(), stream);
                        drop(serve(&mut stream, &root, &url, &state));
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        Self { url, state }
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    /// What was asked for since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

fn read(stream: impl Read) -> std::io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() };
    if request.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk)?;
            if size == 0 {
                break;
            }
            request.body.extend_from_slice(&chunk[..size]);
        }
    } else if let Ok(length) = request.header("content-length").parse::<usize>() {
        request.body.resize(length, 0);
        reader.read_exact(&mut request.body)?;
    }
    Ok(request)
}

fn answer(stream: &mut impl Write, status: u16, headers: &[String], body: &[u8]) -> std::io::Result<()> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    write!(stream, "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len())?;
    stream.write_all(body)
}

fn serve(mut stream: impl Read + Write, root: &Path, url: &str, state: &Mutex<State>) -> std::io::Result<()> {
    let request = read(&mut stream)?;
    {
        let mut state = state.lock().unwrap();
        state.asked.push(format!("{} {}", request.method, request.path));
        let token = request.header("authorization").to_owned();
        if !token.is_empty() {
            state.tokens.push((request.path.clone(), token));
        }
    }
    if let Some(rest) = request.path.strip_prefix("/store/") {
        let stored = state.lock().unwrap().repositories.stored.get(rest).cloned();
        return match stored {
            Some(bytes) => answer(&mut stream, 200, &[], &bytes),
            None => answer(&mut stream, 404, &[], b""),
        };
    }
    if let Some(rest) = request.path.strip_prefix("/api/v1/orgs/") {
        return api(&mut stream, rest, &request, url, state);
    }
    if request.path.starts_with("/api/v1/repos/") || request.path == "/api/v1/user" {
        return pulls::serve(&mut stream, &request, url, state);
    }
    if request.path.starts_with("/api/") {
        return answer(&mut stream, 404, &[], b"{}");
    }
    let name = request.path.trim_start_matches("/recipes/").split(['/', '.']).next().unwrap_or_default().to_owned();
    let (private, hanging) = {
        let state = state.lock().unwrap();
        (state.private.contains(&name), state.hanging.contains(&name))
    };
    if private {
        return answer(&mut stream, 401, &["WWW-Authenticate: Basic realm=x".to_owned()], b"");
    }
    if hanging && request.path.ends_with("git-upload-pack") {
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
    backend(&mut stream, &request, root)
}

fn api(stream: &mut impl Write, rest: &str, request: &Request, url: &str, state: &Mutex<State>) -> std::io::Result<()> {
    let mut state = state.lock().unwrap();
    if let Some(fault) = state.faults.pop_front() {
        let headers: Vec<String> = fault.retry_after.iter().map(|after| format!("Retry-After: {after}")).collect();
        return answer(stream, fault.status, &headers, b"{\"message\":\"no\"}");
    }
    let given = request.header("authorization").strip_prefix("token ");
    if state.demands.as_deref().is_some_and(|token| given != Some(token)) {
        return answer(stream, 401, &[], b"{\"message\":\"token is required\"}");
    }
    if rest != "recipes/repos" {
        return answer(stream, 404, &[], b"{\"message\":\"not found\"}");
    }
    let (page, limit) = page_of(request, state.page);
    let pages = state.listed.len().div_ceil(limit);
    let shown = state.listed.iter().skip((page - 1) * limit).take(limit);
    let repositories: Vec<serde_json::Value> = shown
        .map(|name| {
            serde_json::json!({
                "id": 1, "name": name, "full_name": format!("recipes/{name}"), "empty": false, "archived": false,
                "clone_url": format!("{url}/recipes/{name}.git"), "ssh_url": format!("ssh://git@localhost/recipes/{name}.git"),
                "default_branch": "main", "description": format!("What {name} is for"), "website": "https://example.com",
                "avatar_url": null, "topics": ["forum", "chat"],
            })
        })
        .collect();
    let mut headers = vec!["Content-Type: application/json".to_owned()];
    if !state.terse {
        headers.push(format!("X-Total-Count: {}", state.claims.unwrap_or(state.listed.len())));
        if page < pages {
            headers.push(format!("Link: <{url}/api/v1/orgs/recipes/repos?page={}>; rel=\"next\"", page + 1));
        } else if page > 1 {
            headers.push(format!("Link: <{url}/api/v1/orgs/recipes/repos?page=1>; rel=\"first\""));
        }
    }
    answer(stream, 200, &headers, serde_json::to_vec(&repositories).unwrap().as_slice())
}

/// The page that is asked for and how many things are on it.
fn page_of(request: &Request, most: usize) -> (usize, usize) {
    let number = |name: &str| request.parameter(name).and_then(|value| value.parse::<usize>().ok());
    (number("page").unwrap_or(1), number("limit").unwrap_or(30).min(most))
}

/// RFC 3875, as far as git needs it.
fn backend(stream: &mut impl Write, request: &Request, root: &Path) -> std::io::Result<()> {
    let path = request.path.trim_start_matches("/recipes/");
    // With or without the ending, a checkout or a bare repository.
    let path = match path.split_once(".git/") {
        Some((name, rest)) if root.join(name).join(".git").exists() => format!("{name}/.git/{rest}"),
        Some((name, rest)) => format!("{name}/{rest}"),
        None => path.to_owned(),
    };
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("GIT_CONFIG_NOSYSTEM", "1"), ("HOME", "/nonexistent")])
        .env("PATH_INFO", format!("/{path}"))
        .env("QUERY_STRING", &request.query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", request.header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
        .env("GIT_PROTOCOL", request.header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    child.stdin.take().unwrap().write_all(&request.body)?;
    let output = child.wait_with_output()?.stdout;
    let split = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..split]).into_owned();
    let status =
        head.lines().find_map(|line| line.strip_prefix("Status: ")).and_then(|line| line.get(..3)?.parse().ok());
    let headers: Vec<String> =
        head.lines().filter(|line| !line.starts_with("Status:")).map(ToOwned::to_owned).collect();
    answer(stream, status.unwrap_or(200), &headers, output.get(split + 4..).unwrap_or_default())
}
