//! One run from the recipe to the verdict, and clean in the end whatever happens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::Docker;

use super::apart::apart;
use super::fit;
use super::flow::Ground;
use super::guess;
use super::hold::{Hold, When};
use super::needs;
use super::recorder::Recorder;
use super::trouble::Trouble;
use super::upgrade::Upgrades;
use crate::lint;
use crate::recipe::{self, Recipe, Release};
use crate::record::{
    CandidateSummary, EVENT_SCHEMA, Fact, FindingCounts, ImageDigest, LogHeader, NodeFacts, Proof, RunSummary,
    SUMMARY_SCHEMA, ServiceCosts, StepKind, UpgradeMap, Upstream, worst_exit,
};
use crate::run::{EventSink, Redactor, RunFolder, RunId, RunLock, RunLog, lock_domain};
use crate::scenario::{Known, PlanOptions, Route, RouteError, ScenarioError, plan};
use crate::score::{Measured, Standing, ladder};
use crate::swarm::labels::Owner;
use crate::swarm::node::NodeOptions;
use crate::swarm::reap;

/// Time for a whole run, when the scenario does not say.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

/// How long cleaning up may take.
const CLEAN_LIMIT: Duration = Duration::from_secs(120);

/// What to try, and how.
#[derive(Debug, Clone, Default)]
pub struct TrialOptions {
    /// The recipe's folder or repository.
    pub path: PathBuf,
    /// A revision of the repository, instead of the files as they lie there.
    pub revision: Option<String>,
    /// A scenario file instead of the recipe's own.
    pub scenario: Option<PathBuf>,
    /// Which steps.
    pub plan: PlanOptions,
    /// Where run folders go.
    pub runs: PathBuf,
    /// What the nodes shall be like.
    pub node: NodeOptions,
    /// Try a recipe that reaches out of its containers.
    pub trust: bool,
    /// What the commons decides about the linter's findings.
    pub lint: lint::Options,
    /// The step `lint` asks the registries of the images (rules I405 to I407), and since when upstream has had something newer. A provider
    /// of cryptography must be installed.
    pub online: bool,
    /// Stop at the first step on the node that does not pass; those that were planned after it are blocked.
    pub fail_fast: bool,
    /// Upgrade from this release, instead of the newest one before the candidate.
    pub from: Option<String>,
    /// Keep what was backed up as a tar archive: a file, or a folder in which one is made.
    pub keep_backup: Option<PathBuf>,
    /// The folder in which the recipes lie that this one needs beside it; beside the recipe itself those that are not there.
    pub needs: Option<PathBuf>,
    /// Hold the run with everything in place.
    pub hold: Hold,
    /// What whoever started the run wants to be read in its log.
    pub notes: Vec<String>,
}

/// Why there was no run at all.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// There is no such recipe.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// There is no such release to upgrade from.
    #[error("{tag} is no release of the recipe; its releases are {known}")]
    NoSuchRelease {
        /// What was asked for.
        tag: String,
        /// What there is.
        known: String,
    },
    /// The release is not older than the candidate.
    #[error(
        "{tag} is not older than the candidate ({candidate}), so nothing can be upgraded from it; older releases are {earlier}"
    )]
    NotEarlier {
        /// What was asked for.
        tag: String,
        /// What is tried.
        candidate: String,
        /// What it may come from.
        earlier: String,
    },
    /// There is no such variant.
    #[error("the scenario declares no variant {name}; it declares {known}")]
    NoSuchVariant {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The scenario speaks of a release that is not there.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The scenario file cannot be used.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// There is no such scenario file.
    #[error("cannot read the scenario {path}")]
    ScenarioFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot {what} {path}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its summary, as in `run.json`.
    pub summary: RunSummary,
    /// Its folder.
    pub folder: PathBuf,
    /// Its exit code (design.md §3.2).
    pub exit: u8,
}

/// Everything that a run gathers, kept outside of what may be broken off.
pub(super) struct Gathered {
    pub(super) recorder: Recorder,
    pub(super) node: Option<NodeFacts>,
    pub(super) digests: Vec<ImageDigest>,
    pub(super) proofs: Vec<Proof>,
    pub(super) upgrade_map: Option<UpgradeMap>,
    /// What each service costs.
    pub(super) services: Vec<ServiceCosts>,
    /// What the linter counted; `None` when it was not asked.
    pub(super) findings: Option<FindingCounts>,
    /// What the registry of the app's image said; `None` when it was not asked, or gave no answer.
    pub(super) upstream: Option<Upstream>,
}

