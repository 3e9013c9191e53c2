//! Results of runs, from the `run.json` files that taster leaves: the only source of levels.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::trusted::Trusted;
use crate::record::{
    CatalogueRecipe, Hop, HopKind, LevelReached, Outcome, RequiredStop, RunLink, RunSummary, SUMMARY_SCHEMA,
    ServiceCosts, StepKind, StepResult, UpgradeMap,
};
use crate::run::RunId;
use crate::score::hop;

/// The runs in a folder, by recipe, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    by_recipe: BTreeMap<String, Vec<Run>>,
    /// The history of trusted runs; then nothing else counts.
    trusted: Option<Trusted>,
    /// Files that are no results of runs, and why. They count for nothing, and are told.
    pub unusable: Vec<(PathBuf, String)>,
}

/// Why a folder of runs cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the runs in {}: {why}", folder.display())]
pub struct RunsError {
    /// The folder.
    pub folder: PathBuf,
    /// The system's own error.
    pub why: io::Error,
}

#[derive(Debug, Clone)]
struct Run {
    summary: RunSummary,
    path: String,
}

impl Runs {
    /// Reads `*/run.json` in a folder (`.taster/runs`).
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn read(folder: &Path) -> Result<Runs, RunsError> {
        let failed = |why| RunsError { folder: folder.to_owned(), why };
        let mut runs = Runs::default();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file = entry.path().join("run.json");
            // A run that was killed has no summary; it has proven nothing.
            let Ok(bytes) = std::fs::read(&file) else { continue };
            match summary(&bytes) {
                Ok(summary) => {
                    let path = entry.file_name().to_string_lossy().into_owned();
                    runs.by_recipe.entry(summary.recipe.clone()).or_default().push(Run { summary, path });
                }
                Err(why) => runs.unusable.push((file, why)),
            }
        }
        for runs in runs.by_recipe.values_mut() {
            // Identifiers begin with the time.
            runs.sort_by(|a, b| b.summary.run.cmp(&a.summary.run));
        }
        runs.unusable.sort();
        Ok(runs)
    }

    /// The same, and the history of trusted runs: levels, stability and verdicts come from it alone, and run folders only tell where
    /// to find more about a run.
    #[must_use]
    pub fn with_history(mut self, trusted: Trusted) -> Self {
        self.trusted = Some(trusted);
        self
    }

    /// Puts what the runs of a recipe tell into its entry.
    pub(super) fn apply(&self, entry: &mut CatalogueRecipe) {
        if let Some(runs) = self.by_recipe.get(&entry.name) {
            // What is not committed is nobody's version.
            let runs: Vec<&Run> = runs.iter().filter(|run| !run.summary.candidate.dirty).collect();
            entry.runs = runs.iter().map(|run| link(run)).collect();
            entry.last_tested = runs.first().and_then(|run| time(&run.summary.run));
            entry.upgrades = hops(runs.iter().map(|run| &run.summary));
            entry.required_stops = stops(runs.iter().map(|run| &run.summary), &entry.upgrades);
        }
        match &self.trusted {
            Some(trusted) => trusted.apply(entry),
            None => {
                if let Some(run) = self.current(entry) {
                    entry.level = Some(level(&run));
                    entry.start_seconds = start_seconds(&run.steps);
                    entry.peak_memory = peak_memory(&run.services);
                    entry.disk = disk(&run.services);
                }
            }
        }
    }

    /// The newest run of what the catalogue shows: the default branch's commit, or else the latest version.
    pub(super) fn current(&self, entry: &CatalogueRecipe) -> Option<RunSummary> {
        if let Some(trusted) = &self.trusted {
            return trusted.current(entry);
        }
        let runs = self.by_recipe.get(&entry.name)?;
        let of = |commit: &str| {
            let same = |run: &&Run| {
                let candidate = &run.summary.candidate;
                !candidate.dirty && !commit.is_empty() && candidate.commit.as_deref() == Some(commit)
            };
            runs.iter().find(same).map(|run| run.summary.clone())
        };
        of(&entry.commit).or_else(|| entry.versions.last().and_then(|version| of(&version.commit)))
    }
}

fn summary(bytes: &[u8]) -> Result<RunSummary, String> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    match value.get("schema").and_then(serde_json::Value::as_str) {
        Some(SUMMARY_SCHEMA) => serde_json::from_value(value).map_err(|error| error.to_string()),
        other => Err(format!("its format is {}, and {SUMMARY_SCHEMA} is needed", other.unwrap_or("not told"))),
    }
}

fn time(run: &str) -> Option<String> {
    RunId::began(run).map(|began| began.to_string())
}

fn link(run: &Run) -> RunLink {
    let summary = &run.summary;
    let evidence = summary.steps.iter().flat_map(|step| &step.evidence);
    let shots = evidence.filter(|evidence| evidence.kind == "screenshot").filter_map(|evidence| evidence.file.clone());
    RunLink {
        run: summary.run.clone(),
        at: time(&summary.run),
        commit: summary.candidate.commit.clone(),
        version: summary.candidate.version.clone(),
        outcome: summary.outcome,
        level: summary.level,
        at_least: summary.level_is_at_least,
        path: run.path.clone(),
        screenshots: shots.collect(),
    }
}

