//! S101 to S107: keys that the loader of `docker stack` accepts and swarm ignores.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use crate::lint::rules::place;

pub(super) const RESTART: Rule = Rule {
    id: "S101",
    name: "restart-ignored",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service leaves its restarts to `restart:`, which is not swarm's key",
    needs: &[],
    page: page!("S101"),
    check: Check::Set(restart),
};
pub(super) const CONTAINER_NAME: Rule = Rule {
    id: "S102",
    name: "container-name-ignored",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service has a container_name: swarm names containers itself",
    needs: &[],
    page: page!("S102"),
    check: Check::Set(container_name),
};
pub(super) const BUILD: Rule = Rule {
    id: "S103",
    name: "build-ignored",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service has a build: swarm builds nothing",
    needs: &[],
    page: page!("S103"),
    check: Check::Set(build),
};
pub(super) const DEPENDS_ON: Rule = Rule {
    id: "S104",
    name: "depends-on-ignored",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service has a depends_on: swarm starts all services at once",
    needs: &[],
    page: page!("S104"),
    check: Check::Set(depends_on),
};
pub(super) const PRIVILEGED: Rule = Rule {
    id: "S105",
    name: "privileged-ignored",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service asks for privileged mode, which swarm ignores",
    needs: &[],
    page: page!("S105"),
    check: Check::Set(privileged),
};
pub(super) const DEVICES: Rule = Rule {
    id: "S106",
    name: "devices-ignored",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service asks for devices, which swarm ignores",
    needs: &[],
    page: page!("S106"),
    check: Check::Set(devices),
};
pub(super) const KEY: Rule = Rule {
    id: "S107",
    name: "key-ignored",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service has another key that swarm ignores",
    needs: &[],
    page: page!("S107"),
    check: Check::Set(others),
};

/// Keys without a rule of their own, and what to do instead: `UnsupportedProperties` of docker/cli, and what its conversion drops.
const OTHERS: [(&str, &str); 13] = [
    ("cgroup_parent", "remove it"),
    ("cgroupns_mode", "remove it"),
    ("domainname", "put the whole name into `hostname:`"),
    ("external_links", "put both services on one network"),
    ("ipc", "share files through a volume instead"),
    ("links", "services on one network find each other by name: use a network alias for another name"),
    ("mac_address", "remove it"),
    ("network_mode", "put the service on the network `host`, declared as external, or publish ports with `mode: host`"),
    ("oom_score_adj", "remove it"),
    ("pid", "remove it"),
    ("security_opt", "remove it: the containers run without it today"),
    ("shm_size", "mount a tmpfs at /dev/shm: `type: tmpfs`, `target: /dev/shm`, `tmpfs: {size: …}`"),
    ("userns_mode", "remove it"),
];

fn restart(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let services = set.project().services().filter(|(_, service)| !service.restart.is_empty());
    services
        .map(|(name, service)| {
            let (message, help) = match service.restart.as_str() {
                _ if service.deploy.restart_policy.is_some() => (
                    format!("`restart:` of the service `{name}` says nothing: `deploy.restart_policy` decides"),
                    "remove `restart:`",
                ),
                "no" => (
                    format!("the service `{name}` asks for no restarts, and swarm starts it again each time it ends"),
                    "write `deploy: restart_policy: condition: none` instead",
                ),
                _ => (
                    format!("`restart:` of the service `{name}` is not swarm's key: `deploy.restart_policy` is"),
                    "write `deploy: restart_policy: condition: any` (or `on-failure`) instead; without it swarm restarts always",
                ),
            };
            Draft::new(message).at(place::key(set, &["services", name, "restart"]), "").help(help)
        })
        .collect()
}

fn container_name(_subject: &Subject, set: &Set) -> Vec<Draft> {
    each(
        set,
        "container_name",
        |name| format!("swarm ignores `container_name:` of the service `{name}`, and names its containers itself"),
        "remove it; peers find the service by its own name, or by a network alias",
    )
}

fn build(_subject: &Subject, set: &Set) -> Vec<Draft> {
    each(
        set,
        "build",
        |name| format!("swarm builds nothing: `build:` of the service `{name}` is ignored"),
        "publish the image, and name it under `image:`",
    )
}

fn depends_on(_subject: &Subject, set: &Set) -> Vec<Draft> {
    each(
        set,
        "depends_on",
        |name| format!("swarm ignores `depends_on:` of the service `{name}`, and starts all services at once"),
        "remove it, and let the service wait, or end and be started again, until what it needs is there",
    )
}

fn privileged(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let asking = set.project().services().filter(|(_, service)| service.privileged);
    asking
        .map(|(name, _)| {
            Draft::new(format!("swarm ignores `privileged:`: the service `{name}` runs without it"))
                .at(place::key(set, &["services", name, "privileged"]), "")
                .help("remove it; single capabilities can be had with `cap_add:`")
        })
        .collect()
}

fn devices(_subject: &Subject, set: &Set) -> Vec<Draft> {
    each(
        set,
        "devices",
        |name| format!("swarm ignores `devices:`: the service `{name}` has none of them"),
        "remove it; say in the README what the app cannot do without the device",
    )
}

fn others(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (key, help) in OTHERS {
        drafts.extend(each(set, key, |name| format!("swarm ignores `{key}:` of the service `{name}`"), help));
    }
    for (name, service) in set.project().services() {
        for (network, settings) in service.networks.iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
            for (key, address) in [("ipv4_address", &settings.ipv4_address), ("ipv6_address", &settings.ipv6_address)] {
                if !address.is_empty() {
                    drafts.push(
                        Draft::new(format!(
                            "swarm ignores `{key}:` of the service `{name}` on the network `{network}`"
                        ))
                        .at(place::key(set, &["services", name, "networks", network, key]), "")
                        .help("remove it, and address the service by its name"),
                    );
                }
            }
        }
    }
    drafts
}

/// A finding for every service that has the key.
fn each(set: &Set, key: &str, message: impl Fn(&str) -> String, help: &str) -> Vec<Draft> {
    let services = set.project().services().filter_map(|(name, _)| Some((name, set.last(&["services", name, key])?)));
    services.map(|(name, found)| Draft::new(message(name)).at(found.key, "").help(help)).collect()
}
