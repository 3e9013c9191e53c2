//! Which part of the plan a change needs: what it cannot affect is not tried, and is never taken for passed.

use std::path::Path;

use crate::plan;
use crate::record::{ChangePlan, StepKind};
use crate::scenario::PlanOptions;
use crate::score::Gate;

/// What decides whether a plan may be narrowed, beside the change itself.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    /// It is a pull request, or somebody named the base.
    pub has_base: bool,
    /// The whole plan was asked for.
    pub whole: bool,
    /// Steps, variants or a scenario were named.
    pub chosen: bool,
    /// What fails the pipeline.
    pub gate: Gate,
}

impl Wishes {
    /// Why the whole plan is tried; `None` when it may be narrowed. The first reason is the one to tell.
    pub fn whole_because(&self) -> Option<String> {
        let why = match self {
            Self { whole: true, .. } => "it was asked for",
            Self { chosen: true, .. } => "what is tried was named",
            Self { has_base: false, .. } => "it is no pull request, and no base was named",
            Self { gate: Gate::Regression, .. } => return None,
            Self { gate, .. } => return Some(format!("the gate {gate} asks for more than what changed")),
        };
        Some(why.to_owned())
    }
}

/// Narrows a plan to what the change since `base` can affect, and tells what and why.
///
/// # Errors
/// Why the whole plan is to be tried, in words; the plan is then as it was.
pub fn narrow(path: &Path, revision: Option<&str>, base: &str, plan: &mut PlanOptions) -> Result<ChangePlan, String> {
    let change = plan::since(path, revision, base)
        .map_err(|error| format!("what the change can affect is not known, so everything is tried: {error}"))?;
    let affected = match plan::options(&change) {
        Some(affected) => affected,
        // Nothing to look at but the files themselves; lesson 3: nothing at all is no success.
        None => PlanOptions { steps: vec![StepKind::Lint], without: nothing_differs(), ..PlanOptions::default() },
    };
    let is_left = |kind: &StepKind| plan.without.iter().all(|(without, _)| without != kind);
    if !affected.steps.is_empty() && !affected.steps.iter().any(is_left) {
        return Err("all that the change can affect was left out on the command line, so the rest is tried".to_owned());
    }
    plan.steps = affected.steps;
    plan.variants = affected.variants;
    let stress = plan.stress;
    plan.without.extend(affected.without.into_iter().filter(|(kind, _)| !(stress && *kind == StepKind::Stress)));
    Ok(change)
}

fn nothing_differs() -> Vec<(StepKind, String)> {
    let all = [
        StepKind::Install,
        StepKind::Restart,
        StepKind::Redeploy,
        StepKind::Backup,
        StepKind::Restore,
        StepKind::Smoke,
        StepKind::Upgrade,
        StepKind::Leftovers,
    ];
    all.map(|kind| (kind, "no file differs".to_owned())).to_vec()
}
