//! `taster history`: the append-only results of trusted runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::sources::read_config;
use crate::catalogue::Trusted;
use crate::config::Config;
use crate::history::{self, Policy};
use crate::mirror::{Place, repositories};
use crate::recipe;
use crate::record::{HistoryLine, Outcome, RunSummary, SUMMARY_SCHEMA, SetAside};

/// Keep the results of trusted runs: stability and the published catalogue come from them alone
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster history import --trusted --recipes ~/.abra/recipes .taster/runs   what the commons' own job tested\n  \
    taster history list                                 each recipe, how many runs, the newest\n  \
    taster history list nextcloud                       every run of one recipe\n  \
    taster history prune --days 730 --dry-run           what would be forgotten\n\n\
    The history is a folder with a file of JSON Lines for each recipe, meant to be kept in git: branches of it merge without conflicts.\n\
    Exit codes: 0 fine, 2 usage or configuration, 3 nothing is there, or a run was refused, 4 the history cannot be read or written."
)]
pub(super) struct HistoryArguments {
    /// The folder of the history.
    #[arg(long, global = true, value_name = "DIR", env = "TASTER_HISTORY", default_value = "history")]
    history: PathBuf,
    #[command(subcommand)]
    command: HistoryCommand,
}

#[derive(Debug, Subcommand)]
enum HistoryCommand {
    /// Add runs; one that is known already is not added twice, and one that is not trusted is refused with the reason
    #[command(
        after_help = "Examples:\n  taster history import --trusted --recipes ~/.abra/recipes .taster/runs   every run there that is trusted\n  \
        taster history import --recipes . .taster/runs/20261120-101112-blog-abcd   one run; taster.toml says that it is trusted\n\n\
        Exit codes: 0 fine, 2 usage or configuration, 3 a run was refused, 4 the history cannot be read or written."
    )]
    Import(ImportArguments),
    /// List the recipes, or the runs of one
    List {
        /// The recipe.
        recipe: Option<String>,
        /// Print the lines of the history as JSON Lines.
        #[arg(long)]
        json: bool,
    },
    /// Forget old runs, torn lines and doubles
    Prune {
        /// Keep the runs of the last so many days; after 730 a run weighs less than half a percent.
        #[arg(long, default_value_t = 730, value_name = "N", value_parser = clap::value_parser!(u32).range(365..))]
        days: u32,
        /// Keep the newest so many runs of each recipe, however old.
        #[arg(long, default_value_t = 100, value_name = "N")]
        newest: usize,
        /// Tell what would go, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
struct ImportArguments {
    /// Folders of runs (`.taster/runs/ID`), or folders of such folders.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// This is the commons' own job: what it tested may be trusted. `trusted = true` under `[history]` in taster.toml says the same.
    #[arg(long)]
    trusted: bool,
    /// Repositories of the recipes, or folders of them: they tell whether a commit is on the default branch or a release.
    #[arg(long, value_name = "DIR", default_value = ".")]
    recipes: Vec<PathBuf>,
    /// What the commons decides; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &HistoryArguments) -> ExitCode {
    let folder = &arguments.history;
    let done = match &arguments.command {
        HistoryCommand::Import(import) => return imported(folder, import),
        HistoryCommand::List { recipe, json } => list(folder, recipe.as_deref(), *json),
        HistoryCommand::Prune { days, newest, dry_run } => {
            prune(folder, Policy { days: *days, newest: *newest, dry: *dry_run })
        }
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => super::fail(&error, 4),
    }
}

/// A history, ready to be scored; its lines that count for nothing are told on standard error.
pub(super) fn trusted(
    folder: &Path,
    config: &Config,
    as_of: Option<Timestamp>,
) -> anyhow::Result<(Trusted, Vec<SetAside>)> {
    let mut history = history::read(folder)?;
    tell_set_aside(&history.set_aside);
    let set_aside = std::mem::take(&mut history.set_aside);
    Ok((Trusted::new(history, config.history.waive.clone(), as_of), set_aside))
}

pub(super) fn tell_set_aside(set_aside: &[SetAside]) {
    for SetAside { file, line, reason } in set_aside {
        eprintln!("warning: {file}:{line} is set aside: {reason}");
    }
}

fn imported(folder: &Path, arguments: &ImportArguments) -> ExitCode {
    let prepared =
        read_config(arguments.config.as_deref()).and_then(|config| Ok((config, places(&arguments.recipes)?)));
    let (config, places) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return super::fail(&error, 2),
    };
    let mut repositories = Repositories { places, opened: BTreeMap::new() };
    let (mut lines, mut refused, mut found) = (Vec::new(), 0, 0);
    for named in &arguments.runs {
        let folders = match run_folders(named) {
            Ok(folders) => folders,
            Err(error) => return super::fail(&error, 2),
        };
        for run in folders {
            found += 1;
            match one(&run, arguments.trusted || config.history.trusted, &mut repositories) {
                Ok(line) => lines.push(line),
                Err(why) => {
                    refused += 1;
                    eprintln!("refused: {}: {why:#}", run.display());
                }
            }
        }
    }
    match history::append(folder, &lines) {
        Ok(appended) => {
            for run in &appended.new {
                say!("added {run}");
            }
            eprintln!(
                "{} run(s) added to {}, {} known before, {refused} refused",
                appended.new.len(),
                folder.display(),
                appended.known.len()
            );
            ExitCode::from(if refused > 0 || found == 0 { 3 } else { 0 })
        }
        Err(error) => super::fail(&error.into(), 4),
    }
}

