//! A Chromium that opens the files of a site and keeps what it said and asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams, SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType};
use chromiumoxide::cdp::browser_protocol::log::{EnableParams as EnableLog, EventEntryAdded};
use chromiumoxide::cdp::browser_protocol::network::{EnableParams as EnableNetwork, EventRequestWillBeSent};
use chromiumoxide::cdp::browser_protocol::page::{CaptureScreenshotFormat, CaptureScreenshotParams};
use chromiumoxide::cdp::js_protocol::runtime::{
    EnableParams as EnableRuntime, EventConsoleApiCalled, EventExceptionThrown,
};
use chromiumoxide::{Browser, BrowserConfig, Page};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use taster::site::{Files, build, write};

use crate::sample;

/// A browser, a site in a folder, and a tab.
pub(crate) struct Reader {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) page: Page,
    pub(crate) said: Arc<Mutex<Vec<String>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    browser: Browser,
    _profile: tempfile::TempDir,
}

impl Reader {
    /// Opens the sample's site.
    pub(crate) async fn open() -> Self {
        let runs = tempfile::tempdir().unwrap();
        crate::pages::keep_runs(runs.path());
        Self::of(&build(&sample::catalogue(), Some(runs.path()))).await
    }

    pub(crate) async fn of(files: &Files) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), files).unwrap();
        let profile = tempfile::tempdir().unwrap();
        let config = BrowserConfig::builder()
            .chrome_executable(taster::browser::find().unwrap())
            .no_sandbox()
            .user_data_dir(profile.path())
            .args([
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--hide-scrollbars",
            ])
            .launch_timeout(Duration::from_secs(60))
            .build()
            .unwrap();
        let (browser, mut handler) = Browser::launch(config).await.unwrap();
        tokio::spawn(async move { while handler.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await.unwrap();
        let reader = Self { folder, page, said: Arc::default(), asked: Arc::default(), browser, _profile: profile };
        reader.listen().await;
        reader.size(1280, 900).await;
        reader
    }

    async fn listen(&self) {
        let page = &self.page;
        let (mut log, mut console) = (
            page.event_listener::<EventEntryAdded>().await.unwrap(),
            page.event_listener::<EventConsoleApiCalled>().await.unwrap(),
        );
        let mut thrown = page.event_listener::<EventExceptionThrown>().await.unwrap();
        let mut sent = page.event_listener::<EventRequestWillBeSent>().await.unwrap();
        page.execute(EnableLog::default()).await.unwrap();
        page.execute(EnableRuntime::default()).await.unwrap();
        page.execute(EnableNetwork::default()).await.unwrap();
        let (said, asked) = (Arc::clone(&self.said), Arc::clone(&self.asked));
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(entry) = log.next() => said.lock().unwrap().push(entry.entry.text.clone()),
                    Some(line) = console.next() => said.lock().unwrap().push(format!("{:?}", line.args)),
                    Some(thrown) = thrown.next() => said.lock().unwrap().push(format!("{:?}", thrown.exception_details)),
                    Some(request) = sent.next() => asked.lock().unwrap().push(request.request.url.clone()),
                    else => break,
                }
            }
        });
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("file://{}/{path}", self.folder.path().display())
    }

    pub(crate) async fn goto(&self, path: &str) {
        self.page.goto(self.address(path)).await.unwrap();
        self.page.wait_for_navigation().await.unwrap();
    }

    /// What an expression in the page comes to.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, expression: &str) -> T {
        self.page
            .evaluate(expression)
            .await
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
            .into_value()
            .unwrap()
    }

    /// Runs a script in the page.
    pub(crate) async fn run(&self, script: &str) {
        self.page.evaluate(script).await.unwrap_or_else(|error| panic!("{script}: {error}"));
    }

    /// Types as a hand does, letter by letter, where the focus is.
    pub(crate) async fn type_text(&self, text: &str) {
        for letter in text.chars() {
            self.key(&letter.to_string(), Some(&letter.to_string())).await;
        }
    }

    /// Presses a key.
    pub(crate) async fn key(&self, key: &str, text: Option<&str>) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            " " => 32,
            _ => 0,
        };
        for kind in [DispatchKeyEventType::KeyDown, DispatchKeyEventType::KeyUp] {
            let mut event = DispatchKeyEventParams::new(kind.clone());
            event.key = Some(key.to_owned());
            event.windows_virtual_key_code = Some(code);
            if kind == DispatchKeyEventType::KeyDown {
                event.text = text.map(ToOwned::to_owned);
            }
            self.page.execute(event).await.unwrap();
        }
    }

    pub(crate) async fn size(&self, width: i64, height: i64) {
        let size = SetDeviceMetricsOverrideParams::new(width, height, 1.0, width < 500);
        self.page.execute(size).await.unwrap();
    }

    pub(crate) async fn media(&self, name: &str, value: &str) {
        let features = vec![MediaFeature::new(name, value)];
        let media = SetEmulatedMediaParams { features: Some(features), ..SetEmulatedMediaParams::default() };
        self.page.execute(media).await.unwrap();
    }

    pub(crate) async fn without_scripts(&self) {
        self.page.execute(SetScriptExecutionDisabledParams::new(true)).await.unwrap();
    }

    /// Leaves a picture of the whole page where whoever runs the tests wants it.
    pub(crate) async fn shoot(&self, name: &str) {
        let Some(folder) = std::env::var_os("TASTER_SHOTS").map(PathBuf::from) else { return };
        std::fs::create_dir_all(&folder).unwrap();
        let (width, height): (i64, i64) = self.ask("[innerWidth, document.documentElement.scrollHeight]").await;
        // What is not in the window is not painted, and its pictures are not loaded.
        self.size(width, height).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let png = CaptureScreenshotParams {
            format: Some(CaptureScreenshotFormat::Png),
            ..CaptureScreenshotParams::default()
        };
        let taken = self.page.execute(png).await.unwrap();
        let data: &str = taken.result.data.as_ref();
        let png = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }

    /// Nothing was complained about, and nothing was asked of anybody else.
    pub(crate) async fn assert_quiet(&self) {
        // What was said comes a moment after.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(*self.said.lock().unwrap(), Vec::<String>::new());
        let asked = self.asked.lock().unwrap().clone();
        let elsewhere: Vec<&String> = asked
            .iter()
            .filter(|url| !url.starts_with("file://") && !url.starts_with("data:") && *url != "about:blank")
            .collect();
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
    }

    pub(crate) async fn close(mut self) {
        self.browser.close().await.unwrap();
        self.browser.wait().await.unwrap();
    }
}

/// The files below a folder, from there.
pub(crate) fn below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => open.push(entry.path()),
                false => found.push(entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned()),
            }
        }
    }
    found.sort();
    found
}
