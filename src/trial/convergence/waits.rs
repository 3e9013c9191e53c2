//! Which peers a service could be waiting for.
//!
//! On swarm an app that exits until its database answers is normal (lesson 12), so a failure counts only when everything it could have
//! waited for was ready. Not everything in a stack can be waited for: a database that names no peer, while the app names the
//! database, does not wait for the app.

use std::collections::BTreeSet;

use super::limits::Params;
use crate::swarm::observe::{ServiceView, StackView};

/// Words in the log of a program that did not reach another one, in lower case. From the messages of libc, Go, Node.js, Java, PHP, Python
/// and the clients of the common databases.
const WAITING: [&str; 33] = [
    "connection refused",
    "econnrefused",
    "connectionrefused",
    "could not connect",
    "couldn't connect",
    "can't connect",
    "cannot connect",
    "unable to connect",
    "failed to connect",
    "connection failed",
    "connect failed",
    "connection error",
    "connection reset",
    "econnreset",
    "no route to host",
    "unreachable",
    "timed out",
    "timeout",
    "etimedout",
    "no such host",
    "name or service not known",
    "temporary failure in name resolution",
    "could not translate host name",
    "getaddrinfo",
    "unknown host",
    "unknownhost",
    "bad address",
    "not ready",
    "starting up",
    "waiting for",
    "service unavailable",
    "database connection",
    "server has gone away",
];

/// The log sounds as if the program had waited for, or missed, another one.
pub(super) fn sounds_like_waiting(words: &str) -> bool {
    WAITING.iter().any(|word| words.contains(word))
}

/// The settings of one service name the other, or the caller says that it uses it.
pub(super) fn uses(service: &ServiceView, peer: &ServiceView, params: &Params) -> bool {
    service.mentions.contains(&peer.short_name)
        || params.uses.get(&service.short_name).is_some_and(|uses| uses.contains(&peer.short_name))
}

/// The peers that this service could be waiting for.
pub(super) fn peers<'a>(view: &'a StackView, service: &ServiceView, params: &Params) -> Vec<&'a ServiceView> {
    let could_wait =
        |peer: &&ServiceView| peer.id != service.id && (uses(service, peer, params) || !uses(peer, service, params));
    view.services.iter().filter(could_wait).collect()
}

/// The peers that a failed program seems to have missed: those that its words name, or else those that its settings name.
pub(super) fn missed(view: &StackView, service: &ServiceView, words: &str) -> Vec<String> {
    if !sounds_like_waiting(words) {
        return Vec::new();
    }
    let names =
        |name: &str| words.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').any(|word| word == name);
    let others: Vec<&ServiceView> = view.services.iter().filter(|peer| peer.id != service.id).collect();
    let named: BTreeSet<String> = others
        .iter()
        .filter(|peer| names(&peer.short_name.to_lowercase()) || names(&peer.name.to_lowercase()))
        .map(|peer| peer.short_name.clone())
        .collect();
    if named.is_empty() { service.mentions.clone() } else { named.into_iter().collect() }
}