fn places(folders: &[PathBuf]) -> anyhow::Result<Vec<Place>> {
    let mut places = Vec::new();
    for folder in folders {
        places.extend(repositories(folder)?);
    }
    Ok(places)
}

/// The run in a folder, or those in the folders in it.
fn run_folders(named: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if named.join("run.json").is_file() || named.join("events.ndjson").is_file() {
        return Ok(vec![named.to_owned()]);
    }
    let entries = std::fs::read_dir(named).with_context(|| {
        format!("cannot read {}; name the folder of a run, such as .taster/runs/ID", named.display())
    })?;
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("events.ndjson").is_file() || path.join("run.json").is_file())
        .collect();
    if folders.is_empty() {
        anyhow::bail!("there is no run in {}; name the folder of a run, such as .taster/runs/ID", named.display());
    }
    folders.sort();
    Ok(folders)
}

fn one(folder: &Path, trusted: bool, repositories: &mut Repositories) -> anyhow::Result<HistoryLine> {
    let file = folder.join("run.json");
    let bytes = match std::fs::read(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            anyhow::bail!("it has no run.json: it was killed before its end, so it proves nothing")
        }
        read => read.with_context(|| format!("cannot read {}", file.display()))?,
    };
    let value: serde_json::Value = serde_json::from_slice(&bytes).context("its run.json is not JSON")?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or("not told");
    anyhow::ensure!(schema == SUMMARY_SCHEMA, "the format of its run.json is {schema}, and {SUMMARY_SCHEMA} is needed");
    let run: RunSummary = serde_json::from_value(value).context("its run.json is no summary of a run")?;
    Ok(history::line_of(&run, trusted, repositories.of(&run.recipe)?, Timestamp::now())?)
}

/// The repositories of the recipes, each opened once.
struct Repositories {
    places: Vec<Place>,
    opened: BTreeMap<PathBuf, recipe::History>,
}

impl Repositories {
    fn of(&mut self, recipe: &str) -> anyhow::Result<Option<&recipe::History>> {
        // A checkout may lie in a folder of any name (`/drone/src`). Its commits are looked at, so a wrong one proves nothing.
        let named = self.places.iter().find(|place| place.name == recipe);
        let place = named.or(if let [only] = self.places.as_slice() { Some(only) } else { None });
        let Some(path) = place.and_then(|place| place.path.clone()) else { return Ok(None) };
        if !self.opened.contains_key(&path) {
            match recipe::History::open(&path) {
                Ok(history) => drop(self.opened.insert(path.clone(), history)),
                Err(recipe::Error::NotARepository { .. }) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.opened.get(&path))
    }
}

fn list(folder: &Path, recipe: Option<&str>, json: bool) -> anyhow::Result<u8> {
    let history = history::read(folder)?;
    tell_set_aside(&history.set_aside);
    let Some(name) = recipe else {
        if json {
            for line in history.recipes.values().flatten() {
                say!("{}", serde_json::to_string(line)?);
            }
        } else {
            for (recipe, lines) in &history.recipes {
                let newest = lines.last().map_or("", |line| line.at.as_str());
                say!("{recipe}: {} run(s), the newest at {newest}", lines.len());
            }
        }
        return Ok(if history.recipes.is_empty() { 3 } else { 0 });
    };
    let Some(lines) = history.recipes.get(name) else {
        anyhow::bail!(
            "{} has no run of the recipe {name}{}",
            folder.display(),
            super::score::meant(name, history.recipes.keys())
        );
    };
    for line in lines {
        match json {
            true => say!("{}", serde_json::to_string(line)?),
            false => say!("{}", told(line)),
        }
    }
    Ok(0)
}

fn told(line: &HistoryLine) -> String {
    let outcomes = line.steps.iter().map(|step| match step.outcome {
        Outcome::Passed if step.flaky => format!("{} flaky", step.id),
        outcome => format!("{} {}", step.id, outcome.word()),
    });
    let commit: String = line.commit.chars().take(10).collect();
    let version = line.version.as_ref().map(|version| format!(" ({version})")).unwrap_or_default();
    format!("{} {commit}{version}: {}", line.run, outcomes.collect::<Vec<_>>().join(", "))
}

fn prune(folder: &Path, policy: Policy) -> anyhow::Result<u8> {
    let done = history::prune(folder, policy, Timestamp::now())?;
    for recipe in done.iter().filter(|recipe| !recipe.gone.is_empty() || recipe.useless > 0) {
        say!(
            "{}: {} run(s) stay, {} go, {} useless line(s) go",
            recipe.recipe,
            recipe.kept,
            recipe.gone.len(),
            recipe.useless
        );
    }
    let gone: usize = done.iter().map(|recipe| recipe.gone.len()).sum();
    let kept: usize = done.iter().map(|recipe| recipe.kept).sum();
    eprintln!("{kept} run(s) stay, {gone} {}", if policy.dry { "would go" } else { "are gone" });
    Ok(0)
}
