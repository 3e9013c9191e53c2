//! V512 to V517: the version, and what it announces (recipe-format.md §1.4).

use super::compare::{announced, before, has_note, version_label};
use crate::lint::rule::{Check, Confidence, FixKind, Need, Rule, page};
use crate::lint::{Draft, Facts, Location, Subject};
use crate::record::{Edit, Fix, Level, Safety};

pub(super) const LABEL: Rule = Rule {
    id: "V512",
    name: "version-label-differs",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Unsafe,
    confidence: Confidence::Certain,
    summary: "a release has the version of its tag in its label",
    needs: &[Need::Git],
    page: page!("V512"),
    check: Check::Recipe(label),
};

pub(super) const UNCHANGED: Rule = Rule {
    id: "V513",
    name: "version-not-raised",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "what differs from the last release has another version",
    needs: &[],
    page: page!("V513"),
    check: Check::Upgrade(unchanged),
};

pub(super) const BACKWARDS: Rule = Rule {
    id: "V514",
    name: "version-backwards",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "versions only rise",
    needs: &[],
    page: page!("V514"),
    check: Check::Upgrade(backwards),
};

pub(super) const REUSED: Rule = Rule {
    id: "V515",
    name: "version-number-reused",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "two releases differ in their own three numbers",
    needs: &[],
    page: page!("V515"),
    check: Check::Upgrade(reused),
};

pub(super) const KIND: Rule = Rule {
    id: "V516",
    name: "feature-in-patch",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "a new service or overlay raises more than the patch number",
    needs: &[],
    page: page!("V516"),
    check: Check::Upgrade(kind),
};

pub(super) const NOTE: Rule = Rule {
    id: "V517",
    name: "release-note-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a major version has a release note",
    needs: &[],
    page: page!("V517"),
    check: Check::Upgrade(note),
};

/// The version label of the candidate, or the compose file when there is none.
fn label_at(facts: &Facts) -> Location {
    version_label(facts).map_or_else(|| facts.file("compose.yml"), |(_, at)| at)
}

fn label(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let (Some(version), Some((label, at))) = (&facts.recipe.candidate.version, version_label(facts)) else {
        return Vec::new();
    };
    // A commit may carry several releases.
    let commit = facts.recipe.candidate.commit.as_deref();
    let mut own = facts.recipe.releases.iter().filter(|release| Some(release.commit.as_str()) == commit);
    if own.any(|release| release.tag == label) || facts.recipe.candidate.dirty {
        return Vec::new();
    }
    let draft = Draft::new(format!("the label of `app` says version `{label}`, and the release is tagged `{version}`"))
        .at(at.clone(), "")
        .at(Location::file(format!("refs/tags/{version}")), "the tag")
        .help("operators see the label: to them this release is the other one. Correct the label, and release again");
    let written = facts.written(&at);
    let found = at.range.as_ref().zip(written.rfind(&label));
    let Some((range, offset)) = found.filter(|_| written.matches(&label).count() == 1) else { return vec![draft] };
    let start = range.start + offset;
    vec![draft.fix(Fix {
        title: format!("make the label say `{version}`"),
        safety: Safety::Unsafe,
        edits: vec![Edit { file: at.file, start, end: start + label.len(), replacement: version.to_string() }],
        changes: vec!["services.app.deploy.labels".to_owned()],
    })]
}

fn unchanged(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let facts = &subject.candidate;
    let (Some((label, at)), Some(release)) = (version_label(facts), previous.release.as_deref()) else {
        return Vec::new();
    };
    if label != release || (facts.recipe.candidate.version.is_some() && !facts.recipe.candidate.dirty) {
        return Vec::new();
    }
    let Some((new, old)) = facts.sampled().zip(previous.sampled()) else { return Vec::new() };
    let configs = new.project().configs.values().filter(|config| !config.file.is_empty());
    let mut files = configs.map(|config| new.path_of(&config.file));
    let same =
        |path: &str| facts.recipe.tree.get(path).map(|f| &f.bytes) == previous.recipe.tree.get(path).map(|f| &f.bytes);
    if new.project() == old.project() && files.all(|path| same(&path)) {
        return Vec::new();
    }
    vec![
        Draft::new(format!("what is deployed differs from {release}, and the label of `app` still says so"))
            .at(at, "")
            .help("before the release: raise it, commit, and tag (`abra recipe sync` does the first)"),
    ]
}

