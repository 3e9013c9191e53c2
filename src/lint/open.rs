//! From a path to findings.

use std::path::{Path, PathBuf};

use super::engine::{Judged, Options, Sources, judge};
use super::facts::Facts;
use super::rules::loading;
use super::subject::{Outside, Subject};
use crate::recipe::{Error, Recipe, Release};
use crate::record::{CandidateSummary, Finding, RecipeFindings};

/// What to lint.
#[derive(Debug, Clone)]
pub struct Target {
    /// The recipe's folder or git repository.
    pub path: PathBuf,
    /// The revision; `None` for the files as they lie there.
    pub revision: Option<String>,
}

/// One recipe, judged.
#[derive(Debug)]
pub struct Linted {
    /// What is to be said about it.
    pub report: RecipeFindings,
    /// The files that findings have places in.
    pub sources: Sources,
    /// What was judged; `None` when the recipe could not be read.
    pub subject: Option<Subject>,
    /// Why nothing could be judged though the recipe is not to blame.
    pub trouble: Option<Trouble>,
}

/// Why nothing could be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is no such path or revision.
    Usage,
    /// The machine refused.
    Infrastructure,
}

/// Reads and judges a recipe. It never fails: what goes wrong is part of what it returns.
pub fn lint(target: &Target, outside: Outside, options: &Options) -> Linted {
    let subject = match open(target, outside, options) {
        Ok(subject) => subject,
        Err(error) => return unread(target, &error),
    };
    // Whoever names a release wants to know what changed since: to judge the rest alone would look as if nothing had.
    if let (Some(since), Err(why)) = (&options.since, subject.previous()) {
        let name = subject.candidate.recipe.name.clone();
        let mut report = report(name, target, Vec::new());
        report.error = Some(format!("cannot compare with `{since}`: {why}"));
        return Linted { report, sources: Sources::new(), subject: None, trouble: Some(Trouble::Usage) };
    }
    judged(target, subject, options)
}

/// Judges what was read.
fn judged(target: &Target, subject: Subject, options: &Options) -> Linted {
    let Judged { findings, silenced, skipped, sources } = judge(&subject, options);
    let recipe = &subject.candidate.recipe;
    let candidate = CandidateSummary {
        commit: recipe.candidate.commit.clone(),
        version: recipe.candidate.version.as_ref().map(ToString::to_string),
        dirty: recipe.candidate.dirty,
    };
    let mut sets: Vec<String> = subject.candidate.sets.iter().map(|set| set.name.clone()).collect();
    sets.extend(subject.candidate.broken.iter().map(|set| set.name.clone()));
    let mut report = report(recipe.name.clone(), target, findings);
    (report.candidate, report.sets) = (Some(candidate), sets);
    (report.skipped, report.silenced) = (skipped, silenced);
    Linted { report, sources, subject: Some(subject), trouble: None }
}

fn report(recipe: String, target: &Target, findings: Vec<Finding>) -> RecipeFindings {
    RecipeFindings::of(recipe, target.path.display().to_string(), findings)
}

fn unread(target: &Target, error: &Error) -> Linted {
    let name = target.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| target.path.display().to_string());
    let trouble = match error {
        Error::NotARecipe { .. } | Error::Corrupt { .. } => None,
        Error::Unreadable { .. } | Error::Unwritable { .. } => Some(Trouble::Infrastructure),
        _ => Some(Trouble::Usage),
    };
    let findings = if trouble.is_none() { vec![loading::unreadable(error)] } else { Vec::new() };
    let mut report = report(name, target, findings);
    report.error = trouble.map(|_| error.to_string());
    Linted { report, sources: Sources::new(), subject: None, trouble }
}

/// Reads what is to be judged.
///
/// # Errors
/// When the recipe cannot be read at all.
pub fn open(target: &Target, outside: Outside, options: &Options) -> Result<Subject, Error> {
    let recipe = match &target.revision {
        None => Recipe::from_work_tree(&target.path)?,
        Some(revision) => Recipe::at(&target.path, revision)?,
    };
    Ok(subject(recipe, &target.path, outside, options))
}

/// What is to be judged, of a recipe that was read; `path` is where earlier releases are read from.
pub fn subject(recipe: Recipe, path: &Path, outside: Outside, options: &Options) -> Subject {
    let before = match &options.since {
        Some(since) => Some(since.clone()),
        None => previous(&recipe).map(|release| release.tag.clone()),
    };
    let path = path.to_owned();
    let abra = options.abra;
    let candidate = Facts::of(recipe, None, abra);
    let (files, tree) = (candidate.files().clone(), candidate.recipe.tree.clone());
    let loader = Box::new(move || match before {
        None => Ok(None),
        Some(tag) => {
            let recipe = Recipe::release(&path, &tag, &tree).map_err(|error| error.to_string())?;
            Ok(Some(Facts::beside(&files, recipe, Some(tag), abra)))
        }
    });
    Subject::with(candidate, outside, loader)
}

/// The newest release before the candidate: one that is older than the candidate's own version when it has one, and on another commit.
fn previous(recipe: &Recipe) -> Option<&Release> {
    let commit = recipe.candidate.commit.as_deref();
    let own = recipe.releases.iter().rposition(|release| Some(release.commit.as_str()) == commit);
    let earlier = match own {
        // What is changed on top of a release is compared with that release.
        Some(_) if recipe.candidate.dirty => &recipe.releases[..],
        Some(own) => recipe.releases.get(..own).unwrap_or_default(),
        None => &recipe.releases[..],
    };
    earlier.iter().rev().find(|release| recipe.candidate.dirty || Some(release.commit.as_str()) != commit)
}
