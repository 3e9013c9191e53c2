//! From one validated document to typed services, networks, volumes, secrets and configs.
//!
//! The schema lets some values through that have no meaning (`replicas: -1`, a port of `80.5`, an unclosed quote in a command);
//! they are refused here, as the reference does when it fills its own types.

mod deploy;
mod env_file;
mod mount;
mod object;
mod pairs;
mod service;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::path::Path;
use super::problem::Issue;
use super::project::{FileObject, Network, Service, Volume};
use super::tree::{Content, Mapping, Node};

/// What surrounds a document while it is read.
pub(crate) struct Surroundings<'a> {
    /// The deployer's environment.
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads an env file of the recipe; the path is relative to the recipe's root.
    pub(crate) read_env_file: &'a dyn Fn(&str) -> Result<Vec<u8>, String>,
    /// The directory of the first compose file, relative to the recipe's root; empty for the root.
    pub(crate) directory: &'a str,
}

/// One document, typed, before it is merged with others.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) services: BTreeMap<String, Draft>,
    pub(crate) networks: BTreeMap<String, Network>,
    pub(crate) volumes: BTreeMap<String, Volume>,
    pub(crate) secrets: BTreeMap<String, FileObject>,
    pub(crate) configs: BTreeMap<String, FileObject>,
    pub(crate) extensions: BTreeMap<String, Json>,
}

/// A service, and which of its lists were written at all: merging treats an empty list and none differently.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) service: Service,
    pub(crate) written: Written,
}

/// Which keys a service has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    pub(crate) ports: bool,
    pub(crate) volumes: bool,
    pub(crate) secrets: bool,
    pub(crate) configs: bool,
    pub(crate) logging_options: bool,
}

/// Reads a validated document.
pub(crate) fn read(document: &Mapping, surroundings: &Surroundings<'_>) -> (Sections, Vec<Issue>, Vec<Issue>) {
    let mut reader = Reader { surroundings, issues: Vec::new(), warnings: Vec::new() };
    let mut sections = Sections { extensions: extensions(document), ..Sections::default() };
    reader.each(document, "services", |reader, name, node, path| {
        let draft = reader.service(node, path);
        sections.services.insert(name.to_owned(), draft);
    });
    reader.each(document, "networks", |reader, name, node, path| {
        let network = reader.network(name, node, path);
        sections.networks.insert(name.to_owned(), network);
    });
    reader.each(document, "volumes", |reader, name, node, path| {
        let volume = reader.volume(name, node, path);
        sections.volumes.insert(name.to_owned(), volume);
    });
    reader.each(document, "secrets", |reader, name, node, path| {
        let secret = reader.file_object("secret", name, node, path);
        sections.secrets.insert(name.to_owned(), secret);
    });
    reader.each(document, "configs", |reader, name, node, path| {
        let config = reader.file_object("config", name, node, path);
        sections.configs.insert(name.to_owned(), config);
    });
    (sections, reader.issues, reader.warnings)
}

/// The `x-` keys of a mapping.
fn extensions(map: &Mapping) -> BTreeMap<String, Json> {
    map.iter()
        .filter(|(key, _)| key.starts_with("x-"))
        .map(|(key, entry)| (key.to_owned(), entry.node.to_json()))
        .collect()
}

struct Reader<'a> {
    surroundings: &'a Surroundings<'a>,
    issues: Vec<Issue>,
    warnings: Vec<Issue>,
}