/// Runs a trial. `sinks` are told every event.
///
/// # Errors
/// When there is nothing to try; once a run has begun, whatever happens is an outcome.
pub async fn run(options: &TrialOptions, sinks: Vec<EventSink>) -> Result<Ended, TrialError> {
    let begun = Instant::now();
    let recipe = match &options.revision {
        Some(revision) => Recipe::at(&options.path, revision)?,
        None => Recipe::from_work_tree(&options.path)?,
    };
    let (mut scenario, which) = fit::scenario(options.scenario.as_deref(), &recipe)?;
    let mut guesses_left_out = Vec::new();
    for (name, variant) in guess::variants(&recipe, &scenario) {
        if options.plan.full || options.plan.variants.contains(&name) {
            scenario.variants.insert(name, variant);
        } else {
            guesses_left_out.push(format!(
                "install@{name} (an overlay that nothing declares; --full or --variant {name} tries it)"
            ));
        }
    }
    if let Some(name) = options.plan.variants.iter().find(|name| !scenario.variants.contains_key(*name)) {
        let known: Vec<&str> = scenario.variants.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(TrialError::NoSuchVariant { name: name.clone(), known });
    }
    let earlier = recipe.earlier()?;
    let from = predecessor(options, &recipe, &earlier)?;
    let route = Route::choose(&recipe.releases, &earlier, &scenario.upgrade, jiff::Timestamp::now())?;
    let id = RunId::new(&recipe.name);
    let io = |what, path: PathBuf| move |source| TrialError::Io { what, path, source };
    let lock = RunLock::take(&id).map_err(io("lock", std::env::temp_dir()))?;
    let folder =
        RunFolder::create(&options.runs, &id).map_err(io("make the folder of the run in", options.runs.clone()))?;
    let redactor = Redactor::default();
    let log = RunLog::create(&folder.events(), redactor.clone(), sinks).map_err(io("write", folder.events()))?;
    let candidate = candidate(&recipe);
    log.write(Fact::Opened(LogHeader {
        schema: EVENT_SCHEMA.to_owned(),
        taster: env!("CARGO_PKG_VERSION").to_owned(),
        run: id.to_string(),
        recipe: recipe.name.clone(),
        candidate: candidate.clone(),
    }));
    log.note(which);
    options.notes.iter().for_each(|note| log.note(note.as_str()));
    let tag = from.as_ref().map(|release| release.tag.as_str());
    let mut wanted = options.plan.clone();
    if options.hold.when == When::AtEnd {
        wanted.without.push((StepKind::Leftovers, "--keep".to_owned()));
    }
    if options.node.engine {
        // The agent's container does not see the volumes of an engine that it does not run.
        let why = "not on a swarm that was there before".to_owned();
        wanted.no_skips = Some(why.clone());
        let left_out = [StepKind::Backup, StepKind::Restore, StepKind::OldBackup, StepKind::Stress];
        wanted.without.extend(left_out.map(|kind| (kind, why.clone())));
    }
    let name = recipe.candidate.name();
    let mut plan = plan(&wanted, Known { candidate: &name, from: tag, route: &route, scenario: &scenario });
    plan.left_out.extend(guesses_left_out);
    let looks = plan.steps.iter().any(|step| step.kind == StepKind::Smoke && step.skip.is_none());
    let upgrades = Upgrades::new(&route, &name, &plan.steps, looks.then(|| folder.clone()));
    log.write(Fact::Plan {
        steps: plan.steps.clone(),
        left_out: plan.left_out.clone(),
        beside: needs::told(&scenario.needs),
    });
    for irregularity in &recipe.irregularities {
        let line = irregularity.line.map(|line| format!(":{line}")).unwrap_or_default();
        log.write(Fact::Irregularity {
            place: format!("{}{line}", irregularity.path),
            text: irregularity.what.clone(),
        });
    }
    let name = recipe.name.clone();
    let variants: Vec<String> = scenario.variants.keys().cloned().collect();
    let limit = match options.hold.when {
        When::Never => scenario.limits.run.unwrap_or(RUN_LIMIT),
        // Somebody is there, and may look as long as they like.
        When::AtEnd | When::AtFailure => Duration::MAX,
    };
    let domain = lock_domain().map_err(io("read the lock folder in", std::env::temp_dir()))?;
    let owner = Owner { run: id.to_string(), domain, scratch: lock.scratch().to_owned() };
    let mut gathered = Gathered {
        recorder: Recorder::new(log.clone(), &plan.steps),
        node: None,
        digests: Vec::new(),
        proofs: Vec::new(),
        upgrade_map: None,
        services: Vec::new(),
        findings: None,
        upstream: None,
    };
    let ground = Ground { options, owner: &owner, folder: &folder, log: &log, upgrades, looks };
    let told = &mut gathered;
    let flow = apart(move || ground.taste(recipe, scenario, told));
    // What is broken off here is dropped; the run's objects are found by their label below.
    let broken = tokio::select! {
        () = flow => None,
        signal = interrupted() => Some(Trouble::errored("interrupted", format!("the run was interrupted by {signal}"))),
        () = tokio::time::sleep(limit) => Some(
            Trouble::errored("run-budget", format!("the run's time of {} s is spent", limit.as_secs()))
                .advise("Give it more in tests/taster.toml, [limits] run, or find out what is slow."),
        ),
    };
    if let Some(trouble) = broken {
        gathered.recorder.break_off(trouble);
    }
    // A second signal, or an engine that hangs, must not hold the process.
    let left_behind = tokio::select! {
        left = apart(|| clean(&owner, &log, gathered.node.is_some())) => left,
        signal = interrupted() => vec![format!("what {signal} kept from being removed; `taster node rm` removes it")],
        () = tokio::time::sleep(CLEAN_LIMIT) => vec!["what the engine did not remove in time; `taster node rm` removes it".to_owned()],
    };
    if let Some(failure) = log.failure() {
        log.note(format!("the event log is not whole: {failure}"));
    }
    let exit = exit_code(&gathered, &left_behind, log.failure().is_some());
    log.timing("run", begun);
    log.write(Fact::Ended { exit, left_behind });
    let summary = summary(&id, &name, candidate, &variants, gathered, &folder);
    let json = serde_json::to_vec_pretty(&summary)
        .map_err(|error| io("write", folder.path().join("run.json"))(error.into()))?;
    let clean = redactor.clean(&String::from_utf8_lossy(&json));
    folder.write("run.json", clean.as_bytes()).map_err(io("write", folder.path().join("run.json")))?;
    // What callers see is what was written: without secrets.
    let summary =
        serde_json::from_str(&clean).map_err(|error| io("read", folder.path().join("run.json"))(error.into()))?;
    Ok(Ended { summary, folder: folder.path().to_owned(), exit })
}

