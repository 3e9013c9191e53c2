//! E301, E303, E306, E307, E309, E310 and E322: the variables that make the names of secrets, configs and images.

use super::usage::{known, names, switched_off};
use crate::compose::VariableUse;
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

pub(super) const MISMATCH: Rule = Rule {
    id: "E301",
    name: "secret-variable-mismatch",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "a secret's name and the variable of its version are spelled alike",
    needs: &[],
    page: page!("E301"),
    check: Check::Set(mismatch),
};

pub(super) const SECRET_UNSET: Rule = Rule {
    id: "E303",
    name: "secret-version-unset",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the sample sets the version of every secret that is deployed",
    needs: &[],
    page: page!("E303"),
    check: Check::Set(secret_unset),
};

pub(super) const UNVERSIONED: Rule = Rule {
    id: "E306",
    name: "secret-unversioned",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a secret's name holds the stack's name and a version",
    needs: &[],
    page: page!("E306"),
    check: Check::Set(unversioned),
};

pub(super) const FROM_FILE: Rule = Rule {
    id: "E307",
    name: "secret-in-repository",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no secret is made from a file of the recipe",
    needs: &[],
    page: page!("E307"),
    check: Check::Set(from_file),
};

pub(super) const CONFIG_UNSET: Rule = Rule {
    id: "E309",
    name: "config-version-unset",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "abra.sh or the sample sets the version of every config",
    needs: &[],
    page: page!("E309"),
    check: Check::Set(config_unset),
};

pub(super) const IMAGE_UNSET: Rule = Rule {
    id: "E310",
    name: "image-variable-unset",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a variable in an image's reference has a value",
    needs: &[],
    page: page!("E310"),
    check: Check::Set(image_unset),
};

pub(super) const CONFIG_UNVERSIONED: Rule = Rule {
    id: "E322",
    name: "config-unversioned",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a config's name holds a version",
    needs: &[],
    page: page!("E322"),
    check: Check::Set(config_unversioned),
};

/// Whether the expression becomes nothing with this environment.
pub(super) fn blank(used: &VariableUse) -> bool {
    used.value.as_deref().unwrap_or_default().is_empty() && used.operand.as_deref().unwrap_or_default().is_empty()
}

fn mismatch(subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for key in set.project().secrets.keys() {
        let path = format!("secrets.{key}.name");
        let Some(found) = set.last(&["secrets", key, "name"]) else { continue };
        for used in set.variables_at(&path) {
            let Some(said) = used.name.strip_prefix("SECRET_").and_then(|rest| rest.strip_suffix("_VERSION")) else {
                continue;
            };
            let at = set.location(used.span);
            let (Some(name), Some(variable)) = (&found.value.range, &at.range) else { continue };
            if found.value.file != at.file || !name.contains(&variable.start) {
                continue;
            }
            let before = crate::lint::Location { range: Some(name.start..variable.start), ..at.clone() };
            let written = subject.candidate.written(&before).trim_start_matches(['"', '\'']);
            let spelled = written.strip_prefix("${STACK_NAME}").or_else(|| written.strip_prefix("$STACK_NAME"));
            let spelled = spelled.unwrap_or(written).trim_matches('_');
            if spelled.is_empty() || spelled.contains('$') || spelled.replace('-', "_").eq_ignore_ascii_case(said) {
                continue;
            }
            let meant = format!("SECRET_{}_VERSION", spelled.replace('-', "_").to_ascii_uppercase());
            drafts.push(
                Draft::new(format!(
                    "the secret `{key}` is called `{spelled}`, and its version is the variable of `{}`",
                    said.to_ascii_lowercase()
                ))
                .at(at, "spelled differently")
                .at(found.key.clone(), "the name")
                .did_you_mean(Some(format!("`{meant}`")))
                .help("spell them alike, here and in `.env.sample`: operators and tools find one by the other"),
            );
        }
    }
    drafts
}

fn secret_unset(subject: &Subject, set: &Set) -> Vec<Draft> {
    let blanks = set.project().secrets.keys().flat_map(|key| {
        let uses = set.variables_at(&format!("secrets.{key}.name"));
        uses.into_iter().filter(|used| blank(used)).map(move |used| (key, used))
    });
    blanks.map(|(key, used)| unset(subject, set, used, &format!("the secret `{key}` has no version"), "v1")).collect()
}

