//! `taster merge`: what many runners brought back.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use crate::fleet::{MergeError, merge};
use crate::record::{PLAN_SCHEMA, ShardPlan};

/// Join the run folders and histories that many runners brought back, and name what is missing
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  taster plan --shards 4 --json recipes > plan.json\n  \
    taster merge --plan plan.json --runs .taster/runs shard-1 shard-2 shard-3 shard-4\n  \
    taster merge --plan plan.json --runs .taster/runs --history history shards   and the lines of their histories\n\n\
    A recipe without a run that came to its end is `not tested`, never passed. Joining twice changes nothing.\n\
    Exit codes: 0 every planned recipe passed, 1 one failed, 2 usage or configuration, 3 one was not tested, 4 infrastructure or a conflict.")]
pub(super) struct MergeArguments {
    /// Folders that runners brought back; run folders and histories may lie anywhere in them.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// What was planned (`taster plan --shards N --json`).
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// Where the run folders go.
    #[arg(long, default_value = ".taster/runs", env = "TASTER_RUNS", value_name = "DIR")]
    runs: PathBuf,
    /// The history that the lines of theirs are added to.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY")]
    history: Option<PathBuf>,
    /// By the schema `fleet`, on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &MergeArguments) -> ExitCode {
    let planned = match planned(arguments) {
        Ok(planned) => planned,
        Err(error) => return super::fail(&error, 2),
    };
    let joined = merge(&planned, &arguments.folders, &arguments.runs, arguments.history.as_deref());
    match joined {
        Ok(report) => match super::all::shown(&report, arguments.json) {
            Ok(code) => ExitCode::from(code),
            Err(error) => super::fail(&error, 4),
        },
        Err(error) => {
            let named = matches!(&error, MergeError::Io { path, .. } if arguments.folders.contains(path));
            super::fail(&error.into(), if named { 2 } else { 4 })
        }
    }
}

fn planned(arguments: &MergeArguments) -> anyhow::Result<Vec<String>> {
    let file = &arguments.plan;
    let bytes = std::fs::read(file).with_context(|| format!("cannot read the plan {}", file.display()))?;
    let plan: ShardPlan = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is no plan: make one with `taster plan --shards N --json`", file.display()))?;
    anyhow::ensure!(
        plan.schema == PLAN_SCHEMA,
        "the format of {} is {}, and {PLAN_SCHEMA} is needed",
        file.display(),
        plan.schema
    );
    Ok(plan.recipes.into_iter().map(|recipe| recipe.recipe).collect())
}
