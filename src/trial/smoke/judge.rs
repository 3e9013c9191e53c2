//! Whether what a browser saw of a page is well.

use super::error_text::error_text;
use crate::browser::{Load, View, holds};

/// What a page must be like in the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The scenario names the page: then it must be there, and stay on the recipe's own hosts.
    pub declared: bool,
    /// The status; any 2xx when absent.
    pub status: Option<u16>,
    /// A text that the title must hold.
    pub title: Option<String>,
    /// A text that must be visible.
    pub contains: Option<String>,
}

/// One thing that is wrong with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFault {
    /// Its stable name.
    pub class: &'static str,
    /// What was seen.
    pub text: String,
    /// What to do next.
    pub advice: &'static str,
    /// With more time it might not be there: on a machine without time to spare it says nothing.
    pub of_time: bool,
}

/// What can be said of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing is wrong.
    Fine,
    /// The recipe's page is at fault; the gravest comes first.
    Faulty(Vec<PageFault>),
    /// There is no page to look at, and nobody said that there must be one (design.md §3.3, *weak* answers).
    NoPage(String),
    /// It may be that the page would be well if it reached what it asks of other hosts.
    Unknown {
        /// What is wrong with it here.
        faults: Vec<PageFault>,
        /// What it asked for.
        missed: Vec<String>,
    },
}

/// How many of a kind are told; the artefacts hold all.
const TOLD: usize = 10;

/// A request without an answer counts as failed when it is so old, in milliseconds.
const STALE_MS: u128 = 4_500;

/// Judges what was seen.
#[must_use]
pub fn judge(view: &View, wanted: &Wanted) -> Judgement {
    if let Some(judgement) = no_page(view, wanted) {
        return judgement;
    }
    let failed: Vec<&Load> = view.loads.iter().filter(|load| has_failed(load, view)).collect();
    let only_late = failed.iter().all(|load| load.status.is_none() && load.error.is_none());
    let mut faults = Vec::new();
    let mut fault = |class, text: String, advice| {
        let of_time = match class {
            "failed-request" => only_late,
            class => matches!(class, "blank-page" | "step-failed" | "wrong-title" | "missing-text"),
        };
        faults.push(PageFault { class, text, advice, of_time });
    };
    if let Some(words) = error_text(&view.title, &view.text) {
        fault(
            "page-error",
            format!("the page shows an error: {words}"),
            "Look at the app's log: it answers as if all were well.",
        );
    }
    if view.blank {
        let text = match view.text.trim() {
            "" => "nothing is to be seen".to_owned(),
            _ => "all of it has one colour, though there is text".to_owned(),
        };
        fault(
            "blank-page",
            text,
            "See the console in the evidence: an app that paints by script shows nothing when the script fails.",
        );
    }
    if !view.exceptions.is_empty() {
        let advice = "A script of the app fails in the browser: see the console in the evidence.";
        fault("uncaught-exception", told(view.exceptions.iter().cloned()), advice);
    }
    if !failed.is_empty() {
        let advice = "The app asks itself for something that it does not have, or that its proxy does not pass on: see its log and its routes.";
        fault("failed-request", told(failed.into_iter().map(in_words)), advice);
    }
    let mixed: Vec<&Load> = view.loads.iter().filter(|load| load.mixed).collect();
    if !mixed.is_empty() {
        let advice = "Tell the app its own https:// address, and to trust X-Forwarded-Proto of the proxy.";
        fault("mixed-content", told(mixed.into_iter().map(in_words)), advice);
    }
    if let Some(step) = &view.step {
        let text = format!("step {} {{ {} }}: {}", step.number, step.step, step.reason);
        fault("step-failed", text, "Look at the screenshot: it shows the page when the step could not be done.");
    }
    if let Some(title) = wanted.title.as_ref().filter(|title| !holds(&view.title, title)) {
        fault(
            "wrong-title",
            format!("the title is “{}” and should hold “{title}”", view.title),
            "Correct [[page]] title, or see why another page comes.",
        );
    }
    if let Some(text) = wanted.contains.as_ref().filter(|_| view.contains != Some(true)) {
        fault(
            "missing-text",
            format!("“{text}” is not to be seen"),
            "Look at the screenshot: correct [[page]] contains, or see why the text does not come.",
        );
    }
    if faults.is_empty() {
        return Judgement::Fine;
    }
    let missed: Vec<String> = view.third_parties().filter(|load| runs(load)).map(|load| load.url.clone()).collect();
    let may_be_ours = |fault: &PageFault| {
        matches!(fault.class, "blank-page" | "uncaught-exception" | "step-failed" | "wrong-title" | "missing-text")
    };
    if !missed.is_empty() && faults.iter().all(may_be_ours) {
        return Judgement::Unknown { faults, missed };
    }
    Judgement::Faulty(faults)
}

