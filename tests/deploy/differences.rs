//! Comparing the reference's stack with ours, and the whole list of what may differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One difference: where, and both values (`null` = absent).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) reference: Value,
    pub(crate) ours: Value,
}

/// What may differ when no option asks for more: nothing but what [`Deliberate`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deliberate {
    /// `taster.run` on every object ([`taster::swarm::deploy::DeployOptions::run`]).
    RunLabel,
    /// dnsrr where virtual IPs do not work, on request.
    DnsRoundRobin,
    /// Beside dnsrr an ingress port becomes a dynamic host-mode one.
    DynamicHostPort,
    /// `rollback_config.failure_action: rollback`: swarm pauses there anyway.
    RollbackOfRollback,
    /// An empty `dns:` or `driver_opts:` is sent by the reference as settings without content, and by us not at all: to swarm that is
    /// the same.
    EmptySettings,
}

/// THE list of deliberate differences. Whatever is not named here fails the parity test.
pub(crate) fn deliberate(difference: &Difference) -> Option<Deliberate> {
    let Difference { path, reference, ours } = difference;
    if path.ends_with("/Labels/taster.run") && reference.is_null() {
        return Some(Deliberate::RunLabel);
    }
    if path.starts_with("service ") && path.ends_with("/Mode") && reference == "vip" && ours == "dnsrr" {
        return Some(Deliberate::DnsRoundRobin);
    }
    if path.contains("/Ports/") && path.ends_with("/PublishMode") && reference == "ingress" && ours == "host" {
        return Some(Deliberate::DynamicHostPort);
    }
    if path.contains("/Ports/") && path.ends_with("/PublishedPort") && ours.is_null() {
        return Some(Deliberate::DynamicHostPort);
    }
    if path.ends_with("/RollbackConfig/FailureAction") && reference == "rollback" && ours == "pause" {
        return Some(Deliberate::RollbackOfRollback);
    }
    let optional = path.ends_with("/DNSConfig") || path.ends_with("/DriverConfig");
    if optional && *reference == serde_json::json!({}) && ours.is_null() {
        return Some(Deliberate::EmptySettings);
    }
    None
}

/// Every leaf in which two stacks differ.
pub(crate) fn between(reference: &BTreeMap<String, Value>, ours: &BTreeMap<String, Value>) -> Vec<Difference> {
    let mut found = Vec::new();
    for name in reference.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
        compare(name, reference.get(name).unwrap_or(&Value::Null), ours.get(name).unwrap_or(&Value::Null), &mut found);
    }
    found
}

fn compare(path: &str, reference: &Value, ours: &Value, found: &mut Vec<Difference>) {
    match (reference, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                compare(
                    &format!("{path}/{key}"),
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}/{index}"), a, b, found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push(Difference { path: path.to_owned(), reference: a.clone(), ours: b.clone() }),
    }
}

/// How many leaves were compared: a comparison of nothing proves nothing.
pub(crate) fn leaves(stack: &BTreeMap<String, Value>) -> usize {
    fn count(value: &Value) -> usize {
        match value {
            Value::Object(map) => map.values().map(count).sum(),
            Value::Array(items) => items.iter().map(count).sum(),
            _ => 1,
        }
    }
    stack.values().map(count).sum()
}

#[test]
fn a_planted_difference_is_found_and_only_the_listed_ones_are_deliberate() {
    let stack = |spec: Value| BTreeMap::from([("service s_app".to_owned(), spec)]);
    let reference = stack(serde_json::json!({"Spec": {"Mode": "vip", "Labels": {"a": "1"}, "Args": ["x", "y"]}}));
    let ours =
        stack(serde_json::json!({"Spec": {"Mode": "dnsrr", "Labels": {"a": "1", "taster.run": "r"}, "Args": ["x"]}}));
    let found = between(&reference, &ours);
    let kinds: Vec<_> = found.iter().map(deliberate).collect();
    assert_eq!(kinds, [None, Some(Deliberate::RunLabel), Some(Deliberate::DnsRoundRobin)]);
    assert_eq!(found[0].path, "service s_app/Spec/Args");
    assert!(between(&reference, &reference).is_empty());
    assert_eq!(leaves(&reference), 4);
    assert_eq!(between(&reference, &BTreeMap::new()).len(), 1, "a service that is missing is a difference");
}
