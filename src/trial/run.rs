//! One run from the recipe to the verdict, and clean in the end whatever happens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::Docker;

use super::data::{self, Readings};
use super::install::{self, Installed};
use super::recorder::Recorder;
use super::session::Session;
use super::subject::Subject;
use super::trouble::Trouble;
use super::{leftovers, logs, redeploy, restart};
use crate::recipe::{self, Recipe};
use crate::record::{
    CandidateSummary, EVENT_SCHEMA, Fact, ImageDigest, LogHeader, NodeFacts, RunSummary, SUMMARY_SCHEMA, StepKind,
    worst_exit,
};
use crate::run::{EventSink, Redactor, RunFolder, RunId, RunLock, RunLog, lock_domain};
use crate::scenario::{PATH_IN_RECIPE, PlanOptions, Scenario, ScenarioError, plan};
use crate::score::level;
use crate::swarm::engine;
use crate::swarm::labels::Owner;
use crate::swarm::node::{Cluster, NodeOptions};
use crate::swarm::reap;

/// Time for a whole run, when the scenario does not say.
const RUN_LIMIT: Duration = Duration::from_secs(3600);

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
}

/// Why there was no run at all.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// There is no such recipe.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
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
struct Gathered {
    recorder: Recorder,
    node: Option<NodeFacts>,
    digests: Vec<ImageDigest>,
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
    let scenario = scenario(options, &recipe)?;
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
    let plan = plan(&options.plan);
    log.write(Fact::Plan { steps: plan.steps.clone(), left_out: plan.left_out.clone() });
    for irregularity in &recipe.irregularities {
        let line = irregularity.line.map(|line| format!(":{line}")).unwrap_or_default();
        log.write(Fact::Irregularity {
            place: format!("{}{line}", irregularity.path),
            text: irregularity.what.clone(),
        });
    }
    let name = recipe.name.clone();
    let limit = scenario.limits.run.unwrap_or(RUN_LIMIT);
    let domain = lock_domain().map_err(io("read the lock folder in", std::env::temp_dir()))?;
    let owner = Owner { run: id.to_string(), domain, scratch: lock.scratch().to_owned() };
    let mut gathered = Gathered { recorder: Recorder::new(log.clone(), &plan.steps), node: None, digests: Vec::new() };
    let flow = flow(options, recipe, scenario, &owner, &folder, &log, &mut gathered);
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
    let left_behind = clean(&owner, &log).await;
    if let Some(failure) = log.failure() {
        log.note(format!("the event log is not whole: {failure}"));
    }
    let exit = exit_code(&gathered, &left_behind, log.failure().is_some());
    log.timing("run", begun);
    log.write(Fact::Ended { exit, left_behind });
    let summary = summary(&id, &name, candidate, gathered, &folder);
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

fn summary(id: &RunId, name: &str, candidate: CandidateSummary, gathered: Gathered, folder: &RunFolder) -> RunSummary {
    let steps = gathered.recorder.results().to_vec();
    let level = level(&steps);
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
        findings: None,
        digests: gathered.digests,
        costs,
    }
}

/// From the recipe to the last step. Every trouble goes to the recorder.
async fn flow(
    options: &TrialOptions,
    recipe: Recipe,
    scenario: Scenario,
    owner: &Owner,
    folder: &RunFolder,
    log: &RunLog,
    gathered: &mut Gathered,
) {
    let session = match set_up(options, recipe, scenario, owner, folder, log, gathered).await {
        Ok(session) => session,
        Err(trouble) => return gathered.recorder.break_off(trouble),
    };
    let mut session = session;
    gathered.node = Some(session.facts.clone());
    gathered.digests.clone_from(&session.digests);
    let mut installed = None;
    while let Some(kind) = gathered.recorder.begin() {
        let result = match (kind, &installed) {
            (StepKind::Install, _) => match first(&mut session).await {
                Ok(first) => {
                    let (evidence, weak, summary) = (first.0.evidence.clone(), first.0.is_weak(), first.0.summary());
                    installed = Some(first);
                    gathered.recorder.passed(summary, evidence, weak);
                    continue;
                }
                Err(trouble) => Err(trouble),
            },
            (StepKind::Restart, Some((installed, readings))) => restart::run(&mut session, installed, readings).await,
            (StepKind::Redeploy, Some(_)) => redeploy::run(&mut session).await,
            (StepKind::Leftovers, _) => {
                logs::keep(&mut session, folder).await;
                leftovers::run(&mut session).await
            }
            _ => Err(Trouble::blocked("install")),
        };
        match result {
            Ok(evidence) => {
                let reason = evidence.first().map(|evidence| evidence.text.clone()).unwrap_or_default();
                gathered.recorder.passed(reason, evidence, false);
            }
            Err(trouble) => gathered.recorder.trouble(trouble),
        }
        if kind == StepKind::Install && installed.is_none() {
            logs::keep(&mut session, folder).await;
        }
    }
    logs::keep(&mut session, folder).await;
}

