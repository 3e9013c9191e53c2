//! E308, E311, E312, E313 and E325: variables that one side knows and the other does not.

use super::usage::{OF_ABRA, known, names, whole_environment, words};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Location, Set, Subject};
use crate::record::Level;

pub(super) const UNDEFINED: Rule = Rule {
    id: "E308",
    name: "variable-undefined",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every variable has a default, or is set or documented in the sample",
    needs: &[],
    page: page!("E308"),
    check: Check::Set(undefined),
};

pub(super) const UNUSED: Rule = Rule {
    id: "E311",
    name: "variable-unused",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every variable of the sample is used",
    needs: &[],
    page: page!("E311"),
    check: Check::Recipe(unused),
};

pub(super) const EXPORT_UNUSED: Rule = Rule {
    id: "E312",
    name: "export-unused",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every config version of abra.sh is used",
    needs: &[],
    page: page!("E312"),
    check: Check::Recipe(export_unused),
};

pub(super) const SECRET_UNUSED: Rule = Rule {
    id: "E313",
    name: "secret-version-unused",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every secret of the sample is in a compose file",
    needs: &[],
    page: page!("E313"),
    check: Check::Recipe(secret_unused),
};

pub(super) const NESTED: Rule = Rule {
    id: "E325",
    name: "default-nested",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no default holds another variable",
    needs: &[],
    page: page!("E325"),
    check: Check::Set(nested),
};

fn undefined(subject: &Subject, set: &Set) -> Vec<Draft> {
    // Without a sample nothing is documented, and R008 says that once.
    if subject.candidate.recipe.env_sample.is_none() {
        return Vec::new();
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut drafts = Vec::new();
    // A missing part of a secret's, a config's or an image's name is told by rules of its own.
    let told = |path: &str| {
        path.ends_with(".name") && (path.starts_with("secrets.") || path.starts_with("configs."))
            || path.ends_with(".image")
    };
    let passed = set.project().services().flat_map(|(service, _)| {
        let pairs = set.pairs(&["services", service, "environment"]);
        pairs.into_iter().filter(|pair| pair.value.is_none()).map(|pair| (pair.key, pair.key_at))
    });
    let passed: Vec<(String, Location)> = passed.collect();
    let used = set.loaded.variables.iter().filter(|used| used.operand.is_none() && !told(&used.path));
    let used = used.map(|used| (used.name.as_str(), set.location(used.span), "becomes nothing"));
    let all = used.chain(passed.iter().map(|(name, at)| (name.as_str(), at.clone(), "is not set at all")));
    for (name, at, label) in all {
        if known(subject, set, name) || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        drafts.push(
            Draft::new(format!("`{name}` has no default, and neither the sample nor `abra.sh` knows it"))
                .at(at, label)
                .did_you_mean(similar(name, names(subject)).map(|meant| format!("`{meant}`")))
                .help(format!("document it in `.env.sample`, or write `${{{name}:-}}` when nothing is fine")),
        );
    }
    drafts
}

fn unused(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    // A file that cannot be read may use it.
    if whole_environment(facts) || !facts.broken.is_empty() {
        return Vec::new();
    }
    let words = words(facts);
    let mut seen: Vec<&str> = Vec::new();
    let mut drafts = Vec::new();
    for entry in facts.sample.entries.iter().chain(&facts.sample.options) {
        let name = entry.name.as_str();
        let of_abra = OF_ABRA.contains(&name) || name.starts_with("SECRET_") || name == "STACK_NAME";
        // A commented-out line in small letters is prose with a `=` in it.
        let prose = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        if of_abra || prose || words.contains(name) || seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let meant = similar(name, words.iter().map(String::as_str));
        let label = match name {
            "TIMEOUT" => "abra reads it through the label `coop-cloud.${STACK_NAME}.timeout`, and there is none",
            _ => "nothing reads it",
        };
        drafts.push(
            Draft::new(format!("the sample has `{name}`, and no file of the recipe uses it"))
                .at(facts.in_sample(entry.name_span.clone()), label)
                .did_you_mean(meant.map(|meant| format!("`{meant}`"))),
        );
    }
    drafts
}

fn export_unused(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let abra = facts.recipe.abra_sh.as_ref().filter(|_| facts.broken.is_empty());
    let Some(abra) = abra else { return Vec::new() };
    let words = words(facts);
    let unused = abra.variables.iter().filter(|variable| variable.exported && !words.contains(&variable.name));
    unused
        .map(|variable| {
            let span = variable.span.start..variable.span.start + variable.name.len();
            let meant = similar(&variable.name, words.iter().map(String::as_str));
            Draft::new(format!("`abra.sh` exports `{}`, and no file of the recipe uses it", variable.name))
                .at(facts.location("abra.sh", span), "nothing changes when it is raised")
                .did_you_mean(meant.map(|meant| format!("`{meant}`")))
        })
        .collect()
}

fn secret_unused(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    if !facts.broken.is_empty() {
        return Vec::new();
    }
    let words = words(facts);
    let entries = facts.sample.entries.iter().chain(&facts.sample.options);
    let unused = entries.filter(|entry| {
        entry.name.starts_with("SECRET_") && entry.name.ends_with("_VERSION") && !words.contains(&entry.name)
    });
    unused
        .map(|entry| {
            let meant = similar(&entry.name, words.iter().map(String::as_str));
            Draft::new(format!("the sample has `{}`, and no secret of a compose file has it in its name", entry.name))
                .at(facts.in_sample(entry.name_span.clone()), "no secret is made for it")
                .did_you_mean(meant.map(|meant| format!("`{meant}`")))
        })
        .collect()
}

fn nested(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let nested = set.loaded.variables.iter().filter_map(|used| Some((used, used.operand.as_deref()?)));
    nested
        .filter(|(_, operand)| operand.contains("${"))
        .map(|(used, _)| {
            Draft::new(format!("the default of `{}` holds another variable, which is not expanded", used.name))
                .at(set.location(used.span), "ends at the first `}`")
                .help("give the other variable to the sample, or let the program in the container choose")
        })
        .collect()
}
