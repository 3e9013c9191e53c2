//! What `taster test` and `taster ci` have in common: how a recipe is tried, and the live view of it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::record::StepKind;
use crate::report::{Live, Verbosity};
use crate::scenario::PlanOptions;
use crate::swarm::node::NodeOptions;
use crate::trial::{self, Ended, TrialError, TrialOptions};

/// How a recipe is tried.
#[derive(Debug, Args)]
pub(super) struct TrialArguments {
    /// The recipe's folder or git repository.
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
    /// Only this step, and those it rests on, also when the scenario declares it as skipped; may be given several times.
    #[arg(long, value_name = "STEP")]
    step: Vec<Step>,
    /// Not this step, for example because another job lints; may be given several times. The plan says so.
    #[arg(long, value_name = "STEP")]
    without: Vec<Step>,
    /// Stop at the first step on the node that does not pass.
    #[arg(long)]
    fail_fast: bool,
    /// Everything, however long it takes: all upgrades as with `--from all`, the way back, a backup of the release before, overlays that nothing
    /// declares, a backup while the app is written to, and whether one that is damaged on purpose is noticed.
    #[arg(long)]
    pub(super) full: bool,
    /// Install it once more on a node that is short of processor and disk, and tell how near its healthchecks come to killing it.
    #[arg(long)]
    stress: bool,
    /// Only this variant beside the sampled one; may be given several times. All that the scenario declares otherwise.
    #[arg(long, value_name = "NAME")]
    variant: Vec<String>,
    /// A scenario file instead of the recipe's own tests/taster.toml, and of the one that taster brings along.
    #[arg(long, value_name = "FILE")]
    pub(super) scenario: Option<PathBuf>,
    /// What the commons decides about the linter's findings; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// In the step lint, ask the registries of the images: rules I405 to I407, and since when upstream has had something newer (level 8).
    #[arg(long)]
    online: bool,
    /// Try a recipe that reaches out of its containers (the engine's socket, the host's files, capabilities).
    #[arg(long)]
    trust: bool,
    /// Where the recipes lie that the scenario needs beside it, under [needs]; beside the recipe itself those that are not there.
    #[arg(long, value_name = "DIR", env = "TASTER_NEEDS")]
    needs: Option<PathBuf>,
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
    pub(super) runs: PathBuf,
    #[command(flatten)]
    pub(super) verbosity: VerbosityArguments,
}

impl TrialArguments {
    /// Whether the user chose the steps.
    pub(super) fn names_steps(&self) -> bool {
        !self.step.is_empty()
    }

    /// Whether the user chose what is tried.
    pub(super) fn chooses(&self) -> bool {
        self.names_steps() || !self.variant.is_empty() || self.scenario.is_some()
    }

    /// The options of a trial. The revision and what only `taster test` knows are left as they are by default.
    ///
    /// # Errors
    /// When `taster.toml` cannot be used.
    pub(super) fn options(&self) -> anyhow::Result<TrialOptions> {
        Ok(TrialOptions {
            lint: super::lint::commons(self.config.as_deref(), None)?,
            online: self.online,
            path: self.path.clone(),
            scenario: self.scenario.clone(),
            fail_fast: self.fail_fast,
            plan: PlanOptions {
                steps: self.step.iter().copied().map(StepKind::from).collect(),
                named: self.names_steps(),
                variants: self.variant.clone(),
                without: self.without.iter().map(|step| ((*step).into(), "--without".to_owned())).collect(),
                full: self.full,
                stress: self.stress,
                chain: false,
                no_skips: None,
            },
            runs: self.runs.clone(),
            node: NodeOptions {
                workers: self.workers,
                base: self.node_image.clone(),
                engine: self.node == NodeKind::Engine,
                shared: self.shared_swarm,
                ..NodeOptions::default()
            },
            trust: self.trust,
            needs: self.needs.clone(),
            ..TrialOptions::default()
        })
    }
}

/// Runs a trial and shows what happens on standard error.
///
/// # Errors
/// When there is nothing to try.
pub(super) async fn taste(options: &TrialOptions, verbosity: Verbosity) -> Result<Ended, TrialError> {
    let live = Arc::new(Live::new(verbosity));
    let sink = live.clone();
    let ended = trial::run(options, vec![Box::new(move |event| sink.show(event))]).await;
    live.finish();
    ended
}

/// The exit code for a trial that could not begin.
pub(super) fn exit_of(error: &TrialError) -> u8 {
    if matches!(error, TrialError::Io { .. }) { 4 } else { 2 }
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
    OldBackup,
    Stress,
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
            Step::OldBackup => Self::OldBackup,
            Step::Stress => Self::Stress,
            Step::Leftovers => Self::Leftovers,
        }
    }
}
