//! Labels, environment and other sets of pairs, which may be written as a mapping or as a list of `key=value`.

use std::collections::BTreeMap;

use crate::compose::path::Path;
use crate::compose::tree::{Content, Mapping, Node};

use super::Reader;

impl Reader<'_> {
    /// Pairs in either form; a key without value has `None`.
    pub(super) fn pairs(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> BTreeMap<String, Option<String>> {
        self.at(map, path, key, Self::pairs_value).unwrap_or_default()
    }

    pub(super) fn pairs_value(&mut self, node: &Node, path: &Path<'_>) -> Option<BTreeMap<String, Option<String>>> {
        match &node.content {
            Content::Map(map) => Some(map.iter().map(|(key, entry)| (key.to_owned(), printed(&entry.node))).collect()),
            Content::List(_) => {
                let split = |entry: String| match entry.split_once('=') {
                    Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                    None => (entry, None),
                };
                Some(self.texts_value(node, path)?.into_iter().map(split).collect())
            }
            _ => {
                self.refuse_kind(node, path, "a mapping or a list");
                None
            }
        }
    }

    /// Pairs in either form; a key without value has an empty one.
    pub(super) fn labels(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> BTreeMap<String, String> {
        filled(self.pairs(map, path, key))
    }

    /// Pairs in mapping form only.
    pub(super) fn options(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> BTreeMap<String, String> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let map = reader.map(node, path)?;
            Some(map.iter().map(|(key, entry)| (key.to_owned(), printed(&entry.node).unwrap_or_default())).collect())
        };
        self.at(map, path, key, read).unwrap_or_default()
    }

    /// `extra_hosts`: a mapping `host: address`, or a list of `host=address` or `host:address`; as `host:address`.
    pub(super) fn hosts(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Vec<String> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| match &node.content {
            Content::Map(map) => {
                let mut hosts: Vec<String> = map
                    .iter()
                    .filter(|(_, entry)| entry.node.content != Content::Null)
                    .map(|(host, entry)| format!("{host}:{}", printed_as_text(&entry.node)))
                    .collect();
                hosts.sort();
                Some(hosts)
            }
            Content::List(_) => {
                let entries = reader.texts_value(node, path)?;
                let split = |entry: &String| {
                    entry.split_once('=').or_else(|| entry.split_once(':')).map(|(h, a)| format!("{h}:{a}"))
                };
                Some(entries.iter().filter_map(split).collect())
            }
            _ => {
                reader.refuse_kind(node, path, "a mapping or a list");
                None
            }
        };
        let hosts: Vec<String> = self.at(map, path, key, read).unwrap_or_default();
        hosts.iter().map(|host| without_brackets(host)).collect()
    }
}

/// Pairs of which a key without value has an empty one.
pub(super) fn filled(pairs: BTreeMap<String, Option<String>>) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect()
}

/// A value as the reference prints it where text is wanted; `None` for null.
pub(super) fn printed(node: &Node) -> Option<String> {
    Some(match &node.content {
        Content::Null => return None,
        Content::Bool(value) => value.to_string(),
        Content::Int(value) => value.to_string(),
        Content::Uint(value) => value.to_string(),
        Content::Float(value) => float(*value),
        Content::Time(value) => value.to_display(),
        Content::Text(value) => value.clone(),
        Content::List(_) | Content::Map(_) | Content::ForeignKeys(_) => node.to_json().to_string(),
    })
}

/// A host's address: the reference prints a number here with the name of its type.
fn printed_as_text(node: &Node) -> String {
    let printed = printed(node).unwrap_or_default();
    match node.content {
        Content::Int(_) => format!("%!s(int={printed})"),
        Content::Uint(_) => format!("%!s(uint64={printed})"),
        Content::Float(_) => format!("%!s(float64={printed})"),
        _ => printed,
    }
}

/// `[::1]` without its brackets, in `host:[::1]`.
fn without_brackets(entry: &str) -> String {
    let (host, address) = entry.split_once(':').unwrap_or((entry, ""));
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|bare| !bare.is_empty());
    format!("{host}:{}", bare.unwrap_or(address))
}

/// A number as Go prints it: the shortest digits, with an exponent from a million upwards and below 0.0001.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(exponent) = exponent.parse::<i32>() else { return scientific };
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
