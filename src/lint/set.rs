//! A set of compose files that is really deployed together, and where things are written in it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::draft::Location;
use crate::compose::project::Project;
use crate::compose::tree::{Content, Entry, Node};
use crate::compose::{Loaded, Span, VariableUse};

/// A set of compose files that loads.
#[derive(Debug)]
pub struct Set {
    /// The files, joined by `:` as in `COMPOSE_FILE`.
    pub name: String,
    /// Why it is judged.
    pub kind: SetKind,
    /// The environment it was loaded with.
    pub environment: Vec<(String, String)>,
    /// The stack's name in that environment.
    pub stack: String,
    /// The merged project, the documents with their spans, the variables, the loader's warnings.
    pub loaded: Loaded,
    /// The release it belongs to; `None` for the candidate.
    pub(super) release: Option<String>,
    /// The labels under `deploy:` of each service, which most rules ask for: they are gathered once.
    pub(super) deploy_labels: OnceLock<BTreeMap<String, Vec<Pair>>>,
}

/// Why a set is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// It is what `COMPOSE_FILE` in the sample says.
    Sampled,
    /// A commented-out `COMPOSE_FILE` in the sample documents it.
    Documented,
    /// All compose files of the root in one, as abra lints them (`--abra`).
    Abra,
}

/// A key, and its value.
#[derive(Debug, Clone)]
pub struct Found<'s> {
    /// Where the key is written.
    pub key: Location,
    /// Where the value is written; of one that came through an alias or a merge key, where the anchor is.
    pub value: Location,
    /// The value, interpolated.
    pub node: &'s Node,
}

/// One of several `key=value` (labels, environment), which may be written as a mapping or as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The key, interpolated when it stands in a list.
    pub key: String,
    /// The value, interpolated; `None` when there is none at all (`- DOMAIN`, `DOMAIN:`).
    pub value: Option<String>,
    /// Where the key is written; of an item of a list, the whole item.
    pub key_at: Location,
    /// Where the value is written; of an item of a list, the whole item.
    pub value_at: Location,
}

impl Set {
    /// What a swarm would be asked for.
    pub fn project(&self) -> &Project {
        &self.loaded.project
    }

    /// Where a span of [`Loaded`] is.
    pub fn location(&self, span: Span) -> Location {
        let file = self.loaded.documents.get(span.file as usize).map(|document| document.source.path.clone());
        Location { file: file.unwrap_or_default(), release: self.release.clone(), range: Some(span.range()) }
    }

    /// The first place where a path of keys is written, for example `["services", "app"]`: the right one for what is missing there.
    pub fn first(&self, path: &[&str]) -> Option<Found<'_>> {
        self.all(path).into_iter().next()
    }

    /// The last place where a path of keys is written, for example `["services", "app", "image"]`: the one that decides the value.
    pub fn last(&self, path: &[&str]) -> Option<Found<'_>> {
        self.all(path).into_iter().next_back()
    }

    /// Every place where a path of keys is written, in the order in which the files are merged.
    pub fn all(&self, path: &[&str]) -> Vec<Found<'_>> {
        let Some((last, above)) = path.split_last() else { return Vec::new() };
        self.loaded
            .documents
            .iter()
            .filter_map(|document| {
                let map = above.iter().try_fold(&document.content, |map, key| map.get(key)?.as_map())?;
                map.entry(last)
            })
            .map(|entry| self.found(entry))
            .collect()
    }

    fn found<'s>(&self, entry: &'s Entry) -> Found<'s> {
        Found { key: self.location(entry.key), value: self.location(entry.node.span), node: &entry.node }
    }

    /// The items of the lists at a path, of all files, in order: `["services", "app", "ports"]`.
    pub fn items(&self, path: &[&str]) -> Vec<(Location, &Node)> {
        let lists = self.all(path).into_iter().filter_map(|found| found.node.as_list());
        lists.flatten().map(|item| (self.location(item.span), item)).collect()
    }

    /// The names at a path that holds a list of names or a mapping with names for keys (`networks`, `depends_on`), of all files, in order.
    pub fn names(&self, path: &[&str]) -> Vec<(String, Location)> {
        let mut names = Vec::new();
        for found in self.all(path) {
            match &found.node.content {
                Content::Map(map) => {
                    names.extend(map.iter().map(|(key, entry)| (key.to_owned(), self.location(entry.key))));
                }
                Content::List(items) => names.extend(
                    items.iter().filter_map(|item| Some((item.as_text()?.to_owned(), self.location(item.span)))),
                ),
                _ => {}
            }
        }
        names
    }

    /// The pairs at a path that holds `key=value` as a mapping or as a list, of all files, in order: of two with one key the later
    /// decides.
    pub fn pairs(&self, path: &[&str]) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for found in self.all(path) {
            match &found.node.content {
                Content::Map(map) => pairs.extend(map.iter().map(|(key, entry)| Pair {
                    key: key.to_owned(),
                    value: printed(&entry.node),
                    key_at: self.location(entry.key),
                    value_at: self.location(entry.node.span),
                })),
                Content::List(items) => pairs.extend(items.iter().filter_map(|item| {
                    let text = item.as_text()?;
                    let (key, value) = match text.split_once('=') {
                        Some((key, value)) => (key, Some(value.to_owned())),
                        None => (text, None),
                    };
                    let at = self.location(item.span);
                    Some(Pair { key: key.to_owned(), value, key_at: at.clone(), value_at: at })
                })),
                _ => {}
            }
        }
        pairs
    }

    /// The labels under `deploy:` of a service: those that Traefik, abra and backup-bot read.
    pub fn deploy_labels(&self, service: &str) -> &[Pair] {
        let read = |name: &str| self.pairs(&["services", name, "deploy", "labels"]);
        let all = || self.project().services().map(|(name, _)| (name.to_owned(), read(name))).collect();
        self.deploy_labels.get_or_init(all).get(service).map_or(&[], Vec::as_slice)
    }

    /// The labels of a service's containers, which Traefik, abra and backup-bot do not read (recipe-format.md §1.5).
    pub fn container_labels(&self, service: &str) -> Vec<Pair> {
        self.pairs(&["services", service, "labels"])
    }

    /// The variables in the value at a path, for example `secrets.db_password.name`, the stack's name left out.
    pub fn variables_at(&self, path: &str) -> Vec<&VariableUse> {
        self.loaded.variables.iter().filter(|used| used.path == path && used.name != "STACK_NAME").collect()
    }

    /// The path in the recipe of a file that a config or a secret of this set is made from: it is written relative to the first compose
    /// file.
    pub fn path_of(&self, file: &str) -> String {
        match self.loaded.directory.as_str() {
            "" => file.to_owned(),
            directory => format!("{directory}/{file}"),
        }
    }

    /// Where a service begins; the file as a whole when it cannot be told.
    pub fn service_at(&self, service: &str) -> Location {
        self.first(&["services", service]).map_or_else(|| self.whole_file(), |found| found.key)
    }

    /// The first file of the set, as a whole.
    pub fn whole_file(&self) -> Location {
        let first = self.loaded.documents.first().map(|document| document.source.path.clone());
        Location { file: first.unwrap_or_default(), release: self.release.clone(), range: None }
    }
}

/// A scalar as text; `None` for nothing.
fn printed(node: &Node) -> Option<String> {
    match &node.content {
        Content::Null | Content::ForeignKeys(_) => None,
        Content::Text(text) => Some(text.clone()),
        _ => match node.to_json() {
            serde_json::Value::String(text) => Some(text),
            other => Some(other.to_string()),
        },
    }
}
