//! Which services keep state, which can be asked from outside, and who can reach them over shared networks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::compose::project::{Project, Service};

/// The volumes in which a service keeps state. A tmpfs is none; a folder of the host is.
pub(super) fn state(service: &Service) -> Vec<String> {
    let kept = service.volumes.iter().filter(|volume| volume.kind != "tmpfs" && volume.kind != "npipe");
    let name = |volume: &crate::compose::project::ServiceVolume| match volume.source.as_str() {
        "" => volume.target.clone(),
        source => source.to_owned(),
    };
    let mut names: Vec<String> = kept.filter(|volume| !volume.read_only).map(name).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether somebody outside of the stack can ask it: a route of Traefik, or a published port.
pub(super) fn is_routed(service: &Service) -> bool {
    let labels = &service.deploy.labels;
    let routed = labels.keys().any(|key| key.starts_with("traefik.http.routers.") || key.starts_with("traefik.tcp."));
    routed || labels.get("traefik.enable").is_some_and(|value| value == "true") || !service.ports.is_empty()
}

/// The shortest way over shared networks from a service to another one for which `wanted` holds, both ends included; `None` when there is
/// no such way. Whoever shares a network may change what the other one does, and so on.
pub(super) fn way(project: &Project, from: &str, wanted: impl Fn(&Service) -> bool) -> Option<Vec<String>> {
    let networks = |service: &Service| -> BTreeSet<String> {
        match service.networks.is_empty() {
            true => BTreeSet::from(["default".to_owned()]),
            false => service.networks.keys().cloned().collect(),
        }
    };
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([project.services.get_key_value(from)?.0.as_str()]);
    let start = queue.front().copied()?;
    while let Some(at) = queue.pop_front() {
        let own = networks(project.services.get(at)?);
        for (name, service) in &project.services {
            let is_new = name != start && !before.contains_key(name.as_str());
            if !is_new || networks(service).is_disjoint(&own) {
                continue;
            }
            before.insert(name, at);
            if wanted(service) {
                let mut way = vec![name.clone()];
                let mut last = name.as_str();
                while let Some(one) = before.get(last) {
                    way.push((*one).to_owned());
                    last = one;
                }
                way.reverse();
                return Some(way);
            }
            queue.push_back(name);
        }
    }
    None
}
