//! The browser that all looks of a run share: each visit is a new visitor's, so none needs a browser of its own.

use std::future::Future;
use std::io;

use tokio_util::task::AbortOnDropHandle;

use crate::agent::IngressStarted;
use crate::browser::{self, Browser, BrowserError, BrowserOptions};
use crate::ingress::client::Entry;
use crate::trial::session::Session;
use crate::trial::trouble::Trouble;

/// The browser of a run.
#[derive(Debug)]
pub(in crate::trial) struct Shared {
    made_for: MadeFor,
    stage: Stage,
}

/// What a browser is bound to. The ingress listens elsewhere once a release publishes the usual ports itself.
type MadeFor = (IngressStarted, BrowserOptions);

#[derive(Debug)]
enum Stage {
    /// It starts while something else is waited for.
    Starting(AbortOnDropHandle<Result<Browser, BrowserError>>),
    Up(Box<Browser>),
}

/// A browser for one look.
pub(super) struct Opened {
    pub(super) browser: Browser,
    made_for: MadeFor,
}

impl Opened {
    /// Keeps it for the next look.
    pub(super) fn kept(self) -> Shared {
        Shared { made_for: self.made_for, stage: Stage::Up(Box::new(self.browser)) }
    }
}

/// Starts the browser for a look that is to come; nobody waits for it. What goes wrong is told by the look, which tries again.
pub(in crate::trial) fn warm(session: &mut Session) {
    if session.browser.is_none()
        && let Ok((made_for, starting)) = starting(session)
    {
        let stage = Stage::Starting(AbortOnDropHandle::new(tokio::spawn(starting)));
        session.browser = Some(Shared { made_for, stage });
    }
}

/// Ends it.
pub(in crate::trial) async fn end(session: &mut Session) {
    if let Some(Shared { stage: Stage::Up(browser), .. }) = session.browser.take() {
        browser.close().await;
    }
}

/// The browser that there is, if it still is what is wanted, or a new one.
///
/// # Errors
/// When there is none, or it does not start.
pub(super) async fn open(session: &mut Session, label: &str) -> Result<Opened, Trouble> {
    let (made_for, starting) = starting(session)?;
    if let Some(there) = session.browser.take() {
        let fits = there.made_for == made_for;
        let browser = match there.stage {
            Stage::Up(browser) => Some(*browser),
            Stage::Starting(start) if fits => start.await.ok().and_then(Result::ok),
            Stage::Starting(_) => None,
        };
        match browser {
            Some(browser) if fits && browser.runs() => return Ok(Opened { browser, made_for }),
            Some(browser) => browser.close().await,
            None => {}
        }
    }
    session.log.progress(label, "starting a browser");
    Ok(Opened { browser: starting.await?, made_for })
}

/// What the browser is bound to, and its start.
fn starting(
    session: &Session,
) -> Result<(MadeFor, impl Future<Output = Result<Browser, BrowserError>> + Send + use<>), Trouble> {
    let Some(ingress) = session.ingress.clone() else {
        return Err(Trouble::errored("ingress", "the ingress is not up"));
    };
    let options = BrowserOptions {
        program: browser::find()?,
        scratch: session.scratch().to_owned(),
        hosts: session.subject.routes.hosts(),
        key_pin: ingress.key_pin.clone(),
    };
    let link = session.cluster.manager().link.clone();
    let (http, https) = (ingress.http, ingress.https);
    let connect = move |entry| {
        let link = link.clone();
        let address = match entry {
            Entry::Http => http,
            Entry::Https => https,
        };
        async move { link.connect(address).await.map_err(io::Error::other) }
    };
    Ok(((ingress, options.clone()), Browser::start(options, connect)))
}
