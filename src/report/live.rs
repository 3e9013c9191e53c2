//! The live view of a run on standard error: the plan, what is going on with a spinner and the time, each step's outcome.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};

use crate::record::{Event, Fact, HopKind, Outcome, PlannedStep, StepKind, StepResult};
use crate::scenario::DEFAULT_VARIANT;

/// How much the live view tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Nothing but the verdict.
    Quiet,
    /// Steps and what they wait for.
    Normal,
    /// Every event.
    Verbose,
}

/// The live view. It is told every event as it happens.
pub struct Live {
    verbosity: Verbosity,
    spinner: Option<ProgressBar>,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    step: String,
    progress: String,
    images: usize,
    bytes: i64,
}

impl Live {
    /// A view on standard error; with a spinner when that is a terminal.
    pub fn new(verbosity: Verbosity) -> Self {
        let terminal = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let spinner = (terminal && verbosity != Verbosity::Quiet).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {wide_msg} {elapsed:.dim}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { verbosity, spinner, shown: Mutex::default() }
    }

    /// Shows an event.
    pub fn show(&self, event: &Event) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        if let Some(line) = self.line(event) {
            self.print(&line);
        }
    }

    /// Takes the spinner away.
    pub fn finish(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }

    fn print(&self, line: &str) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| anstream::eprintln!("{line}")),
            None => anstream::eprintln!("{line}"),
        }
    }

    /// The line for an event, if it gets one.
    fn line(&self, event: &Event) -> Option<String> {
        let dim = Style::new().dimmed();
        let verbose = self.verbosity == Verbosity::Verbose;
        let label = |word: &str, text: String| Some(format!("{dim}{word:>9}{dim:#}  {text}"));
        match &event.fact {
            Fact::Opened(header) => {
                let bold = Style::new().bold();
                Some(format!("{bold}{}{bold:#} {}", header.recipe, super::verdict::candidate(&header.candidate)))
            }
            Fact::Plan { steps, left_out, beside } => {
                let tried: Vec<String> = steps.iter().filter(|step| step.skip.is_none()).map(planned).collect();
                let skipped = steps.iter().filter_map(|step| Some((planned(step), step.skip.as_ref()?)));
                let skipped = skipped.map(|(name, why)| format!("\n{dim}{:>9}  {name}: {why}{dim:#}", "skipped"));
                let left_out = left_out.join("; ");
                let rest = format!("{}\n{dim}{:>9}  {left_out}{dim:#}", skipped.collect::<String>(), "left out");
                let beside = match beside.is_empty() {
                    true => String::new(),
                    false => format!("\n{dim}{:>9}  {}{dim:#}", "beside", beside.join(", ")),
                };
                label("plan", format!("{}{beside}{rest}", tried.join(" → ")))
            }
            Fact::Irregularity { place, text } => label("note", format!("{place}: {text}")),
            Fact::Node(facts) => label(
                "node",
                format!(
                    "engine {}, {}, {} rights, made from {}",
                    facts.engine, facts.endpoint_mode, facts.rights, facts.image
                ),
            ),
            Fact::Image(image) => {
                self.count_image(image.size, verbose).then(|| label("image", image.reference.clone())).flatten()
            }
            Fact::Adaptation { service, what, why } if verbose => {
                label("adapted", format!("{service}: {what} ({why})"))
            }
            Fact::Deployed { stack, services, .. } => {
                let (images, bytes) = self.shown.lock().map(|shown| (shown.images, shown.bytes)).unwrap_or_default();
                let megabytes = bytes / 1_000_000;
                let text = format!("{} service(s) as {stack}, {images} image(s), {megabytes} MB", services.len());
                verbose.then(|| label("deployed", text)).flatten()
            }
            Fact::StepStarted { id } => {
                self.spin(id, "");
                verbose.then(|| label("begin", id.clone())).flatten()
            }
            Fact::Progress(progress) => {
                self.spin(&progress.step, &progress.text);
                let line = format!("{}: {}", progress.step, progress.text);
                // Without a terminal every change is a line, and only a change.
                let mut shown = self.shown.lock().ok()?;
                let new = (self.spinner.is_none() || verbose) && shown.progress != line;
                shown.progress.clone_from(&line);
                drop(shown);
                new.then(|| label("…", line)).flatten()
            }
            Fact::Task { service, state, error, exit_code, .. } => {
                let trouble = error.is_some() || exit_code.is_some_and(|code| code != 0);
                let said = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
                (verbose || trouble).then(|| label("task", format!("{service} {state}{said}"))).flatten()
            }
            Fact::Answer { url, strength, text, .. } if verbose => {
                label("answer", format!("{url}: {strength}, {text}"))
            }
            Fact::Page { url, title, faults, seconds, .. } if verbose => {
                let faults = if faults.is_empty() { String::new() } else { format!(": {}", faults.join("; ")) };
                label("page", format!("{url}: “{title}”, {seconds:.1} s{faults}"))
            }
            Fact::Timing { what, seconds } if verbose => label("timing", format!("{what} {seconds:.2} s")),
            Fact::Note { text } => label("note", text.clone()),
            Fact::Upstream(upstream) => label("upstream", upstream.to_string()),
            Fact::StepEnded(step) => Some(step_line(step)),
            Fact::Adaptation { .. }
            | Fact::Answer { .. }
            | Fact::Page { .. }
            | Fact::Timing { .. }
            | Fact::Proven { .. }
            | Fact::Upgrades { .. }
            | Fact::Measured { .. }
            | Fact::Ended { .. } => None,
        }
    }

    fn count_image(&self, size: i64, verbose: bool) -> bool {
        if let Ok(mut shown) = self.shown.lock() {
            shown.images += 1;
            shown.bytes += size;
        }
        verbose
    }

    fn spin(&self, step: &str, text: &str) {
        if let Some(spinner) = &self.spinner {
            let text = if text.is_empty() { step.to_owned() } else { format!("{step}: {text}") };
            spinner.set_message(text);
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            // The time is that of the step, not of its last message.
            if shown.step != step {
                shown.step = step.to_owned();
                spinner.reset_elapsed();
            }
        }
    }
}

