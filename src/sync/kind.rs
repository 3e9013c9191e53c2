//! What changed since the release, and what that means for operators.

use std::collections::BTreeMap;

use super::bump::of_tags;
use crate::lint::{Facts, ImageReference, Set, Subject};
use crate::record::{BumpKind, Finding};

/// Which part of a version rises (recipe-format.md §1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Raise {
    /// A bump or a fix.
    Patch,
    /// A new feature.
    Minor,
    /// The operator must act, or at least look whether to.
    Major,
}

impl Raise {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// The numbers after these.
    pub(super) fn of(self, (major, minor, patch): (u64, u64, u64)) -> (u64, u64, u64) {
        match self {
            Self::Patch => (major, minor, patch + 1),
            Self::Minor => (major, minor + 1, 0),
            Self::Major => (major + 1, 0, 0),
        }
    }
}

/// An image that is another one than in the release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bump {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) old: String,
    pub(super) new: String,
}

/// What changed since the release.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// `None` when nothing that is deployed differs.
    pub(super) raise: Option<Raise>,
    pub(super) because: Vec<String>,
    pub(super) bumps: Vec<Bump>,
}

impl Changes {
    fn add(&mut self, raise: Raise, because: String) {
        self.raise = self.raise.max(Some(raise));
        if !self.because.contains(&because) {
            self.because.push(because);
        }
    }
}

/// Rules of the linter whose findings mean that operators must act.
const MUST_ACT: [&str; 5] = ["V502", "V504", "V506", "V508", "V510"];

/// What changed, of all sets of compose files that both have.
pub(super) fn changes(subject: &Subject, previous: &Facts, findings: &[Finding]) -> Changes {
    let mut changes = Changes::default();
    let mut bumps: BTreeMap<(String, String), Bump> = BTreeMap::new();
    for new in &subject.candidate.sets {
        let Some(old) = previous.sets.iter().find(|old| old.name == new.name) else {
            changes.add(Raise::Minor, format!("`{}` can be deployed now, and could not in the release", new.name));
            continue;
        };
        of_set(new, old, &mut bumps, &mut changes);
        if files_differ(subject, previous, new, old) {
            changes.add(Raise::Patch, "a config's file changed".to_owned());
        }
    }
    for bump in bumps.values() {
        let (raise, why) = weigh(bump);
        changes.add(raise, format!("{}: {} {} → {}: {why}", bump.service, bump.name, bump.old, bump.new));
    }
    changes.bumps = bumps.into_values().collect();
    for finding in findings.iter().filter(|finding| MUST_ACT.contains(&finding.rule.as_str())) {
        changes.add(Raise::Major, format!("operators must act: {} ({})", finding.message, finding.rule));
    }
    changes
}

fn of_set(new: &Set, old: &Set, bumps: &mut BTreeMap<(String, String), Bump>, changes: &mut Changes) {
    for (service, now) in new.project().services() {
        let Some(then) = old.project().services.get(service) else {
            changes.add(Raise::Minor, format!("the service `{service}` is new"));
            continue;
        };
        if now.image == then.image {
            continue;
        }
        let (new, old) = (ImageReference::parse(&now.image), ImageReference::parse(&then.image));
        let of = |image: &ImageReference<'_>, full: &str| match (
            image.tag,
            image.name == new.name && image.name == old.name,
        ) {
            (Some(tag), true) if new.tag != old.tag => tag.to_owned(),
            _ => full.to_owned(),
        };
        let bump = Bump {
            service: service.to_owned(),
            name: new.short_name().to_owned(),
            old: of(&old, &then.image),
            new: of(&new, &now.image),
        };
        bumps.insert((service.to_owned(), bump.old.clone()), bump);
    }
    let gone =
        old.project().services().map(|(name, _)| name).filter(|name| !new.project().services.contains_key(*name));
    for service in gone {
        changes.add(Raise::Minor, format!("the service `{service}` is gone"));
    }
    if without_what_is_told(new) != without_what_is_told(old) {
        changes.add(Raise::Patch, "what is deployed differs in more than images".to_owned());
    }
}

/// A set without its images and its version label, and without services that only one of two may have.
fn without_what_is_told(set: &Set) -> serde_json::Value {
    let mut json = crate::compose::canonical(set.project(), None);
    let services = json.get_mut("services").and_then(serde_json::Value::as_object_mut);
    for service in services.into_iter().flat_map(|services| services.values_mut()) {
        if let Some(service) = service.as_object_mut() {
            service.remove("image");
        }
        if let Some(labels) = service.pointer_mut("/deploy/labels").and_then(serde_json::Value::as_object_mut) {
            labels.retain(|key, _| !(key.starts_with("coop-cloud.") && key.ends_with(".version")));
        }
    }
    // A raised version of a config is told by its file.
    let configs = json.get_mut("configs").and_then(serde_json::Value::as_object_mut);
    for config in
        configs.into_iter().flat_map(|configs| configs.values_mut()).filter_map(|config| config.as_object_mut())
    {
        config.remove("name");
    }
    json
}

fn files_differ(subject: &Subject, previous: &Facts, new: &Set, old: &Set) -> bool {
    let bytes = |facts: &Facts, path: String| facts.recipe.tree.get(&path).map(|file| file.bytes.clone());
    new.project().configs.iter().filter(|(_, config)| !config.file.is_empty()).any(|(key, config)| {
        let then = old.project().configs.get(key).filter(|then| !then.file.is_empty());
        then.is_some_and(|then| {
            bytes(&subject.candidate, new.path_of(&config.file)) != bytes(previous, old.path_of(&then.file))
        })
    })
}

/// What another image means for the recipe's own version.
fn weigh(bump: &Bump) -> (Raise, &'static str) {
    match of_tags(&bump.old, &bump.new) {
        BumpKind::Major => (Raise::Major, "upstream's first number changed"),
        BumpKind::Minor => (Raise::Minor, "upstream's second number changed"),
        BumpKind::Unknown => (Raise::Patch, "its tags are no numbers, so look yourself whether operators must act"),
        BumpKind::Patch | BumpKind::Digest | BumpKind::OtherImage => (Raise::Patch, "a bump"),
    }
}
