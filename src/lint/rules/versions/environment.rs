//! V502, V503, V504, V508 and V509: what an operator who upgrades with the old environment meets (lesson 23).

use super::compare::{operators_act, pairs, push};
use crate::compose::{Form, VariableUse};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Facts, Set, Subject};
use crate::recipe::compose_files;
use crate::record::{Edit, Fix, Level, Safety};

pub(super) const REQUIRED: Rule = Rule {
    id: "V502",
    name: "required-variable-new",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "an old environment is enough for the new compose files",
    needs: &[],
    page: page!("V502"),
    check: Check::Upgrade(required),
};

pub(super) const NEW: Rule = Rule {
    id: "V503",
    name: "variable-new",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Safe,
    confidence: Confidence::Certain,
    summary: "a variable that is new has a default",
    needs: &[],
    page: page!("V503"),
    check: Check::Upgrade(new_variable),
};

pub(super) const SECRET: Rule = Rule {
    id: "V504",
    name: "secret-new",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a version with a new secret says that operators must act",
    needs: &[],
    page: page!("V504"),
    check: Check::Upgrade(new_secret),
};

pub(super) const OVERLAY: Rule = Rule {
    id: "V508",
    name: "compose-file-dropped",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "compose files that operators chose are still there",
    needs: &[],
    page: page!("V508"),
    check: Check::Upgrade(overlay),
};

pub(super) const DROPPED: Rule = Rule {
    id: "V509",
    name: "variable-dropped",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "variables that operators set are still read",
    needs: &[],
    page: page!("V509"),
    check: Check::Upgrade(dropped),
};

/// Whether somebody who made an app from the release before may have this variable.
fn had(previous: &Facts, name: &str) -> bool {
    name == "STACK_NAME" || previous.sample.entry(name).is_some() || previous.sample.option(name).is_some()
}

/// Whether the deployer gives the variable whatever the operator has.
fn vendored(subject: &Subject, name: &str) -> bool {
    subject.candidate.recipe.abra_sh.iter().any(|abra| abra.exported().iter().any(|(known, _)| *known == name))
}

/// Whether the value breaks the deploy when it is not there: a required variable, and one in the name of a config or an image.
fn needed(used: &VariableUse) -> bool {
    let name = used.path.starts_with("configs.") && used.path.ends_with(".name") || used.path.ends_with(".image");
    match used.form {
        Form::Required | Form::RequiredNotEmpty => true,
        Form::Plain => name,
        _ => false,
    }
}

/// Uses of variables that the release before neither had nor used, of the sets that operators of that release deploy.
fn fresh<'f>(subject: &'f Subject, previous: &'f Facts) -> Vec<(&'f Set, &'f VariableUse)> {
    let mut fresh = Vec::new();
    for (new, old) in pairs(subject, previous) {
        for used in &new.loaded.variables {
            let name = &used.name;
            let was_used =
                old.loaded.variables.iter().any(|before| before.name == *name && needed(before) == needed(used));
            if !had(previous, name) && !vendored(subject, name) && !was_used {
                fresh.push((new, used));
            }
        }
    }
    fresh
}

fn required(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let release = previous.release.as_deref().unwrap_or_default();
    let mut drafts = Vec::new();
    for (set, used) in fresh(subject, previous).into_iter().filter(|(_, used)| needed(used)) {
        let name = &used.name;
        let draft =
            Draft::new(format!("the compose files need `{name}`, and no environment made for {release} has it"))
                .at(set.location(used.span), "every upgrade stops here")
                .help(format!("give it a default: `${{{name}:-…}}`"));
        push(&mut drafts, draft);
    }
    drafts
}

fn new_variable(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    let release = previous.release.as_deref().unwrap_or_default();
    let facts = &subject.candidate;
    let mut drafts = Vec::new();
    for (set, used) in fresh(subject, previous) {
        let name = &used.name;
        let of_secret = used.path.starts_with("secrets.");
        let Some(entry) = facts.sample.entry(name).filter(|entry| !entry.value.is_empty()) else { continue };
        if used.form != Form::Plain || needed(used) || of_secret {
            continue;
        }
        let at = set.location(used.span);
        let mut draft = Draft::new(format!(
            "`{name}` is new since {release} and has no default: apps that exist get nothing for it"
        ))
        .at(at.clone(), "becomes nothing in an upgrade")
        .at(facts.in_sample(entry.span.clone()), "only new apps get this");
        // What needs no quoting anywhere can be put into the expression without looking.
        let plain = entry.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte));
        let written = facts.written(&at);
        if plain
            && let Some(range) = at.range
            && (written == format!("${name}") || written == format!("${{{name}}}"))
        {
            let replacement = format!("${{{name}:-{}}}", entry.value);
            draft = draft.help(format!("write `{replacement}`")).fix(Fix {
                title: format!("give `{name}` the sample's value for a default"),
                safety: Safety::Safe,
                edits: vec![Edit { file: at.file, start: range.start, end: range.end, replacement }],
                changes: Vec::new(),
            });
        }
        push(&mut drafts, draft);
    }
    drafts
}

