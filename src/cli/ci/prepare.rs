//! What is known before the run: the commit, its base, the scenario that counts, and how much of the plan is tried.

use std::io::Write as _;

use anyhow::Context as _;

use super::RunArguments;
use crate::ci::{self, Change, Place, Wishes};
use crate::recipe::Recipe;
use crate::record::ChangePlan;
use crate::score::Gate;
use crate::trial::TrialOptions;

/// What is known before the run.
pub(super) struct Prepared {
    /// The commit that the change began from.
    pub(super) base: Option<String>,
    /// What to know about it.
    pub(super) notes: Vec<String>,
    /// Why the pull request fails whatever comes of the run.
    pub(super) broken: Option<String>,
    /// What the change can affect, when nothing else is tried.
    pub(super) change: Option<ChangePlan>,
    /// The scenario of the base, as a file for the time of the run.
    _scenario: Option<tempfile::NamedTempFile>,
}

/// Chooses what is tried: the commit that the system names, never what a checkout made of it (lessons 2 and 31), by the scenario of the base.
pub(super) fn prepare(arguments: &RunArguments, place: &Place, options: &mut TrialOptions) -> anyhow::Result<Prepared> {
    let path = &arguments.trial.path;
    let mut prepared = Prepared { base: None, notes: Vec::new(), broken: None, change: None, _scenario: None };
    options.notes.push(format!("{}: {}", place.system.word(), place.change));
    let candidate = match &place.commit {
        Some(commit) => {
            options.revision = Some(commit.clone());
            Recipe::at(path, commit).with_context(|| {
                format!(
                    "{} names the commit {commit}; a shallow checkout may lack it (fetch-depth: 0)",
                    place.system.word()
                )
            })?
        }
        None => Recipe::from_work_tree(path)?,
    };
    let release = matches!(place.change, Change::Tag { .. } | Change::Schedule);
    if release && !arguments.trial.names_steps() && !options.plan.full {
        options.plan.full = true;
        options.notes.push("everything is tried, as with --full, because it is a release or a schedule".to_owned());
    }
    let is_pull_request = matches!(place.change, Change::PullRequest { .. });
    // Whoever wrote a pull request chooses whom this machine would ask, and nothing of it enters the history.
    options.online |=
        !is_pull_request && crate::cli::lint::decided(arguments.trial.config.as_deref())?.2.history.online;
    let Some(base) = base(arguments, place, &candidate, &mut prepared)? else { return Ok(prepared) };
    // What nobody knows the beginning of may hold more than the comparison shows.
    let began = prepared.base.is_some();
    prepared.base.clone_from(&base.candidate.commit);
    let wishes = Wishes {
        has_base: began && (is_pull_request || arguments.base.is_some()),
        whole: arguments.whole_plan || options.plan.full,
        chosen: arguments.trial.chooses(),
        gate: arguments.gate,
    };
    narrow(arguments, options, wishes, &mut prepared);
    if let Some(scenario) = ci::scenario(&candidate, &base).filter(|_| is_pull_request && options.scenario.is_none()) {
        let mut file = tempfile::Builder::new().prefix("taster-base-").suffix(".toml").tempfile()?;
        file.write_all(scenario.text.as_bytes())?;
        options.scenario = Some(file.path().to_owned());
        options.notes.push(scenario.told.clone());
        prepared.notes.push(scenario.told);
        prepared.broken = scenario.broken;
        prepared._scenario = Some(file);
    }
    Ok(prepared)
}

/// The recipe at the commit that the change began from; `prepared.base` tells it where that is known for sure.
fn base(
    arguments: &RunArguments,
    place: &Place,
    candidate: &Recipe,
    prepared: &mut Prepared,
) -> anyhow::Result<Option<Recipe>> {
    let path = &arguments.trial.path;
    let bases: Vec<String> = match (&arguments.base, &place.change) {
        (Some(base), _) => vec![base.clone()],
        (None, Change::PullRequest { bases, .. }) => bases.clone(),
        (None, Change::Push { before, .. }) => before.clone().into_iter().collect(),
        _ => Vec::new(),
    };
    let Some(wanted) = bases.first() else { return Ok(None) };
    let begun = |base: &String| {
        let beginning = candidate.began(base)?;
        let recipe = Recipe::at(path, beginning.compared())?;
        Ok::<_, crate::recipe::Error>((recipe, beginning))
    };
    match (bases.iter().find_map(|base| begun(base).ok()), &arguments.base) {
        (Some((recipe, beginning)), _) => {
            prepared.base.clone_from(&beginning.commit);
            prepared.notes.extend(beginning.told());
            Ok(Some(recipe))
        }
        (None, Some(named)) => {
            begun(named)?;
            anyhow::bail!("the base {named} cannot be read");
        }
        (None, None) => {
            prepared.notes.push(format!(
                "the base {wanted} is not in this checkout, or holds no recipe (fetch-depth: 0 brings it)"
            ));
            Ok(None)
        }
    }
}

fn narrow(arguments: &RunArguments, options: &mut TrialOptions, wishes: Wishes, prepared: &mut Prepared) {
    let Some(base) = &prepared.base else { return };
    if let Some(why) = wishes.whole_because() {
        // Whoever chose the steps knows; a gate that asks for more is news.
        if wishes.gate != Gate::Regression && wishes.has_base && !wishes.chosen {
            prepared.notes.push(format!("the whole plan is tried, since {why}"));
        }
        return;
    }
    match ci::narrow(&arguments.trial.path, options.revision.as_deref(), base, &mut options.plan) {
        Ok(change) => {
            options.notes.push(format!("only what the change since {base:.10} can affect is tried"));
            prepared.change = Some(change);
        }
        Err(why) => prepared.notes.push(why),
    }
}
