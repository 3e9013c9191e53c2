//! `smoke`: the recipe's pages in a real browser, as a visitor sees them.
//!
//! [`look`] opens them and keeps what was seen; other steps call it before and after what they do, and lay the screenshots
//! [`side_by_side`].

mod artefacts;
mod error_text;
mod judge;
mod pages;
mod shared;

use std::time::Duration;

pub use judge::{Judgement, PageFault, Wanted, judge};
pub(super) use shared::{Shared, end, warm};

use self::pages::Plan;
use super::convergence;
use super::recorder::Passed;
use super::session::Session;
use super::subject::Subject;
use super::trouble::Trouble;
use crate::browser::{self, Browser, BrowserError, View};
use crate::record::{Evidence, Fact};
use crate::run::RunFolder;
use crate::swarm::observe::Pressure;

/// Before a page that did not look well is looked at once more.
const PAUSE: Duration = Duration::from_secs(1);

/// Beyond the visit's own patience; a browser that takes longer hangs.
const LEEWAY: Duration = Duration::from_secs(60);

/// What was seen of all pages at one time.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    /// A word for the time: `smoke`, `before-upgrade`, … ; the artefacts' folder.
    pub(super) label: String,
    /// The pages, in the order of the plan.
    pub(super) pages: Vec<Seen>,
}

/// What was seen of one page.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Its name in the artefacts.
    pub(super) name: String,
    /// Its address.
    pub(super) url: String,
    /// What it is.
    pub(super) judgement: Judgement,
    /// It was well only when it was looked at again.
    pub(super) flaky: bool,
    /// What the machine lacked when it was not well, and time might have cured it.
    pub(super) starved: Option<String>,
    /// In one line.
    pub(super) summary: String,
    /// What it rests on.
    pub(super) evidence: Vec<Evidence>,
    /// The screenshot's file in the run's folder.
    pub(super) screenshot: Option<String>,
}

/// The step: every page is well.
///
/// # Errors
/// The first page that is not, or why nothing can be said.
pub(super) async fn run(session: &mut Session, folder: &RunFolder) -> Result<Passed, Trouble> {
    look(session, folder, "smoke").await?.verdict()
}

/// Looks whether every declared page can be opened, before a node is started.
///
/// # Errors
/// The first that cannot.
pub(super) fn check(subject: &Subject) -> Result<(), Trouble> {
    pages::plans(subject, &[]).map(drop)
}

/// Opens every page, and keeps screenshot, console and network in the run's folder.
///
/// # Errors
/// When there is nothing to open, or no browser to open it in.
pub(super) async fn look(session: &mut Session, folder: &RunFolder, label: &str) -> Result<Looked, Trouble> {
    let redactor = session.log.redactor().clone();
    let plans = pages::plans(&session.subject, &redactor.values())?;
    if plans.is_empty() {
        return Err(Trouble::skipped("no-web-route", "no router leads to a web page"));
    }
    session.look().await?;
    let opened = shared::open(session, label).await?;
    let mut looked = Looked { label: label.to_owned(), pages: Vec::new() };
    for plan in &plans {
        session.log.progress(label, plan.visit.url.clone());
        let seen = see(session, folder, &opened.browser, plan, label).await;
        match seen {
            Ok(seen) => looked.pages.push(seen),
            Err(trouble) => {
                opened.browser.close().await;
                return Err(trouble);
            }
        }
    }
    session.browser = Some(opened.kept());
    Ok(looked)
}

/// Looks at one page; once more when it is not well.
async fn see(
    session: &Session,
    folder: &RunFolder,
    browser: &Browser,
    plan: &Plan,
    label: &str,
) -> Result<Seen, Trouble> {
    let first = once(session, folder, browser, plan, label, "").await?;
    if !matches!(first.judgement, Judgement::Faulty(_)) {
        return Ok(first);
    }
    session.log.progress(label, format!("{}: {}; once more", plan.visit.url, first.summary));
    tokio::time::sleep(PAUSE).await;
    let mut second = once(session, folder, browser, plan, label, "-again").await?;
    if second.judgement == Judgement::Fine {
        second.flaky = true;
        second.evidence.push(Evidence::text("first-look", first.summary));
        second.evidence.extend(first.evidence);
    } else if faults(&second.judgement).iter().all(|fault| fault.of_time) {
        second.starved = starved(session).await?;
    }
    Ok(second)
}

