//! One request from its arrival to its answer.

use std::convert::Infallible;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{EXPECT, HOST, HeaderValue};
use hyper::{Method, Request, Response};

use super::answer::{self, Body, Reason};
use super::edit::{self, Draft};
use super::state::State;
use super::{Arrival, Timeouts, forward, headers};
use crate::ingress::routes::matching::RequestFacts;

/// How many errors of the route table the proxy's own 404 lists.
const SHOWN_ERRORS: usize = 20;

/// Answers one request.
pub(super) async fn handle(
    state: Arc<State>,
    timeouts: Timeouts,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    Ok(answered(&state, timeouts, arrival, request).await)
}

async fn answered(
    state: &State,
    timeouts: Timeouts,
    arrival: Arrival,
    mut request: Request<Incoming>,
) -> Response<Body> {
    let Some(authority) = headers::authority(&request).filter(|authority| !authority.is_empty()) else {
        return answer::answer(&Reason::BadRequest("the request names no host".into()), None, "");
    };
    if request.method() == Method::CONNECT {
        return answer::answer(&Reason::BadRequest("this is no proxy for CONNECT".into()), None, "");
    }
    let (host, _) = headers::split_port(&authority);
    let host = host.to_ascii_lowercase();
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    if !arrival.tls && state.table.entrypoints.redirect_to_https {
        let location = format!("https://{host}{target}");
        let by = "the entry point redirects to https".to_owned();
        return answer::redirect(by, &location, true, request.method(), None);
    }
    let facts = RequestFacts {
        host: &host,
        path: request.uri().path(),
        method: request.method().as_str(),
        headers: request.headers(),
    };
    let Some(route) = state.table.find(&facts, arrival.tls) else {
        let errors: String = state.table.errors.iter().take(SHOWN_ERRORS).map(|note| format!("{note}\n")).collect();
        return answer::answer(&Reason::NoRoute, None, &errors);
    };

    let upgrade = headers::upgrade(request.headers());
    let websocket = upgrade.as_ref().is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let mut draft = Draft {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        headers: std::mem::take(request.headers_mut()),
        tls: arrival.tls,
        authority,
    };
    headers::remove_hop_by_hop(&mut draft.headers);
    headers::remove_own(&mut draft.headers);
    // The proxy asks the client for the body itself, as soon as it is wanted.
    draft.headers.remove(EXPECT);
    headers::set_forwarded(&mut draft.headers, &draft.authority, arrival, websocket);
    if let Ok(value) = HeaderValue::from_str(&draft.authority) {
        draft.headers.insert(HOST, value);
    }
    if let Err(answered) = edit::apply(route, &mut draft) {
        return *answered;
    }
    forward::forward(state, timeouts, route, draft, request, upgrade).await
}
