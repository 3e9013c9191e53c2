//! After a bump: the version label, the versions of changed configs and the note for operators, as abra and a maintainer would write them
//! (recipe-format.md §1.4). Edits are bytes, proven by loading before and after as the linter's fixes are; what is in step is left alone.

mod bump;
mod kind;
mod note;

use crate::lint::{self, Facts, Fixed, ImageReference, Options, Outside, Subject, Target};
use crate::recipe::{self, Version, VersionError};
use crate::record::{Edit, Fix, Safety};

pub use bump::bump;
pub use kind::Raise;

/// The linter's rule whose fix raises a config's version.
const CONFIG_RULE: &str = "V501";

/// What became of a recipe.
#[derive(Debug)]
pub struct Synced {
    /// The recipe's name.
    pub recipe: String,
    /// The release that it is compared with.
    pub release: String,
    /// The version that it announces in the end.
    pub version: String,
    /// Which part of the version rises; `None` when nothing that is deployed differs from the release.
    pub raise: Option<Raise>,
    /// Why, in words.
    pub because: Vec<String>,
    /// The files that change; none when everything is in step.
    pub fixed: Fixed,
}

/// Why a recipe cannot be brought in step.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// It cannot be read.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// The release before cannot be read.
    #[error("cannot read the release before: {0}")]
    Previous(String),
    /// Nothing was released yet.
    #[error("it has no release yet, so there is no version to raise: write the first label by hand, and tag it")]
    NoRelease,
    /// Its compose files do not load.
    #[error("the compose files of {0} do not load, so nobody can tell what changed: `taster lint` says why")]
    Broken(String),
    /// The label is not there.
    #[error(
        "the service `app` has no version label to raise: add `coop-cloud.${{STACK_NAME}}.version={0}` to its deploy labels"
    )]
    NoLabel(String),
    /// The label is not written as it reads.
    #[error(
        "the version label `{0}` of `app` is not written out in one place, so it can only be changed by hand, to `{1}`"
    )]
    LabelElsewhere(String, String),
    /// The image of app says no version.
    #[error("the image `{0}` of `app` has no tag, so nobody knows which version of the app it is")]
    NoTag(String),
    /// The tag makes no version.
    #[error("the tag `{tag}` of the image of `app` makes no recipe version: {why}")]
    BadTag {
        /// The tag.
        tag: String,
        /// Why not.
        why: VersionError,
    },
    /// An edit could not be proven.
    #[error("{0}; nothing was written")]
    Unproven(String),
}

/// Brings the files of a recipe's work tree in step with what they deploy. Nothing is written: see [`Fixed::write_to`].
///
/// `raise` overrides which part of the version rises. Without it a label that announces more than is needed is left as high as it is.
///
/// # Errors
/// [`SyncError`].
pub fn sync(target: &Target, raise: Option<Raise>, options: &Options) -> Result<Synced, SyncError> {
    let subject = lint::open(target, Outside::default(), options)?;
    let facts = &subject.candidate;
    if let Some(own) = facts.recipe.candidate.version.as_ref().filter(|_| !facts.recipe.candidate.dirty) {
        // Its version is out, and nothing may be written over it.
        return Ok(Synced::in_step(&subject, own.to_string(), own.to_string()));
    }
    let previous =
        subject.previous().map_err(|why| SyncError::Previous(why.to_owned()))?.ok_or(SyncError::NoRelease)?;
    let release = previous.release.clone().unwrap_or_default();
    let before = Version::parse(&release).map_err(|_| SyncError::NoRelease)?;
    let loaded = |facts: &Facts, what: &str| match facts.sampled() {
        Some(_) => Ok(()),
        None => Err(SyncError::Broken(what.to_owned())),
    };
    loaded(facts, "the candidate")?;
    loaded(previous, &release)?;
    let findings = lint::judge(&subject, options).findings;
    let changes = kind::changes(&subject, previous, &findings);
    let label = label(facts);
    let Some(needed) = changes.raise else {
        let version = label.map_or(release.clone(), |label| label.value);
        return Ok(Synced::in_step(&subject, release, version));
    };
    let upstream = upstream(facts)?;
    let announced = label.as_ref().and_then(|label| Version::parse(&label.value).ok());
    let version = version(&before, raise, needed, announced.as_ref(), &upstream)?;
    let label = label.ok_or_else(|| SyncError::NoLabel(version.to_string()))?;
    let mut fixes: Vec<(String, Fix)> = Vec::new();
    for finding in findings.into_iter().filter(|finding| finding.rule == CONFIG_RULE) {
        fixes.extend(finding.fix.map(|fix| (finding.rule, fix)));
    }
    fixes.extend(label.edit(facts, &version)?.map(|fix| ("version".to_owned(), fix)));
    fixes.extend(note::edit(facts, &changes).map(|fix| ("note".to_owned(), fix)));
    let offered: Vec<(&str, &Fix)> = fixes.iter().map(|(rule, fix)| (rule.as_str(), fix)).collect();
    let fixed = lint::make(&subject, &offered, options);
    if let Some((what, why)) = fixed.refused.first() {
        return Err(SyncError::Unproven(format!("{what}: {why}")));
    }
    Ok(Synced {
        recipe: facts.recipe.name.clone(),
        release,
        version: version.to_string(),
        raise: Some(raise.unwrap_or(needed)),
        because: changes.because,
        fixed,
    })
}

