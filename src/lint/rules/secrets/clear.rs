//! E314, E318, E319 and E320: secrets that are not where they should be.

use std::sync::LazyLock;

use regex::{Regex, bytes};

use super::usage::{entry, written};
use crate::compose::tree::{Content, Node};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::similar::similar;
use crate::lint::{Draft, Location, Set, Subject};
use crate::record::Level;

pub(super) const UNMOUNTED: Rule = Rule {
    id: "E314",
    name: "secret-not-mounted",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "a service mounts the secrets whose files it names",
    needs: &[],
    page: page!("E314"),
    check: Check::Set(unmounted),
};

pub(super) const CLEAR: Rule = Rule {
    id: "E318",
    name: "credential-in-clear",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "no compose file holds a credential",
    needs: &[],
    page: page!("E318"),
    check: Check::Recipe(clear),
};

pub(super) const DEFAULT: Rule = Rule {
    id: "E319",
    name: "credential-default",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "the sample gives no password that every app would share",
    needs: &[],
    page: page!("E319"),
    check: Check::Recipe(default),
};

pub(super) const PLAIN: Rule = Rule {
    id: "E320",
    name: "credential-as-variable",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Heuristic,
    summary: "passwords are secrets, not variables",
    needs: &[],
    page: page!("E320"),
    check: Check::Recipe(plain),
};

/// Whether a variable's name says that it holds a credential.
fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let ends = [
        "PASSWORD",
        "PASSWD",
        "_PASS",
        "SECRET",
        "SECRET_KEY",
        "TOKEN",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "ENCRYPTION_KEY",
    ];
    // `ALLOW_EMPTY_PASSWORD=yes` is a switch.
    let switch = ["ALLOW", "ENABLE", "DISABLE", "REQUIRE", "USE_", "FORGOT", "RESET", "SHOW"];
    ends.iter().any(|end| name.ends_with(end)) && !switch.iter().any(|word| name.contains(word))
}

/// Whether a value can be a credential at all.
fn is_value(value: &str) -> bool {
    let word = value.trim_matches(['"', '\'']);
    let nothing = ["", "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1", "internal"];
    let elsewhere =
        word.contains("/run/secrets/") || word.contains("{{") || word.starts_with('<') || word.starts_with('/');
    !nothing.contains(&word.to_ascii_lowercase().as_str()) && !elsewhere
}

fn unmounted(_subject: &Subject, set: &Set) -> Vec<Draft> {
    static FILE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"/run/secrets/([A-Za-z0-9_.-]+)").ok());
    let Some(file) = FILE.as_ref() else { return Vec::new() };
    let mut drafts = Vec::new();
    for (name, service) in set.project().services() {
        let targets =
            service.secrets.iter().map(|secret| if secret.target.is_empty() { &secret.source } else { &secret.target });
        let targets: Vec<&str> = targets.map(|target| target.rsplit('/').next().unwrap_or(target)).collect();
        let mut places: Vec<(String, Location)> = Vec::new();
        for pair in set.pairs(&["services", name, "environment"]) {
            // What a later file replaces does not count.
            if service.environment.get(&pair.key) == Some(&pair.value) {
                places.extend(pair.value.map(|value| (value, pair.value_at)));
            }
        }
        for key in ["command", "entrypoint"] {
            let Some(found) = set.last(&["services", name, key]) else { continue };
            texts(found.node, &found.value, set, &mut places);
        }
        let mut seen: Vec<String> = Vec::new();
        for (text, at) in places {
            for found in file.captures_iter(&text) {
                let asked = found[1].trim_end_matches('.');
                if targets.contains(&asked) || seen.iter().any(|known| known == asked) {
                    continue;
                }
                seen.push(asked.to_owned());
                drafts.push(
                    Draft::new(format!(
                        "the service `{name}` reads `/run/secrets/{asked}`, and does not mount such a secret"
                    ))
                    .at(at.clone(), "there is no such file in the container")
                    .did_you_mean(similar(asked, targets.iter().copied()).map(|meant| format!("`{meant}`")))
                    .help(format!("add `- {asked}` under the service's `secrets:`")),
                );
            }
        }
    }
    drafts
}

