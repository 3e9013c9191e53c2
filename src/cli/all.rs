//! `taster test --all`: every recipe of a folder, several at once.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use crate::fleet::{Job, Ran, capacity, run_all};
use crate::history;
use crate::mirror::repositories;
use crate::plan::{Estimates, Need, shards};
use crate::recipe::{self, Recipe};
use crate::record::{FLEET_SCHEMA, FleetRecipe, FleetReport, FleetResult};
use crate::report::{Verbosity, fleet_report};
use crate::trial::TrialOptions;

/// Many recipes.
#[derive(Debug, Args)]
pub(super) struct AllArguments {
    /// Every recipe in this folder: several at once, as many as fit by memory and processors, each with a run folder of its own. One that is
    /// broken stops no other.
    #[arg(long, conflicts_with_all = ["at", "from", "keep_backup", "keep", "shell_on_failure", "rerun", "scenario"])]
    pub(super) all: bool,
    /// With `--all`: so many at a time at most; as many as the engine has processors when absent.
    #[arg(long, value_name = "N", requires = "all", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// With `--all`: only this share of the recipes, such as `2/4`, as `taster plan --shards 4` splits them.
    #[arg(long, value_name = "K/N", requires = "all", value_parser = shard)]
    shard: Option<(usize, usize)>,
    /// With `--all`: the history that tells how long each recipe takes, and how much memory.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY")]
    history: Option<PathBuf>,
}

/// `2/4`.
fn shard(text: &str) -> Result<(usize, usize), String> {
    let numbers = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    match numbers {
        Some((k, n)) if k >= 1 && k <= n => Ok((k, n)),
        _ => Err("give a number and how many there are, such as 2/4".to_owned()),
    }
}

/// The durations and memory of a history; what nobody measured is guessed.
pub(super) fn estimates(folder: Option<&Path>) -> anyhow::Result<Estimates> {
    match folder.filter(|folder| folder.is_dir()) {
        Some(folder) => Ok(Estimates::of(&history::read(folder)?.recipes)),
        None => Ok(Estimates::default()),
    }
}

/// The recipes in a folder, by name, and what is none.
pub(super) fn recipes(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for place in repositories(folder)? {
        let Some(path) = place.path else { continue };
        match Recipe::from_work_tree(&path) {
            Err(recipe::Error::NotARecipe { .. }) => eprintln!("{}: no recipe, so it is not tried", place.name),
            Ok(recipe) => found.push((recipe.name, path)),
            // What is broken is tried, and told with its reason.
            Err(_) => found.push((place.name, path)),
        }
    }
    Ok(found)
}

pub(super) async fn run(arguments: &AllArguments, options: TrialOptions, json: bool, verbosity: Verbosity) -> ExitCode {
    match tried(arguments, options, json, verbosity).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => super::fail(&error, 2),
    }
}

async fn tried(
    arguments: &AllArguments,
    options: TrialOptions,
    json: bool,
    verbosity: Verbosity,
) -> anyhow::Result<u8> {
    let estimates = estimates(arguments.history.as_deref())?;
    let mut all = recipes(&options.path)?;
    if let Some((k, n)) = arguments.shard {
        let names: Vec<String> = all.iter().map(|(name, _)| name.clone()).collect();
        let plan = shards(&names, &estimates, n);
        let mine = plan.shards.into_iter().nth(k - 1).context("there is no such shard")?.recipes;
        all.retain(|(name, _)| mine.contains(name));
    }
    let capacity = capacity(arguments.jobs.map(usize::from)).await;
    let job = |(recipe, path): (String, PathBuf)| {
        let estimate = estimates.get(&recipe);
        let need = Need { seconds: estimate.seconds, memory: estimate.memory };
        Job { options: TrialOptions { path, ..options.clone() }, recipe, need }
    };
    let jobs: Vec<Job> = all.into_iter().map(job).collect();
    let count = jobs.len();
    if verbosity != Verbosity::Quiet {
        let memory =
            capacity.memory.map(|bytes| format!(", {:.1} GB of memory", bytes as f64 / 1e9)).unwrap_or_default();
        eprintln!("{count} recipe(s), at most {} at a time{memory}", capacity.jobs);
    }
    let mut done = 0;
    let pooled = run_all(jobs, capacity, None::<Duration>, |ran| {
        done += 1;
        if verbosity != Verbosity::Quiet {
            tell(ran, done, count);
        }
    })
    .await;
    let mut report = FleetReport { schema: FLEET_SCHEMA.to_owned(), ..FleetReport::default() };
    report.recipes.extend(pooled.ran.into_iter().map(|ran| ran.recipe));
    let left = pooled.left.into_iter();
    report.recipes.extend(left.map(|(recipe, reason)| FleetRecipe {
        recipe,
        result: FleetResult::NotTested,
        run: None,
        reason,
    }));
    report.recipes.sort_by(|a, b| a.recipe.cmp(&b.recipe));
    shown(&report, json)
}

/// One recipe that has ended.
pub(super) fn tell(ran: &Ran, done: usize, count: usize) {
    let folder = ran.ended.as_ref().map(|ended| format!("  {}", ended.folder.display())).unwrap_or_default();
    eprintln!("[{done}/{count}] {}: {} in {:.0} s{folder}", ran.recipe.recipe, ran.recipe.result.words(), ran.seconds);
}

/// The report, and its exit code.
pub(super) fn shown(report: &FleetReport, json: bool) -> anyhow::Result<u8> {
    match json {
        true => say!("{}", serde_json::to_string_pretty(report)?),
        false => super::write_out(format_args!("{}", fleet_report(report))),
    }
    Ok(report.exit())
}
