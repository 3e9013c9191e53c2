//! `taster test`: one recipe on a node.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::all::AllArguments;
use super::trying::{TrialArguments, exit_of, taste};
use crate::report::verdict;
use crate::scenario::PlanOptions;
use crate::trial::Hold;

/// Try one recipe on an ephemeral swarm node, and tell what came of it
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster test .                        the recipe in this folder, as it lies here\n  \
    taster test --at 1.2.0+3.4 nextcloud  a release, without a checkout\n  taster test --step install --json .   one step, run.json on standard output\n  \
    taster test --all --jobs 2 recipes/   every recipe in a folder, two at a time\n\n\
    Exit codes: 0 fine, 1 the recipe failed, 2 usage or configuration, 3 nothing was tested, 4 infrastructure."
)]
pub(super) struct TestArguments {
    #[command(flatten)]
    trial: TrialArguments,
    /// Test this revision of the repository instead of the files as they lie there.
    #[arg(long = "at", value_name = "REVISION")]
    at: Option<String>,
    /// Upgrade from this release instead of the newest one before the candidate; `all`: from every release, in a row and past others.
    #[arg(long, value_name = "VERSION")]
    from: Option<String>,
    /// Keep what was backed up as a tar archive: a file, or a folder in which one is made.
    #[arg(long, value_name = "FILE_OR_DIR")]
    keep_backup: Option<PathBuf>,
    /// Leave the node up in the end, tell how to get in, and remove it when Enter is pressed. Without the step leftovers.
    #[arg(long, conflicts_with = "shell_on_failure")]
    keep: bool,
    /// At the first step that fails: a shell in the container at fault.
    #[arg(long)]
    shell_on_failure: bool,
    /// Try the steps of a kept run once more, of the same commit.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["step", "at", "from", "full", "variant"])]
    rerun: Option<PathBuf>,
    /// With `--rerun`: only those that did not pass.
    #[arg(long, requires = "rerun")]
    failed: bool,
    /// Print run.json on standard output; with `--all`, what came of all.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    many: AllArguments,
}

pub(super) async fn run(arguments: TestArguments) -> ExitCode {
    let trial = arguments.trial;
    let mut options = match trial.options() {
        Ok(options) => options,
        Err(error) => return super::fail(&error, 2),
    };
    let chain = arguments.from.as_deref() == Some("all");
    if trial.full && arguments.from.is_some() && !chain {
        let error = anyhow::anyhow!("--full upgrades from every release: leave --from out, or give --from alone");
        return super::fail(&error, 2);
    }
    let again = arguments.rerun.as_ref().map(|run| {
        super::rerun::folder(run, &trial.runs)
            .and_then(|folder| super::rerun::again(&folder, arguments.failed, &trial.path))
    });
    let again = match again.transpose() {
        Ok(again) => again,
        Err(error) => return super::fail(&error, 2),
    };
    options.hold = match (arguments.keep, arguments.shell_on_failure) {
        (true, _) => super::hold::keep(),
        (_, true) => super::hold::shell(),
        _ => Hold::default(),
    };
    options.revision = arguments.at;
    options.from = arguments.from.filter(|_| !chain);
    options.keep_backup = arguments.keep_backup;
    options.plan.chain = chain;
    if arguments.many.all {
        return super::all::run(&arguments.many, options, arguments.json, trial.verbosity.level()).await;
    }
    if let Some(again) = again {
        options.revision = again.revision;
        options.from = again.from;
        options.plan = PlanOptions { without: options.plan.without, ..again.plan };
    }
    match taste(&options, trial.verbosity.level()).await {
        Ok(ended) => {
            if arguments.json {
                match serde_json::to_string_pretty(&ended.summary) {
                    Ok(json) => say!("{json}"),
                    Err(error) => return super::fail(&error.into(), 4),
                }
            } else {
                super::write_out(format_args!("{}", verdict(&ended.summary, &ended.folder)));
            }
            ExitCode::from(ended.exit)
        }
        Err(error) => {
            let code = exit_of(&error);
            super::fail(&error.into(), code)
        }
    }
}
