//! What the deploy labels of one service say to Traefik: keys in any case, lists parted by commas.

use std::collections::BTreeMap;

use crate::lint::{Pair, Set};
use crate::traefik::boolean;

/// A router, service or middleware: its labels by the rest of their keys, in lower case.
pub(super) type Fields<'s> = BTreeMap<String, &'s Pair>;

/// The labels of one service.
#[derive(Debug, Default)]
pub(super) struct Labels<'s> {
    /// The compose service.
    pub service: &'s str,
    /// `traefik.enable`.
    pub enable: Option<&'s Pair>,
    /// HTTP routers by name.
    pub routers: BTreeMap<String, Fields<'s>>,
    /// HTTP services by name.
    pub services: BTreeMap<String, Fields<'s>>,
    /// HTTP middlewares by name.
    pub middlewares: BTreeMap<String, Fields<'s>>,
    /// There are labels for TCP or UDP.
    pub other_protocols: bool,
}

impl Labels<'_> {
    /// Whether Traefik is told to look at the service.
    pub(super) fn enabled(&self) -> bool {
        let value = self.enable.as_ref().and_then(|pair| pair.value.as_deref()).unwrap_or_default();
        boolean(value) == Some(true)
    }
}

/// The labels of all services that have any for Traefik.
pub(super) fn all(set: &Set) -> Vec<Labels<'_>> {
    set.project().services().filter_map(|(name, _)| read(set, name)).collect()
}

fn read<'s>(set: &'s Set, service: &'s str) -> Option<Labels<'s>> {
    let mut labels = Labels { service, ..Labels::default() };
    let mut any = false;
    for pair in set.deploy_labels(service) {
        let mut parts = pair.key.splitn(5, '.');
        let [root, kind, of, name, field] = std::array::from_fn(|_| parts.next());
        let is = |part: Option<&str>, word: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(word));
        if !is(root, "traefik") {
            continue;
        }
        any = true;
        match (of, name, field) {
            (None, ..) if is(kind, "enable") => labels.enable = Some(pair),
            _ if is(kind, "tcp") || is(kind, "udp") => labels.other_protocols = true,
            (Some(of), Some(name), Some(field)) if is(kind, "http") => {
                let of_kind = match of.to_ascii_lowercase().as_str() {
                    "routers" => &mut labels.routers,
                    "services" => &mut labels.services,
                    "middlewares" => &mut labels.middlewares,
                    _ => continue,
                };
                of_kind.entry(name.to_owned()).or_default().insert(field.to_lowercase(), pair);
            }
            _ => {}
        }
    }
    any.then_some(labels)
}

/// The text of a field; empty when it is not there.
pub(super) fn text<'s>(fields: &Fields<'s>, key: &str) -> &'s str {
    fields.get(key).and_then(|pair| pair.value.as_deref()).unwrap_or_default()
}

/// A name, when it is of the swarm's own provider: `name`, `name@docker`, `name@swarm`.
pub(super) fn own_provider(name: &str) -> Option<&str> {
    match name.split_once('@') {
        None => Some(name),
        Some((name, "docker" | "swarm")) => Some(name),
        Some(_) => None,
    }
}

/// A text as recipes write it, with the variable for the stack's name.
pub(super) fn plain(set: &Set, name: &str) -> String {
    if set.stack.is_empty() { name.to_owned() } else { name.replace(&set.stack, "${STACK_NAME}") }
}
