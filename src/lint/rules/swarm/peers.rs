//! S122: the name `app` on a network that all recipes share (lesson 26).

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use crate::compose::project::Service;
use crate::lint::Location;
use crate::lint::rules::place;

pub(super) const RULE: Rule = Rule {
    id: "S122",
    name: "shared-alias",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "no service on a shared network looks for a peer called `app`",
    needs: &[],
    page: page!("S122"),
    check: Check::Set(check),
};

/// The name that every recipe gives its main service, so that every stack on the shared network answers to it.
const ALIAS: &str = "app";

fn check(subject: &Subject, set: &Set) -> Vec<Draft> {
    let project = set.project();
    if !project.services.contains_key(ALIAS) {
        return Vec::new();
    }
    let shared = |service: &Service| {
        let network =
            service.networks.keys().find(|key| project.networks.get(*key).is_some_and(|network| network.external))?;
        Some(network.clone())
    };
    let mut drafts = Vec::new();
    for (name, service) in project.services().filter(|(name, _)| *name != ALIAS) {
        let Some(network) = shared(service) else { continue };
        for (at, text) in mentions(subject, set, name, service) {
            drafts.push(
                Draft::new(format!(
                    "the service `{name}` may reach the `app` of another stack: both are on the network `{network}`"
                ))
                .at(at, text)
                .at(
                    place::key(set, &["services", name, "networks", &network]),
                    "shared by all stacks, and each has an `app`",
                )
                .help("address it as `${STACK_NAME}_app`, which is its alone"),
            );
        }
    }
    drafts
}

/// Where a service is told to find its peer `app`: environment, command, and the config files that it mounts.
fn mentions(subject: &Subject, set: &Set, name: &str, service: &Service) -> Vec<(Location, &'static str)> {
    let mut found = Vec::new();
    for pair in set.pairs(&["services", name, "environment"]) {
        let value = pair.value.as_deref().unwrap_or_default();
        let host = pair.key.to_ascii_uppercase();
        if host_in(value).is_some() || value == ALIAS && (host.ends_with("HOST") || host.ends_with("UPSTREAM")) {
            found.push((pair.value_at, "looks for `app`"));
        }
    }
    for key in ["command", "entrypoint"] {
        let words = if key == "command" { &service.command } else { &service.entrypoint };
        if words.iter().flatten().any(|word| host_in(word).is_some()) {
            found.push((place::value(set, &["services", name, key]), "looks for `app`"));
        }
    }
    for reference in &service.configs {
        let file = set.project().configs.get(&reference.source).map(|config| config.file.trim_start_matches("./"));
        let Some((path, entry)) = file.and_then(|file| Some((file, subject.candidate.recipe.tree.get(file)?))) else {
            continue;
        };
        if let Some(start) = std::str::from_utf8(&entry.bytes).ok().and_then(host_in) {
            found.push((subject.candidate.location(path, start..start + ALIAS.len()), "looks for `app`"));
        }
    }
    found
}

/// Where `app` stands as a host: behind `//` or `@`, or before a port.
fn host_in(text: &str) -> Option<usize> {
    text.match_indices(ALIAS).map(|(start, _)| start).find(|&start| {
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(start + ALIAS.len()..).unwrap_or_default();
        let mut rest = after.chars();
        let port = rest.next() == Some(':') && rest.next().is_some_and(|c| c.is_ascii_digit());
        let ends = after.chars().next().is_none_or(|c| !(c.is_alphanumeric() || "-_.".contains(c)));
        let begins = before.chars().next_back().is_none_or(|c| !(c.is_alphanumeric() || "-_./".contains(c)));
        let behind_scheme = before.ends_with("://") || before.ends_with('@');
        behind_scheme && ends || begins && port
    })
}
