//! S108 to S110: names that Docker refuses, or that leave no room for a stack's name (lesson 25).

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use crate::lint::Location;
use crate::lint::rules::place;
use crate::recipe::STACK_NAME_LIMIT;

pub(super) const TOO_LONG: Rule = Rule {
    id: "S108",
    name: "name-too-long",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every secret, config, network and service can have its name under some domain",
    needs: &[],
    page: page!("S108"),
    check: Check::Set(too_long),
};
pub(super) const LITTLE_ROOM: Rule = Rule {
    id: "S109",
    name: "name-leaves-little-room",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "names of secrets, configs, networks and services leave room for the name of a stack",
    needs: &[],
    page: page!("S109"),
    check: Check::Set(little_room),
};
pub(super) const REFUSED: Rule = Rule {
    id: "S110",
    name: "name-refused",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "names hold only characters that Docker accepts",
    needs: &[],
    page: page!("S110"),
    check: Check::Set(refused),
};

/// Longest name of a secret or a config (swarmkit, control API).
const FILE_NAME_LIMIT: usize = 64;
/// Longest name of a service or a network (swarmkit, control API).
const SERVICE_NAME_LIMIT: usize = 63;
/// The shortest domain there is: `a.co`.
const SHORTEST_DOMAIN: usize = 4;
/// Domains of this length are common: `cloud.our-collective.example`.
const COMMON_DOMAIN: usize = 28;

/// Something that Docker gets to know under a name.
struct Named<'s> {
    kind: &'static str,
    key: &'s str,
    name: String,
    limit: usize,
    at: Location,
}

impl Named<'_> {
    /// What the name has beside the stack's name and the `_` behind it; `None` when it does not begin with them.
    fn own<'n>(&'n self, set: &Set) -> Option<&'n str> {
        self.name.strip_prefix(&set.stack)?.strip_prefix('_')
    }

    /// How many characters are left for the name of a stack; `None` when that is not part of it.
    fn room(&self, set: &Set) -> Option<usize> {
        Some(self.limit.saturating_sub(self.own(set)?.chars().count() + 1))
    }
}

fn names(set: &Set) -> Vec<Named<'_>> {
    let project = set.project();
    let scoped = |key: &str| format!("{}_{key}", set.stack);
    let mut names = Vec::new();
    for (kind, section, objects) in [("secret", "secrets", &project.secrets), ("config", "configs", &project.configs)] {
        for (key, object) in objects {
            let name = match (object.name.as_str(), object.external) {
                ("", true) => key.clone(),
                ("", false) => scoped(key),
                (name, _) => name.to_owned(),
            };
            names.push(Named {
                kind,
                key,
                name,
                limit: FILE_NAME_LIMIT,
                at: place::value(set, &[section, key, "name"]),
            });
        }
    }
    for (key, network) in project.networks.iter().filter(|(_, network)| !network.external) {
        let name = if network.name.is_empty() { scoped(key) } else { network.name.clone() };
        let at = place::value(set, &["networks", key, "name"]);
        names.push(Named { kind: "network", key, name, limit: SERVICE_NAME_LIMIT, at });
    }
    for (key, _) in project.services() {
        let at = set.service_at(key);
        names.push(Named { kind: "service", key, name: scoped(key), limit: SERVICE_NAME_LIMIT, at });
    }
    names
}

fn too_long(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let too_long = names(set).into_iter().filter(|named| match named.room(set) {
        Some(room) => room < SHORTEST_DOMAIN,
        None => named.name.chars().count() > named.limit,
    });
    too_long
        .map(|named| {
            let (kind, key, limit) = (named.kind, named.key, named.limit);
            let message = match named.own(set) {
                Some(own) => format!(
                    "the {kind} `{key}` cannot exist under any domain: `_{own}` has {} characters, Docker allows {limit} with the \
                     stack's name",
                    own.chars().count() + 1
                ),
                None => format!(
                    "the {kind} `{key}` cannot exist: `{}` has {} characters, Docker allows {limit}",
                    named.name,
                    named.name.chars().count()
                ),
            };
            Draft::new(message).at(named.at, "").help("choose a shorter name")
        })
        .collect()
}

fn little_room(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let crowded = names(set).into_iter().filter_map(|named| {
        let room = named.room(set).filter(|room| (SHORTEST_DOMAIN..COMMON_DOMAIN).contains(room))?;
        Some((room, named))
    });
    crowded
        .map(|(room, named)| {
            let own = named.own(set).unwrap_or_default();
            Draft::new(format!(
                "the {} `{}` leaves {room} characters for the name of the stack, which is the domain: {} - {} (`_{own}`) = {room}",
                named.kind,
                named.key,
                named.limit,
                own.chars().count() + 1
            ))
            .at(named.at, "")
            .help(format!("choose a shorter name; abra makes stack names of up to {STACK_NAME_LIMIT} characters"))
        })
        .collect()
}

fn refused(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let refused = names(set).into_iter().filter(|named| {
        // A name that ends in `_` lacks the value of a variable, which other rules know.
        let file = matches!(named.kind, "secret" | "config");
        let inner = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c) || file && c == '.';
        let own = named.own(set).unwrap_or(&named.name);
        !own.is_empty()
            && !own.ends_with('_')
            && !(edge(own.chars().next_back())
                && own.chars().all(inner)
                && (named.own(set).is_some() || edge(own.chars().next())))
    });
    refused
        .map(|named| {
            let dot = if matches!(named.kind, "secret" | "config") { "`-`, `_` and `.`" } else { "`-` and `_`" };
            let name = named.own(set).map_or_else(|| named.name.clone(), |own| format!("${{STACK_NAME}}_{own}"));
            Draft::new(format!("Docker refuses the name of the {} `{}`: `{name}`", named.kind, named.key))
                .at(named.at, "")
                .help(format!("use letters, digits, {dot}, with a letter or digit at both ends"))
        })
        .collect()
}