/// What this machine, on which the browser runs, or the node lacks now.
async fn starved(session: &Session) -> Result<Option<String>, Trouble> {
    let read = |what: &str| std::fs::read_to_string(format!("/proc/pressure/{what}")).ok();
    let (cpu, io, memory) = (read("cpu"), read("io"), read("memory"));
    let here = Pressure::from_proc(cpu.as_deref(), io.as_deref(), memory.as_deref(), None);
    Ok(convergence::starved(&here).or(convergence::starved(&session.pressure().await?)))
}

async fn once(
    session: &Session,
    folder: &RunFolder,
    browser: &Browser,
    plan: &Plan,
    label: &str,
    again: &str,
) -> Result<Seen, Trouble> {
    let patience = plan.visit.patience;
    let steps = patience.step * u32::try_from(plan.visit.steps.len()).unwrap_or(u32::MAX);
    // Several visits where the first are disturbed.
    let longest = (patience.answer + patience.paint * 2 + steps) * 2 + LEEWAY;
    let view = tokio::time::timeout(longest, browser.visit(&plan.visit)).await.map_err(|_| {
        Trouble::errored("browser", format!("the browser hangs at {}", plan.visit.url)).advise("Run it again.")
    })??;
    let judgement = judge(&view, &plan.wanted);
    let name = format!("{}{again}", plan.name);
    let kept = artefacts::keep(folder, session.log.redactor(), label, &name, &view).map_err(|error| {
        Trouble::errored("run-folder", format!("cannot keep what the browser saw: {error}"))
            .advise("See that the folder of the run can be written to, and that its disk has space.")
    })?;
    let summary = summary(&view, &judgement);
    session.log.write(Fact::Page {
        look: label.to_owned(),
        url: view.url.clone(),
        final_url: view.final_url.clone(),
        status: view.document.as_ref().and_then(|document| document.status),
        title: view.title.clone(),
        faults: faults(&judgement).iter().map(|fault| format!("{}: {}", fault.class, fault.text)).collect(),
        third_parties: third_parties(&view),
        screenshot: kept.screenshot.clone(),
        seconds: view.took.as_secs_f64(),
    });
    let mut evidence = vec![Evidence::text("page", summary.clone())];
    evidence.extend(faults(&judgement).iter().map(|fault| Evidence::text(fault.class, fault.text.clone())));
    if let Judgement::Unknown { missed, .. } = &judgement {
        evidence.push(Evidence::text("refused", missed.join("\n")));
    } else if !third_parties(&view).is_empty() {
        evidence.push(Evidence::text("third-party", third_parties(&view).join("\n")));
    }
    evidence.extend(kept.evidence);
    Ok(Seen {
        name: plan.name.clone(),
        url: plan.visit.url.clone(),
        judgement,
        flaky: false,
        starved: None,
        summary,
        evidence,
        screenshot: kept.screenshot,
    })
}

fn faults(judgement: &Judgement) -> &[PageFault] {
    match judgement {
        Judgement::Faulty(faults) | Judgement::Unknown { faults, .. } => faults,
        Judgement::Fine | Judgement::NoPage(_) => &[],
    }
}

/// The pages of other hosts that were asked for and refused, each once.
fn third_parties(view: &View) -> Vec<String> {
    let mut all: Vec<String> = view.third_parties().map(|load| load.url.clone()).collect();
    all.sort();
    all.dedup();
    all.truncate(50);
    all
}

