//! What a tab loads, says and throws, written down as the browser tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chromiumoxide::cdp::browser_protocol::browser::EventDownloadWillBegin as BrowserDownload;
use chromiumoxide::cdp::browser_protocol::inspector::EventTargetCrashed;
use chromiumoxide::cdp::browser_protocol::log::EventEntryAdded;
use chromiumoxide::cdp::browser_protocol::network::{
    EventLoadingFailed, EventLoadingFinished, EventRequestWillBeSent, EventResponseReceived, EventWebSocketCreated,
    ResourceType, Response,
};
use chromiumoxide::cdp::browser_protocol::page::{EventJavascriptDialogOpening, HandleJavaScriptDialogParams};
use chromiumoxide::cdp::browser_protocol::security::MixedContentType;
use chromiumoxide::cdp::js_protocol::runtime::{
    EventConsoleApiCalled, EventExceptionRevoked, EventExceptionThrown, ExceptionDetails, RemoteObject,
};
use chromiumoxide::error::CdpError;
use chromiumoxide::{Browser, Page};
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use url::Url;

use super::view::{ConsoleLine, Load, View};
use crate::ingress::{HEADER_INGRESS, HEADER_SERVICE};

/// So many requests and lines of the console are kept; a page that makes more is told by its first ones.
const MOST: usize = 2_000;
/// So much of an address, a message or an exception is kept, in characters.
const LONGEST: usize = 2_000;

/// The record of one visit; it is no longer written when this is dropped.
#[derive(Debug)]
pub(super) struct Record {
    notes: Arc<Mutex<Notes>>,
    task: JoinHandle<()>,
}

impl Drop for Record {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Debug)]
struct Notes {
    began: Instant,
    /// The tab's own frame, whose documents are the page.
    main: String,
    hosts: BTreeSet<String>,
    loads: Vec<Load>,
    /// Where in `loads` the browser's requests are.
    by_id: BTreeMap<String, usize>,
    document: Option<usize>,
    exceptions: Vec<(i64, String)>,
    console: Vec<ConsoleLine>,
    dialogs: Vec<String>,
    downloads: Vec<String>,
    crashed: bool,
}

/// How far a page has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    /// The page's status, once it has answered.
    pub(super) answered: Option<u16>,
    /// Why the page cannot be loaded.
    pub(super) failed: Option<String>,
    /// Requests to own hosts that are on their way.
    pub(super) pending: usize,
    /// Requests so far.
    pub(super) loads: usize,
    /// It ended.
    pub(super) crashed: bool,
    /// The browser was given a file instead of a page.
    pub(super) download: bool,
}