impl Reader<'_> {
    fn each(&mut self, document: &Mapping, section: &str, mut read: impl FnMut(&mut Self, &str, &Node, &Path<'_>)) {
        let Some(map) = document.get(section).and_then(Node::as_map) else { return };
        let path = Path::Root.key(section);
        for (name, entry) in map.iter() {
            read(self, name, &entry.node, &path.key(name));
        }
    }

    fn refuse(&mut self, node: &Node, path: &Path<'_>, message: impl Into<String>, help: &str) {
        self.issues.push(Issue::new(node.span, path, message).help(help));
    }

    fn refuse_kind(&mut self, node: &Node, path: &Path<'_>, wanted: &str) {
        let help = if wanted == "text" { "put it in quotes" } else { "check the value" };
        self.refuse(node, path, format!("this is {}, and must be {wanted}", node.kind()), help);
    }

    /// Reads the value of `key`, if there is one that is not null.
    fn at<T>(
        &mut self,
        map: &Mapping,
        path: &Path<'_>,
        key: &str,
        read: impl FnOnce(&mut Self, &Node, &Path<'_>) -> Option<T>,
    ) -> Option<T> {
        let node = lookup(map, key)?;
        if node.content == Content::Null {
            return None;
        }
        read(self, node, &path.key(key))
    }

    fn map<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Option<&'n Mapping> {
        let map = node.as_map();
        if map.is_none() {
            self.refuse_kind(node, path, "a mapping");
        }
        map
    }

    fn text_value(&mut self, node: &Node, path: &Path<'_>) -> Option<String> {
        let text = node.as_text().map(str::to_owned);
        if text.is_none() {
            self.refuse_kind(node, path, "text");
        }
        text
    }

    fn text(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> String {
        self.at(map, path, key, Self::text_value).unwrap_or_default()
    }

    fn boolean(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Option<bool> {
        self.at(map, path, key, |reader, node, path| match node.content {
            Content::Bool(value) => Some(value),
            _ => {
                reader.refuse_kind(node, path, "true or false");
                None
            }
        })
    }

    /// A whole number; a fraction is cut off.
    fn integer(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Option<i64> {
        self.at(map, path, key, |reader, node, path| match node.content {
            Content::Int(value) => Some(value),
            Content::Uint(value) => Some(value as i64),
            Content::Float(value) => Some(to_signed(value)),
            _ => {
                reader.refuse_kind(node, path, "a whole number");
                None
            }
        })
    }

    /// A whole number that is not negative; a fraction is cut off.
    fn natural(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Option<u64> {
        self.at(map, path, key, |reader, node, path| match node.content {
            Content::Int(value) if value < 0 => {
                reader.refuse(node, path, format!("`{value}` is negative"), "write zero or more");
                None
            }
            Content::Int(value) => u64::try_from(value).ok(),
            Content::Uint(value) => Some(value),
            Content::Float(value) if value < 0.0 => {
                reader.refuse(node, path, format!("`{value}` is negative"), "write zero or more");
                None
            }
            Content::Float(value) => Some(to_unsigned(value)),
            _ => {
                reader.refuse_kind(node, path, "a whole number");
                None
            }
        })
    }

    fn number32(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Option<u32> {
        // The reference keeps the lower 32 bits.
        self.natural(map, path, key).map(|value| value as u32)
    }

    fn duration(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Option<std::time::Duration> {
        self.at(map, path, key, |reader, node, path| {
            let text = reader.text_value(node, path)?;
            match super::format::duration(&text) {
                Some(nanoseconds) => match u64::try_from(nanoseconds) {
                    Ok(nanoseconds) => Some(std::time::Duration::from_nanos(nanoseconds)),
                    Err(_) => {
                        reader.refuse(node, path, format!("`{text}` is a negative duration"), "write zero or more");
                        None
                    }
                },
                None => {
                    reader.refuse(
                        node,
                        path,
                        format!("`{text}` is no duration"),
                        "write a number and a unit: `30s`, `1m30s`",
                    );
                    None
                }
            }
        })
    }

    fn texts_value(&mut self, node: &Node, path: &Path<'_>) -> Option<Vec<String>> {
        let Some(items) = node.as_list() else {
            self.refuse_kind(node, path, "a list");
            return None;
        };
        Some(items.iter().enumerate().filter_map(|(at, item)| self.text_value(item, &path.index(at))).collect())
    }

    fn texts(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Vec<String> {
        self.at(map, path, key, Self::texts_value).unwrap_or_default()
    }

    /// One text, or a list of them.
    fn text_or_texts(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Vec<String> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| match node.as_text() {
            Some(text) => Some(vec![text.to_owned()]),
            None => reader.texts_value(node, path),
        };
        self.at(map, path, key, read).unwrap_or_default()
    }
}

/// The whole part of a number; beyond 63 bits and a sign, what the reference's machine makes of it.
fn to_signed(value: f64) -> i64 {
    if value.abs() < 9_223_372_036_854_775_808.0 { value as i64 } else { i64::MIN }
}

/// The whole part of a number that is not negative; beyond 64 bits, what the reference's machine makes of it.
fn to_unsigned(value: f64) -> u64 {
    if value < 18_446_744_073_709_551_616.0 { value as u64 } else { 1 << 63 }
}

/// A value by its key; capital letters do not matter where the schema lets unknown keys through.
fn lookup<'n>(map: &'n Mapping, key: &str) -> Option<&'n Node> {
    map.get(key).or_else(|| map.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, entry)| &entry.node))
}