/// A secret's name without its version.
fn stem(name: &str) -> &str {
    name.rsplit_once('_').map_or(name, |(stem, _)| stem)
}

fn new_secret(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    if operators_act(subject, previous) {
        return Vec::new();
    }
    let release = previous.release.as_deref().unwrap_or_default();
    let mut drafts = Vec::new();
    for (new, old) in pairs(subject, previous) {
        let stems: Vec<&str> = old.project().secrets.values().map(|secret| stem(&secret.name)).collect();
        let used =
            |key: &str| new.project().services().any(|(_, service)| service.secrets.iter().any(|s| s.source == key));
        for (key, secret) in new.project().secrets.iter().filter(|(key, secret)| secret.external && used(key)) {
            if stems.contains(&stem(&secret.name)) {
                continue;
            }
            let Some(found) = new.last(&["secrets", key, "name"]).or_else(|| new.last(&["secrets", key])) else {
                continue;
            };
            let before = old.project().secrets.get(key);
            let what = if before.is_some() { "has another name" } else { "is new" };
            let mut draft = Draft::new(format!(
                "the secret `{key}` {what} since {release}: an upgrade stops until the operator made it"
            ))
            .at(found.key, "")
            .help("raise the major number of the version, and tell operators in the release note what to do");
            if let Some(before) = before {
                let at = old.last(&["secrets", key, "name"]).map_or_else(|| old.whole_file(), |found| found.key);
                let name = stem(&before.name);
                let name = name.strip_prefix(old.stack.as_str()).unwrap_or(name);
                draft = draft.at(at, format!("it was called `{}`", name.strip_prefix('_').unwrap_or(name)));
            }
            push(&mut drafts, draft);
        }
    }
    drafts
}

fn overlay(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    if operators_act(subject, previous) {
        return Vec::new();
    }
    let release = previous.release.as_deref().unwrap_or_default();
    let tree = &subject.candidate.recipe.tree;
    let mut drafts = Vec::new();
    let sample = &previous.sample;
    for entry in sample.entries.iter().chain(&sample.options).filter(|entry| entry.name == "COMPOSE_FILE") {
        for file in compose_files(&[("COMPOSE_FILE".to_owned(), entry.value.clone())]) {
            if tree.find(&file).is_ok() || previous.recipe.tree.find(&file).is_err() {
                continue;
            }
            let known =
                tree.root_entries().map(|(path, _)| path).filter(|path| previous.recipe.tree.entry(path).is_none());
            let draft =
                Draft::new(format!("`{file}` is gone since {release}, and operators have it in their `COMPOSE_FILE`"))
                    .at(subject.candidate.file(&file), "no deploy finds it any more")
                    .at(previous.in_sample(entry.value_span.clone()), "operators chose it here")
                    .did_you_mean(similar(&file, known).map(|meant| format!("`{meant}`")))
                    .help("keep an empty one under the old name, or raise the major number of the version");
            if !drafts.iter().any(|(known, _)| *known == file) {
                drafts.push((file, draft));
            }
        }
    }
    drafts.into_iter().map(|(_, draft)| draft).collect()
}

fn dropped(subject: &Subject, previous: &Facts) -> Vec<Draft> {
    if operators_act(subject, previous) {
        return Vec::new();
    }
    let release = previous.release.as_deref().unwrap_or_default();
    let facts = &subject.candidate;
    let mut drafts = Vec::new();
    for entry in previous.sample.entries.iter().chain(&previous.sample.options) {
        let name = &entry.name;
        let kept = facts.sample.entry(name).is_some() || facts.sample.option(name).is_some();
        let mut now = facts.sets.iter().flat_map(|set| &set.loaded.variables);
        let mut then = previous.sets.iter().flat_map(|set| &set.loaded.variables);
        // Secrets have a rule of their own; overlays that do not load tell nothing.
        let of_others = name.starts_with("SECRET_") || !facts.broken.is_empty();
        if kept || of_others || now.any(|used| used.name == *name) || !then.any(|used| used.name == *name) {
            continue;
        }
        let fresh = facts.sample.entries.iter().chain(&facts.sample.options).map(|entry| entry.name.as_str());
        let fresh =
            fresh.filter(|name| previous.sample.entry(name).is_none() && previous.sample.option(name).is_none());
        let draft = Draft::new(format!("nothing reads `{name}` since {release}: what operators set there has no effect any more"))
            .at(facts.file(".env.sample"), "not there any more")
        .at(previous.in_sample(entry.span.clone()), "operators were offered it here")
            .did_you_mean(similar(name, fresh).map(|meant| format!("`{meant}` is its new name")))
            .help("read the old name too: `${NEW:-${OLD}}` is not expanded, so let a program in the container choose; or raise the major number");
        push(&mut drafts, draft);
    }
    drafts
}
