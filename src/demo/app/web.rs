//! The demo app's pages.

use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::fault::Fault;
use super::store::Store;
use super::{AppArgs, client, say};

/// The longest note, in bytes.
const LONGEST_NOTE: usize = 1 << 20;
/// How long `/call` waits for the app's own answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The running app.
pub(super) struct App {
    pub(super) store: Mutex<Store>,
    pub(super) args: AppArgs,
    pub(super) password: Option<String>,
    pub(super) config: Config,
    /// Somebody has asked for the script that is not there for the first one.
    pub(super) visited: AtomicBool,
}

/// What the operator may say on the front page.
#[derive(Debug)]
pub(super) struct Config {
    title: String,
    welcome: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { title: "Notes".to_owned(), welcome: "Everything worth keeping, in one place.".to_owned() }
    }
}

impl Config {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut config = Self::default();
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
            let (key, value) =
                line.split_once('=').map_or((line.trim(), ""), |(key, value)| (key.trim(), value.trim()));
            match key {
                "title" => config.title = value.to_owned(),
                "welcome" => config.welcome = value.to_owned(),
                _ => anyhow::bail!("{}:{}: {key:?} is no setting: use title or welcome", path.display(), number + 1),
            }
        }
        say(format_args!("read the configuration from {}", path.display()));
        Ok(config)
    }
}

type Page = Response<Full<Bytes>>;

/// Answers requests for ever.
pub(super) async fn serve(listener: TcpListener, app: Arc<App>) -> anyhow::Result<()> {
    loop {
        let (stream, _) = listener.accept().await.context("cannot accept connections any more")?;
        let app = Arc::clone(&app);
        let service = service_fn(move |request| {
            let app = Arc::clone(&app);
            async move { Ok::<_, Infallible>(answer(&app, request).await) }
        });
        // A visitor who goes away in the middle is no event.
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(app: &App, request: Request<Incoming>) -> Page {
    let what = format!("{} {}", request.method(), request.uri().path());
    let page = match request.uri().path() {
        "/healthz" => health(app),
        path => match planted(app, path) {
            Some(page) => page,
            None => route(app, request).await.unwrap_or_else(|error| {
                text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", format!("{error:#}\n"))
            }),
        },
    };
    // Healthchecks come every second and would drown everything else in the log.
    if page.status() != StatusCode::OK || !what.ends_with("/healthz") {
        say(format_args!("{what} {}", page.status().as_u16()));
    }
    page
}

fn health(app: &App) -> Page {
    if app.args.fault.contains(&Fault::Unhealthy) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "the flux capacitor is cold\n".to_owned());
    }
    match store(app).notes() {
        Ok(_) => text(StatusCode::OK, "text/plain", "ok\n".to_owned()),
        Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", format!("{error}\n")),
    }
}

/// The answer of a planted fault, when one applies to this path.
fn planted(app: &App, path: &str) -> Option<Page> {
    app.args.fault.iter().find_map(|fault| match fault {
        Fault::Status(code) => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Some(text(status, "text/html; charset=utf-8", format!("<h1>{status}</h1><p>Something went wrong.</p>\n")))
        }
        Fault::Blank if path == "/" => Some(text(StatusCode::OK, "text/html", String::new())),
        Fault::Redirect(url) if path == "/" => Some(redirect(StatusCode::FOUND, url)),
        Fault::Forbidden if path == "/" => {
            Some(text(StatusCode::FORBIDDEN, "text/html", "<h1>Forbidden</h1>\n".to_owned()))
        }
        _ => None,
    })
}