fn config_unset(subject: &Subject, set: &Set) -> Vec<Draft> {
    let blanks = set.project().configs.keys().flat_map(|key| {
        let uses = set.variables_at(&format!("configs.{key}.name"));
        uses.into_iter().filter(|used| blank(used)).map(move |used| (key, used))
    });
    blanks.map(|(key, used)| unset(subject, set, used, &format!("the config `{key}` has no version"), "v1")).collect()
}

fn image_unset(subject: &Subject, set: &Set) -> Vec<Draft> {
    let blanks = set.project().services().flat_map(|(name, _)| {
        let uses = set.variables_at(&format!("services.{name}.image"));
        uses.into_iter().filter(|used| blank(used)).map(move |used| (name, used))
    });
    blanks
        .map(|(name, used)| {
            let what = format!("the image of the service `{name}` lacks a part");
            unset(subject, set, used, &what, "<value>")
        })
        .collect()
}

/// Says that a variable becomes nothing, and why.
fn unset(subject: &Subject, set: &Set, used: &VariableUse, what: &str, example: &str) -> Draft {
    let name = &used.name;
    let facts = &subject.candidate;
    let draft = |why: &str| Draft::new(format!("{what}: {why}")).at(set.location(used.span), "becomes nothing");
    if let Some(entry) = facts.sample.entry(name) {
        return draft(&format!("`{name}` is empty in `.env.sample`")).at(facts.in_sample(entry.span.clone()), "empty");
    }
    if let Some(option) = switched_off(subject, name) {
        return draft(&format!("`{name}` is commented out in `.env.sample`"))
            .at(option, "commented out")
            .help("set it, or move what needs it into an overlay that is switched on with it");
    }
    let meant = similar(name, names(subject)).map(|meant| format!("`{meant}`"));
    let why =
        if known(subject, set, name) { "has no value" } else { "is set neither in `.env.sample` nor in `abra.sh`" };
    draft(&format!("`{name}` {why}")).did_you_mean(meant).help(match example {
        "v1" if name.starts_with("SECRET_") => format!("add a line `{name}=v1 # length=32` to `.env.sample`"),
        "v1" => format!("add a line `export {name}=v1` to `abra.sh`"),
        _ => format!("set `{name}` in `.env.sample`, or give it a default: `${{{name}:-{example}}}`"),
    })
}

fn unversioned(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let external = set.project().secrets.iter().filter(|(_, secret)| secret.external);
    external
        .filter_map(|(key, secret)| {
            let found = set.first(&["secrets", key])?;
            let path = format!("secrets.{key}.name");
            let of_stack = set.loaded.variables.iter().any(|used| used.path == path && used.name == "STACK_NAME");
            let what = match (of_stack, set.variables_at(&path).is_empty()) {
                (true, false) => return None,
                (true, true) => format!("the name of the secret `{key}` holds no version"),
                (false, _) => format!(
                    "the name of the secret `{key}` does not hold the stack's name: all apps of a swarm share `{}`",
                    secret.name
                ),
            };
            Some(Draft::new(what).at(found.key, "").help(format!(
                "`name: ${{STACK_NAME}}_{key}_${{SECRET_{}_VERSION}}`",
                key.replace('-', "_").to_ascii_uppercase()
            )))
        })
        .collect()
}

fn from_file(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let own = set.project().secrets.iter().filter(|(_, secret)| !secret.external && !secret.file.is_empty());
    own.filter_map(|(key, secret)| {
        let found = set.last(&["secrets", key, "file"])?;
        Some(
            Draft::new(format!("the secret `{key}` is made from `{}`, which everybody can read", secret.file))
                .at(found.value, "in the repository")
                .help("make it `external: true`, with a version in the sample: each app then gets its own"),
        )
    })
    .collect()
}

fn config_unversioned(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let own = set.project().configs.iter().filter(|(_, config)| !config.external && !config.file.is_empty());
    own.filter(|(key, _)| set.variables_at(&format!("configs.{key}.name")).is_empty())
        .filter_map(|(key, config)| {
            let found = set.first(&["configs", key])?;
            Some(
                Draft::new(format!(
                    "the name of the config `{key}` holds no version, so `{}` can never change",
                    config.file
                ))
                .at(found.key, "")
                .help(format!(
                    "`name: ${{STACK_NAME}}_{key}_${{{upper}_VERSION}}`, and `export {upper}_VERSION=v1` in `abra.sh`",
                    upper = key.replace('-', "_").to_ascii_uppercase()
                )),
            )
        })
        .collect()
}
