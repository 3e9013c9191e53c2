//! E315, E316 and E317: what the template of a config asks for.

use std::sync::LazyLock;

use regex::Regex;

use crate::compose::project::{FileObject, Service};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Location, Set, Subject};
use crate::record::Level;

pub(super) const SECRET: Rule = Rule {
    id: "E315",
    name: "template-secret-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a service mounts every secret that its templates ask for",
    needs: &[],
    page: page!("E315"),
    check: Check::Set(secrets),
};

pub(super) const DRIVER: Rule = Rule {
    id: "E316",
    name: "template-driver-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a config with template functions has a template_driver",
    needs: &[],
    page: page!("E316"),
    check: Check::Set(driver),
};

pub(super) const ENV: Rule = Rule {
    id: "E317",
    name: "template-variable-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a service has every variable that its templates ask for",
    needs: &[],
    page: page!("E317"),
    check: Check::Set(variables),
};

/// A call of one of swarm's template functions.
struct Call {
    function: String,
    argument: String,
    at: Location,
    /// Whether it is made whatever the environment is: outside of `if`, `with` and `range`, and not in their conditions.
    always: bool,
}

/// The calls `secret "x"`, `config "x"` and `env "X"` in a file.
fn calls(subject: &Subject, path: &str) -> Vec<Call> {
    static CALL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?-u:\b)(secret|config|env)[ \t\r\n]+(?:"([^"\n]*)"|`([^`\n]*)`)"#).ok());
    let Ok((path, file)) = subject.candidate.recipe.tree.find(path) else { return Vec::new() };
    let Some(text) = file.text() else { return Vec::new() };
    let mut calls = Vec::new();
    let mut open = 0usize;
    for (start, action) in actions(text).filter(|(_, action)| !action.starts_with("{{/*")) {
        let keyword = action.trim_start_matches(['{', '-', ' ', '\n', '\t']);
        let keyword = keyword.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        let always = match keyword {
            "if" | "with" | "range" | "define" | "block" => {
                open += 1;
                false
            }
            "end" => {
                open = open.saturating_sub(1);
                false
            }
            "else" => false,
            _ => open == 0,
        };
        for found in CALL.as_ref().into_iter().flat_map(|call| call.captures_iter(action)) {
            let (Some(whole), Some(argument)) = (found.get(0), found.get(2).or(found.get(3))) else { continue };
            calls.push(Call {
                function: found[1].to_owned(),
                argument: argument.as_str().to_owned(),
                always,
                at: subject.candidate.location(path, start + whole.start()..start + whole.end()),
            });
        }
    }
    calls
}

/// The actions `{{ … }}` of a template, with where they start.
fn actions(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find("{{")?;
        let end = start + text.get(start..)?.find("}}")? + 2;
        from = end;
        Some((start, text.get(start..end)?))
    })
}

/// The templates that a service mounts: (id of the config, the config).
fn templates<'s>(set: &'s Set, service: &'s Service) -> impl Iterator<Item = (&'s str, &'s FileObject)> {
    let mounted = service.configs.iter().filter_map(|reference| {
        let (key, config) = set.project().configs.get_key_value(&reference.source)?;
        Some((key.as_str(), config))
    });
    mounted.filter(|(_, config)| config.template_driver == "golang" && !config.file.is_empty())
}

fn secrets(subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, service) in set.project().services() {
        let targets: Vec<&str> = service
            .secrets
            .iter()
            .map(|secret| if secret.target.is_empty() { &*secret.source } else { &*secret.target })
            .collect();
        for (key, config) in templates(set, service) {
            let asked = calls(subject, &set.path_of(&config.file));
            for call in asked.into_iter().filter(|call| call.always && call.function == "secret") {
                if targets.contains(&call.argument.as_str()) {
                    continue;
                }
                drafts.push(
                    Draft::new(format!(
                        "the config `{key}` asks for the secret `{}`, which the service `{name}` does not mount",
                        call.argument
                    ))
                    .at(call.at, "")
                    .at(set.service_at(name), "mounts the config")
                    .did_you_mean(similar(&call.argument, targets.iter().copied()).map(|meant| format!("`{meant}`")))
                    .help("add it under the service's `secrets:`; its tasks are rejected without"),
                );
            }
        }
    }
    drafts
}

fn variables(subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, service) in set.project().services() {
        let mut seen: Vec<String> = Vec::new();
        for (key, config) in templates(set, service) {
            let asked = calls(subject, &set.path_of(&config.file));
            for call in asked.into_iter().filter(|call| call.always && call.function == "env") {
                if service.environment.contains_key(&call.argument) || seen.contains(&call.argument) {
                    continue;
                }
                seen.push(call.argument.clone());
                let known = service.environment.keys().map(String::as_str);
                drafts.push(
                    Draft::new(format!(
                        "the config `{key}` asks for the variable `{}`, which the service `{name}` does not have",
                        call.argument
                    ))
                    .at(call.at, "becomes nothing")
                    .at(set.service_at(name), "mounts the config")
                    .did_you_mean(similar(&call.argument, known).map(|meant| format!("`{meant}`")))
                    .help(format!("add `- {}` under the service's `environment:`", call.argument)),
                );
            }
        }
    }
    drafts
}

fn driver(subject: &Subject, set: &Set) -> Vec<Draft> {
    let plain = set.project().configs.iter().filter(|(_, config)| config.template_driver.is_empty());
    plain
        .filter(|(_, config)| !config.file.is_empty())
        .filter_map(|(key, config)| {
            let call = calls(subject, &set.path_of(&config.file)).into_iter().next()?;
            let found = set.last(&["configs", key])?;
            Some(
                Draft::new(format!("the config `{key}` holds a template, and has no `template_driver`"))
                    .at(found.key, "mounted as it is")
                    .at(call.at, "reaches the container as written")
                    .help("add `template_driver: golang`, and raise the config's version"),
            )
        })
        .collect()
}
