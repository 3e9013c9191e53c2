//! After the merge: the note gets its version, the annotated tag is made as the commons makes it, and both are pushed when told.
//!
//! Every change goes through the `git` program and not through the library that reads: who signs, who commits and who may push is the
//! maintainer's own configuration. Nothing of the recipe is executed by it.
//!
//! Nothing is ever half done for good. The commit that renames the note is made beside the work tree and becomes the branch in one step; what a
//! kill or a failing push leaves behind is finished by the next call, whose first look is at what is there.

mod allowed;
mod error;
mod git;
mod publish;

use std::path::{Path, PathBuf};

pub use allowed::{Judgement, judged_by_history, judged_by_run};
pub use error::{Force, ReleaseError};

use git::Git;

use crate::lint::{self, Facts, Options, Outside, Target};
use crate::recipe::Version;
use crate::record::Level;

/// What to release, and how.
#[derive(Debug, Clone)]
pub struct ReleaseOptions {
    /// The recipe's work tree.
    pub path: PathBuf,
    /// How it is linted.
    pub lint: Options,
    /// What runs say about the commit that is released; `None`: nobody was asked, which is a refusal.
    pub judgement: Judgement,
    /// Refusals that a person takes on themselves.
    pub force: Vec<Force>,
    /// Push the branch and the tag to this remote.
    pub push: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The recipe's name.
    pub recipe: String,
    /// The version.
    pub version: String,
    /// The commit that the tag names.
    pub commit: String,
    /// What was done, in order; empty when nothing was due.
    pub done: Vec<String>,
    /// Refusals that were forced aside.
    pub forced: Vec<String>,
}

/// What the commons writes into a tag, and into the commit that names the note (recipe-format.md §1.4).
pub fn message(version: &str) -> String {
    format!("chore: publish {version} release")
}

/// Releases what the version label of a work tree announces.
///
/// # Errors
/// [`ReleaseError`]: then nothing was changed that the next call would not finish.
pub fn release(options: &ReleaseOptions) -> Result<Released, ReleaseError> {
    let git = Git::of(&options.path)?;
    let mut done = Vec::new();
    let branch = git.branch()?;
    let subject =
        lint::open(&Target { path: options.path.clone(), revision: None }, Outside::default(), &options.lint)?;
    let facts = &subject.candidate;
    let recipe = facts.recipe.name.clone();
    let version = announced(facts)?;
    let text = version.to_string();
    publish::settle(&git, &text, &mut done)?;
    let changed = git.changed()?;
    if !changed.is_empty() {
        return Err(ReleaseError::Dirty(changed));
    }
    let remote = options.push.as_deref().map(|remote| git.remote(remote, &branch, &text)).transpose()?;
    let head = git.head()?;
    if let Some(commit) = git.tagged(&text)? {
        // Released before: all that may be left is the push.
        check_tag(&git, &text, &commit, &head, facts, options)?;
        if let (Some(remote), Some(name)) = (&remote, &options.push) {
            publish::push(&git, name, remote, &branch, &text, &commit, &mut done)?;
        }
        return Ok(Released { recipe, version: text, commit, done, forced: Vec::new() });
    }
    if let (Some(remote), Some(name)) = (&remote, &options.push) {
        // A push that cannot work is told before anything is made.
        publish::fits(&git, name, remote, &branch, &text, &head)?;
    }
    let forced = allowed::allowed(&git, &head, &branch, &subject, options)?;
    let commit = publish::name_note(&git, &head, facts, &text, &mut done)?;
    git.tag(&text, &commit, &message(&text))?;
    done.push(format!("tagged {text}"));
    if let (Some(remote), Some(name)) = (&remote, &options.push) {
        publish::push(&git, name, remote, &branch, &text, &commit, &mut done)?;
    }
    Ok(Released { recipe, version: text, commit, done, forced })
}

/// The version that the label of `app` announces.
fn announced(facts: &Facts) -> Result<Version, ReleaseError> {
    let set = facts.sampled().ok_or(ReleaseError::Broken)?;
    let app = set.project().services.get("app");
    let label = app.and_then(|app| {
        app.deploy.labels.iter().find(|(key, _)| key.starts_with("coop-cloud.") && key.ends_with(".version"))
    });
    let (_, value) = label.ok_or(ReleaseError::NoLabel)?;
    Version::parse(value).map_err(|why| ReleaseError::BadLabel { label: value.clone(), why })
}

/// A tag of this version is there: it must be a release of what lies here, or of an older commit with nothing new to release.
fn check_tag(
    git: &Git,
    version: &str,
    tagged: &str,
    head: &str,
    facts: &Facts,
    options: &ReleaseOptions,
) -> Result<(), ReleaseError> {
    if !git.is_annotated(version)? {
        return Err(ReleaseError::Lightweight(version.to_owned()));
    }
    if tagged == head {
        return Ok(());
    }
    let differs = crate::plan::since(&options.path, None, version).map(|change| {
        crate::plan::options(&change).is_some_and(|options| options.steps != [crate::record::StepKind::Lint])
    });
    match differs {
        Ok(false) => Ok(()),
        Ok(true) => Err(ReleaseError::NotRaised { recipe: facts.recipe.name.clone(), version: version.to_owned() }),
        Err(error) => Err(ReleaseError::Compare(error.to_string())),
    }
}

/// Errors of the linter, in words.
fn lint_errors(subject: &lint::Subject, options: &Options) -> Vec<String> {
    let findings = lint::judge(subject, options).findings;
    let errors = findings.into_iter().filter(|finding| finding.level == Level::Error);
    errors.map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
}

/// The folder as git knows it.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
