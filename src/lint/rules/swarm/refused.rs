//! S115 and S116: what `docker stack config` accepts and `docker stack deploy` refuses.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

use crate::compose::project::Service;
use crate::lint::rules::place;

pub(super) const UNDEFINED: Rule = Rule {
    id: "S115",
    name: "undefined-reference",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every network, volume, secret and config that a service uses is defined",
    needs: &[],
    page: page!("S115"),
    check: Check::Set(undefined),
};
pub(super) const VALUE: Rule = Rule {
    id: "S116",
    name: "deploy-value-refused",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "`deploy:` holds only values that swarm knows",
    needs: &[],
    page: page!("S116"),
    check: Check::Set(values),
};

fn undefined(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let project = set.project();
    let mut drafts = Vec::new();
    for (name, service) in project.services() {
        let volumes = service.volumes.iter().filter(|mount| matches!(mount.kind.as_str(), "" | "volume"));
        let used: [(&str, &str, Vec<&str>, Vec<&str>); 4] = [
            // `default` need not be defined.
            (
                "network",
                "networks",
                service.networks.keys().map(String::as_str).filter(|key| *key != "default").collect(),
                project.networks.keys().map(String::as_str).collect(),
            ),
            (
                "volume",
                "volumes",
                volumes.map(|mount| mount.source.as_str()).filter(|source| !source.is_empty()).collect(),
                project.volumes.keys().map(String::as_str).collect(),
            ),
            (
                "secret",
                "secrets",
                service.secrets.iter().map(|reference| reference.source.as_str()).collect(),
                project.secrets.keys().map(String::as_str).collect(),
            ),
            (
                "config",
                "configs",
                service.configs.iter().map(|reference| reference.source.as_str()).collect(),
                project.configs.keys().map(String::as_str).collect(),
            ),
        ];
        for (kind, section, keys, known) in used {
            for key in keys.into_iter().filter(|key| !known.contains(key)) {
                let close = known.iter().map(|other| (strsim::osa_distance(key, other), other)).min();
                let meant = close.filter(|(distance, _)| *distance <= 2).map(|(_, other)| format!("`{other}`"));
                drafts.push(
                    Draft::new(format!("the service `{name}` uses the {kind} `{key}`, which is not defined"))
                        .at(reference_at(set, name, section, key), "")
                        .did_you_mean(meant)
                        .help(format!("define it under `{section}:` at the top level: `docker stack deploy` refuses the stack without")),
                );
            }
        }
    }
    drafts
}

/// Where a service names a network, volume, secret or config.
fn reference_at(set: &Set, service: &str, section: &str, key: &str) -> crate::lint::Location {
    let path = ["services", service, section];
    let item = set.items(&path).into_iter().find(|(_, node)| match (node.as_map(), node.as_text()) {
        (Some(map), _) => map.get("source").and_then(|source| source.as_text()) == Some(key),
        (None, Some(text)) => text == key || text.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')),
        (None, None) => false,
    });
    match item {
        Some((at, _)) => at,
        None => place::key(set, &["services", service, section, key]),
    }
}

fn values(_subject: &Subject, set: &Set) -> Vec<Draft> {
    set.project().services().flat_map(|(name, service)| refused_values(set, name, service)).collect()
}

fn refused_values(set: &Set, name: &str, service: &Service) -> Vec<Draft> {
    let deploy = &service.deploy;
    let mut drafts = Vec::new();
    let mut refuse = |path: &[&str], value: &str, known: &[&str]| {
        if value.is_empty() || known.contains(&value) {
            return;
        }
        let full: Vec<&str> = ["services", name, "deploy"].iter().chain(path).copied().collect();
        let meant = match value {
            "always" | "unless-stopped" => Some("any"),
            "no" | "never" => Some("none"),
            _ => known
                .iter()
                .map(|word| (strsim::osa_distance(value, word), *word))
                .min()
                .filter(|(d, _)| *d <= 2)
                .map(|(_, w)| w),
        };
        drafts.push(
            Draft::new(format!("swarm knows no `{value}` for `deploy.{}` of the service `{name}`", path.join(".")))
                .at(place::value(set, &full), "")
                .did_you_mean(meant.filter(|word| known.contains(word)).map(|word| format!("`{word}`")))
                .help(format!("use one of {}", known.join(", "))),
        );
    };
    if let Some(policy) = &deploy.restart_policy {
        refuse(&["restart_policy", "condition"], &policy.condition, &["none", "on-failure", "any"]);
    }
    refuse(&["mode"], &deploy.mode, &["replicated", "global", "replicated-job", "global-job"]);
    refuse(&["endpoint_mode"], &deploy.endpoint_mode.to_lowercase(), &["vip", "dnsrr"]);
    if let Some(update) = &deploy.update_config {
        refuse(&["update_config", "failure_action"], &update.failure_action, &["pause", "continue", "rollback"]);
    }
    if matches!(deploy.mode.as_str(), "global" | "global-job") && deploy.replicas.is_some() {
        drafts.push(
            Draft::new(format!("the service `{name}` is global, and a global service has no `replicas:`"))
                .at(place::key(set, &["services", name, "deploy", "replicas"]), "")
                .help("remove `replicas:`, or the mode"),
        );
    }
    let ingress = service.ports.iter().any(|port| port.mode != "host");
    if deploy.endpoint_mode.eq_ignore_ascii_case("dnsrr") && ingress {
        drafts.push(
            Draft::new(format!(
                "the service `{name}` publishes a port through the ingress, which `endpoint_mode: dnsrr` forbids"
            ))
            .at(place::value(set, &["services", name, "deploy", "endpoint_mode"]), "")
            .at(place::key(set, &["services", name, "ports"]), "published through the ingress")
            .help("publish the port with `mode: host`, or remove `endpoint_mode:`"),
        );
    }
    drafts
}