/// What can be said when no page came, or one that says no.
fn no_page(view: &View, wanted: &Wanted) -> Option<Judgement> {
    let fault =
        |text, advice, of_time| Some(Judgement::Faulty(vec![PageFault { class: "page-error", text, advice, of_time }]));
    let error = |text: String, advice| fault(text, advice, false);
    let log = "Look at the app's log.";
    if let Some(frozen) = &view.frozen {
        let advice = "Open the page with a browser's developer tools, and see which script does not end.";
        return fault(frozen.clone(), advice, true);
    }
    let Some(document) = &view.document else { return error("nothing was loaded".to_owned(), log) };
    if let Some(file) = view.downloads.first().filter(|_| matches!(view.final_url.as_str(), "" | "about:blank")) {
        return error(
            format!("a file comes instead of a page: {file}"),
            "See the answer's content type, or name another page in [[page]].",
        );
    }
    if !document.own {
        let text = format!("it leads to another host: {}", document.url);
        let advice =
            "If that is meant, name a page in [[page]] that stays with the app; else correct the app's own address.";
        return if wanted.declared { error(text, advice) } else { Some(Judgement::NoPage(text)) };
    }
    if let Some(reason) = &document.error {
        return error(format!("{} does not load: {reason}", document.url), log);
    }
    let Some(status) = document.status else {
        return fault(format!("no answer of {} in time", document.url), log, true);
    };
    if let Some(reason) = &document.ingress {
        // Lesson 8: what the proxy says is not the app's answer.
        return error(
            format!("{status} from the proxy, not from the app: {reason}"),
            "See the routers' labels, and whether the app listens.",
        );
    }
    match wanted.status {
        Some(wanted) if wanted == status => None,
        Some(wanted) => error(format!("{} answers {status}, and {wanted} is wanted", document.url), log),
        None if (200..400).contains(&status) => None,
        None if matches!(status, 401 | 403 | 404) && !wanted.declared => {
            Some(Judgement::NoPage(format!("{} answers {status}", document.url)))
        }
        None => error(format!("{} answers {status}", document.url), log),
    }
}

/// A request of the page to its own hosts that came to nothing. Not counted: the page itself, which is judged for itself; an icon that
/// nobody asked for; what the page gave up; and a script that asks who the visitor is and is told that nobody is logged in.
fn has_failed(load: &Load, view: &View) -> bool {
    let is_page = view.document.as_ref() == Some(load);
    if !load.own || load.mixed || is_page || load.url.ends_with("/favicon.ico") {
        return false;
    }
    if let Some(error) = &load.error {
        return error != "cancelled by the page" && error != "net::ERR_ABORTED";
    }
    match load.status {
        Some(401 | 403) => !matches!(load.kind.as_str(), "XHR" | "Fetch"),
        Some(status) => status >= 400,
        None => {
            let age = view.took.as_millis().saturating_sub(load.ms.into());
            let asks = matches!(load.kind.as_str(), "Document" | "Script" | "Stylesheet" | "Image" | "Font");
            !load.done && asks && age >= STALE_MS
        }
    }
}

/// Without such a thing of another host a page may not work.
fn runs(load: &Load) -> bool {
    matches!(load.kind.as_str(), "Script" | "XHR" | "Fetch")
}

/// A request in words.
pub(super) fn in_words(load: &Load) -> String {
    let came = match (&load.error, load.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => status.to_string(),
        (None, None) => "no answer".to_owned(),
    };
    let proxy = load.ingress.as_ref().map(|reason| format!(" (from the proxy: {reason})")).unwrap_or_default();
    format!("{} {} ({}): {came}{proxy}", load.method, load.url, load.kind)
}

fn told(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(TOLD);
    let mut lines: Vec<String> = all.take(TOLD).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
