//! A site on the loopback, behind a certificate of an ingress's own authority, and a browser that knows nothing else.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use taster::browser::{Browser, BrowserOptions, Patience, View, Visit};
use taster::ingress::ca::Ca;
use taster::ingress::client::Entry;
use taster::trial::smoke::{Judgement, PageFault, Wanted, judge};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The site's own host.
pub(crate) const HOST: &str = "app.test";

/// What the site answers.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    delay: Duration,
}

pub(crate) fn html(body: impl AsRef<str>) -> Answer {
    typed("text/html; charset=utf-8", format!("<!doctype html><meta charset=utf-8>{}", body.as_ref()))
}

pub(crate) fn typed(kind: &str, body: impl Into<Vec<u8>>) -> Answer {
    let headers = vec![("content-type", kind.to_owned())];
    Answer { status: 200, headers, body: body.into(), delay: Duration::ZERO }
}

impl Answer {
    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

pub(crate) fn redirect(to: &str) -> Answer {
    html("").status(302).header("location", to)
}

/// What came to the site.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Scheme, host and path.
    pub(crate) url: String,
    pub(crate) cookie: String,
    pub(crate) body: String,
}

/// A site, and a browser that looks at it.
pub(crate) struct Site {
    pub(crate) browser: Browser,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    pub(crate) scratch: TempDir,
}

type Serve = dyn Fn(&Asked) -> Answer + Send + Sync;

impl Site {
    /// A site whose pages `serve` gives.
    pub(crate) async fn new(serve: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let program = taster::browser::find().expect("these tests need a Chromium: scripts/test.sh installs one");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let serve: Arc<Serve> = Arc::new(serve);
        let ca = Arc::new(Ca::generate().unwrap());
        let http = listen(None, "http", Arc::clone(&serve), Arc::clone(&asked)).await;
        let tls = TlsAcceptor::from(ca.server_config().unwrap());
        let https = listen(Some(tls), "https", serve, Arc::clone(&asked)).await;
        let scratch = TempDir::with_prefix("taster-browser-").unwrap();
        let options = BrowserOptions {
            program,
            scratch: scratch.path().to_owned(),
            hosts: BTreeSet::from([HOST.to_owned()]),
            key_pin: ca.key_pin(),
        };
        let connect = move |entry| async move {
            TcpStream::connect(match entry {
                Entry::Http => http,
                Entry::Https => https,
            })
            .await
        };
        let browser = Browser::start(options, connect).await.expect("the browser starts");
        Self { browser, asked, scratch }
    }

    /// A site with one page.
    pub(crate) async fn page(body: &'static str) -> Self {
        Self::new(move |asked| if asked.is("/") { html(body) } else { html("nothing").status(404) }).await
    }

    pub(crate) async fn visit(&self, visit: &Visit) -> View {
        let view = tokio::time::timeout(Duration::from_secs(100), self.browser.visit(visit)).await;
        let view = view.expect("the visit ends by itself").expect("the browser does not fail");
        if let (Some(folder), Some(png)) = (std::env::var_os("TASTER_SHOTS"), &view.screenshot) {
            let name = format!("{}.png", std::thread::current().name().unwrap_or("main").replace("::", "-"));
            std::fs::write(std::path::Path::new(&folder).join(name), png).unwrap();
        }
        view
    }

    /// What is said of the front page.
    pub(crate) async fn front(&self) -> (View, Judgement) {
        let view = self.visit(&visit("/")).await;
        let judgement = judge(&view, &Wanted::default());
        (view, judgement)
    }

    /// The front page is well.
    #[track_caller]
    pub(crate) fn assert_fine(judged: &(View, Judgement)) {
        assert_eq!(judged.1, Judgement::Fine, "{:#?}", told(&judged.0));
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Asked {
    pub(crate) fn is(&self, path: &str) -> bool {
        self.path() == path
    }

    pub(crate) fn path(&self) -> &str {
        let rest = self.url.split_once("://").unwrap().1;
        &rest[rest.find('/').unwrap()..]
    }
}

/// The gravest fault.
#[track_caller]
pub(crate) fn gravest(judged: &(View, Judgement)) -> PageFault {
    match &judged.1 {
        Judgement::Faulty(faults) => faults[0].clone(),
        other => panic!("{other:?}: {:#?}", told(&judged.0)),
    }
}

/// The classes of all faults.
#[track_caller]
pub(crate) fn classes(judged: &(View, Judgement)) -> Vec<&'static str> {
    match &judged.1 {
        Judgement::Faulty(faults) => faults.iter().map(|fault| fault.class).collect(),
        other => panic!("{other:?}: {:#?}", told(&judged.0)),
    }
}

/// A view without its picture.
pub(crate) fn told(view: &View) -> View {
    View { screenshot: None, ..view.clone() }
}

/// A visit of a page of the site, with less patience than users have.
pub(crate) fn visit(path: &str) -> Visit {
    let patience = Patience {
        answer: Duration::from_secs(8),
        paint: Duration::from_secs(6),
        rest: Duration::from_secs(3),
        step: Duration::from_secs(4),
    };
    Visit { url: format!("https://{HOST}{path}"), patience, ..Visit::default() }
}

async fn listen(
    tls: Option<TlsAcceptor>,
    scheme: &'static str,
    serve: Arc<Serve>,
    asked: Arc<Mutex<Vec<Asked>>>,
) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, serve, asked) = (tls.clone(), Arc::clone(&serve), Arc::clone(&asked));
            tokio::spawn(async move {
                match tls {
                    // A browser that does not take the certificate hangs up.
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(stream, scheme, serve, asked).await;
                        }
                    }
                    None => connection(stream, scheme, serve, asked).await,
                }
            });
        }
    });
    address
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    scheme: &'static str,
    serve: Arc<Serve>,
    asked: Arc<Mutex<Vec<Asked>>>,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (serve, log) = (Arc::clone(&serve), Arc::clone(&asked));
        async move {
            let header = |name: &str| {
                request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
            };
            let host = request.uri().authority().map(ToString::to_string).unwrap_or_else(|| header("host"));
            let path = request.uri().path_and_query().unwrap().to_string();
            let mut asked = Asked {
                method: request.method().to_string(),
                url: format!("{scheme}://{host}{path}"),
                cookie: header("cookie"),
                body: String::new(),
            };
            let body = request.into_body().collect().await.unwrap().to_bytes();
            asked.body = String::from_utf8_lossy(&body).into_owned();
            log.lock().unwrap().push(asked.clone());
            let answer = serve(&asked);
            tokio::time::sleep(answer.delay).await;
            let mut response = Response::builder().status(answer.status).header("x-taster-service", "app");
            for (name, value) in answer.headers {
                response = response.header(name, value);
            }
            Ok::<_, Infallible>(response.body(Full::new(Bytes::from(answer.body))).unwrap())
        }
    });
    let server = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
    // A visitor who goes away in the middle is no event.
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}
