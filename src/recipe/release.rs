//! Releases: version tags and their order, and the notes that come with them (recipe-format.md §1 and §1.4).

use std::cmp::Ordering;

use super::git::Tag;
use super::{Irregularity, Tree, Version};

/// A release of a recipe: a tag that is a version.
///
/// Releases are ordered by (x, y, z), then by the tag's date, then by the natural order of the upstream part (§1.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The tag's name, which is the version as written.
    pub tag: String,
    /// The tag is an object of its own, as a release's must be; otherwise it is lightweight.
    pub annotated: bool,
    /// When it was tagged; for a lightweight tag, when its commit was made. `None` when git's data has no readable date.
    pub tagged_at: Option<jiff::Timestamp>,
    /// The full hash of the commit.
    pub commit: String,
    /// The tag's message, without white space at its ends; empty for a lightweight tag.
    pub message: String,
}

/// A tag that is no version, so no release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTag {
    /// The tag's name.
    pub name: String,
    /// The tag is an object of its own; otherwise it is lightweight.
    pub annotated: bool,
    /// Why its name is no version.
    pub why: String,
}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (&self.version, &other.version);
        left.numbers()
            .cmp(&right.numbers())
            .then_with(|| self.tagged_at.cmp(&other.tagged_at))
            .then_with(|| left.cmp(right))
            .then_with(|| {
                (&self.commit, self.annotated, &self.message).cmp(&(&other.commit, other.annotated, &other.message))
            })
    }
}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Sorts tags into releases, the oldest version first, and others. Tags that are no versions, and lightweight ones, are reported.
pub(super) fn releases(tags: Vec<Tag>, irregularities: &mut Vec<Irregularity>) -> (Vec<Release>, Vec<OtherTag>) {
    let mut releases = Vec::new();
    let mut others = Vec::new();
    for tag in tags {
        let mut report =
            |what: String| irregularities.push(Irregularity::new(format!("refs/tags/{}", tag.name), None, what));
        let version = match Version::parse(&tag.name) {
            Ok(version) => version,
            Err(why) => {
                report(format!("the tag is not a recipe version, so it is no release: {why}"));
                others.push(OtherTag { name: tag.name, annotated: tag.annotated, why: why.to_string() });
                continue;
            }
        };
        if !tag.annotated {
            report("the tag is lightweight; a release needs an annotated one (`git tag -a`)".to_owned());
        }
        let Tag { name, annotated, time, commit, message } = tag;
        releases.push(Release { version, tag: name, annotated, tagged_at: time, commit, message });
    }
    releases.sort();
    (releases, others)
}

/// What a recipe tells its operators about releases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReleaseNotes {
    /// The notes of versions, the oldest version first.
    pub by_version: Vec<(Version, ReleaseNote)>,
    /// The note of the release to come, `release/next`.
    pub next: Option<ReleaseNote>,
}

/// One release note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseNote {
    /// The file, from the recipe's root.
    pub path: String,
    /// Its text, Markdown.
    pub text: String,
}

impl ReleaseNotes {
    /// The note of a version.
    pub fn of(&self, version: &Version) -> Option<&ReleaseNote> {
        self.by_version.iter().find(|(noted, _)| noted == version).map(|(_, note)| note)
    }

    pub(super) fn read(tree: &Tree, irregularities: &mut Vec<Irregularity>) -> ReleaseNotes {
        let mut notes = ReleaseNotes::default();
        for (path, _) in tree.iter() {
            let Some(name) = path.strip_prefix("release/") else { continue };
            let mut report = |what: String| irregularities.push(Irregularity::new(path, None, what));
            let file = match tree.find(path) {
                Ok((_, file)) => file,
                Err(error) => {
                    report(format!("the release note cannot be read: {error}"));
                    continue;
                }
            };
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            if file.text().is_none() {
                report("the release note is not UTF-8; unreadable characters were replaced".to_owned());
            }
            if text.trim().is_empty() && name != "next" {
                report("the release note is empty".to_owned());
            }
            let note = ReleaseNote { path: path.to_owned(), text };
            match Version::parse(name) {
                _ if name == "next" => notes.next = Some(note),
                Ok(version) => notes.by_version.push((version, note)),
                Err(_) if name.starts_with('.') => {}
                Err(why) => report(format!(
                    "the file's name is neither a version nor `next`, so no release gets the note: {why}"
                )),
            }
        }
        notes.by_version.sort_by(|left, right| left.0.cmp(&right.0));
        notes
    }
}
