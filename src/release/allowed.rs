//! Whether a commit may be released: the linter and the last trusted run have a word in it.

use std::path::Path;

use super::error::{Force, ReleaseError};
use super::git::Git;
use super::{ReleaseOptions, lint_errors};
use crate::lint::Subject;
use crate::recipe::History;
use crate::record::{HistoryLine, HistoryStep, Outcome, RunSummary, StepKind, StepResult, worst_exit};

/// What runs say.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Judgement {
    /// Nobody was asked.
    #[default]
    Unknown,
    /// Runs, the newest first.
    Runs(Vec<Tried>),
}

/// A run that may speak for a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The run.
    pub run: String,
    /// The commit that it tried.
    pub commit: String,
    /// What came of each step.
    pub steps: Vec<StepResult>,
}

/// What the history of trusted runs says about a recipe.
pub fn judged_by_history(lines: &[HistoryLine]) -> Judgement {
    let tried = |line: &HistoryLine| Tried {
        run: line.run.clone(),
        commit: line.commit.clone(),
        steps: line.steps.iter().map(|step: &HistoryStep| step.into()).collect(),
    };
    Judgement::Runs(lines.iter().rev().map(tried).collect())
}

/// What one run says, which whoever calls trusts. A run of files that were not committed says nothing about any commit.
pub fn judged_by_run(run: &RunSummary) -> Judgement {
    let commit = run.candidate.commit.clone().filter(|_| !run.candidate.dirty).unwrap_or_default();
    Judgement::Runs(vec![Tried { run: run.run.clone(), commit, steps: run.steps.clone() }])
}

/// Asks everybody who has a word in it; gives what was forced aside.
pub(super) fn allowed(
    git: &Git,
    head: &str,
    branch: &str,
    subject: &Subject,
    options: &ReleaseOptions,
) -> Result<Vec<String>, ReleaseError> {
    let mut refusals = Vec::new();
    if let Some(default) = default_branch(git.path()).filter(|default| default != branch) {
        refusals.push((
            Force::Branch,
            format!("the branch {branch} is checked out, and releases are made of the default branch {default}"),
        ));
    }
    if let Some(why) = out_of_step(options) {
        refusals.push((Force::Lint, why));
    }
    let errors = lint_errors(subject, &options.lint);
    if !errors.is_empty() {
        refusals.push((
            Force::Lint,
            format!(
                "the linter has {} error(s), first {}; `taster lint` shows where and what to do",
                errors.len(),
                errors[0]
            ),
        ));
    }
    if let Err(why) = run_says_yes(git, head, &options.judgement)? {
        refusals.push((Force::Run, why));
    }
    let (forced, left): (Vec<_>, Vec<_>) = refusals.into_iter().partition(|(force, _)| options.force.contains(force));
    if !left.is_empty() {
        let recipe = &subject.candidate.recipe;
        let version = super::announced(&subject.candidate)?.to_string();
        return Err(ReleaseError::Refused { recipe: recipe.name.clone(), version, refusals: left });
    }
    Ok(forced.into_iter().map(|(_, why)| why).collect())
}

fn default_branch(path: &Path) -> Option<String> {
    let branch = History::open(path).ok()?.default_branch().ok()?;
    Some(branch.name).filter(|name| !name.is_empty())
}

/// A label that `taster sync` would raise announces the wrong version.
fn out_of_step(options: &ReleaseOptions) -> Option<String> {
    let target = crate::lint::Target { path: options.path.clone(), revision: None };
    match crate::sync::sync(&target, None, &options.lint) {
        // The first release has no version to raise.
        Err(crate::sync::SyncError::NoRelease) => None,
        Err(error) => Some(format!("nobody can tell whether the label is in step: {error}")),
        Ok(synced) => {
            let files: Vec<&str> =
                synced.fixed.files.keys().map(String::as_str).filter(|file| *file != "release/next").collect();
            (!files.is_empty())
                .then(|| format!("`taster sync` would change {}: run it, commit, and release again", files.join(", ")))
        }
    }
}

/// Whether the newest run of this commit, or of one that differs only in release notes, speaks for it.
fn run_says_yes(git: &Git, head: &str, judgement: &Judgement) -> Result<Result<(), String>, ReleaseError> {
    let Judgement::Runs(runs) = judgement else {
        return Ok(Err(
            "no run says that it works: name a history of trusted runs with --history, or a run with --run".to_owned(),
        ));
    };
    for tried in runs {
        let same = tried.commit == head || git.same_but_notes(&tried.commit, head)? == Some(true);
        if !same {
            continue;
        }
        let steps = &tried.steps;
        let deployed = steps.iter().any(|step| step.kind != StepKind::Lint && step.outcome == Outcome::Passed);
        return Ok(match worst_exit(steps) {
            0 if deployed => Ok(()),
            0 => Err(format!(
                "the last run, {}, deployed nothing, so it says nothing: `taster test`, then release again",
                tried.run
            )),
            _ => {
                let bad =
                    |step: &&StepResult| matches!(step.outcome, Outcome::Failed | Outcome::Errored | Outcome::Blocked);
                let words: Vec<String> = steps
                    .iter()
                    .filter(bad)
                    .map(|step| format!("{} {}: {}", step.id, step.outcome.word(), step.reason))
                    .collect();
                let words = if words.is_empty() { "nothing was tested".to_owned() } else { words.join("; ") };
                Err(format!(
                    "the last run, {}, says no: {words}; mend it or, where the machine was at fault, test again",
                    tried.run
                ))
            }
        });
    }
    let short: String = head.chars().take(10).collect();
    Ok(Err(format!(
        "no run has tried the commit {short} ({} known run(s) are of others): `taster test`, then release again",
        runs.len()
    )))
}
