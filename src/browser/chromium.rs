//! A running browser.

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::browser::{SetDownloadBehaviorBehavior, SetDownloadBehaviorParams};
use chromiumoxide::cdp::browser_protocol::target::{
    CreateBrowserContextParams, CreateTargetParams, DisposeBrowserContextParams,
};
use chromiumoxide::error::CdpError;
use chromiumoxide::handler::HandlerConfig;
use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

use super::gate::Gate;
use super::process::Process;
use super::tab::Tab;
use super::view::{View, Visit};
use super::{BrowserError, BrowserOptions};
use crate::ingress::client::Entry;

/// How long the browser may take for anything that needs no page.
const COMMAND: Duration = Duration::from_secs(30);

/// How long any command may take; a visit's own patience is shorter where it matters.
const LONGEST: Duration = Duration::from_secs(120);

/// A browser gives up its requests when a network interface of the machine comes or goes, and the engine makes and removes them all the
/// time. Such a visit says nothing, and is made again, so many times in all.
const DISTURBED: usize = 5;

/// A running browser. It ends with all its processes when it is dropped, and when this program ends in whatever way.
#[derive(Debug)]
pub struct Browser {
    options: BrowserOptions,
    browser: chromiumoxide::Browser,
    handler: JoinHandle<()>,
    process: Mutex<Process>,
    _gate: Gate,
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.handler.abort();
    }
}

impl Browser {
    /// Starts a browser; `connect` gives a stream to a listener of the node's ingress.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start<S, C, F>(options: BrowserOptions, connect: C) -> Result<Self, BrowserError>
    where
        C: Fn(Entry) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed =
            |reason: String| BrowserError::Start { program: options.program.clone(), reason, stderr: String::new() };
        let gate = Gate::open(options.hosts.clone(), connect).await;
        let gate = gate.map_err(|error| failed(format!("cannot listen on the loopback for it: {error}")))?;
        let process = Process::start(&options, gate.address).await?;
        let config = HandlerConfig {
            ignore_https_errors: false,
            viewport: None,
            request_timeout: LONGEST,
            cache_enabled: true,
            ..HandlerConfig::default()
        };
        let connected = chromiumoxide::Browser::connect_with_config(process.commands.clone(), config);
        let (browser, mut handler) = tokio::time::timeout(COMMAND, connected)
            .await
            .map_err(|_| failed(format!("it takes no commands within {} s", COMMAND.as_secs())))?
            .map_err(|error| failed(format!("it takes no commands: {error}")))?;
        let handler = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Ok(Self { options, browser, handler, process: Mutex::new(process), _gate: gate })
    }

    /// Opens a page as a new visitor, does what the visit says, and tells what was seen.
    ///
    /// # Errors
    /// When the browser itself fails; whatever the page does is in the view.
    pub async fn visit(&self, visit: &Visit) -> Result<View, BrowserError> {
        for _ in 0..DISTURBED {
            let view = self.once(visit).await?;
            let disturbed = view.loads.iter().any(|load| load.error.as_deref() == Some("net::ERR_NETWORK_CHANGED"));
            if !disturbed {
                return Ok(view);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(BrowserError::Broken {
            what: "show a page undisturbed",
            reason: format!("the machine's network changed during each of {DISTURBED} visits of {}", visit.url),
        })
    }

    async fn once(&self, visit: &Visit) -> Result<View, BrowserError> {
        let context =
            self.told("make a new profile", self.browser.create_browser_context(CreateBrowserContextParams::default()));
        let context = context.await?;
        let deny = SetDownloadBehaviorParams {
            behavior: SetDownloadBehaviorBehavior::Deny,
            browser_context_id: Some(context.clone()),
            download_path: None,
            events_enabled: Some(true),
        };
        self.told("refuse downloads", self.browser.execute(deny)).await?;
        let target =
            CreateTargetParams { browser_context_id: Some(context.clone()), ..CreateTargetParams::new("about:blank") };
        let page = self.told("open a tab", self.browser.new_page(target)).await?;
        let seen = Tab::open(&self.browser, page, &self.options, visit).await;
        let seen = match seen {
            Ok(tab) => Ok(tab.look(visit).await),
            Err(error) => Err(self.broken("watch a tab", &error)),
        };
        // Its tabs go with it. A tab that hangs must not hold up what comes next.
        let dispose = self.browser.execute(DisposeBrowserContextParams::new(context));
        let _ = tokio::time::timeout(Duration::from_secs(5), dispose).await;
        let seen = seen?;
        if self.runs() {
            Ok(seen)
        } else {
            Err(BrowserError::Broken { what: "show a page", reason: format!("it ended while it showed {}", visit.url) })
        }
    }

    async fn told<T>(
        &self,
        what: &'static str,
        work: impl Future<Output = Result<T, CdpError>>,
    ) -> Result<T, BrowserError> {
        match tokio::time::timeout(COMMAND, work).await {
            Ok(done) => done.map_err(|error| self.broken(what, &error)),
            Err(_) => Err(BrowserError::Broken { what, reason: format!("no answer within {} s", COMMAND.as_secs()) }),
        }
    }

    fn broken(&self, what: &'static str, error: &CdpError) -> BrowserError {
        let reason = if self.runs() { error.to_string() } else { format!("it has ended ({error})") };
        BrowserError::Broken { what, reason }
    }

    /// Whether it has not ended by itself, so that another visit can be made with it. What one visit leaves behind, no other sees.
    pub fn runs(&self) -> bool {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).runs()
    }

    /// Ends it; the same as dropping it, off the threads that serve others.
    pub async fn close(self) {
        // Whether the blocking part panicked does not matter: the processes' group was killed first.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}
