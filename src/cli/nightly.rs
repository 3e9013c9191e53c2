//! `taster nightly`: scan, lint, test what is due, score, publish.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::sources::{Settings, SourceArguments};
use crate::catalogue::{Outcome, Previous, PublishError, Reading, Runs, Trusted, build, publish};
use crate::fleet::{Night, NightError, NightLock, NightOptions, candidates, capacity};
use crate::history::{self, History};
use crate::plan::{Estimates, due};
use crate::record::{NightReport, NightStage, StepKind};
use crate::report::night_report;
use crate::scenario::PlanOptions;
use crate::site;
use crate::trial::TrialOptions;

/// The commons' own job: scan, lint, test what is due, score and publish
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster nightly --trusted --source https://git.coopcloud.tech/coop-cloud --out public --site public\n  \
    taster nightly --budget 6h --stale 14         sources and trust from taster.toml\n  \
    taster nightly --dry-run                      what would be tested, and why\n\n\
    Due is what no trusted run has tried, then what none has tried for long; of these first where least is known. Broken off at any moment it\n\
    is taken up again by the next call. Two at once are not possible.\n\n\
    Exit codes: 0 fine, 1 a recipe failed, 2 usage or configuration, 3 no recipe was found, or nothing could be tested, 4 infrastructure,\n\
    5 the catalogue has stale or lost entries, 6 nothing was due."
)]
pub(super) struct NightlyArguments {
    /// Organisations, folders, addresses of repositories, or files with a list of these; those of taster.toml when absent.
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,
    /// This is the commons' own job: what it tests enters the history. `trusted = true` under `[history]` in taster.toml says the same.
    #[arg(long)]
    trusted: bool,
    /// The history of trusted runs.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY", default_value = "history")]
    history: PathBuf,
    /// Where the folders of runs go.
    #[arg(long, value_name = "DIR", env = "TASTER_RUNS", default_value = ".taster/runs")]
    runs: PathBuf,
    /// Where the state of the night lies.
    #[arg(long, value_name = "DIR", default_value = ".taster/nightly")]
    state: PathBuf,
    /// Where recipes.json and catalogue.json are published.
    #[arg(long, value_name = "DIR", default_value = "public")]
    out: PathBuf,
    /// Write the catalogue as pages into this folder.
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
    /// Publish though this recipe, or this version (`NAME@VERSION`), gets lost; may be given several times.
    #[arg(long, value_name = "NAME")]
    allow_loss: Vec<String>,
    /// How long recipes may be tried, such as 6h or 90m.
    #[arg(long, value_name = "TIME", default_value = "8h", value_parser = budget)]
    budget: Duration,
    /// After so many days a recipe is due again, though it has not changed.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    stale: u32,
    /// So many recipes at a time at most; as many as the engine has processors when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Only this step, and those it rests on; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = step)]
    step: Vec<StepKind>,
    /// Everything, however long it takes.
    #[arg(long)]
    full: bool,
    /// Ask the registries of the images: rules I405 to I407, and since when upstream has had something newer (level 8). `online = true` under
    /// `[history]` in taster.toml says the same.
    #[arg(long, conflicts_with = "offline")]
    online: bool,
    /// Try recipes that reach out of their containers.
    #[arg(long)]
    trust: bool,
    /// Tell what is due, and do nothing else.
    #[arg(long)]
    dry_run: bool,
    /// By the schema `night`, on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: SourceArguments,
}

fn budget(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write it as 6h, 90m or 1h30m");
    let duration: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

fn step(text: &str) -> Result<StepKind, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| {
        format!("`{text}` is no step; there are lint, install, restart, redeploy, upgrade, rollback, backup, restore, old-backup, smoke, stress, leftovers")
    })
}

/// An error and its exit code.
type Failure = (anyhow::Error, u8);

fn usage(error: impl Into<anyhow::Error>) -> Failure {
    (error.into(), 2)
}

fn machine(error: impl Into<anyhow::Error>) -> Failure {
    (error.into(), 4)
}

fn night_failure(error: NightError) -> Failure {
    let code = if matches!(error, NightError::State { .. }) { 2 } else { 4 };
    (error.into(), code)
}

pub(super) async fn run(arguments: NightlyArguments) -> ExitCode {
    match night(&arguments).await {
        Ok(code) => ExitCode::from(code),
        Err((error, code)) => super::fail(&error, code),
    }
}

