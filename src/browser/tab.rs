//! One visit in one tab.

use std::time::{Duration, Instant};

use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, InsertTextParams, MouseButton,
};
use chromiumoxide::cdp::browser_protocol::page::{
    CaptureScreenshotFormat, CaptureScreenshotParams, CreateIsolatedWorldParams, FrameId,
};
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use chromiumoxide::error::CdpError;
use chromiumoxide::{Browser, Page};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::BrowserOptions;
use super::picture;
use super::record::Record;
use super::view::{Step, StepFailure, View, Visit, holds};

/// What looks at a page from within.
const SCRIPT: &str = include_str!("page.js");

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a page must not have changed to be at rest.
const REST: Duration = Duration::from_millis(500);
/// How long a page may take to react to a look, and the browser to take a picture.
const REACTION: Duration = Duration::from_secs(20);

/// A tab with its record.
#[derive(Debug)]
pub(super) struct Tab {
    page: Page,
    record: Record,
    view: View,
}

/// What a look finds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Look {
    url: String,
    title: String,
    ready: String,
    text: String,
    length: usize,
    pictures: usize,
    nodes: usize,
    seen: bool,
    contains: Option<bool>,
    expect: Option<bool>,
}

/// What came of a task in the page: nothing, what is in the way, or where to click.
#[derive(Debug, Clone, Default, Deserialize)]
struct Done {
    #[serde(default)]
    problem: Option<String>,
    #[serde(default)]
    x: f64,
    #[serde(default)]
    y: f64,
    #[serde(default)]
    r#type: bool,
}

/// Why the page could not be asked.
enum Silence {
    /// It is on its way to another page, or the like: ask again.
    Busy,
    /// It does not react.
    Frozen,
}

impl Tab {
    pub(super) async fn open(
        browser: &Browser,
        page: Page,
        options: &BrowserOptions,
        visit: &Visit,
    ) -> Result<Self, CdpError> {
        let record = Record::begin(browser, &page, options.hosts.clone()).await?;
        Ok(Self { page, record, view: View { url: visit.url.clone(), ..View::default() } })
    }

    /// Goes there, does what the visit says, and looks.
    pub(super) async fn look(mut self, visit: &Visit) -> View {
        let (page, url) = (self.page.clone(), visit.url.clone());
        // The record tells what comes of it. The answer to the command itself would wait for every last picture.
        let going = tokio::spawn(async move { page.goto(url).await.map(drop) });
        if self.arrive(visit).await {
            self.settle(visit).await;
            for (index, step) in visit.steps.iter().enumerate() {
                if self.view.frozen.is_some() {
                    break;
                }
                if let Err(reason) = self.act(step, visit.patience.step).await {
                    self.view.step = Some(StepFailure { number: index + 1, step: step.to_string(), reason });
                    break;
                }
            }
            if !visit.steps.is_empty() && self.view.frozen.is_none() {
                self.settle(visit).await;
            }
            self.picture(visit).await;
        }
        going.abort();
        self.record.fill(&mut self.view);
        self.view
    }

