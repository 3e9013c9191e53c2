//! M603, M604, M606 and M609: the fields themselves (recipe-format.md §1.3).

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Location, Subject};
use crate::recipe::Field;
use crate::record::Level;

pub(super) const MAINTAINER: Rule = Rule {
    id: "M603",
    name: "maintainer-missing",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the metadata names a maintainer with contact",
    needs: &[],
    page: page!("M603"),
    check: Check::Recipe(maintainer),
};

pub(super) const CATEGORY: Rule = Rule {
    id: "M604",
    name: "category-odd",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "the category is one of those that others use",
    needs: &[],
    page: page!("M604"),
    check: Check::Recipe(category),
};

pub(super) const SCALE: Rule = Rule {
    id: "M606",
    name: "scale-legacy",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "scores are numbers of the scale in use",
    needs: &[],
    page: page!("M606"),
    check: Check::Recipe(scale),
};

pub(super) const UNKNOWN: Rule = Rule {
    id: "M609",
    name: "metadata-field-unknown",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the metadata block has known fields, each once, and ends",
    needs: &[],
    page: page!("M609"),
    check: Check::Recipe(unknown),
};

/// The fields of the format.
const KNOWN: [&str; 9] =
    ["Category", "Status", "Image", "Healthcheck", "Backups", "Email", "Tests", "SSO", "Maintainer"];

/// Categories of published recipes [M]: they only help to see a slip of the pen.
const CATEGORIES: [&str; 4] = ["Apps", "Utilities", "Development", "Graphics"];

/// A field of the metadata, and where its value is.
pub(super) fn field<'s>(subject: &'s Subject, name: &str) -> Option<(&'s Field, Location)> {
    let field = subject.candidate.recipe.readme.as_ref()?.metadata.as_ref()?.field(name)?;
    Some((field, subject.candidate.location("README.md", field.span.clone())))
}

/// The value of a field; empty when it is not there.
pub(super) fn value<'s>(subject: &'s Subject, name: &str) -> &'s str {
    field(subject, name).map_or("", |(field, _)| field.value.as_str())
}

/// What a value that begins with yes or no says.
pub(super) fn yes(value: &str) -> Option<bool> {
    let word: String = value.chars().take_while(|c| c.is_alphabetic()).collect();
    match word.to_lowercase().as_str() {
        "yes" => Some(true),
        "no" | "none" => Some(false),
        _ => None,
    }
}

fn maintainer(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let Some(metadata) = facts.recipe.readme.as_ref().and_then(|readme| readme.metadata.as_ref()) else {
        return Vec::new();
    };
    let help = "`* **Maintainer**: <name>, <where to reach them>`: stable recipes have one since the federation's Resolution 025";
    let Some((field, at)) = field(subject, "Maintainer").filter(|(field, _)| !field.value.is_empty()) else {
        return vec![
            Draft::new("the metadata names no maintainer").at(facts.line("README.md", metadata.line), "").help(help),
        ];
    };
    if field.value.contains(['@', '#', ':', '[']) {
        return Vec::new();
    }
    vec![
        Draft::new(format!("the maintainer `{}` has no contact", field.value)).at(at, "no address, no link").help(help),
    ]
}

fn category(subject: &Subject) -> Vec<Draft> {
    let Some((field, at)) = field(subject, "Category").filter(|(field, _)| !field.value.is_empty()) else {
        return Vec::new();
    };
    let value = field.value.as_str();
    let known = CATEGORIES.iter().find(|known| strsim::osa_distance(&known.to_lowercase(), &value.to_lowercase()) <= 1);
    let word = value.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '&');
    if CATEGORIES.contains(&value) || (known.is_none() && word) {
        return Vec::new();
    }
    vec![
        Draft::new(format!("`{value}` is no category that other recipes share"))
            .at(at, "")
            .did_you_mean(known.map(|known| format!("`{known}`")))
            .help("one category, spelled as other recipes spell it, for example `Apps`"),
    ]
}

fn scale(subject: &Subject) -> Vec<Draft> {
    let scales: [(&str, u32, bool); 4] =
        [("Status", 5, false), ("Email", 3, true), ("Tests", 3, true), ("SSO", 3, true)];
    let mut drafts = Vec::new();
    for (name, most, words) in scales {
        let Some((field, at)) = field(subject, name).filter(|(field, _)| !field.value.is_empty()) else { continue };
        let head: String = field.value.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
        let number = head.parse::<u32>().is_ok_and(|number| number <= most);
        let word = words && (yes(&head).is_some() || head.eq_ignore_ascii_case("n/a"));
        if number || word {
            continue;
        }
        let other = if words { ", or N/A" } else { "" };
        drafts.push(
            Draft::new(format!("`{name}` is `{}`, and the scale is 0 to {most}{other}", field.value))
                .at(at, "")
                .help("what cannot be read counts as 0"),
        );
    }
    drafts
}

fn unknown(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let Some(readme) = &facts.recipe.readme else { return Vec::new() };
    let fields = readme.metadata.iter().flat_map(|metadata| &metadata.fields);
    let mut seen: Vec<String> = Vec::new();
    let mut drafts = Vec::new();
    for field in fields {
        let at = facts.line("README.md", field.line);
        let name = field.name.to_lowercase();
        if seen.contains(&name) {
            drafts.push(Draft::new(format!("`{}` is there twice, and the first one counts", field.name)).at(at, ""));
        } else if !KNOWN.iter().any(|known| known.to_lowercase() == name) {
            let meant = KNOWN.iter().find(|known| strsim::osa_distance(&known.to_lowercase(), &name) <= 2).copied();
            let meant = meant.or_else(|| similar(&field.name, KNOWN));
            drafts.push(
                Draft::new(format!("`{}` is no field of the metadata block, so nobody reads it", field.name))
                    .at(at, "")
                    .did_you_mean(meant.map(|meant| format!("`{meant}`"))),
            );
        }
        seen.push(name);
    }
    let of_block = |what: &str| {
        what.contains("second metadata block")
            || what.contains("not closed")
            || what.contains("without a `<!-- metadata")
    };
    for problem in readme.problems.iter().filter(|problem| of_block(&problem.what)) {
        drafts.push(Draft::new(problem.what.clone()).at(facts.line("README.md", problem.line), ""));
    }
    drafts
}