fn backwards(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let facts = &subject.candidate;
    let Some(version) = announced(facts) else { return Vec::new() };
    let help = "operators get the highest version, whichever is newer: choose a higher one";
    let releases = &facts.recipe.releases;
    let commit = facts.recipe.candidate.commit.as_deref();
    let own = releases.iter().find(|release| release.version == version && Some(release.commit.as_str()) == commit);
    let Some(own) = own.filter(|_| facts.recipe.candidate.version.is_some()) else {
        let lower = before(previous).filter(|before| version.numbers() < before.numbers());
        let told = lower.map(|before| {
            Draft::new(format!("the label of `app` says `{version}`, and `{before}` was released before"))
                .at(label_at(facts), "")
                .help(help)
        });
        return told.into_iter().collect();
    };
    let earlier = releases
        .iter()
        .filter(|other| other.version.numbers() > own.version.numbers() && other.tagged_at < own.tagged_at);
    let told = earlier.max().map(|other| {
        Draft::new(format!("the release `{version}` was tagged after `{}`, which is higher", other.tag))
            .at(Location::file(format!("refs/tags/{}", own.tag)), "")
            .help(help)
    });
    told.into_iter().collect()
}

fn reused(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let Some((new, old)) = announced(&subject.candidate).zip(before(previous)) else { return Vec::new() };
    if new.numbers() != old.numbers() || new == old {
        return Vec::new();
    }
    vec![
        Draft::new(format!("`{new}` has the same three numbers as the release `{old}`"))
            .at(label_at(&subject.candidate), "")
            .help("versions compare by these numbers: raise the last one for a new version of the app"),
    ]
}

fn kind(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let facts = &subject.candidate;
    let Some((new, old)) = announced(facts).zip(before(previous)) else { return Vec::new() };
    if (new.major, new.minor) != (old.major, old.minor) || new.patch <= old.patch {
        return Vec::new();
    }
    let overlays = facts.root_compose_files().into_iter().filter(|file| previous.recipe.tree.entry(file).is_none());
    let mut added: Vec<(String, Location)> =
        overlays.map(|file| (format!("the file `{file}`"), facts.file(file))).collect();
    if let Some((now, then)) = facts.sampled().zip(previous.sampled()) {
        let fresh = now.project().services().filter(|(name, _)| !then.project().services.contains_key(*name));
        added.extend(fresh.map(|(name, _)| (format!("the service `{name}`"), now.service_at(name))));
    }
    added
        .into_iter()
        .map(|(what, at)| {
            Draft::new(format!("{what} is new since {old}, and only the patch number is raised, to `{new}`"))
                .at(label_at(facts), "")
                .at(at, "new")
                .help(format!(
                    "a new feature raises the minor number: `{}.{}.0+{}`",
                    new.major,
                    new.minor + 1,
                    new.upstream()
                ))
        })
        .collect()
}

fn note(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let Some((new, old)) = announced(&subject.candidate).zip(before(previous)) else { return Vec::new() };
    if new.major <= old.major || has_note(subject) {
        return Vec::new();
    }
    vec![
        Draft::new(format!(
            "`{new}` raises the major number of `{old}`, and no release note says what operators must do"
        ))
        .at(subject.candidate.file(format!("release/{new}")), "not there, or empty")
        .at(label_at(&subject.candidate), "the version")
        .help("write it into that file, or into `release/next` before the release"),
    ]
}