fn exit_code(gathered: &Gathered, left_behind: &[String], torn: bool) -> u8 {
    match worst_exit(gathered.recorder.results()) {
        // A run whose evidence is not whole, or that left something behind, is not fine.
        0 if torn || !left_behind.is_empty() => 4,
        code => code,
    }
}

fn summary(
    id: &RunId,
    name: &str,
    candidate: CandidateSummary,
    variants: &[String],
    gathered: Gathered,
    folder: &RunFolder,
) -> RunSummary {
    let steps = gathered.recorder.results().to_vec();
    let measured = Measured { steps: &steps, variants, findings: gathered.findings.as_ref() };
    let level = ladder(measured, &Standing::default());
    let mut costs = BTreeMap::new();
    for event in crate::run::read(&folder.events()).unwrap_or_default() {
        if let Fact::Timing { what, seconds } = event.fact {
            *costs.entry(what).or_insert(0.0) += seconds;
        }
    }
    RunSummary {
        schema: SUMMARY_SCHEMA.to_owned(),
        run: id.to_string(),
        recipe: name.to_owned(),
        candidate,
        node: gathered.node,
        level: level.level,
        level_is_at_least: level.at_least,
        outcome: RunSummary::worst(&steps),
        steps,
        findings: gathered.findings,
        digests: gathered.digests,
        costs,
        proofs: gathered.proofs,
        upgrade_map: gathered.upgrade_map,
        variants: variants.to_vec(),
        services: gathered.services,
        upstream: gathered.upstream,
    }
}

/// Removes everything that carries the run's label; tells what could not be removed.
async fn clean(owner: &Owner, log: &RunLog, had_node: bool) -> Vec<String> {
    let begun = Instant::now();
    let Ok(host) = Docker::connect_with_defaults() else { return Vec::new() };
    if host.ping().await.is_err() {
        // Where no engine answers nothing was made, unless it has gone meanwhile: then the next start cleans up.
        let gone = "the node: the engine does not answer any more; the next run removes it".to_owned();
        return had_node.then_some(gone).into_iter().collect();
    }
    let left = reap::remove_run(&host, &owner.run).await;
    log.timing("teardown", begun);
    match left {
        Ok(left) => left.into_iter().map(|remnant| format!("{} {}", remnant.kind, remnant.name)).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Resolves when the user or the system wants the run to end, with the signal's name.
pub(crate) async fn interrupted() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind: SignalKind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        // Without a handler the signal ends the process, and the next start cleans up.
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => "SIGINT",
        () = wait(SignalKind::terminate()) => "SIGTERM",
        () = wait(SignalKind::hangup()) => "SIGHUP",
    }
}

fn candidate(recipe: &Recipe) -> CandidateSummary {
    let candidate = &recipe.candidate;
    CandidateSummary {
        commit: candidate.commit.clone(),
        version: candidate.version.as_ref().map(ToString::to_string),
        dirty: candidate.dirty,
    }
}

/// The release to upgrade from: the one that was asked for, or the newest one before the candidate.
fn predecessor(options: &TrialOptions, recipe: &Recipe, earlier: &[Release]) -> Result<Option<Release>, TrialError> {
    let Some(tag) = &options.from else { return Ok(earlier.last().cloned()) };
    let all = |releases: &[Release]| {
        let known: Vec<&str> = releases.iter().map(|release| release.tag.as_str()).collect();
        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    };
    let Some(release) = recipe.releases.iter().find(|release| release.tag == *tag) else {
        return Err(TrialError::NoSuchRelease { tag: tag.clone(), known: all(&recipe.releases) });
    };
    if !earlier.contains(release) {
        let (tag, candidate) = (tag.clone(), recipe.candidate.name());
        return Err(TrialError::NotEarlier { tag, candidate, earlier: all(earlier) });
    }
    Ok(Some(release.clone()))
}
