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
            if source.ends_with("docker.sock") || source.starts_with("/var/lib/docker") {
                demand(format!("the engine itself ({})", mount.source));
            } else if ["", "/etc", "/root", "/home", "/proc", "/sys", "/dev", "/boot", "/var", "/run", "/usr"]
                .contains(&source)
            {
                demand(format!("the host's files ({})", mount.source));
            } else if ["/etc/", "/root/", "/proc/", "/sys/", "/dev/", "/boot/"]
                .iter()
                .any(|root| source.starts_with(root))
                && !HARMLESS.contains(&source)
            {
                demand(format!("the host's file {}", mount.source));
            }
        }
        for capability in &service.cap_add {
            demand(format!("the capability {capability}"));
        }
        if service
            .networks
            .keys()
            .any(|network| project.networks.get(network).is_some_and(|network| network.name == "host"))
        {
            demand("the host's network".to_owned());
        }
    }
    demands
}
