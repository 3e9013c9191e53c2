//! The request to a task, and the task's response back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, HOST, HeaderValue, UPGRADE};
use hyper::{Request, Response, StatusCode, Uri, Version};

use super::answer::{self, Body, Reason};
use super::compiled::Route;
use super::connect::{self, Sender};
use super::edit::{self, Draft};
use super::state::{State, Upstream};
use super::{Timeouts, headers, websocket};
use crate::ingress::routes::{Backend, Scheme};
use crate::ingress::{HEADER_ROUTER, HEADER_SERVICE, HEADER_TASK, chain};

/// Sends the request to a task of the route's service and hands its response back.
pub(super) async fn forward(
    state: &State,
    timeouts: Timeouts,
    route: &Route,
    draft: Draft,
    mut request: Request<Incoming>,
    upgrade: Option<HeaderValue>,
) -> Response<Body> {
    let router = route.router.name.as_str();
    let fail = |reason: Reason| answer::answer(&reason, Some(router), "");
    let candidates = match candidates(state, route) {
        Ok(candidates) => candidates,
        Err(reason) => return fail(reason),
    };
    let (mut sender, backend, task) = match open(&candidates, timeouts.connect).await {
        Ok(opened) => opened,
        Err(reason) => return fail(reason),
    };
    let tls = draft.tls;
    let upgrade = upgrade.filter(|_| backend.scheme != Scheme::H2c && request.version() == Version::HTTP_11);
    let client_side = upgrade.is_some().then(|| hyper::upgrade::on(&mut request));
    let who = format!("task {} of service {}", task.task, backend.service);
    let sent = Arc::new(AtomicU64::new(0));
    let body = Counted { body: request.into_body(), sent: Arc::clone(&sent) };
    let outgoing = match outgoing(draft, route, backend, task, upgrade.as_ref(), body) {
        Ok(outgoing) => outgoing,
        Err(problem) => return fail(Reason::BadRequest(problem)),
    };
    let mut response = match answered(sender.send(outgoing), timeouts.response, &sent).await {
        Some(Ok(response)) => response,
        Some(Err(error)) => return fail(Reason::Broken(format!("{who}: {}", chain(&error)))),
        None => return fail(Reason::Timeout(format!("{who}: no response within {:?}", timeouts.response))),
    };

    let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = response.headers().get(UPGRADE).cloned();
    headers::remove_hop_by_hop(response.headers_mut());
    headers::remove_own(response.headers_mut());
    match (switched, client_side, protocol) {
        (true, Some(client), Some(protocol)) => {
            websocket::tunnel(client, hyper::upgrade::on(&mut response));
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
            response.headers_mut().insert(UPGRADE, protocol);
        }
        (true, ..) => return fail(Reason::Broken(format!("{who}: switched protocols without being asked"))),
        _ => edit::apply_response(route, response.headers_mut(), tls),
    }
    headers::remove_own(response.headers_mut());
    let mut response = response.map(|body| body.boxed_unsync());
    answer::set(&mut response, HEADER_SERVICE, &backend.service);
    answer::set(&mut response, HEADER_TASK, &task.task);
    answer::set(&mut response, HEADER_ROUTER, router);
    response
}

/// The tasks to try, beginning with the one whose turn it is.
fn candidates<'s>(state: &'s State, route: &'s Route) -> Result<Vec<(&'s Backend, &'s Upstream)>, Reason> {
    let backends = &route.router.backends;
    if let Some(lost) = backends.iter().find(|_| backends.iter().all(|backend| !backend.attached)) {
        return Err(Reason::NotAttached(format!("service {} is not on Traefik's network", lost.service)));
    }
    let mut found: Vec<_> = backends
        .iter()
        .filter(|backend| backend.attached)
        .flat_map(|backend| state.tasks(&backend.service).iter().map(move |task| (backend, task)))
        .collect();
    if found.is_empty() {
        let names: Vec<&str> = backends.iter().map(|backend| backend.service.as_str()).collect();
        return Err(Reason::NoTask(format!("service {} has no running task", names.join(", "))));
    }
    let turn = state.turn(&route.router.target, found.len());
    found.rotate_left(turn);
    Ok(found)
}

/// Connects to the first task that accepts.
async fn open<'c>(
    candidates: &[(&'c Backend, &'c Upstream)],
    within: Duration,
) -> Result<(Sender, &'c Backend, &'c Upstream), Reason> {
    let mut failures = Vec::new();
    for (backend, task) in candidates {
        match connect::open(task.socket(backend.port), backend.scheme, within).await {
            Ok(sender) => return Ok((sender, backend, task)),
            Err(error) => failures.push(format!("task {} of service {}: {error}", task.task, backend.service)),
        }
    }
    Err(Reason::Unreachable(failures.join("; ")))
}

fn outgoing(
    draft: Draft,
    route: &Route,
    backend: &Backend,
    task: &Upstream,
    upgrade: Option<&HeaderValue>,
    body: Counted,
) -> Result<Request<Counted>, String> {
    // Without its slash the target would read as a host.
    let slash = if draft.path.starts_with('/') || draft.path == "*" { "" } else { "/" };
    let target = match &draft.query {
        Some(query) => format!("{slash}{}?{query}", draft.path),
        None => format!("{slash}{}", draft.path),
    };
    let socket = task.socket(backend.port);
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = draft.method;
    *outgoing.headers_mut() = draft.headers;
    if !route.router.pass_host_header {
        let value = HeaderValue::from_str(&socket.to_string()).map_err(|e| e.to_string())?;
        outgoing.headers_mut().insert(HOST, value);
    }
    let uri = if backend.scheme == Scheme::H2c {
        *outgoing.version_mut() = Version::HTTP_2;
        let host = outgoing.headers_mut().remove(HOST);
        let host = host.as_ref().and_then(|host| host.to_str().ok()).map_or_else(|| socket.to_string(), str::to_owned);
        format!("http://{host}{target}")
    } else {
        target
    };
    *outgoing.uri_mut() = uri.parse::<Uri>().map_err(|e| format!("a middleware made the target '{uri}': {e}"))?;
    if let Some(protocol) = upgrade {
        outgoing.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        outgoing.headers_mut().insert(UPGRADE, protocol.clone());
    }
    Ok(outgoing)
}

/// Waits for a response; the time begins anew as long as the request's body is still going out.
async fn answered<T>(response: impl Future<Output = T>, within: Duration, sent: &AtomicU64) -> Option<T> {
    let mut response = std::pin::pin!(response);
    loop {
        let before = sent.load(Ordering::Relaxed);
        if let Ok(response) = tokio::time::timeout(within, &mut response).await {
            return Some(response);
        }
        if sent.load(Ordering::Relaxed) == before {
            return None;
        }
    }
}

/// The client's body on its way to the app, counting what has gone out.
#[derive(Debug)]
pub(super) struct Counted {
    body: Incoming,
    sent: Arc<AtomicU64>,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