impl Record {
    /// Listens to a tab from now on.
    pub(super) async fn begin(browser: &Browser, page: &Page, hosts: BTreeSet<String>) -> Result<Self, CdpError> {
        let notes = Arc::new(Mutex::new(Notes {
            began: Instant::now(),
            main: page.target_id().inner().clone(),
            hosts,
            loads: Vec::new(),
            by_id: BTreeMap::new(),
            document: None,
            exceptions: Vec::new(),
            console: Vec::new(),
            dialogs: Vec::new(),
            downloads: Vec::new(),
            crashed: false,
        }));
        let mut requests = page.event_listener::<EventRequestWillBeSent>().await?;
        let mut responses = page.event_listener::<EventResponseReceived>().await?;
        let mut failures = page.event_listener::<EventLoadingFailed>().await?;
        let mut ends = page.event_listener::<EventLoadingFinished>().await?;
        let mut sockets = page.event_listener::<EventWebSocketCreated>().await?;
        let mut exceptions = page.event_listener::<EventExceptionThrown>().await?;
        let mut revoked = page.event_listener::<EventExceptionRevoked>().await?;
        let mut said = page.event_listener::<EventConsoleApiCalled>().await?;
        let mut entries = page.event_listener::<EventEntryAdded>().await?;
        let mut dialogs = page.event_listener::<EventJavascriptDialogOpening>().await?;
        // Downloads are told to who refused them: the browser's own session.
        let mut downloads = browser.event_listener::<BrowserDownload>().await?;
        let mut crashes = page.event_listener::<EventTargetCrashed>().await?;
        let (writer, tab) = (Arc::clone(&notes), page.clone());
        let task = tokio::spawn(async move {
            loop {
                let write = || writer.lock().unwrap_or_else(PoisonError::into_inner);
                // Biased: what has arrived is written down in the order in which it can have happened.
                tokio::select! {
                    biased;
                    Some(event) = requests.next() => write().request(&event),
                    Some(event) = responses.next() => write().response(&event),
                    Some(event) = failures.next() => write().failure(&event),
                    Some(event) = ends.next() => write().end(event.request_id.inner()),
                    Some(event) = sockets.next() => write().socket(&event),
                    Some(event) = exceptions.next() => write().exception(&event),
                    Some(event) = revoked.next() => write().exceptions.retain(|(id, _)| *id != event.exception_id),
                    Some(event) = said.next() => write().said(&event),
                    Some(event) = entries.next() => write().entry(&event),
                    Some(event) = dialogs.next() => {
                        let text = format!("{}: {}", event.r#type.as_ref(), bounded(&event.message));
                        write().dialogs.push(text);
                        let tab = tab.clone();
                        // Leaving a page counts as an answer too: `accept` lets it be left.
                        tokio::spawn(async move { drop(tab.execute(HandleJavaScriptDialogParams::new(true)).await) });
                    }
                    Some(event) = downloads.next() => {
                        if event.frame_id.inner() == tab.target_id().inner() {
                            let text = format!("{} from {}", event.suggested_filename, bounded(&event.url));
                            write().downloads.push(text);
                        }
                    }
                    Some(_) = crashes.next() => write().crashed = true,
                    else => break,
                }
            }
        });
        Ok(Self { notes, task })
    }

    pub(super) fn progress(&self) -> Progress {
        let notes = self.notes();
        let document = notes.document.and_then(|index| notes.loads.get(index));
        Progress {
            answered: document.and_then(|load| load.status),
            failed: document.and_then(|load| load.error.clone()),
            pending: notes.loads.iter().filter(|load| load.own && !load.done && !is_endless(load)).count(),
            loads: notes.loads.len(),
            crashed: notes.crashed,
            download: !notes.downloads.is_empty(),
        }
    }

    /// Puts what was written down into the view.
    pub(super) fn fill(&self, view: &mut View) {
        let notes = self.notes();
        view.took = notes.began.elapsed();
        view.document = notes.document.and_then(|index| notes.loads.get(index)).cloned();
        view.loads.clone_from(&notes.loads);
        view.exceptions = notes.exceptions.iter().map(|(_, text)| text.clone()).collect();
        view.console.clone_from(&notes.console);
        view.dialogs.clone_from(&notes.dialogs);
        view.downloads.clone_from(&notes.downloads);
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Requests that are meant to stay open.
fn is_endless(load: &Load) -> bool {
    matches!(load.kind.as_str(), "EventSource" | "WebSocket" | "Ping" | "Media" | "Prefetch")
}

impl Notes {
    fn ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_own(&self, url: &Url) -> bool {
        let usual = url.port().is_none();
        usual && url.host_str().is_some_and(|host| self.hosts.contains(host.trim_end_matches('.')))
    }

    fn add(&mut self, id: &str, method: &str, url: &str, kind: &str) -> Option<usize> {
        let parsed = Url::parse(url).ok()?;
        // Pages of the browser's own, and what a page makes by itself (`data:`, `blob:`), are no requests.
        if !matches!(parsed.scheme(), "http" | "https" | "ws" | "wss") || self.loads.len() >= MOST {
            return None;
        }
        let load = Load {
            ms: self.ms(),
            method: method.to_owned(),
            url: bounded(url),
            kind: kind.to_owned(),
            own: self.is_own(&parsed),
            ..Load::default()
        };
        self.loads.push(load);
        let index = self.loads.len() - 1;
        self.by_id.insert(id.to_owned(), index);
        Some(index)
    }

    fn known(&mut self, id: &str) -> Option<&mut Load> {
        let index = *self.by_id.get(id)?;
        self.loads.get_mut(index)
    }

    fn request(&mut self, event: &EventRequestWillBeSent) {
        let id = event.request_id.inner();
        if let (Some(load), Some(redirect)) = (self.known(id), &event.redirect_response) {
            answered(load, redirect);
            load.done = true;
        }
        let kind = event.r#type.as_ref().map_or("Other", AsRef::as_ref);
        let Some(index) = self.add(id, &event.request.method, &event.request.url, kind) else { return };
        if let Some(load) = self.loads.get_mut(index) {
            let mixed = event.request.mixed_content_type.as_ref();
            load.mixed = mixed.is_some_and(|mixed| *mixed != MixedContentType::None);
        }
        let of_main_frame = event.frame_id.as_ref().is_some_and(|frame| *frame.inner() == self.main);
        if of_main_frame && event.r#type == Some(ResourceType::Document) {
            self.document = Some(index);
        }
    }

    fn response(&mut self, event: &EventResponseReceived) {
        if let Some(load) = self.known(event.request_id.inner()) {
            answered(load, &event.response);
        }
    }

    fn failure(&mut self, event: &EventLoadingFailed) {
        let Some(index) = self.by_id.get(event.request_id.inner()).copied() else { return };
        let Some(load) = self.loads.get_mut(index) else { return };
        load.done = true;
        let blocked = event.blocked_reason.as_ref().map(|reason| format!("blocked: {}", reason.as_ref()));
        // What the page itself gave up (it moved on, or asked again) has not failed.
        if event.canceled != Some(true) || blocked.is_some() {
            load.error = Some(blocked.unwrap_or_else(|| event.error_text.clone()));
        } else if load.status.is_none() {
            "cancelled by the page".clone_into(load.error.get_or_insert_default());
        }
    }

    fn end(&mut self, id: &str) {
        if let Some(load) = self.known(id) {
            load.done = true;
        }
    }

    fn socket(&mut self, event: &EventWebSocketCreated) {
        if let Some(index) = self.add(event.request_id.inner(), "GET", &event.url, "WebSocket")
            && let Some(load) = self.loads.get_mut(index)
        {
            load.done = true;
        }
    }

    fn exception(&mut self, event: &EventExceptionThrown) {
        let details = &event.exception_details;
        let text = exception_text(details);
        self.line("exception", text.clone(), details.url.clone());
        if self.exceptions.len() < MOST {
            self.exceptions.push((details.exception_id, text));
        }
    }

    fn said(&mut self, event: &EventConsoleApiCalled) {
        let words: Vec<String> = event.args.iter().map(object_text).collect();
        let frame = event.stack_trace.as_ref().and_then(|trace| trace.call_frames.first());
        self.line(event.r#type.as_ref(), words.join(" "), frame.map(|frame| frame.url.clone()));
    }

    fn entry(&mut self, event: &EventEntryAdded) {
        let entry = &event.entry;
        self.line(entry.level.as_ref(), entry.text.clone(), entry.url.clone());
    }

    fn line(&mut self, level: &str, text: String, url: Option<String>) {
        if self.console.len() < MOST {
            let url = url.filter(|url| !url.is_empty()).map(|url| bounded(&url));
            self.console.push(ConsoleLine { ms: self.ms(), level: level.to_owned(), text: bounded(&text), url });
        }
    }
}

fn answered(load: &mut Load, response: &Response) {
    load.status = u16::try_from(response.status).ok().filter(|status| *status > 0);
    let headers = response.headers.inner().as_object();
    let header = |name: &str| {
        let found = headers?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        found.1.as_str().map(str::to_owned)
    };
    load.service = header(HEADER_SERVICE);
    load.ingress = header(HEADER_INGRESS);
}

fn exception_text(details: &ExceptionDetails) -> String {
    let what = details.exception.as_ref().map(object_text).filter(|text| !text.is_empty());
    let mut text = match what {
        Some(what) if details.text.contains("in promise") => format!("{} {what}", details.text),
        Some(what) => what,
        None => details.text.clone(),
    };
    if let Some(url) = details.url.as_ref().filter(|url| !url.is_empty() && !text.contains(url.as_str())) {
        text = format!("{text}\n    at {url}:{}:{}", details.line_number + 1, details.column_number + 1);
    }
    bounded(&text)
}

fn object_text(object: &RemoteObject) -> String {
    match &object.value {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => object.description.clone().unwrap_or_else(|| object.r#type.as_ref().to_owned()),
    }
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
