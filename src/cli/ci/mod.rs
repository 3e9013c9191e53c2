//! `taster ci`: in a pipeline.

mod comment;
mod init;
mod prepare;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::trying::TrialArguments;
use crate::score::Gate;

/// Test what changed, in a pipeline: finds out where it runs, tries the recipe, and ends by the gate
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  taster ci                          in a job of Forgejo, Gitea or GitHub Actions, Drone or Woodpecker\n  \
    taster ci --gate level:4 recipe    only a level below 4 fails the pipeline\n  taster ci --step lint              where there is no engine\n  \
    taster ci --whole-plan             on a pull request, also what the change cannot affect\n  \
    taster ci comment --pending        in another, trusted job: comments on pull requests and sets the status\n  \
    taster ci init --system forgejo    writes the workflows into a recipe's repository\n\n\
    It needs no token. What it finds is told on standard output, in the job's summary where there is one, and in files (--out): summary.md, junit.xml,\n\
    report.html. docs/ci/ tells what was seen on which system.\n\n\
    Exit codes: 0 the gate is open, 1 the recipe fails it, 2 usage or configuration, 3 too little was tested, 4 infrastructure."
)]
pub(super) struct CiArguments {
    #[command(subcommand)]
    command: Option<CiCommand>,
    #[command(flatten)]
    run: RunArguments,
}

#[derive(Debug, Subcommand)]
enum CiCommand {
    Comment(Box<comment::CommentArguments>),
    Init(init::InitArguments),
}

#[derive(Debug, Args)]
struct RunArguments {
    #[command(flatten)]
    trial: TrialArguments,
    /// What fails the pipeline: `regression` (only what the base passed), `level:N` (1 to 5) or `strict` (everything).
    #[arg(long, default_value = "regression", value_name = "GATE")]
    gate: Gate,
    /// What the change is for, instead of what the system tells: it is compared with the commit at which it left this revision.
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// Try the whole plan of a pull request, not only what the change can affect. `--full` tries even more.
    #[arg(long)]
    whole_plan: bool,
    /// The history of trusted runs, which tells how the base stood.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY")]
    history: Option<PathBuf>,
    /// Where the summary, the JUnit file and the report go.
    #[arg(long, default_value = ".taster/ci", value_name = "DIR")]
    out: PathBuf,
    /// Copy the run into this folder too, by its commit, where `taster ci comment --store` looks for it.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

pub(super) fn run(arguments: CiArguments) -> ExitCode {
    match arguments.command {
        None => super::block_on(run::run(arguments.run)),
        Some(CiCommand::Comment(arguments)) => comment::run(&arguments),
        Some(CiCommand::Init(arguments)) => init::run(&arguments),
    }
}