async fn night(arguments: &NightlyArguments) -> Result<u8, Failure> {
    let settings = Settings::read(&arguments.sources, &arguments.common).map_err(usage)?;
    if !(arguments.trusted || settings.config.history.trusted || arguments.dry_run) {
        return Err(usage(anyhow::anyhow!(
            "nothing says that this is the commons' own job, so nothing that it tests could enter the history: give --trusted, or write \
             `trusted = true` under [history] in taster.toml"
        )));
    }
    let _lock = NightLock::take(&arguments.state).map_err(night_failure)?;
    let previous = Previous::in_folder(&arguments.out).map_err(usage)?;
    let readings = tokio::task::block_in_place(|| settings.readings(true)).map_err(machine)?;
    let plan = PlanOptions { steps: arguments.step.clone(), full: arguments.full, ..PlanOptions::default() };
    let (estimates, trusted) = known(arguments, &settings)?;
    let found = readings.iter().filter(|reading| matches!(reading.outcome, Some(Outcome::Recipe(_)))).count();
    let now = Timestamp::now();
    let fresh = || {
        let stale = SignedDuration::from_hours(24 * i64::from(arguments.stale));
        NightReport {
            found,
            unreadable: readings.iter().filter(|reading| reading.trouble.is_some()).count(),
            lint_errors: readings.iter().filter(|reading| has_errors(reading)).count(),
            due: due(&candidates(&readings, &trusted, &estimates, &plan), now, stale),
            ..NightReport::default()
        }
    };
    if arguments.dry_run {
        let report = fresh();
        tell(arguments, &report, true)?;
        return Ok(if found == 0 {
            3
        } else if report.due.is_empty() {
            6
        } else {
            0
        });
    }
    let mut night = Night::begin(&arguments.state, now, fresh).map_err(night_failure)?;
    if night.report.resumed > 0 {
        eprintln!(
            "a night that was broken off is taken up: {} of {} recipes are done",
            night.report.results.len(),
            night.report.due.len()
        );
    }
    if night.report.stage == NightStage::Testing {
        let lint = super::lint::commons(arguments.common.config(), None).map_err(usage)?;
        let trial = TrialOptions {
            runs: arguments.runs.clone(),
            plan,
            lint,
            online: arguments.online || (settings.config.history.online && !arguments.common.offline()),
            trust: arguments.trust,
            ..TrialOptions::default()
        };
        let options = NightOptions {
            state: &arguments.state,
            history: &arguments.history,
            trial: &trial,
            capacity: capacity(arguments.jobs.map(usize::from)).await,
            budget: arguments.budget,
        };
        let (mut done, count) = (night.report.results.len(), night.report.due.len());
        let told = |ran: &crate::fleet::Ran| {
            done += 1;
            super::all::tell(ran, done, count);
        };
        night.test(&readings, &estimates, &options, told).await.map_err(night_failure)?;
    }
    if night.report.stage == NightStage::Testing {
        tell(arguments, &night.report, false)?;
        return Err(machine(anyhow::anyhow!("the night was broken off; the next `taster nightly` takes it up")));
    }
    let published = published(arguments, &settings, readings, &previous)?;
    let stage = match (&night.report.found, night.report.due.is_empty()) {
        (0, _) => NightStage::NothingFound,
        (_, true) => NightStage::NothingDue,
        _ => NightStage::Done,
    };
    night.reach(stage).map_err(night_failure)?;
    tell(arguments, &night.report, false)?;
    Ok(match night.report.exit() {
        code @ (1 | 4) => code,
        _ if !published => 5,
        code => code,
    })
}

fn has_errors(reading: &Reading) -> bool {
    let Some(Outcome::Recipe(entry)) = &reading.outcome else { return false };
    entry.lint.as_ref().is_some_and(|lint| lint.counts.error > 0)
}

/// What the history tells, which may not be there yet.
fn known(arguments: &NightlyArguments, settings: &Settings) -> Result<(Estimates, Trusted), Failure> {
    let folder = &arguments.history;
    let history = if folder.is_dir() { history::read(folder).map_err(machine)? } else { History::default() };
    super::history::tell_set_aside(&history.set_aside);
    let estimates = Estimates::of(&history.recipes);
    // Ages are counted from now, and not from the newest run: a night after a long pause must see what is stale.
    let now = Some(Timestamp::now());
    Ok((estimates, Trusted::new(history, settings.config.history.waive.clone(), now)))
}

/// Scores and publishes; tells whether every entry is fresh.
fn published(
    arguments: &NightlyArguments,
    settings: &Settings,
    readings: Vec<Reading>,
    previous: &Previous,
) -> Result<bool, Failure> {
    let runs = if arguments.runs.is_dir() { Runs::read(&arguments.runs).map_err(machine)? } else { Runs::default() };
    let runs = match arguments.history.is_dir() {
        true => {
            runs.with_history(super::history::trusted(&arguments.history, &settings.config, None).map_err(machine)?.0)
        }
        false => runs.with_history(Trusted::default()),
    };
    let built = build(readings, previous, &runs, &settings.config.catalogue);
    publish(&arguments.out, &built, previous, &arguments.allow_loss).map_err(|error| {
        let code = if matches!(error, PublishError::Lost(_)) { 5 } else { 4 };
        (error.into(), code)
    })?;
    if let Some(folder) = &arguments.site {
        site::write(folder, &site::build(&built.catalogue, Some(&arguments.runs))).map_err(machine)?;
    }
    Ok(built.is_whole())
}

fn tell(arguments: &NightlyArguments, report: &NightReport, dry: bool) -> Result<(), Failure> {
    match arguments.json {
        true => say!("{}", serde_json::to_string_pretty(report).map_err(machine)?),
        false => super::write_out(format_args!("{}", night_report(report, dry))),
    }
    Ok(())
}
