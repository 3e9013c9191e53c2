//! What to visit, and what was seen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A page to open, as a new visitor: without cookies, without a cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// The address.
    pub url: String,
    /// What the visitor does once the page is there.
    pub steps: Vec<Step>,
    /// A text that the title will hold in the end; it is waited for.
    pub title: Option<String>,
    /// A text that will be visible in the end; it is waited for.
    pub contains: Option<String>,
    /// Texts that no screenshot may show.
    pub secrets: Vec<String>,
    /// How long to wait.
    pub patience: Patience,
}

/// One thing that a visitor does.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Types into a field.
    Fill {
        /// The field: a CSS selector, or its label, name or placeholder.
        field: String,
        /// What is typed.
        value: String,
    },
    /// Clicks.
    Click {
        /// On what: a CSS selector, or the text of a button or link.
        target: String,
    },
    /// Waits until an element is visible.
    Wait {
        /// Its CSS selector.
        selector: String,
    },
    /// Waits until a text is visible.
    Expect {
        /// The text.
        text: String,
    },
}

/// Values may be secrets, so that they are in no message.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// As a scenario would say it, without the values that are typed.
impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fill { field, .. } => write!(f, "fill = {field:?}"),
            Self::Click { target } => write!(f, "click = {target:?}"),
            Self::Wait { selector } => write!(f, "wait = {selector:?}"),
            Self::Expect { text } => write!(f, "expect = {text:?}"),
        }
    }
}

/// How long to wait. No visit lasts longer than all of it together and a few seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For the first answer of the server.
    pub answer: Duration,
    /// For something to be seen, and for what is waited for.
    pub paint: Duration,
    /// For a page that shows something to come to rest.
    pub rest: Duration,
    /// For each step.
    pub step: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(30),
            paint: Duration::from_secs(15),
            rest: Duration::from_secs(5),
            step: Duration::from_secs(10),
        }
    }
}

/// What was seen of a page.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The address that was asked for.
    pub url: String,
    /// The address in the end.
    pub final_url: String,
    /// The page itself, as it was loaded last; `None` when nothing was loaded.
    pub document: Option<Load>,
    /// The title in the end.
    pub title: String,
    /// The beginning of the visible text.
    pub text: String,
    /// Nothing can be seen: no text and no picture, or all of one colour.
    pub blank: bool,
    /// The text that was waited for ([`Visit::contains`]) was visible.
    pub contains: Option<bool>,
    /// Exceptions that nothing caught, and rejections that nothing handled.
    pub exceptions: Vec<String>,
    /// Everything that was asked for, in order.
    pub loads: Vec<Load>,
    /// What the page and the browser said on the console.
    pub console: Vec<ConsoleLine>,
    /// Dialogs that the page opened (they were closed at once).
    pub dialogs: Vec<String>,
    /// Files that the browser was given to keep instead of pages to show.
    pub downloads: Vec<String>,
    /// The step that could not be done; those after it were not tried.
    pub step: Option<StepFailure>,
    /// The page did not react any more: its scripts run without end, or it ended.
    pub frozen: Option<String>,
    /// The picture of what a visitor sees without scrolling, PNG; known secrets are blanked.
    pub screenshot: Option<Vec<u8>>,
    /// How long the visit took.
    pub took: Duration,
}

impl View {
    /// What was asked of hosts that are not the recipe's own, and was refused.
    pub fn third_parties(&self) -> impl Iterator<Item = &Load> {
        self.loads.iter().filter(|load| !load.own)
    }
}

/// A request, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Milliseconds since the visit began.
    pub ms: u64,
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// What it is for, as the browser calls it: `Document`, `Script`, `XHR`, …
    pub kind: String,
    /// The status; absent when no answer came.
    pub status: Option<u16>,
    /// Why it failed, as the browser calls it: `net::ERR_…`.
    pub error: Option<String>,
    /// It goes to one of the recipe's own hosts.
    pub own: bool,
    /// A page that came over TLS asked for it without TLS.
    pub mixed: bool,
    /// All of it came, or it failed.
    pub done: bool,
    /// The compose service whose task answered.
    pub service: Option<String>,
    /// Why the proxy answered in the app's place.
    pub ingress: Option<String>,
}

/// Something said on the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleLine {
    /// Milliseconds since the visit began.
    pub ms: u64,
    /// `error`, `warning`, `log`, … ; `exception` for one that nothing caught.
    pub level: String,
    /// What was said.
    pub text: String,
    /// Where, when known.
    pub url: Option<String>,
}

/// A step that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFailure {
    /// Its number, from 1.
    pub number: usize,
    /// The step, as a scenario would say it.
    pub step: String,
    /// Why not.
    pub reason: String,
}

/// Whether a text holds another, whatever the case of letters and white space between words.
pub fn holds(text: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    plain(text).contains(&plain(wanted))
}
