//! Results of runs, from the `run.json` files that taster leaves: the only source of levels.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::record::{
    CatalogueRecipe, Hop, LevelReached, Outcome, RequiredStop, RunLink, RunSummary, SUMMARY_SCHEMA, StepKind,
    StepResult,
};

/// The runs in a folder, by recipe, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    by_recipe: BTreeMap<String, Vec<Run>>,
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

    /// Puts what the runs of a recipe tell into its entry.
    pub(super) fn apply(&self, entry: &mut CatalogueRecipe) {
        let Some(runs) = self.by_recipe.get(&entry.name) else { return };
        // What is not committed is nobody's version.
        let runs: Vec<&Run> = runs.iter().filter(|run| !run.summary.candidate.dirty).collect();
        entry.runs = runs.iter().map(|run| link(run)).collect();
        entry.last_tested = runs.first().and_then(|run| time(&run.summary.run));
        entry.upgrades = hops(&runs);
        entry.required_stops = stops(&entry.upgrades);
        if let Some(run) = self.current(entry) {
            entry.level = Some(level(run));
            let installs = run.steps.iter().filter(|step| step.kind == StepKind::Install);
            entry.start_seconds =
                installs.filter(|step| step.outcome == Outcome::Passed).map(|step| step.seconds).reduce(f64::max);
        }
    }

    /// The newest run of what the catalogue shows: the default branch's commit, or else the latest version.
    pub(super) fn current(&self, entry: &CatalogueRecipe) -> Option<&RunSummary> {
        let runs = self.by_recipe.get(&entry.name)?;
        let of = |commit: &str| {
            let same = |run: &&Run| {
                let candidate = &run.summary.candidate;
                !candidate.dirty && !commit.is_empty() && candidate.commit.as_deref() == Some(commit)
            };
            runs.iter().find(same).map(|run| &run.summary)
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

/// `20261121-063824-name-abcd` began at that time.
fn time(run: &str) -> Option<String> {
    let text = run.get(..15)?;
    let time = jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", text).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().to_string())
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
    let stops = run.steps.iter().find(|step| step.outcome == Outcome::Failed && step.kind != StepKind::Leftovers);
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

/// The newest result of each upgrade that was tried.
fn hops(runs: &[&Run]) -> Vec<Hop> {
    let mut hops: BTreeMap<(String, String), Hop> = BTreeMap::new();
    for run in runs {
        for step in run.summary.steps.iter().filter(|step| step.kind == StepKind::Upgrade) {
            let Some((from, to)) = ends(step) else { continue };
            let hop = || Hop {
                from: from.clone(),
                to: to.clone(),
                outcome: step.outcome,
                reason: step.reason.clone(),
                run: run.summary.run.clone(),
            };
            // Neither a skipped nor an errored one tells anything.
            if matches!(step.outcome, Outcome::Passed | Outcome::Failed) {
                hops.entry((from.clone(), to.clone())).or_insert_with(hop);
            }
        }
    }
    hops.into_values().collect()
}

/// Where an upgrade failed that passes in two.
fn stops(hops: &[Hop]) -> Vec<RequiredStop> {
    let passed = |from: &str, to: &str| {
        hops.iter().any(|hop| hop.from == from && hop.to == to && hop.outcome == Outcome::Passed)
    };
    let failed = hops.iter().filter(|hop| hop.outcome == Outcome::Failed);
    let stops = failed.flat_map(|hop| {
        let between = hops.iter().filter(|first| first.from == hop.from && first.outcome == Outcome::Passed);
        between.filter(|first| passed(&first.to, &hop.to)).map(|first| RequiredStop {
            version: first.to.clone(),
            from: hop.from.clone(),
            to: hop.to.clone(),
        })
    });
    stops.collect()
}

/// `upgrade:1.0.0+1.2→2.0.0+2.0@default`.
fn ends(step: &StepResult) -> Option<(String, String)> {
    let path = step.id.strip_prefix("upgrade:")?;
    let path = path.rsplit_once('@').map_or(path, |(path, _)| path);
    let (from, to) = path.split_once('→')?;
    Some((from.to_owned(), to.to_owned()))
}
