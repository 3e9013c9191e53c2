//! Which runs may enter, and what is kept of them.

use jiff::{SignedDuration, Timestamp};

use crate::recipe;
use crate::record::{HISTORY_SCHEMA, HistoryLine, HistoryStep, RunSummary, Trust};
use crate::run::RunId;

/// How much of a step's reason is kept, in characters: the history is read for years.
const REASON: usize = 300;

/// How far a run's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Why a run does not enter the history.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody says that it is trusted.
    #[error(
        "nothing says that it is the commons' own run: only its own job may add to the history, with --trusted or with `trusted = true` under [history] in taster.toml"
    )]
    NotTrusted,
    /// It was not a commit that was tested.
    #[error("it tested files that are not committed, which are nobody's version")]
    Dirty,
    /// The files were in no repository.
    #[error("it tested files without a commit, so nobody can tell what they were")]
    NoCommit,
    /// There is no repository to look at.
    #[error(
        "no repository of the recipe {recipe} tells whether its commit {commit} is on the default branch or a release; name the folder of the recipes with --recipes"
    )]
    NoRepository {
        /// The recipe.
        recipe: String,
        /// The commit.
        commit: String,
    },
    /// The commit is a pull request's, or another branch's.
    #[error(
        "its commit {commit} is neither on the default branch `{branch}` nor a release: results of pull requests and other branches never enter the history"
    )]
    NotOnBranch {
        /// The commit.
        commit: String,
        /// The default branch.
        branch: String,
    },
    /// The repository cannot be read.
    #[error(transparent)]
    Repository(#[from] recipe::Error),
    /// The identifier is none.
    #[error("`{0}` is no identifier of a run, so nobody knows when it was")]
    Identifier(String),
    /// It was made later than now.
    #[error("it began at {at}, which is in the future: the clock of the machine that made it is wrong, or ours is")]
    Future {
        /// When it says that it began.
        at: Timestamp,
    },
}

/// The line of a run. `trusted`: the commons' own job says so. `repository` is the recipe's.
///
/// # Errors
/// [`Refusal`], for every run that is not trusted by all that the history asks for.
pub fn line_of(
    run: &RunSummary,
    trusted: bool,
    repository: Option<&recipe::History>,
    now: Timestamp,
) -> Result<HistoryLine, Refusal> {
    let began = RunId::began(&run.run).ok_or_else(|| Refusal::Identifier(run.run.clone()))?;
    if began > now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX) {
        return Err(Refusal::Future { at: began });
    }
    if !trusted {
        return Err(Refusal::NotTrusted);
    }
    if run.candidate.dirty {
        return Err(Refusal::Dirty);
    }
    let commit = run.candidate.commit.clone().filter(|commit| !commit.is_empty()).ok_or(Refusal::NoCommit)?;
    let Some(repository) = repository else {
        return Err(Refusal::NoRepository { recipe: run.recipe.clone(), commit });
    };
    let release = repository.releases.iter().find(|release| release.commit == commit);
    let trust = match release {
        Some(_) => Trust::Release,
        None if repository.is_on_default_branch(&commit)? => Trust::DefaultBranch,
        None => return Err(Refusal::NotOnBranch { commit, branch: repository.default_branch()?.name }),
    };
    let steps = run.steps.iter().map(|step| {
        let mut step = HistoryStep::from(step);
        step.reason = step.reason.chars().take(REASON).collect();
        step
    });
    Ok(HistoryLine {
        schema: HISTORY_SCHEMA.to_owned(),
        run: run.run.clone(),
        at: began.to_string(),
        recipe: run.recipe.clone(),
        commit,
        version: run.candidate.version.clone(),
        trust,
        variants: run.variants.clone(),
        steps: steps.collect(),
        findings: run.findings.clone(),
        proofs: run.proofs.clone(),
        upgrade_map: run.upgrade_map.clone(),
        services: run.services.clone(),
        upstream: run.upstream.clone(),
    })
}