async fn route(app: &App, request: Request<Incoming>) -> anyhow::Result<Page> {
    let version = app.args.app_version;
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => text(StatusCode::OK, "text/html; charset=utf-8", front_page(app)?),
        (&Method::GET, "/version") => {
            json_page(StatusCode::OK, &json!({"app": version.name(), "schema": version.schema()}))
        }
        (&Method::GET, "/notes") => {
            let notes = store(app).notes()?.into_iter().map(Value::Object).collect();
            json_page(StatusCode::OK, &Value::Array(notes))
        }
        (&Method::POST, "/notes") => take_note(app, request).await?,
        (&Method::GET, "/admin") => admin(app, &request),
        (&Method::GET, "/login") => text(StatusCode::OK, "text/html; charset=utf-8", login_page("")),
        (&Method::POST, "/login") => log_in(app, request).await,
        (&Method::GET, "/late.js") if app.args.fault.contains(&Fault::BlankScript) => {
            let script = "document.body.append(notebook.title)";
            text(StatusCode::OK, "text/javascript", format!("setTimeout(() => {script}, 300)\n"))
        }
        (&Method::GET, "/once.js") if app.visited.swap(true, Ordering::Relaxed) => {
            text(StatusCode::OK, "text/javascript", String::new())
        }
        (&Method::GET, "/call") => call(app).await,
        (&Method::GET, "/whoami") => json_page(StatusCode::OK, &who_am_i(&request)),
        _ => text(StatusCode::NOT_FOUND, "text/html; charset=utf-8", "<h1>There is no such page</h1>\n".to_owned()),
    })
}

async fn take_note(app: &App, request: Request<Incoming>) -> anyhow::Result<Page> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let Ok(body) = Limited::new(request.into_body(), LONGEST_NOTE).collect().await else {
        return Ok(text(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "a note may have 1 MiB\n".to_owned()));
    };
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let note = if is_form { form_value(&body, "text").unwrap_or_default() } else { body };
    if note.trim().is_empty() {
        return Ok(text(StatusCode::BAD_REQUEST, "text/plain", "an empty note is not worth keeping\n".to_owned()));
    }
    let kept = store(app).add(&note)?;
    Ok(if is_form {
        redirect(StatusCode::SEE_OTHER, "/")
    } else {
        json_page(StatusCode::CREATED, &Value::Object(kept))
    })
}

fn admin(app: &App, request: &Request<Incoming>) -> Page {
    let Some(password) = &app.password else {
        return text(StatusCode::NOT_FOUND, "text/plain", "no administrator's password is configured\n".to_owned());
    };
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("admin:{password}"));
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("Basic ")) == Some(expected.as_str()) {
        return text(
            StatusCode::OK,
            "text/html; charset=utf-8",
            "<title>Admin</title><h1>Welcome, administrator</h1>\n".to_owned(),
        );
    }
    let mut page = text(StatusCode::UNAUTHORIZED, "text/plain", "the administrator's password is needed\n".to_owned());
    page.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Basic realm=\"notes\""));
    page
}

/// A form, because most apps log their users in by one.
fn login_page(said: &str) -> String {
    format!(
        "<!doctype html>\n<title>Log in</title>\n<h1>Log in</h1>\n<p>{said}</p>\n<form method=\"post\" action=\"/login\">\n  \
         <label>Password <input type=\"password\" name=\"password\"></label>\n  <button>Log in</button>\n</form>\n"
    )
}

async fn log_in(app: &App, request: Request<Incoming>) -> Page {
    let body = Limited::new(request.into_body(), LONGEST_NOTE).collect().await;
    let body = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
    let given = form_value(&body, "password");
    let page = match (&app.password, given) {
        (Some(password), Some(given)) if *password == given => {
            "<!doctype html>\n<title>Admin</title>\n<h1>Welcome, administrator</h1>\n".to_owned()
        }
        _ => login_page("That is not the password."),
    };
    text(StatusCode::OK, "text/html; charset=utf-8", page)
}

