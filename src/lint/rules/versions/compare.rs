//! What candidate and release before have in common, and what the candidate announces.

use crate::lint::{Draft, Facts, Location, Set, Subject};
use crate::recipe::Version;

/// The version that the candidate is or is going to be: its tag, or what the label of `app` says.
pub(super) fn announced(facts: &Facts) -> Option<Version> {
    facts.recipe.candidate.version.clone().or_else(|| Version::parse(&version_label(facts)?.0).ok())
}

/// The deploy label of `app` that holds the version: its value, and where it is written.
pub(super) fn version_label(facts: &Facts) -> Option<(String, Location)> {
    let labels = facts.sampled()?.deploy_labels("app").iter();
    let label = labels.rev().find(|pair| pair.key.starts_with("coop-cloud.") && pair.key.ends_with(".version"))?;
    Some((label.value.clone()?, label.value_at.clone()))
}

/// The version of the release before.
pub(super) fn before(previous: &Facts) -> Option<Version> {
    Version::parse(previous.release.as_deref()?).ok()
}

/// Whether the candidate tells operators that they must act: its major number is higher than the one of the release before.
pub(super) fn operators_act(subject: &Subject, previous: &Facts) -> bool {
    let versions = announced(&subject.candidate).zip(before(previous));
    versions.is_some_and(|(new, old)| new.major > old.major)
}

/// Whether there is a note for operators about what the candidate announces.
pub(super) fn has_note(subject: &Subject) -> bool {
    let notes = &subject.candidate.recipe.release_notes;
    let told = |text: &str| !text.trim().is_empty();
    notes.next.as_ref().is_some_and(|note| told(&note.text))
        || announced(&subject.candidate).and_then(|version| notes.of(&version)).is_some_and(|note| told(&note.text))
}

/// Sets of one name in both, and what both samples choose: (candidate's, release's).
pub(super) fn pairs<'f>(subject: &'f Subject, previous: &'f Facts) -> Vec<(&'f Set, &'f Set)> {
    let new = &subject.candidate;
    let mut pairs: Vec<(&Set, &Set)> = Vec::new();
    for set in &new.sets {
        let old = previous.sets.iter().find(|old| old.name == set.name);
        let chosen = || previous.sampled().filter(|_| new.sampled().is_some_and(|sampled| sampled.name == set.name));
        pairs.extend(old.or_else(chosen).map(|old| (set, old)));
    }
    pairs
}

/// Adds what several sets say once.
pub(super) fn push(drafts: &mut Vec<Draft>, draft: Draft) {
    if !drafts.contains(&draft) {
        drafts.push(draft);
    }
}
