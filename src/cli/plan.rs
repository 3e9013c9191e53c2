//! `taster plan`: what a change can affect, and which runner tries which recipes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::plan::{self, MatrixFormat, matrix};
use crate::record::ShardPlan;
use crate::report::{change_explained, shards_told};

/// What to try: what a change can affect, or which runner tries which recipes
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster plan --since 1.2.0+3.4 --explain         what differs from this release, and why each step would be tried\n  \
    taster plan --since origin/main --json          the same of a branch, for programs\n  \
    taster plan --shards 4 --history history recipes  split the recipes of a folder by how long each takes\n  \
    taster plan --shards 4 --format actions recipes   the job matrix; each job: taster test --all --shard K/4 recipes\n\n\
    Exit codes: 0 fine, 2 usage or configuration, 3 no recipe was found, 6 nothing was due (no file differs)."
)]
pub(super) struct PlanArguments {
    /// The recipe's folder or git repository; with `--shards` the folder of the recipes.
    #[arg(default_value = ".", value_name = "PATH")]
    path: PathBuf,
    /// The revision to compare with: a release, a branch, a commit.
    #[arg(long, value_name = "BASE", required_unless_present = "shards")]
    since: Option<String>,
    /// Look at this revision instead of the files as they lie there.
    #[arg(long = "at", value_name = "REVISION", requires = "since")]
    at: Option<String>,
    /// Every file that differs, and every reason.
    #[arg(long, conflicts_with = "json", requires = "since")]
    explain: bool,
    /// Split among so many runners.
    #[arg(long, value_name = "N", conflicts_with = "since", value_parser = clap::value_parser!(u16).range(1..))]
    shards: Option<u16>,
    /// With `--shards`: the history that tells how long each recipe takes.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY")]
    history: Option<PathBuf>,
    /// The job matrix for this system.
    #[arg(long, value_enum, value_name = "SYSTEM", requires = "shards", conflicts_with = "json")]
    format: Option<System>,
    /// What has the `taster` command, for pipelines that name an image.
    #[arg(long, value_name = "IMAGE", requires = "format", default_value = "taster")]
    image: String,
    /// By the schema `change` or `plan`, on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum System {
    /// One line of JSON, for `fromJSON` of GitHub Actions.
    Matrix,
    /// Forgejo, Gitea and GitHub Actions.
    Actions,
    /// Drone.
    Drone,
    /// Woodpecker.
    Woodpecker,
}

impl From<System> for MatrixFormat {
    fn from(system: System) -> Self {
        match system {
            System::Matrix => Self::Json,
            System::Actions => Self::Actions,
            System::Drone => Self::Drone,
            System::Woodpecker => Self::Woodpecker,
        }
    }
}

pub(super) fn run(arguments: &PlanArguments) -> ExitCode {
    let told = match (&arguments.since, arguments.shards) {
        (Some(base), _) => change(arguments, base),
        (None, Some(runners)) => split(arguments, usize::from(runners)),
        // The command line asks for one of the two.
        (None, None) => Ok(2),
    };
    match told {
        Ok(code) => ExitCode::from(code),
        Err(error) => super::fail(&error, 2),
    }
}

fn change(arguments: &PlanArguments, base: &str) -> anyhow::Result<u8> {
    let change = plan::since(&arguments.path, arguments.at.as_deref(), base)?;
    match arguments.json {
        true => say!("{}", serde_json::to_string_pretty(&change)?),
        false => super::write_out(format_args!("{}", change_explained(&change, arguments.explain))),
    }
    Ok(if plan::options(&change).is_some() { 0 } else { 6 })
}

fn split(arguments: &PlanArguments, runners: usize) -> anyhow::Result<u8> {
    let estimates = super::all::estimates(arguments.history.as_deref())?;
    let names: Vec<String> = super::all::recipes(&arguments.path)?.into_iter().map(|(name, _)| name).collect();
    let plan: ShardPlan = plan::shards(&names, &estimates, runners);
    match (arguments.format, arguments.json) {
        (Some(system), _) => {
            let folder = arguments.path.display().to_string();
            super::write_out(format_args!("{}", matrix(&plan, system.into(), &folder, &arguments.image)));
        }
        (None, true) => say!("{}", serde_json::to_string_pretty(&plan)?),
        (None, false) => super::write_out(format_args!("{}", shards_told(&plan))),
    }
    if plan.unmeasured > 0 {
        eprintln!(
            "{} of {} recipes were never measured, and are taken to take {:.0} s each",
            plan.unmeasured,
            plan.recipes.len(),
            plan.guess
        );
    }
    if plan.recipes.is_empty() {
        eprintln!("no recipe was found in {}", arguments.path.display());
    }
    Ok(if plan.recipes.is_empty() { 3 } else { 0 })
}
