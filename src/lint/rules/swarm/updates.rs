//! S111 to S114: what an update, or a second task, cannot do: share a host's port, or a database's files.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use crate::compose::project::{Port, Service};
use crate::compose::tree::Node;
use crate::lint::Location;
use crate::lint::database::Database;
use crate::lint::rules::place;

pub(super) const CLASH: Rule = Rule {
    id: "S111",
    name: "port-clash",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no port of the node is published twice",
    needs: &[],
    page: page!("S111"),
    check: Check::Set(clash),
};
pub(super) const HOST_START_FIRST: Rule = Rule {
    id: "S112",
    name: "host-port-start-first",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no service with a port of the host is updated start-first",
    needs: &[],
    page: page!("S112"),
    check: Check::Set(host_start_first),
};
pub(super) const DATABASE_START_FIRST: Rule = Rule {
    id: "S113",
    name: "database-start-first",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no database is updated start-first on its volume",
    needs: &[],
    page: page!("S113"),
    check: Check::Set(database_start_first),
};
pub(super) const DATABASE_REPLICAS: Rule = Rule {
    id: "S114",
    name: "database-replicas",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "no database has several tasks on one volume",
    needs: &[],
    page: page!("S114"),
    check: Check::Set(database_replicas),
};

fn clash(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut seen: Vec<(&str, &Port)> = Vec::new();
    let mut drafts = Vec::new();
    for (name, service) in set.project().services() {
        for port in service.ports.iter().filter(|port| port.published != 0) {
            let same =
                |(_, other): &&(&str, &Port)| other.published == port.published && protocol(other) == protocol(port);
            match seen.iter().find(same) {
                Some((other, known)) => {
                    let who = if *other == name {
                        format!("the service `{name}` publishes")
                    } else {
                        format!("the services `{other}` and `{name}` both publish")
                    };
                    let twice = if *other == name { " twice" } else { "" };
                    drafts.push(
                        Draft::new(format!("{who} the port {}/{}{twice}", port.published, protocol(port)))
                            .at(port_at(set, name, port), "it is taken")
                            .at(port_at(set, other, known), "by this one")
                            .help("publish another port, or none: Traefik reaches services without"),
                    );
                }
                None => seen.push((name, port)),
            }
        }
    }
    drafts
}

fn host_start_first(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let services = start_first(set).filter_map(|(name, service)| {
        let port = service.ports.iter().find(|port| port.mode == "host" && port.published != 0)?;
        Some((name, port))
    });
    services
        .map(|(name, port)| {
            Draft::new(format!(
                "on a swarm of one node an update of the service `{name}` never ends: the new task waits for the port {} that the old one holds",
                port.published
            ))
            .at(place::value(set, &["services", name, "deploy", "update_config", "order"]), "starts the new task first")
            .at(port_at(set, name, port), "only one task of a node can have it")
            .help("write `order: stop-first`")
        })
        .collect()
}

fn database_start_first(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let services =
        start_first(set).filter_map(|(name, service)| Some((name, Database::of(service)?, volume(service)?)));
    services
        .map(|(name, database, volume)| {
            Draft::new(format!(
                "an update of the service `{name}` starts a second {} on the volume `{volume}` while the first still writes to it",
                database.name()
            ))
            .at(place::value(set, &["services", name, "deploy", "update_config", "order"]), "")
            .help("write `order: stop-first`: only one server may have the files")
        })
        .collect()
}

fn database_replicas(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let services =
        set.project().services().filter(|(_, service)| service.deploy.replicas.is_some_and(|count| count > 1));
    services
        .filter_map(|(name, service)| Some((name, service, Database::of(service)?, volume(service)?)))
        .map(|(name, service, database, volume)| {
            Draft::new(format!(
                "the service `{name}` runs {} with {} tasks on the one volume `{volume}`",
                database.name(),
                service.deploy.replicas.unwrap_or_default()
            ))
            .at(place::value(set, &["services", name, "deploy", "replicas"]), "")
            .help("run one task: several servers on the same files destroy them, or refuse to start")
        })
        .collect()
}

fn start_first(set: &Set) -> impl Iterator<Item = (&str, &Service)> {
    let orders =
        |service: &Service| service.deploy.update_config.as_ref().is_some_and(|update| update.order == "start-first");
    set.project().services().filter(move |(_, service)| orders(service))
}

/// The first volume with a name that the service may write to.
fn volume(service: &Service) -> Option<&str> {
    let mut volumes = service.volumes.iter().filter(|mount| matches!(mount.kind.as_str(), "" | "volume"));
    volumes.find(|mount| !mount.source.is_empty() && !mount.read_only).map(|mount| mount.source.as_str())
}

fn protocol(port: &Port) -> &str {
    if port.protocol.is_empty() { "tcp" } else { &port.protocol }
}

/// Where a port is published: the item of `ports:` that names it.
fn port_at(set: &Set, service: &str, port: &Port) -> Location {
    let (published, target) = (port.published.to_string(), port.target.to_string());
    let names_it = |node: &Node| match node.as_map() {
        Some(map) => [("published", &published), ("target", &target)].iter().all(|(key, number)| {
            map.get(key).is_some_and(|node| node.to_json().to_string().trim_matches('"') == number.as_str())
        }),
        None => node.as_text().is_some_and(|text| {
            let mut parts = text.split('/').next().unwrap_or_default().rsplit(':');
            parts.next() == Some(target.as_str()) && parts.next() == Some(published.as_str())
        }),
    };
    let items = set.items(&["services", service, "ports"]);
    let found = items.into_iter().rev().find(|(_, node)| names_it(node));
    found.map_or_else(|| place::key(set, &["services", service, "ports"]), |(at, _)| at)
}