/// A mark for an outcome, in its colour.
pub(super) fn mark(outcome: Outcome, flaky: bool) -> String {
    let (sign, color) = match outcome {
        // A flaky pass is never shown as a plain one (design.md §3.2).
        Outcome::Passed if flaky => ("~", AnsiColor::Yellow),
        Outcome::Passed => ("✓", AnsiColor::Green),
        Outcome::Failed => ("✗", AnsiColor::Red),
        Outcome::Errored => ("!", AnsiColor::Magenta),
        Outcome::Blocked => ("·", AnsiColor::Yellow),
        Outcome::Skipped => ("-", AnsiColor::Blue),
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{sign}{style:#}")
}

/// What a step is called: its kind, with the variant where that is not the sampled one. Of several upgrades only that from the newest
/// release goes by the plain word.
pub(super) fn name(id: &str, kind: StepKind, variant: &str, hop: Option<HopKind>) -> String {
    match hop {
        Some(HopKind::Chain | HopKind::Skip) => id.trim_end_matches("@default").replacen(':', " ", 1),
        _ if variant == DEFAULT_VARIANT => kind.word().to_owned(),
        _ => format!("{}@{variant}", kind.word()),
    }
}

fn planned(step: &PlannedStep) -> String {
    name(&step.id, step.kind, &step.variant, step.hop.as_ref().map(|hop| hop.kind))
}

/// What a step that ended is called.
pub(super) fn name_of(step: &StepResult) -> String {
    name(&step.id, step.kind, &step.variant, step.hop)
}

/// One line for a step.
pub(super) fn step_line(step: &StepResult) -> String {
    let dim = Style::new().dimmed();
    let word = if step.outcome == Outcome::Passed && !step.flaky { "" } else { step.outcome.word() };
    let flaky = if step.flaky { " (flaky)" } else { "" };
    let reason =
        [word, flaky, if word.is_empty() || step.reason.is_empty() { "" } else { ": " }, &step.reason].concat();
    format!("{} {:<10} {dim}{:>6.1} s{dim:#}  {reason}", mark(step.outcome, step.flaky), name_of(step), step.seconds)
}