impl Synced {
    /// Nothing is to do.
    fn in_step(subject: &Subject, release: String, version: String) -> Self {
        let recipe = subject.candidate.recipe.name.clone();
        Self { recipe, release, version, raise: None, because: Vec::new(), fixed: Fixed::default() }
    }
}

/// The version that the candidate is to announce.
fn version(
    before: &Version,
    asked: Option<Raise>,
    needed: Raise,
    announced: Option<&Version>,
    upstream: &str,
) -> Result<Version, SyncError> {
    let needed = asked.unwrap_or(needed).of(before.numbers());
    let numbers = match announced {
        Some(announced) if asked.is_none() => announced.numbers().max(needed),
        _ => needed,
    };
    let (major, minor, patch) = numbers;
    let text = format!("{major}.{minor}.{patch}+{upstream}");
    Version::parse(&text).map_err(|why| SyncError::BadTag { tag: upstream.to_owned(), why })
}

/// The tag of the image of `app`, as the sample chooses it.
fn upstream(facts: &Facts) -> Result<String, SyncError> {
    let app = facts.sampled().and_then(|set| set.project().services.get("app"));
    let image = app.map(|app| app.image.clone()).unwrap_or_default();
    match ImageReference::parse(&image).tag {
        Some(tag) => Ok(tag.to_owned()),
        None => Err(SyncError::NoTag(image)),
    }
}

/// The version label of `app`.
struct Label {
    value: String,
    at: lint::Location,
}

fn label(facts: &Facts) -> Option<Label> {
    let pairs = facts.sampled()?.deploy_labels("app");
    let is_label = |pair: &&lint::Pair| pair.key.starts_with("coop-cloud.") && pair.key.ends_with(".version");
    let pair = pairs.iter().rev().find(is_label)?;
    Some(Label { value: pair.value.clone()?, at: pair.value_at.clone() })
}

impl Label {
    /// The edit that makes it say `version`; `None` when it does.
    fn edit(&self, facts: &Facts, version: &Version) -> Result<Option<Fix>, SyncError> {
        let wanted = version.to_string();
        if self.value == wanted {
            return Ok(None);
        }
        let written = facts.written(&self.at);
        let elsewhere = || SyncError::LabelElsewhere(self.value.clone(), wanted.clone());
        let once = !self.value.is_empty() && written.matches(&self.value).count() == 1;
        let offset = written.find(&self.value).filter(|_| once).ok_or_else(elsewhere)?;
        let start = self.at.range.as_ref().ok_or_else(elsewhere)?.start + offset;
        let end = start + self.value.len();
        Ok(Some(Fix {
            title: format!("raise the version label from `{}` to `{wanted}`", self.value),
            safety: Safety::Safe,
            edits: vec![Edit { file: self.at.file.clone(), start, end, replacement: wanted }],
            changes: vec!["services.app.deploy.labels".to_owned()],
        }))
    }
}