async fn call(app: &App) -> Page {
    let Some(url) = &app.args.call else {
        return text(StatusCode::NOT_FOUND, "text/plain", "the app was not told its own URL\n".to_owned());
    };
    match client::get(url, &app.args.ca_file, CALL_TIMEOUT).await {
        Ok(answer) => json_page(StatusCode::OK, &json!({"url": url, "status": answer.status, "body": answer.body})),
        Err(error) => json_page(StatusCode::BAD_GATEWAY, &json!({"url": url, "error": format!("{error:#}")})),
    }
}

/// Which container answers, and what reached it of the request.
fn who_am_i(request: &Request<Incoming>) -> Value {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let headers = request.headers().iter();
    let headers: serde_json::Map<String, Value> =
        headers.map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes())))).collect();
    json!({"hostname": host.trim(), "path": request.uri().to_string(), "headers": headers})
}

fn front_page(app: &App) -> anyhow::Result<String> {
    let script = app.args.fault.iter().find_map(|fault| match fault {
        Fault::BrokenScript => Some("/missing.js"),
        Fault::BrokenScriptOnce => Some("/once.js"),
        Fault::BlankScript => Some("/late.js"),
        _ => None,
    });
    let script = script.map(|path| format!("<script src=\"{path}\"></script>")).unwrap_or_default();
    if app.args.fault.contains(&Fault::BlankScript) {
        return Ok(format!("<!doctype html>\n<title>{}</title>\n<body>{script}</body>\n", escaped(&app.config.title)));
    }
    let (notebook, notes) = {
        let store = store(app);
        (store.notebook()?, store.notes()?.iter().map(|note| store.text(note)).collect::<Vec<_>>())
    };
    let items: String = notes.iter().map(|note| format!("    <li>{}</li>\n", escaped(note))).collect();
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n  <meta charset=\"utf-8\">\n  <title>{title}, notebook {notebook}</title>\n</head>\n<body>\n  \
         <h1>{title}</h1>\n  <p>{welcome}</p>\n  <form method=\"post\" action=\"/notes\">\n    \
         <input name=\"text\" aria-label=\"A note\">\n    <button>Keep</button>\n  </form>\n  <ul id=\"notes\">\n{items}  </ul>\n  \
         <footer>notes {version}, schema {schema}, {count} notes</footer>\n{script}</body>\n</html>\n",
        title = escaped(&app.config.title),
        welcome = escaped(&app.config.welcome),
        version = app.args.app_version.name(),
        schema = app.args.app_version.schema(),
        count = notes.len(),
    ))
}

/// A mutex poisoned by a panic elsewhere still guards notes that are whole on disk.
fn store(app: &App) -> std::sync::MutexGuard<'_, Store> {
    app.store.lock().unwrap_or_else(PoisonError::into_inner)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A value of an `application/x-www-form-urlencoded` body.
fn form_value(body: &str, key: &str) -> Option<String> {
    let value = body
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key))
        .map(|(_, value)| value)?;
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match (first, digits) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
                continue;
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
        rest = tail;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn json_page(status: StatusCode, value: &Value) -> Page {
    text(status, "application/json", format!("{value}\n"))
}

fn redirect(status: StatusCode, location: &str) -> Page {
    let mut page = text(status, "text/plain", String::new());
    match location.parse() {
        Ok(value) => {
            page.headers_mut().insert(header::LOCATION, value);
            page
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", format!("{location:?} cannot be a location\n")),
    }
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Page {
    let mut page = Response::new(Full::new(Bytes::from(body)));
    *page.status_mut() = status;
    page.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded() {
        assert_eq!(form_value("a=1&text=tea+%26+%C3%A5%zz%", "text").as_deref(), Some("tea & å%zz%"));
        assert_eq!(form_value("a=1", "text"), None);
    }

    #[test]
    fn an_unknown_setting_is_refused_with_its_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "# notes\n\ntitle = Ours\ncolour = red\n").unwrap();
        let error = Config::read(file.path()).unwrap_err().to_string();
        assert!(error.contains(":4:") && error.contains("colour"), "{error}");
    }
}