fn summary(view: &View, judgement: &Judgement) -> String {
    match (judgement, faults(judgement).first()) {
        (Judgement::NoPage(reason), _) => reason.clone(),
        (_, Some(fault)) => {
            let first = fault.text.lines().next().unwrap_or_default();
            let others = faults(judgement).len() - 1;
            let others = if others > 0 { format!(" (and {others} more)") } else { String::new() };
            format!("{}: {}: {first}{others}", view.url, fault.class)
        }
        _ => {
            let title = if view.title.is_empty() {
                "a page without a title".to_owned()
            } else {
                format!("“{}”", view.title)
            };
            let foreign = view.third_parties().count();
            let foreign = if foreign > 0 { format!(", {foreign} to other hosts refused") } else { String::new() };
            format!(
                "{} shows {title}: {} request(s){foreign}, {:.1} s",
                view.final_url,
                view.loads.len(),
                view.took.as_secs_f64()
            )
        }
    }
}

impl Looked {
    /// What the pages say about the recipe together.
    ///
    /// # Errors
    /// The first page that is not well; else what could not be judged; else that no page is there to be looked at.
    pub(super) fn verdict(self) -> Result<Passed, Trouble> {
        let find = |wanted: fn(&Judgement) -> bool| self.pages.iter().find(|page| wanted(&page.judgement));
        if let Some(page) = find(|judgement| matches!(judgement, Judgement::Faulty(_)))
            && let Some(fault) = faults(&page.judgement).first()
        {
            let mut trouble = match &page.starved {
                Some(starved) => {
                    let reason = format!("{}, on a machine that had no time to spare ({starved})", page.summary);
                    Trouble::errored("starved", reason).advise("Run it again on a machine with time to spare.")
                }
                None => Trouble::failed(fault.class, page.summary.clone()).advise(fault.advice),
            };
            trouble.evidence.clone_from(&page.evidence);
            return Err(trouble);
        }
        if let Some(page) = find(|judgement| matches!(judgement, Judgement::Unknown { .. })) {
            let mut trouble = Trouble::errored(
                "third-party",
                format!("{}; it asks other hosts for what it runs on, and the browser reaches none", page.summary),
            )
            .advise("Let the app bring its own scripts, as it must for visitors whose network blocks others; see the refused requests.");
            trouble.evidence.clone_from(&page.evidence);
            return Err(trouble);
        }
        if self.pages.iter().all(|page| matches!(page.judgement, Judgement::NoPage(_))) {
            let reasons: Vec<&str> = self.pages.iter().map(|page| page.summary.as_str()).collect();
            return Err(Trouble::skipped("no-page", format!("no page to look at: {}", reasons.join("; "))).advise(
                "Name one that visitors see without an account, or log in with steps, in tests/taster.toml, [[page]].",
            ));
        }
        let flaky = self.pages.iter().any(|page| page.flaky);
        // The page that needed a second look is told first.
        let mut pages = self.pages;
        pages.sort_by_key(|page| !page.flaky);
        let passed = Passed::from(pages.into_iter().flat_map(|page| page.evidence).collect::<Vec<_>>());
        Ok(Passed { flaky, ..passed })
    }
}

/// Lays the screenshots of the same pages at two times side by side; gives a piece of evidence for each pair.
///
/// # Errors
/// When they cannot be read or written.
pub(super) fn side_by_side(folder: &RunFolder, before: &Looked, after: &Looked) -> Result<Vec<Evidence>, Trouble> {
    artefacts::side_by_side(folder, before, after).map_err(|error| {
        Trouble::errored("run-folder", format!("cannot lay the screenshots side by side: {error}"))
            .advise("See that the folder of the run can be written to, and that its disk has space.")
    })
}

impl From<BrowserError> for Trouble {
    fn from(error: BrowserError) -> Self {
        let (class, advice) = match &error {
            BrowserError::NotFound { .. } => ("no-browser", browser::HOW_TO_GET),
            BrowserError::NotBuilt => ("no-browser", "Build taster with its default features."),
            BrowserError::Start { .. } => (
                "browser",
                "See whether it starts by hand; as another user than root it needs user namespaces for its sandbox.",
            ),
            BrowserError::Broken { .. } => {
                ("browser", "Run it again; if it happens again, look at the machine's memory.")
            }
        };
        Self::errored(class, error.to_string()).advise(advice)
    }
}