fn level(run: &RunSummary) -> LevelReached {
    let counts = |step: &&StepResult| !matches!(step.kind, StepKind::Leftovers | StepKind::Stress);
    let stops = run.steps.iter().filter(counts).find(|step| step.outcome == Outcome::Failed);
    let missing = match (run.level_is_at_least, stops) {
        (false, Some(step)) => format!("{} failed: {}", step.id, step.reason),
        _ => String::new(),
    };
    LevelReached {
        level: run.level,
        at_least: run.level_is_at_least,
        missing,
        run: run.run.clone(),
        commit: run.candidate.commit.clone().unwrap_or_default(),
        version: run.candidate.version.clone(),
    }
}

/// The longest that an install took to its answer, in seconds.
pub(super) fn start_seconds(steps: &[StepResult]) -> Option<f64> {
    let installs = steps.iter().filter(|step| step.kind == StepKind::Install && step.outcome == Outcome::Passed);
    installs.map(|step| step.seconds).reduce(f64::max)
}

/// The bytes of memory of all services together, each at its own peak; `None` when none was measured.
pub(super) fn peak_memory(services: &[ServiceCosts]) -> Option<u64> {
    services.iter().filter_map(|service| service.memory_peak).reduce(u64::saturating_add)
}

/// The bytes of images and volumes, each image once where it is told which one it is. `None` when the size of an image is not known, and
/// for a swarm that was there before the run: there nobody looked into the node, so that volumes are not measured either.
pub(super) fn disk(services: &[ServiceCosts]) -> Option<u64> {
    if !services.iter().any(|service| service.memory_peak.is_some() || service.volume_bytes.is_some()) {
        return None;
    }
    let mut known = BTreeSet::new();
    services.iter().try_fold(0_u64, |sum, service| {
        let image = service.image_bytes?;
        let image = if service.image.as_ref().is_none_or(|id| known.insert(id)) { image } else { 0 };
        Some(sum.saturating_add(image).saturating_add(service.volume_bytes.unwrap_or_default()))
    })
}

/// The newest result of each upgrade that was tried; the newest run comes first.
pub(super) fn hops<'r>(runs: impl Iterator<Item = &'r RunSummary>) -> Vec<Hop> {
    let mut hops: BTreeMap<(String, String), Hop> = BTreeMap::new();
    for run in runs {
        let steps = run.steps.iter().filter(|step| step.kind == StepKind::Upgrade);
        let told = steps.filter_map(|step| Some((hop(&step.id)?, step.outcome, &step.reason)));
        // What was found out on the way to a reason is no step of its own.
        let searched = run.upgrade_map.iter().flat_map(|map| &map.hops);
        let searched = searched.map(|hop| ((hop.from.as_str(), hop.to.as_str()), hop.outcome, &hop.reason));
        for ((from, to), outcome, reason) in told.chain(searched) {
            // Neither a skipped nor an errored one tells anything.
            if matches!(outcome, Outcome::Passed | Outcome::Failed) {
                let ends = (from.to_owned(), to.to_owned());
                hops.entry(ends.clone()).or_insert_with(|| Hop {
                    from: ends.0,
                    to: ends.1,
                    outcome,
                    reason: reason.clone(),
                    run: run.run.clone(),
                });
            }
        }
    }
    hops.into_values().collect()
}

/// Where an operator must stop: as the newest run found out that looked for it, and where else an upgrade failed that passes in two.
pub(super) fn stops<'r>(mut runs: impl Iterator<Item = &'r RunSummary>, hops: &[Hop]) -> Vec<RequiredStop> {
    // Only a run that skipped releases looked for stops.
    let skipped = |map: &&UpgradeMap| map.hops.iter().any(|hop| hop.kind == HopKind::Skip);
    if let Some(map) = runs.find_map(|run| run.upgrade_map.as_ref().filter(skipped)) {
        return map.required_stops.clone();
    }
    let mut stops: Vec<RequiredStop> = Vec::new();
    let passed = |from: &str, to: &str| {
        hops.iter().any(|hop| hop.from == from && hop.to == to && hop.outcome == Outcome::Passed)
    };
    for hop in hops.iter().filter(|hop| hop.outcome == Outcome::Failed) {
        if stops.iter().any(|stop| stop.from == hop.from) {
            continue;
        }
        let between = hops.iter().filter(|first| first.from == hop.from && first.outcome == Outcome::Passed);
        let between: Vec<RequiredStop> = between
            .filter(|first| passed(&first.to, &hop.to))
            .map(|first| RequiredStop {
                release: first.to.clone(),
                from: hop.from.clone(),
                fails_at: hop.to.clone(),
                service: None,
            })
            .collect();
        stops.extend(between);
    }
    stops
}
