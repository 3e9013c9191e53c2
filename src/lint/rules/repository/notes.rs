//! G703, G704 and G705: release notes.

use crate::lint::rule::{Check, Confidence, FixKind, Need, Rule, page};
use crate::lint::{Draft, Subject};
use crate::recipe::Version;
use crate::record::Level;

pub(super) const NAME: Rule = Rule {
    id: "G703",
    name: "release-note-name",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "release notes are called after versions",
    needs: &[],
    page: page!("G703"),
    check: Check::Recipe(name),
};

pub(super) const ORPHAN: Rule = Rule {
    id: "G704",
    name: "release-note-orphan",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every release note has its release",
    needs: &[Need::Git],
    page: page!("G704"),
    check: Check::Recipe(orphan),
};

pub(super) const EMPTY: Rule = Rule {
    id: "G705",
    name: "release-note-empty",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no release note is empty",
    needs: &[],
    page: page!("G705"),
    check: Check::Recipe(empty),
};

fn name(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let names = facts.recipe.tree.iter().filter_map(|(path, _)| Some((path, path.strip_prefix("release/")?)));
    let odd = names.filter(|(_, name)| *name != "next" && !name.starts_with('.') && Version::parse(name).is_err());
    odd.map(|(path, name)| {
        let tags = || facts.recipe.releases.iter().rev().map(|release| release.tag.as_str());
        let bare = name.trim_end_matches(".md").trim_end_matches(".txt").trim_start_matches('v');
        let meant = tags().find(|tag| *tag == bare || tag.split('+').next() == Some(bare));
        Draft::new(format!("the release note `{path}` is called neither after a version nor `next`"))
            .at(facts.file(path), "no release gets it")
            .did_you_mean(meant.map(|meant| format!("`release/{meant}`")))
            .help("the name is the whole version, `x.y.z+<upstream>`, and nothing behind it")
    })
    .collect()
}

fn orphan(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let recipe = &facts.recipe;
    let labels = facts.sets.iter().flat_map(|set| set.deploy_labels("app"));
    let versions = labels.filter(|pair| pair.key.starts_with("coop-cloud.") && pair.key.ends_with(".version"));
    let announced: Vec<String> = versions.filter_map(|pair| pair.value.clone()).collect();
    let known = |version: &Version| recipe.releases.iter().any(|release| release.version == *version);
    // A note may be written before its release: only one that lies behind the newest release is lost.
    let Some(newest) = recipe.releases.iter().next_back() else { return Vec::new() };
    let lost = recipe.release_notes.by_version.iter().filter(|(version, _)| {
        !known(version) && !announced.contains(&version.to_string()) && version.numbers() <= newest.version.numbers()
    });
    lost.map(|(version, note)| {
        let same = recipe.releases.iter().find(|release| release.version.numbers() == version.numbers());
        Draft::new(format!("there is a release note for `{version}`, and no such release"))
            .at(facts.file(&note.path), "nobody is shown it")
            .did_you_mean(same.map(|release| format!("`release/{}`", release.tag)))
    })
    .collect()
}

fn empty(subject: &Subject) -> Vec<Draft> {
    let notes = &subject.candidate.recipe.release_notes.by_version;
    let empty = notes.iter().filter(|(_, note)| note.text.trim().is_empty());
    empty
        .map(|(version, note)| {
            Draft::new(format!("the release note of `{version}` is empty"))
                .at(subject.candidate.file(&note.path), "")
                .help("say what operators must do, or take the file away")
        })
        .collect()
}