fn texts(node: &Node, at: &Location, set: &Set, places: &mut Vec<(String, Location)>) {
    match &node.content {
        Content::Text(text) => places.push((text.clone(), at.clone())),
        Content::List(items) => items.iter().for_each(|item| texts(item, &set.location(item.span), set, places)),
        _ => {}
    }
}

/// The environment of every service of every compose file, as written: (service, variable, value, place of the value).
fn environments(subject: &Subject) -> Vec<(String, String, String, Location)> {
    let facts = &subject.candidate;
    let mut found = Vec::new();
    for (path, content) in written(facts) {
        let Some(services) = content.get("services").and_then(Node::as_map) else { continue };
        for (service, _) in services.iter() {
            let Some(environment) = entry(content, &["services", service, "environment"]) else { continue };
            let mut push = |key: &str, value: &str, node: &Node| {
                found.push((
                    service.to_owned(),
                    key.to_owned(),
                    value.to_owned(),
                    facts.location(path, node.span.range()),
                ));
            };
            match &environment.node.content {
                Content::Map(map) => {
                    for (key, entry) in map.iter() {
                        if let Some(value) = entry.node.as_text() {
                            push(key, value, &entry.node);
                        }
                    }
                }
                Content::List(items) => {
                    for item in items {
                        if let Some((key, value)) = item.as_text().and_then(|text| text.split_once('=')) {
                            push(key, value, item);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    // Two files may hold one and the same place through nothing; an anchor is one place for several services.
    found.dedup_by(|a, b| a.1 == b.1 && a.3 == b.3);
    found
}

fn clear(subject: &Subject) -> Vec<Draft> {
    static URL: LazyLock<Option<bytes::Regex>> =
        LazyLock::new(|| bytes::Regex::new(r"(?-u)[a-z][a-z0-9+.-]*://[^/\s:@$]+:([^/\s@${}]+)@").ok());
    let mut drafts = Vec::new();
    for (service, key, value, at) in environments(subject) {
        let in_url = value.contains("://") && URL.as_ref().is_some_and(|url| url.is_match(value.as_bytes()));
        // A default is as readable as a value.
        let (open, default) = match value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) => {
                (inner.split_once(":-").or_else(|| inner.split_once('-')).map_or("", |(_, default)| default), true)
            }
            None if value.contains('$') => ("", false),
            None => (value.as_str(), false),
        };
        let what = match (in_url, default) {
            (true, _) => "holds an address with a password in it",
            (false, true) if is_credential(&key) && is_value(open) => "has a default that everybody can read",
            (false, false) if is_credential(&key) && is_value(open) => "holds a credential in clear text",
            _ => continue,
        };
        drafts.push(Draft::new(format!("`{key}` of the service `{service}` {what}")).at(at, "").help(
            "make it a secret, and let the program read it from `/run/secrets/`; change the one that is known now",
        ));
    }
    drafts
}

fn default(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let given = facts.sample.entries.iter().filter(|entry| {
        is_credential(&entry.name)
            && !entry.name.ends_with("_VERSION")
            && is_value(&entry.value)
            && !entry.value.contains('$')
    });
    given
        .map(|entry| {
            Draft::new(format!("the sample sets the credential `{}` to a value that everybody can read", entry.name))
                .at(facts.in_sample(entry.value_span.clone()), "what an operator forgets to change stays")
                .help(format!(
                    "make it a secret: `SECRET_{}_VERSION=v1 # length=32`; or leave the value empty",
                    entry.name.trim_start_matches("SECRET_")
                ))
        })
        .collect()
}

fn plain(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let mut drafts = Vec::new();
    for entry in facts.sample.entries.iter().chain(&facts.sample.options) {
        let told = facts.sample.entry(&entry.name).is_some_and(|entry| is_value(&entry.value));
        if !is_credential(&entry.name) || told || drafts.iter().any(|(name, _)| *name == entry.name) {
            continue;
        }
        let draft = Draft::new(format!(
            "`{}` is a variable, so its value stands in clear text in the app's file and in `docker service inspect`",
            entry.name
        ))
        .at(facts.in_sample(entry.name_span.clone()), "")
        .help("make it a secret when the program can read it from a file");
        drafts.push((entry.name.clone(), draft));
    }
    drafts.into_iter().map(|(_, draft)| draft).collect()
}
