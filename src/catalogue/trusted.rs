//! What the history of trusted runs tells about a recipe: the level with its reasons, stability, upgrades.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::config::Waiver;
use crate::history::History;
use crate::record::{
    CatalogueRecipe, HistoryLine, LevelReached, ProofKind, RecipeScore, RunLink, RunSummary, Rung, RungState,
    Stability, StabilityDimension, StepKind, StepResult,
};
use crate::score::{Measured, Standing, ladder, score};

/// How many of the newest runs an entry lists.
const LISTED: usize = 50;

/// A history, and what the commons decides about it.
#[derive(Debug, Clone, Default)]
pub struct Trusted {
    history: History,
    waivers: Vec<Waiver>,
    as_of: Option<Timestamp>,
}

impl Trusted {
    /// The history as it is at the moment `as_of`; at its newest run when that is `None`.
    pub fn new(history: History, waivers: Vec<Waiver>, as_of: Option<Timestamp>) -> Self {
        let as_of = as_of.or_else(|| history.newest());
        Self { history, waivers, as_of }
    }

    /// The moment that ages are counted from; `None` for an empty history.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// The trusted runs of a recipe until that moment, oldest first.
    pub fn lines(&self, recipe: &str) -> &[HistoryLine] {
        let lines = self.history.recipes.get(recipe).map_or(&[][..], Vec::as_slice);
        let Some(as_of) = self.as_of else { return lines };
        let known = |line: &HistoryLine| crate::run::RunId::began(&line.run).is_some_and(|began| began <= as_of);
        &lines[..lines.partition_point(known)]
    }

    /// The names of all recipes that the history knows.
    pub fn recipes(&self) -> impl Iterator<Item = &str> {
        self.history.recipes.keys().map(String::as_str)
    }

    /// The scores of a recipe, with what its entry in the catalogue tells where there is one. The level is that of the newest run of what
    /// the entry shows; without an entry, of the newest run.
    pub fn score(&self, recipe: &str, entry: Option<&CatalogueRecipe>) -> Option<RecipeScore> {
        let lines = self.lines(recipe);
        let line = match entry {
            Some(entry) => current(lines, entry)?,
            None => lines.last()?,
        };
        score(lines, Some(&line.run), self.standing(line, entry), self.as_of?)
    }

    fn standing(&self, line: &HistoryLine, entry: Option<&CatalogueRecipe>) -> Standing {
        let waived =
            self.waivers.iter().filter(|waiver| waiver.recipe == line.recipe).map(|waiver| waiver.step).collect();
        let mut standing = Standing { waived, ..Standing::default() };
        if let Some(entry) = entry {
            standing.community = entry.community;
            standing.licence = Some(entry.licence_file.is_some());
            standing.maintainer = Some(!entry.maintainers.is_empty());
            let own = entry.versions.iter().position(|version| version.commit == line.commit);
            let earlier = &entry.versions[..own.unwrap_or(entry.versions.len())];
            standing.releases = Some(earlier.iter().map(|version| version.version.clone()).collect());
            standing.candidate = match own {
                Some(own) => entry.versions[own].version.clone(),
                None => line.commit.chars().take(8).collect(),
            };
        }
        standing
    }

    /// The newest trusted run of what an entry shows.
    pub(super) fn current(&self, entry: &CatalogueRecipe) -> Option<RunSummary> {
        current(self.lines(&entry.name), entry).map(HistoryLine::summary)
    }