    /// Waits for the answer of the server; says whether there is a page to look at.
    async fn arrive(&mut self, visit: &Visit) -> bool {
        let until = Instant::now() + visit.patience.answer;
        while Instant::now() < until {
            let progress = self.record.progress();
            if progress.crashed || progress.download || progress.failed.is_some() {
                return false;
            }
            if progress.answered.is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// Looks until something is seen, what is waited for is there, and nothing changes any more; or patience ends.
    async fn settle(&mut self, visit: &Visit) {
        let begun = Instant::now();
        let mut last = Look::default();
        let mut since = Instant::now();
        let mut loads = 0;
        loop {
            let asked = Instant::now();
            let look = match self.ask::<Look>("look", json!({ "contains": visit.contains })).await {
                Ok(look) => Some(look),
                Err(Silence::Busy) => None,
                Err(Silence::Frozen) => return,
            };
            let progress = self.record.progress();
            if progress.crashed {
                self.view.frozen = Some("it ended in the middle (the browser's process for it crashed)".to_owned());
                return;
            }
            if let Some(look) = look {
                if look != last || progress.loads != loads {
                    since = Instant::now();
                }
                (last, loads) = (look, progress.loads);
                self.view.final_url.clone_from(&last.url);
                self.view.title.clone_from(&last.title);
                self.view.text.clone_from(&last.text);
                self.view.contains = last.contains;
            }
            let titled = visit.title.as_ref().is_none_or(|title| holds(&last.title, title));
            let awaited = last.seen && titled && last.contains != Some(false);
            let at_rest = last.ready == "complete" && progress.pending == 0 && since.elapsed() >= REST;
            let waited = begun.elapsed();
            let over = waited > visit.patience.paint;
            if over || (awaited && (at_rest || waited > visit.patience.rest.max(REST * 2))) {
                let painted = self.paints().await;
                if over || painted != Some(false) {
                    // Text that cannot be told from what is behind it is nothing that a visitor sees.
                    self.view.blank = !last.seen || painted == Some(false);
                    return;
                }
            }
            // A page that takes long to look at is looked at less often.
            tokio::time::sleep(PAUSE.max(asked.elapsed())).await;
        }
    }

    /// Whether the picture shows anything; `None` when there is no picture.
    async fn paints(&self) -> Option<bool> {
        let png = self.capture().await.ok()?;
        picture::is_one_colour(&png).ok().map(|one| !one)
    }

    async fn capture(&self) -> Result<Vec<u8>, String> {
        let params = CaptureScreenshotParams { format: Some(CaptureScreenshotFormat::Png), ..Default::default() };
        let captured = tokio::time::timeout(REACTION, self.page.execute(params)).await;
        let data = captured.map_err(|_| "no picture in time".to_owned())?.map_err(|error| error.to_string())?;
        let bytes: &str = data.result.data.as_ref();
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, bytes).map_err(|error| error.to_string())
    }

    /// Takes the picture; what is secret on the page is blanked first.
    async fn picture(&mut self, visit: &Visit) {
        if self.view.frozen.is_some() {
            return;
        }
        let blanked = self.ask::<Done>("blank", json!({ "secrets": visit.secrets })).await;
        // A page that cannot be blanked is not shown.
        if !matches!(blanked, Ok(Done { problem: None, .. })) {
            return;
        }
        self.view.screenshot = self.capture().await.ok();
    }

    /// Does one step, as soon as it can be done.
    async fn act(&mut self, step: &Step, patience: Duration) -> Result<(), String> {
        let until = Instant::now() + patience;
        loop {
            let done = match step {
                Step::Fill { field, value } => {
                    match self.ask::<Done>("fill", json!({ "field": field, "value": value })).await {
                        Ok(Done { problem: None, r#type: true, .. }) => self.type_text(value).await,
                        other => other.map(|done| done.problem),
                    }
                }
                Step::Click { target } => match self.ask::<Done>("click", json!({ "target": target })).await {
                    Ok(Done { problem: None, x, y, .. }) => self.click(x, y).await,
                    other => other.map(|done| done.problem),
                },
                Step::Wait { selector } => {
                    self.ask::<Done>("wait", json!({ "selector": selector })).await.map(|done| done.problem)
                }
                Step::Expect { text } => self
                    .ask::<Look>("look", json!({ "expect": text }))
                    .await
                    .map(|look| (look.expect != Some(true)).then(|| format!("the page says: {}", excerpt(&look.text)))),
            };
            let problem = match done {
                Ok(None) => return Ok(()),
                Ok(Some(problem)) => problem,
                Err(Silence::Busy) => "the page is on its way to another".to_owned(),
                Err(Silence::Frozen) => return Err("the page does not react".to_owned()),
            };
            if Instant::now() > until {
                return Err(format!("{problem} (after {} s)", patience.as_secs()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn type_text(&self, text: &str) -> Result<Option<String>, Silence> {
        self.input(InsertTextParams::new(text)).await
    }

    async fn click(&self, x: f64, y: f64) -> Result<Option<String>, Silence> {
        for kind in [
            DispatchMouseEventType::MouseMoved,
            DispatchMouseEventType::MousePressed,
            DispatchMouseEventType::MouseReleased,
        ] {
            let button = if kind == DispatchMouseEventType::MouseMoved { MouseButton::None } else { MouseButton::Left };
            let mut event = DispatchMouseEventParams::new(kind, x, y);
            event.button = Some(button);
            event.click_count = Some(1);
            if let Some(problem) = self.input(event).await? {
                return Ok(Some(problem));
            }
        }
        // What the click sets off begins at once or after a moment; the next look must not see the page before it.
        tokio::time::sleep(PAUSE).await;
        Ok(None)
    }

    async fn input<T: chromiumoxide::Command>(&self, command: T) -> Result<Option<String>, Silence> {
        match tokio::time::timeout(REACTION, self.page.execute(command)).await {
            Ok(Ok(_)) => Ok(None),
            Ok(Err(error)) => Ok(Some(error.to_string())),
            // A click that opens a dialog, or leads away, is answered when that is over.
            Err(_) => Ok(None),
        }
    }

    /// Gives the page a task in a world that its scripts cannot reach.
    async fn ask<T: DeserializeOwned>(&mut self, task: &str, given: Value) -> Result<T, Silence> {
        let expression = format!("({SCRIPT})({}, {given})", json!(task));
        let page = &self.page;
        let asked = tokio::time::timeout(REACTION, async {
            let mut world = CreateIsolatedWorldParams::new(FrameId::new(page.target_id().inner().clone()));
            world.world_name = Some("taster".to_owned());
            let world = page.execute(world).await?.result.execution_context_id;
            let mut evaluate = EvaluateParams::new(expression);
            evaluate.context_id = Some(world);
            evaluate.return_by_value = Some(true);
            page.execute(evaluate).await
        });
        match asked.await {
            Ok(Ok(answer)) => {
                let value = answer.result.result.value.clone();
                value.and_then(|value| serde_json::from_value(value).ok()).ok_or(Silence::Busy)
            }
            Ok(Err(_)) => Err(Silence::Busy),
            Err(_) => {
                let reason = format!("it does not react within {} s: a script runs without end", REACTION.as_secs());
                self.view.frozen = Some(reason);
                Err(Silence::Frozen)
            }
        }
    }
}

fn excerpt(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(40).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(" ") }
}
