//! A run as its folder has it, whole or killed half-way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::record::{Event, Fact, Outcome, PlannedStep, RunSummary, SUMMARY_SCHEMA, StepResult};
use crate::run;
use crate::scenario::{DEFAULT_VARIANT, is_guess};
use crate::score::{Measured, Standing, ladder};

/// Why a run cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum RunReportError {
    /// Its log cannot be read.
    #[error("cannot read the run in {}: {source}; name a folder that `taster test` left, such as .taster/runs/<id>", .path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its log does not begin as one.
    #[error("the log of the run in {} does not begin with its head: it is no log of taster, or its beginning is lost", .0.display())]
    Headless(PathBuf),
    /// Another version wrote it.
    #[error("the log of the run in {} has the format {found}, and this version of taster reads {known}", .path.display())]
    Format {
        /// The folder.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What is known.
        known: &'static str,
    },
    /// The report cannot be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] std::io::Error),
}

/// A run that was kept.
#[derive(Debug)]
pub struct KeptRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What came of it; made from the events where the run was killed before it wrote its summary.
    pub summary: RunSummary,
    /// Whether the run came to its end.
    pub complete: bool,
}

impl KeptRun {
    /// Reads the run in `folder`.
    ///
    /// # Errors
    /// When there is no log that could be read.
    pub fn open(folder: &Path) -> Result<Self, RunReportError> {
        let failed = |source| RunReportError::Read { path: folder.to_owned(), source };
        Self::of(folder, run::read(&folder.join("events.ndjson")).map_err(failed)?)
    }

    /// The run that these events tell of; `folder` is where its other files are.
    ///
    /// # Errors
    /// When they do not begin as a log.
    pub fn of(folder: &Path, events: Vec<Event>) -> Result<Self, RunReportError> {
        let Some(Fact::Opened(head)) = events.first().map(|event| &event.fact) else {
            return Err(RunReportError::Headless(folder.to_owned()));
        };
        if head.schema != crate::record::EVENT_SCHEMA {
            return Err(RunReportError::Format {
                path: folder.to_owned(),
                found: head.schema.clone(),
                known: crate::record::EVENT_SCHEMA,
            });
        }
        let complete = events.iter().any(|event| matches!(event.fact, Fact::Ended { .. }));
        // The log is what counts (design.md §3.1): the summary is one of its views.
        let summary = summary(&events).ok_or_else(|| RunReportError::Headless(folder.to_owned()))?;
        Ok(Self { folder: folder.to_owned(), events, summary, complete })
    }
}

/// The summary as the events tell it.
fn summary(events: &[Event]) -> Option<RunSummary> {
    let Fact::Opened(head) = &events.first()?.fact else { return None };
    let mut summary = RunSummary {
        schema: SUMMARY_SCHEMA.to_owned(),
        run: head.run.clone(),
        recipe: head.recipe.clone(),
        candidate: head.candidate.clone(),
        node: None,
        level: 0,
        level_is_at_least: false,
        outcome: Outcome::Skipped,
        steps: Vec::new(),
        findings: None,
        digests: Vec::new(),
        costs: BTreeMap::new(),
        proofs: Vec::new(),
        upgrade_map: None,
        variants: Vec::new(),
        services: Vec::new(),
        upstream: None,
    };
    let (mut planned, mut left_out): (&[PlannedStep], &[String]) = (&[], &[]);
    for event in events {
        match &event.fact {
            Fact::Plan { steps, left_out: words, .. } => (planned, left_out) = (steps, words),
            Fact::Node(facts) => summary.node = Some(facts.clone()),
            Fact::Image(image) => summary.digests.push(image.clone()),
            Fact::Proven { proofs } => summary.proofs.clone_from(proofs),
            Fact::Upgrades { map } => summary.upgrade_map = Some(map.clone()),
            Fact::Upstream(upstream) => summary.upstream = Some(upstream.clone()),
            Fact::Measured { services } => summary.services.clone_from(services),
            Fact::StepEnded(step) => summary.steps.push(step.clone()),
            Fact::Timing { what, seconds } => *summary.costs.entry(what.clone()).or_default() += seconds,
            _ => {}
        }
    }
    for step in planned {
        if summary.steps.iter().all(|ended| ended.id != step.id) {
            let mut lost = StepResult::new(&step.id, step.kind, &step.variant, Outcome::Errored);
            "the run was killed before this step ended".clone_into(&mut lost.reason);
            lost.class = Some("killed".to_owned());
            summary.steps.push(lost);
        }
    }
    // A variant whose install the plan left out is declared all the same: nobody tried it.
    let untried = left_out.iter().filter_map(|words| words.strip_prefix("install@")?.split_once(" ("));
    let untried = untried.map(|(name, _)| name).filter(|name| !is_guess(name));
    let mut variants: Vec<String> =
        planned.iter().map(|step| step.variant.as_str()).chain(untried).map(str::to_owned).collect();
    variants.retain(|variant| variant != DEFAULT_VARIANT);
    variants.sort();
    variants.dedup();
    let measured = Measured { steps: &summary.steps, variants: &variants, findings: None };
    let level = ladder(measured, &Standing::default());
    summary.variants = variants;
    (summary.level, summary.level_is_at_least) = (level.level, level.at_least);
    summary.outcome = RunSummary::worst(&summary.steps);
    Some(summary)
}
