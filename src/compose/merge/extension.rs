//! Parts of a service that are kept without types: `x-` keys, `build`, `credential_spec`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

/// Merges `x-` keys: mappings are united at every depth, lists are appended, anything else is replaced.
///
/// # Errors
/// The key that holds a list in the later file and something else in the earlier one.
pub(super) fn merge_extensions(into: &mut BTreeMap<String, Json>, from: BTreeMap<String, Json>) -> Result<(), String> {
    for (key, value) in from {
        match into.get_mut(&key) {
            Some(earlier) => merge_value(earlier, value).map_err(|NotAList| key)?,
            None => _ = into.insert(key, value),
        }
    }
    Ok(())
}

struct NotAList;

fn merge_value(into: &mut Json, from: Json) -> Result<(), NotAList> {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(earlier) => merge_value(earlier, value)?,
                    None => _ = into.insert(key, value),
                }
            }
        }
        (Json::Array(into), Json::Array(from)) => into.extend(from),
        (into @ Json::Null, from) => *into = from,
        (_, Json::Array(_)) => return Err(NotAList),
        (into, from) => *into = from,
    }
    Ok(())
}

/// Merges a credential spec: each of its texts replaces the earlier one.
pub(super) fn merge_credential_spec(into: &mut Option<Json>, from: Option<Json>) {
    match (into.as_mut(), from) {
        (Some(Json::Object(into)), Some(Json::Object(from))) => into.extend(from),
        (_, Some(from)) => *into = Some(from),
        (_, None) => {}
    }
}

/// Merges `build` and `external_links`.
pub(super) fn merge_ignored(into: &mut BTreeMap<String, Json>, from: BTreeMap<String, Json>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Json::Object(into)), Json::Object(from)) => merge_build(into, from),
            (Some(Json::Array(into)), Json::Array(from)) => into.extend(from),
            (_, value) => _ = into.insert(key, value),
        }
    }
}

fn merge_build(into: &mut Map<String, Json>, from: Map<String, Json>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Json::Array(into)), Json::Array(from)) => into.extend(from),
            (Some(Json::Object(into)), Json::Object(from)) if key == "args" => {
                let empty = |value: &Json| value.is_null() || value == "";
                for (name, value) in from {
                    if !empty(&value) || into.get(&name).is_none_or(empty) {
                        into.insert(name, value);
                    }
                }
            }
            (Some(Json::Object(into)), Json::Object(from)) => into.extend(from),
            (_, value) => _ = into.insert(key, value),
        }
    }
}
