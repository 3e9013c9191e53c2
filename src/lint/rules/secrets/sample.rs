//! E304, E305, E321, E323 and E324: what `.env.sample` says.

use std::collections::BTreeMap;

use super::usage::names;
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Subject};
use crate::recipe::{Entry, secret};
use crate::record::{Edit, Fix, Level, Safety};

pub(super) const SUFFIX: Rule = Rule {
    id: "E304",
    name: "secret-suffix-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "the variable of a secret's version ends with _VERSION",
    needs: &[],
    page: page!("E304"),
    check: Check::Recipe(suffix),
};

pub(super) const MODIFIER: Rule = Rule {
    id: "E305",
    name: "secret-modifier-unknown",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "modifiers of secrets are known and readable",
    needs: &[],
    page: page!("E305"),
    check: Check::Recipe(modifier),
};

pub(super) const UNREADABLE: Rule = Rule {
    id: "E321",
    name: "sample-line-odd",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every line of the sample reads as it is meant",
    needs: &[],
    page: page!("E321"),
    check: Check::Recipe(unreadable),
};

pub(super) const STACK_NAME: Rule = Rule {
    id: "E323",
    name: "stack-name-in-sample",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Safe,
    confidence: Confidence::Certain,
    summary: "the sample does not set STACK_NAME",
    needs: &[],
    page: page!("E323"),
    check: Check::Recipe(stack_name),
};

pub(super) const TYPE: Rule = Rule {
    id: "E324",
    name: "type-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "TYPE in the sample is the recipe's name",
    needs: &[],
    page: page!("E324"),
    check: Check::Recipe(recipe_type),
};

fn all(subject: &Subject) -> impl Iterator<Item = &Entry> {
    let sample = &subject.candidate.sample;
    sample.entries.iter().chain(&sample.options)
}

fn suffix(subject: &Subject) -> Vec<Draft> {
    let version = |value: &str| {
        value.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let slips = all(subject).filter(|entry| {
        entry.name.starts_with("SECRET_") && !entry.name.ends_with("_VERSION") && version(&entry.value)
    });
    slips
        .map(|entry| {
            let stem = entry.name.trim_end_matches("_VERSIONS").trim_end_matches("_VERISON").trim_end_matches('_');
            Draft::new(format!("`{}` looks like the version of a secret, and does not end with `_VERSION`", entry.name))
                .at(subject.candidate.in_sample(entry.name_span.clone()), "no secret is made for it")
                .did_you_mean(Some(format!("`{stem}_VERSION`")))
        })
        .collect()
}

fn modifier(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let options = facts.sample.options.iter().filter(|option| facts.sample.entry(&option.name).is_none());
    let on: BTreeMap<String, String> = options.map(|option| (option.name.clone(), option.value.clone())).collect();
    let (_, problems) = secret::specs(&facts.sample, &facts.sample.effective(&on));
    let mut drafts = Vec::new();
    for problem in problems {
        let found = all(subject).flat_map(|entry| &entry.modifiers).find(|modifier| modifier.span == problem.span);
        let Some(modifier) = found else { continue };
        let meant = similar(&modifier.key, ["length", "charset", "generate"]);
        drafts.push(
            Draft::new(problem.what)
                .at(facts.in_sample(problem.span), "")
                .did_you_mean(meant.map(|meant| format!("`{meant}={}`", modifier.value)))
                .help("`length=<number>`, `charset=default|hex|special|safespecial` and `generate=false` are known"),
        );
    }
    drafts
}

fn unreadable(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let problems = facts.sample.problems.iter();
    problems.map(|problem| Draft::new(problem.what.clone()).at(facts.in_sample(problem.span.clone()), "")).collect()
}

fn stack_name(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let entries = facts.sample.entries.iter().filter(|entry| entry.name == "STACK_NAME");
    entries
        .map(|entry| {
            let text = facts.sample.text.as_bytes();
            let start = text[..entry.span.start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let end = text[entry.span.end..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(text.len(), |at| entry.span.end + at + 1);
            Draft::new("the sample sets `STACK_NAME`, which is made from the app's domain")
                .at(facts.in_sample(entry.span.clone()), "two apps would share one stack")
                .help("take the line out: the deployer gives the variable to every compose file")
                .fix(Fix {
                    title: "take the line out".to_owned(),
                    safety: Safety::Safe,
                    edits: vec![Edit { file: ".env.sample".to_owned(), start, end, replacement: String::new() }],
                    changes: Vec::new(),
                })
        })
        .collect()
}

fn recipe_type(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    if facts.recipe.env_sample.is_none() {
        return Vec::new();
    }
    let name = &facts.recipe.name;
    let Some(entry) = facts.sample.entry("TYPE").or_else(|| facts.sample.entry("RECIPE")) else {
        return vec![
            Draft::new("the sample does not say of which recipe its apps are: neither `TYPE` nor `RECIPE` is set")
                .at(facts.file(".env.sample"), "")
                .did_you_mean(similar("TYPE", names(subject)).map(|meant| format!("`TYPE` instead of `{meant}`")))
                .help(format!("add a line `TYPE={name}`")),
        ];
    };
    // A folder outside of git may be called anything.
    let unnamed = facts.recipe.candidate.commit.is_none();
    if unnamed || entry.value.split(':').next().is_some_and(|said| said.trim() == name) {
        return Vec::new();
    }
    vec![
        Draft::new(format!("`{}` is `{}`, and the recipe is `{name}`", entry.name, entry.value))
            .at(facts.in_sample(entry.value_span.clone()), "copied from another recipe?")
            .help("apps made from this sample would be apps of that other recipe"),
    ]
}
