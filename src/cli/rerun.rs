//! `taster test --rerun RUN`: the steps of a run once more.

use std::path::Path;

use anyhow::Context as _;

use crate::record::{HopKind, Outcome, StepKind};
use crate::report::KeptRun;
use crate::scenario::PlanOptions;
use crate::score::hop;

/// What is tried again.
#[derive(Debug)]
pub(super) struct Again {
    /// The plan.
    pub(super) plan: PlanOptions,
    /// The release that was upgraded from, when no chain was tried.
    pub(super) from: Option<String>,
    /// The revision that was tried; `None` when its files were not committed, so that they may have changed since.
    pub(super) revision: Option<String>,
}

/// Reads a run's folder; `failed` takes only what did not pass.
pub(super) fn again(folder: &Path, failed: bool, recipe: &Path) -> anyhow::Result<Again> {
    let run = KeptRun::open(folder)?;
    let here = crate::recipe::Recipe::from_work_tree(recipe).map(|recipe| recipe.name);
    if let Ok(name) = here.as_ref() {
        let ran = &run.summary.recipe;
        anyhow::ensure!(name == ran, "the run {} is of {ran}, and {} holds {name}", run.summary.run, recipe.display());
    }
    let wanted = |outcome: Outcome| !failed || !matches!(outcome, Outcome::Passed | Outcome::Skipped);
    let steps: Vec<_> = run.summary.steps.iter().filter(|step| wanted(step.outcome)).collect();
    anyhow::ensure!(
        !steps.is_empty(),
        "every step of the run {} passed: there is nothing to try again",
        run.summary.run
    );
    let mut kinds: Vec<StepKind> = steps.iter().map(|step| step.kind).collect();
    kinds.dedup();
    let sampled = crate::scenario::DEFAULT_VARIANT;
    let variants = steps.iter().map(|step| step.variant.clone()).filter(|variant| variant != sampled).collect();
    let chain = steps.iter().any(|step| matches!(step.hop, Some(HopKind::Chain | HopKind::Skip)));
    let newest = run.summary.steps.iter().find(|step| step.hop == Some(HopKind::Newest));
    let from = newest.filter(|_| !chain).and_then(|step| Some(hop(&step.id)?.0.to_owned()));
    let candidate = &run.summary.candidate;
    let revision = candidate.commit.clone().filter(|_| !candidate.dirty);
    if revision.is_none() {
        eprintln!(
            "note: the files that the run {} tried were not committed; what lies there now is tried",
            run.summary.run
        );
    }
    Ok(Again { plan: PlanOptions { steps: kinds, variants, chain, ..PlanOptions::default() }, from, revision })
}

/// The folder of a run by its path, or by its name in the folder of runs.
pub(super) fn folder(run: &Path, runs: &Path) -> anyhow::Result<std::path::PathBuf> {
    let named = if run.exists() { run.to_owned() } else { runs.join(run) };
    named.is_dir().then_some(named).with_context(|| {
        format!(
            "there is no run {} here or in {}: name a folder that `taster test` left",
            run.display(),
            runs.display()
        )
    })
}
