//! What a recipe asks of the machine beyond the ordinary: it is not tried without `--trust` (design.md §3.6).

use std::fmt;

use crate::compose::project::Project;

/// Something that reaches out of the container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The service.
    pub service: String,
    /// What it asks for.
    pub what: String,
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.service, self.what)
    }
}

/// Paths of the host that any service may read: files of this kind are on every node (lesson 29).
const HARMLESS: [&str; 3] = ["/etc/timezone", "/etc/localtime", "/etc/hostname"];

/// Folders that every machine has: what lies in them is the host's. A path elsewhere is the recipe's own idea; where it is missing, the
/// deploy says so.
const SYSTEM: [&str; 14] = [
    "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var",
];

fn is_of_the_system(path: &str) -> bool {
    path.is_empty()
        || SYSTEM.iter().any(|root| path == *root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')))
}

/// An absolute path without `.`, `..` and doubled slashes, which would hide where it leads.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Everything of this kind in a project.
pub(super) fn of(project: &Project) -> Vec<Demand> {
    let mut demands = Vec::new();
    for (name, service) in project.services() {
        let mut demand = |what: String| demands.push(Demand { service: name.to_owned(), what });
        for mount in service.volumes.iter().filter(|mount| mount.kind == "bind") {
            let path = plain(&mount.source);
            let source = path.trim_end_matches('/');
            if source.ends_with(".sock") || source.starts_with("/var/lib/docker") {
                demand(format!("the engine itself or another server of the host ({})", mount.source));
            } else if is_of_the_system(source) && !HARMLESS.contains(&source) {
                demand(format!("the host's files ({})", mount.source));
            }
        }
        // A volume of the local driver may be a bind mount as well.
        for mount in service.volumes.iter().filter(|mount| mount.kind == "volume") {
            let Some(options) = project.volumes.get(&mount.source).map(|volume| &volume.driver_opts) else { continue };
            let option = |key: &str| options.get(key).map(String::as_str).unwrap_or_default();
            if option("device").starts_with('/') {
                demand(format!("the host's files ({}, by the volume {})", option("device"), mount.source));
            } else if matches!(option("type"), "nfs" | "nfs4" | "cifs") {
                demand(format!("a file server ({}, by the volume {})", option("device"), mount.source));
            }
        }
        for capability in &service.cap_add {
            demand(format!("the capability {capability}"));
        }
        if service.networks.keys().filter_map(|key| Some((key, project.networks.get(key)?))).any(|(key, network)| {
            network.external && (if network.name.is_empty() { key } else { &network.name }) == "host"
        }) {
            demand("the host's network".to_owned());
        }
    }
    demands
}
