//! What a change, such as a bump by a bot, can affect.

use std::path::Path;

use super::affected;
use super::change::differences;
use crate::config::FileError;
use crate::lint::{self, Facts, Options, Outside};
use crate::recipe::{self, Beginning, Recipe};
use crate::record::{CHANGE_SCHEMA, CandidateSummary, ChangePlan, StepKind};
use crate::scenario::{PATH_IN_RECIPE, PlanOptions, Scenario, built_in};
use crate::trial::misfits;

/// Why nobody can tell what a change affects.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The candidate cannot be read.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// The base cannot be read.
    #[error("cannot compare with `{base}`: {why}")]
    Base {
        /// What was asked for.
        base: String,
        /// Why not.
        why: String,
    },
    /// The scenario cannot be read.
    #[error(transparent)]
    Scenario(#[from] FileError),
}

/// What differs between the candidate and the commit at which it left `base` (any revision of the repository), which steps that can affect,
/// and why. The candidate is `revision`, or the files as they lie in `path`.
///
/// A step is left out only when nothing that differs can touch what it looks at; where that cannot be told, it is tried.
///
/// # Errors
/// [`PlanError`].
pub fn since(path: &Path, revision: Option<&str>, base: &str) -> Result<ChangePlan, PlanError> {
    let recipe = match revision {
        Some(revision) => Recipe::at(path, revision)?,
        None => Recipe::from_work_tree(path)?,
    };
    let failed = |why: &str| PlanError::Base { base: base.to_owned(), why: why.to_owned() };
    let beginning = recipe.began(base).map_err(|error| failed(&error.to_string()))?;
    let options = Options { since: Some(beginning.compared().to_owned()), ..Options::default() };
    let subject = lint::subject(recipe, path, Outside::default(), &options);
    let before = subject.previous().map_err(failed)?.ok_or_else(|| failed("there is no such revision"))?;
    between(&subject.candidate, before, base, &beginning)
}

fn between(now: &Facts, before: &Facts, base: &str, beginning: &Beginning) -> Result<ChangePlan, PlanError> {
    let recipe = &now.recipe;
    let scenario = scenario(recipe)?;
    let found = differences(now, before, &scenario);
    Ok(ChangePlan {
        schema: CHANGE_SCHEMA.to_owned(),
        recipe: recipe.name.clone(),
        base: base.to_owned(),
        base_commit: before.recipe.candidate.commit.clone(),
        base_note: beginning.told(),
        candidate: CandidateSummary {
            commit: recipe.candidate.commit.clone(),
            version: recipe.candidate.version.as_ref().map(ToString::to_string),
            dirty: recipe.candidate.dirty,
        },
        steps: affected::steps(&found),
        variants: affected::variants(&found, &scenario, now),
        files: found.files,
        services: found.services.into_values().collect(),
    })
}

fn scenario(recipe: &recipe::Recipe) -> Result<Scenario, FileError> {
    match recipe.tree.get(PATH_IN_RECIPE) {
        Some(file) => Scenario::parse(PATH_IN_RECIPE, &String::from_utf8_lossy(&file.bytes)),
        None => match built_in(&recipe.name) {
            // Where it does not fit, the trial goes without it too.
            Some((file, text)) => Scenario::parse(&file, text).map(|scenario| {
                if misfits(recipe, &scenario, &file, text).is_empty() { scenario } else { Scenario::default() }
            }),
            None => Ok(Scenario::default()),
        },
    }
}

/// What to try because of a change; `None` when nothing is to be tried, for no file differs.
pub fn options(plan: &ChangePlan) -> Option<PlanOptions> {
    let mut steps: Vec<StepKind> = plan.steps.iter().filter(|step| step.tried).map(|step| step.kind).collect();
    if steps.is_empty() {
        return None;
    }
    let left_out = |kind| plan.steps.iter().any(|step| step.kind == kind && !step.tried);
    let affected: Vec<String> =
        plan.variants.iter().filter(|variant| variant.tried).map(|variant| variant.variant.clone()).collect();
    if !affected.is_empty() && left_out(StepKind::Install) {
        // Only an overlay differs: what is sampled is installed because everything on a node rests on it.
        steps.push(StepKind::Install);
    }
    let all = plan.steps.iter().all(|step| step.tried || affected::only_when_asked(step.kind));
    let variants = if affected.len() == plan.variants.len() { Vec::new() } else { affected };
    if all {
        return Some(PlanOptions { variants, ..PlanOptions::default() });
    }
    // What others rest on is tried with them, whatever was said about it.
    let rests = |kind| kind == StepKind::Install && steps.iter().any(|step| *step != StepKind::Lint);
    let without = plan.steps.iter().filter(|step| !steps.contains(&step.kind) && !rests(step.kind));
    let without = without.map(|step| (step.kind, step.because.join("; "))).collect();
    Some(PlanOptions { steps, variants, without, ..PlanOptions::default() })
}