    /// Puts what the history tells into an entry. Nothing of an earlier publication stays.
    pub(super) fn apply(&self, entry: &mut CatalogueRecipe) {
        let folders: BTreeMap<String, RunLink> =
            std::mem::take(&mut entry.runs).into_iter().map(|link| (link.run.clone(), link)).collect();
        forget(entry);
        let lines = self.lines(&entry.name);
        entry.last_tested = lines.last().map(|line| line.at.clone());
        entry.runs = lines.iter().rev().take(LISTED).map(|line| link(line, folders.get(&line.run))).collect();
        let runs: Vec<RunSummary> = lines.iter().rev().map(HistoryLine::summary).collect();
        entry.upgrades = super::runs::hops(runs.iter());
        entry.required_stops = super::runs::stops(runs.iter(), &entry.upgrades);
        let Some(score) = self.score(&entry.name, Some(entry)) else {
            // Nothing that is shown was tested, and what was before still tells how reliable it is.
            if let (Some(as_of), [_, ..]) = (self.as_of, lines) {
                entry.stability = Some(stability(&crate::score::stability(lines, as_of)));
                entry.stability_over_time = crate::score::over_time(lines, as_of);
            }
            return;
        };
        if let Some(run) = self.current(entry) {
            entry.start_seconds = super::runs::start_seconds(&run.steps);
            entry.peak_memory = super::runs::peak_memory(&run.services);
            entry.disk = super::runs::disk(&run.services);
            entry.backup_proof = backup_proof(&run);
        }
        entry.level = Some(LevelReached {
            level: score.ladder.level,
            at_least: score.ladder.at_least,
            missing: missing(&score.ladder.rungs),
            run: score.run,
            commit: score.commit,
            version: score.version,
        });
        entry.rungs = score.ladder.rungs;
        entry.stability = Some(stability(&score.stability));
        entry.stability_over_time = score.stability_over_time;
    }
}

/// The newest run of the default branch's commit, or else of the latest version.
fn current<'l>(lines: &'l [HistoryLine], entry: &CatalogueRecipe) -> Option<&'l HistoryLine> {
    let of = |commit: &str| lines.iter().rev().find(|line| !commit.is_empty() && line.commit == commit);
    of(&entry.commit).or_else(|| entry.versions.last().and_then(|version| of(&version.commit)))
}

/// Everything in an entry that comes from runs.
fn forget(entry: &mut CatalogueRecipe) {
    let made = CatalogueRecipe::default();
    entry.level = made.level;
    entry.rungs = made.rungs;
    entry.stability = made.stability;
    entry.stability_over_time = made.stability_over_time;
    entry.measured_status = made.measured_status;
    entry.status_reasons = made.status_reasons;
    entry.upgrades = made.upgrades;
    entry.required_stops = made.required_stops;
    entry.backup_proof = made.backup_proof;
    entry.start_seconds = made.start_seconds;
    entry.peak_memory = made.peak_memory;
    entry.disk = made.disk;
    entry.last_tested = made.last_tested;
}

fn stability(detail: &crate::record::StabilityDetail) -> Stability {
    let dimensions = detail.dimensions.iter().map(|dimension| StabilityDimension {
        dimension: dimension.dimension,
        weight: dimension.weight,
        observations: dimension.observations.len(),
        low: percent(dimension.low),
        high: percent(dimension.high),
    });
    Stability {
        score: detail.score,
        median: detail.median,
        high: detail.high,
        observations: detail.observations,
        dimensions: dimensions.collect(),
    }
}

fn percent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

/// What is missing to the next level, in words.
fn missing(rungs: &[Rung]) -> String {
    let Some(next) = rungs.iter().find(|rung| rung.state != RungState::Satisfied) else { return String::new() };
    let open = next.demands.iter().filter(|demand| demand.state == next.state);
    open.map(|demand| demand.text.as_str()).collect::<Vec<_>>().join("; ")
}

fn link(line: &HistoryLine, folder: Option<&RunLink>) -> RunLink {
    let steps: Vec<StepResult> = line.steps.iter().map(StepResult::from).collect();
    let measured = Measured { steps: &steps, variants: &line.variants, findings: line.findings.as_ref() };
    let reached = ladder(measured, &Standing::default());
    RunLink {
        run: line.run.clone(),
        at: Some(line.at.clone()),
        commit: Some(line.commit.clone()),
        version: line.version.clone(),
        outcome: RunSummary::worst(&steps),
        level: reached.level,
        at_least: reached.at_least,
        path: folder.map(|folder| folder.path.clone()).unwrap_or_default(),
        screenshots: folder.map(|folder| folder.screenshots.clone()).unwrap_or_default(),
    }
}

fn backup_proof(run: &RunSummary) -> Option<String> {
    let restored =
        run.steps.iter().any(|step| step.kind == StepKind::Restore && step.outcome == crate::record::Outcome::Passed);
    let proofs: Vec<String> =
        run.proofs.iter().filter(|proof| proof.kind != ProofKind::None).map(ToString::to_string).collect();
    (restored && !proofs.is_empty()).then(|| proofs.join("; "))
}
