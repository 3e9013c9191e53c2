//! What an engine says about a stack, with ids, times and addresses taken out: the two sides of a comparison.

use std::collections::BTreeMap;

use bollard::Docker;
use serde_json::{Map, Value, json};
use taster::swarm::deploy::{LABEL_NAMESPACE, raw};

/// Everything the engine holds of a stack: `{ "service app": spec, "network x": …, … }`.
pub(crate) async fn stack(docker: &Docker, stack: &str) -> BTreeMap<String, Value> {
    let names = names(docker).await;
    let mut seen = BTreeMap::new();
    let filter = raw::filters("label", &format!("{LABEL_NAMESPACE}={stack}"));
    for (kind, path) in [
        ("service", "/services"),
        ("network", "/networks"),
        ("secret", "/secrets"),
        ("config", "/configs"),
        ("volume", "/volumes"),
    ] {
        let listed = raw::get(docker, &format!("{path}?filters={filter}")).await.unwrap();
        let items = if kind == "volume" { listed["Volumes"].clone() } else { listed };
        for item in items.as_array().into_iter().flatten() {
            let (name, value) = match kind {
                "service" | "secret" | "config" => (&item["Spec"]["Name"], item["Spec"].clone()),
                "network" => (&item["Name"], network(item)),
                _ => (&item["Name"], volume(item)),
            };
            let name = format!("{kind} {}", name.as_str().unwrap());
            assert!(seen.insert(name.clone(), with_names(value, &names)).is_none(), "{name} is there twice");
        }
    }
    seen
}

/// Ids of networks, secrets and configs to their names, for services refer by id.
async fn names(docker: &Docker) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (path, id, name) in
        [("/networks", "/Id", "/Name"), ("/secrets", "/ID", "/Spec/Name"), ("/configs", "/ID", "/Spec/Name")]
    {
        for item in raw::get(docker, path).await.unwrap().as_array().unwrap() {
            let text = |pointer| item.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
            names.insert(text(id), format!("<id of {}>", text(name)));
        }
    }
    names
}

/// A network without what the engine chose itself: the numbers of its tunnels, and addresses that nobody asked for (`own` ones are kept
/// because the corpus asks for 10.99.*).
fn network(item: &Value) -> Value {
    let mut kept = Map::new();
    for key in
        ["Name", "Scope", "Driver", "EnableIPv6", "IPAM", "Internal", "Attachable", "Ingress", "Labels", "Options"]
    {
        kept.insert(key.to_owned(), item[key].clone());
    }
    if let Some(options) = kept.get_mut("Options").and_then(Value::as_object_mut) {
        options.remove("com.docker.network.driver.overlay.vxlanid_list");
    }
    if let Some(pools) = kept.get_mut("IPAM").and_then(|ipam| ipam.get_mut("Config")).and_then(Value::as_array_mut) {
        for pool in pools {
            if !pool["Subnet"].as_str().unwrap_or_default().starts_with("10.99.") {
                *pool = json!("chosen by the engine");
            }
        }
    }
    Value::Object(kept)
}

fn volume(item: &Value) -> Value {
    json!({ "Driver": item["Driver"], "Labels": item["Labels"], "Options": item["Options"], "Scope": item["Scope"] })
}

fn with_names(value: Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(names.get(&text).cloned().unwrap_or(text)),
        Value::Array(items) => items.into_iter().map(|item| with_names(item, names)).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, with_names(value, names))).collect(),
        other => other,
    }
}