/// Installs, and writes the data that must survive.
async fn first(session: &mut Session) -> Result<(Installed, Readings), Trouble> {
    let installed = install::run(session).await?;
    data::seed(session).await?;
    let readings = data::read(session).await?;
    Ok((installed, readings))
}

/// Everything before the first step: the subject, the node, the images.
async fn set_up(
    options: &TrialOptions,
    recipe: Recipe,
    scenario: Scenario,
    owner: &Owner,
    folder: &RunFolder,
    log: &RunLog,
    gathered: &mut Gathered,
) -> Result<Session, Trouble> {
    let subject = Subject::prepare(recipe, scenario, log.redactor())?;
    for note in &subject.notes {
        log.note(note.clone());
    }
    if !subject.demands.is_empty() && !options.trust {
        let demands: Vec<String> = subject.demands.iter().map(ToString::to_string).collect();
        return Err(Trouble::errored(
            "needs-trust",
            "the recipe reaches out of its containers, and was not trusted to",
        )
        .with("demands", demands.join("\n"))
        .advise("If you trust it, and the machine can be thrown away, run it again with --trust."));
    }
    let deployed = serde_json::to_string_pretty(&crate::compose::canonical(&subject.project, None)).unwrap_or_default();
    let kept = folder.write("deployed/project.json", log.redactor().clean(&deployed).as_bytes());
    kept.map_err(|error| {
        Trouble::errored("run-folder", format!("cannot write to {}: {error}", folder.path().display()))
    })?;
    let host = engine::connect().await?;
    for remnant in reap::reap(&host).await? {
        log.note(format!("removed what the dead run {} left: {} {}", remnant.run, remnant.kind, remnant.name));
    }
    let begun = Instant::now();
    log.progress("node", "starting");
    let cluster = Cluster::start(&host, owner, &options.node).await?;
    log.timing("node-ready", begun);
    let mut session = match Session::open(cluster, subject, log.clone(), owner).await {
        Ok(session) => session,
        Err((_, trouble)) => return Err(trouble),
    };
    gathered.node = Some(session.facts.clone());
    session.prepare_node().await?;
    let provided = session.provide_images(&host).await;
    gathered.digests.clone_from(&session.digests);
    provided?;
    Ok(session)
}

/// Removes everything that carries the run's label; tells what could not be removed.
async fn clean(owner: &Owner, log: &RunLog) -> Vec<String> {
    let begun = Instant::now();
    let Ok(host) = Docker::connect_with_defaults() else { return Vec::new() };
    if host.ping().await.is_err() {
        // Nothing was made where no engine answers, or the engine has gone: the next start cleans up.
        return Vec::new();
    }
    let left = reap::remove_run(&host, &owner.run).await;
    log.timing("teardown", begun);
    match left {
        Ok(left) => left.into_iter().map(|remnant| format!("{} {}", remnant.kind, remnant.name)).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Resolves when the user or the system wants the run to end.
async fn interrupted() -> &'static str {
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

/// The scenario that the user names, else the recipe's own, else an empty one.
fn scenario(options: &TrialOptions, recipe: &Recipe) -> Result<Scenario, TrialError> {
    let (file, text) = match &options.scenario {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|source| TrialError::ScenarioFile { path: path.clone(), source })?;
            (path.display().to_string(), text)
        }
        None => match recipe.tree.get(PATH_IN_RECIPE) {
            Some(file) => (PATH_IN_RECIPE.to_owned(), String::from_utf8_lossy(&file.bytes).into_owned()),
            None => return Ok(Scenario::default()),
        },
    };
    Ok(Scenario::parse(&file, &text)?)
}
