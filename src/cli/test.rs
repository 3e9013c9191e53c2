//! `taster test`: one recipe on a node.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::record::StepKind;
use crate::report::{Live, Verbosity, verdict};
use crate::scenario::PlanOptions;
use crate::swarm::node::NodeOptions;
use crate::trial::{self, Hold, TrialError, TrialOptions};

/// Try one recipe on an ephemeral swarm node, and tell what came of it
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster test .                        the recipe in this folder, as it lies here\n  \
    taster test --at 1.2.0+3.4 nextcloud  a release, without a checkout\n  taster test --step install --json .   one step, run.json on standard output\n\n\
    Exit codes: 0 fine, 1 the recipe failed, 2 usage or configuration, 3 nothing was tested, 4 infrastructure."
)]
pub(super) struct TestArguments {
    /// The recipe's folder or git repository.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Test this revision of the repository instead of the files as they lie there.
    #[arg(long = "at", value_name = "REVISION")]
    at: Option<String>,
    /// Only this step, and those it rests on; may be given several times.
    #[arg(long, value_name = "STEP")]
    step: Vec<Step>,
    /// Not this step, for example because another job lints; may be given several times. The plan says so.
    #[arg(long, value_name = "STEP")]
    without: Vec<Step>,
    /// Stop at the first step on the node that does not pass.
    #[arg(long)]
    fail_fast: bool,
    /// Upgrade from this release instead of the newest one before the candidate; `all`: from every release, in a row and past others.
    #[arg(long, value_name = "VERSION")]
    from: Option<String>,
    /// Everything, however long it takes: all upgrades as with `--from all`, the way back, overlays that nothing declares, and whether a
    /// backup that is damaged on purpose is noticed.
    #[arg(long)]
    full: bool,
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
    /// Only this variant beside the sampled one; may be given several times. All that the scenario declares otherwise.
    #[arg(long, value_name = "NAME")]
    variant: Vec<String>,
    /// A scenario file instead of the recipe's own tests/taster.toml, and of the one that taster brings along.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// What the commons decides about the linter's findings; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
    /// Print run.json on standard output.
    #[arg(long)]
    json: bool,
    /// Try a recipe that reaches out of its containers (the engine's socket, the host's files, capabilities).
    #[arg(long)]
    trust: bool,
    /// Swarm workers beside the manager.
    #[arg(long, default_value_t = 0, value_name = "N")]
    workers: usize,
    /// Where to try it: on nodes of its own, or on the swarm of the engine itself.
    #[arg(long, value_enum, default_value = "ephemeral", value_name = "KIND")]
    node: NodeKind,
    /// With `--node engine`: also when others use that swarm.
    #[arg(long, requires = "node")]
    shared_swarm: bool,
    /// An image with an engine to make nodes from.
    #[arg(long, env = "TASTER_NODE_IMAGE", value_name = "IMAGE")]
    node_image: Option<String>,
    /// Where the folders of runs go.
    #[arg(long, default_value = ".taster/runs", env = "TASTER_RUNS", value_name = "DIR")]
    runs: PathBuf,
    #[command(flatten)]
    verbosity: VerbosityArguments,
}

/// How much is told on standard error.
#[derive(Debug, Args)]
pub(super) struct VerbosityArguments {
    /// Nothing but the verdict.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Every event.
    #[arg(short, long)]
    verbose: bool,
}

impl VerbosityArguments {
    pub(super) fn level(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NodeKind {
    /// Nested engines, gone with the run.
    Ephemeral,
    /// The engine of the environment, which must be a swarm manager.
    Engine,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Step {
    Lint,
    Install,
    Restart,
    Redeploy,
    Backup,
    Restore,
    Smoke,
    Upgrade,
    Rollback,
    Leftovers,
}

impl From<Step> for StepKind {
    fn from(step: Step) -> Self {
        match step {
            Step::Lint => Self::Lint,
            Step::Install => Self::Install,
            Step::Restart => Self::Restart,
            Step::Redeploy => Self::Redeploy,
            Step::Backup => Self::Backup,
            Step::Restore => Self::Restore,
            Step::Smoke => Self::Smoke,
            Step::Upgrade => Self::Upgrade,
            Step::Rollback => Self::Rollback,
            Step::Leftovers => Self::Leftovers,
        }
    }
}

pub(super) async fn run(arguments: TestArguments) -> ExitCode {
    let lint = match super::lint::commons(arguments.config.as_deref(), None) {
        Ok(lint) => lint,
        Err(error) => return super::fail(&error, 2),
    };
    let chain = arguments.from.as_deref() == Some("all");
    if arguments.full && arguments.from.is_some() && !chain {
        let error = anyhow::anyhow!("--full upgrades from every release: leave --from out, or give --from alone");
        return super::fail(&error, 2);
    }
    let hold = match (arguments.keep, arguments.shell_on_failure) {
        (true, _) => super::hold::keep(),
        (_, true) => super::hold::shell(),
        _ => Hold::default(),
    };
    let again = arguments.rerun.as_ref().map(|run| {
        super::rerun::folder(run, &arguments.runs)
            .and_then(|folder| super::rerun::again(&folder, arguments.failed, &arguments.path))
    });
    let again = match again.transpose() {
        Ok(again) => again,
        Err(error) => return super::fail(&error, 2),
    };
    let mut options = TrialOptions {
        hold,
        lint,
        path: arguments.path,
        revision: arguments.at,
        scenario: arguments.scenario,
        fail_fast: arguments.fail_fast,
        from: arguments.from.filter(|_| !chain),
        keep_backup: arguments.keep_backup,
        plan: PlanOptions {
            steps: arguments.step.into_iter().map(StepKind::from).collect(),
            variants: arguments.variant,
            without: arguments.without.into_iter().map(|step| (step.into(), "--without".to_owned())).collect(),
            full: arguments.full,
            chain,
            no_skips: None,
        },
        runs: arguments.runs,
        node: NodeOptions {
            workers: arguments.workers,
            base: arguments.node_image,
            engine: arguments.node == NodeKind::Engine,
            shared: arguments.shared_swarm,
            ..NodeOptions::default()
        },
        trust: arguments.trust,
    };
    if let Some(again) = again {
        options.revision = again.revision;
        options.from = again.from;
        options.plan = PlanOptions { without: options.plan.without, ..again.plan };
    }
    let live = Arc::new(Live::new(arguments.verbosity.level()));
    let sink = live.clone();
    let ended = trial::run(&options, vec![Box::new(move |event| sink.show(event))]).await;
    live.finish();
    match ended {
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
            let code = if matches!(error, TrialError::Io { .. }) { 4 } else { 2 };
            super::fail(&error.into(), code)
        }
    }
}
