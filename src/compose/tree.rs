//! A document as a tree of typed values, each with the bytes it was written in.
//!
//! The kinds of scalar are those that the reference loader's language has, because its checks and messages depend on them:
//! a number beyond 63 bits is another kind than an ordinary one, and a date is no text.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::source::Span;
use super::yaml::timestamp::Timestamp;

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The bytes; for a value that came through an alias or a merge key, those of the anchor's definition.
    pub span: Span,
    /// The value.
    pub content: Content,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`; `yes` and `on` are text.
    Bool(bool),
    /// A whole number of at most 63 bits and a sign.
    Int(i64),
    /// A whole number that needs the 64th bit.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// A date or a moment.
    Time(Timestamp),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping with text for keys.
    Map(Mapping),
    /// A mapping with a key that is no text (`1: x`), which no compose file may hold; where that key is.
    ForeignKeys(Span),
}

/// A mapping in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    entries: IndexMap<String, Entry>,
}

/// A key of a mapping, and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the key is written.
    pub key: Span,
    /// The value.
    pub node: Node,
}

impl Mapping {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.get(key).map(|entry| &entry.node)
    }

    /// The key's place and the value of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// All keys with their entries, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key.as_str(), entry))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The same mapping as a part of file number `file`.
    pub(super) fn in_file(&self, file: u32) -> Mapping {
        let mut copy = self.clone();
        copy.renumber(file);
        copy
    }

    fn renumber(&mut self, file: u32) {
        for entry in self.entries.values_mut().filter(|entry| entry.key.file != file || entry.node.span.file != file) {
            entry.key.file = file;
            entry.node.renumber(file);
        }
    }

    pub(crate) fn insert(&mut self, key: String, entry: Entry) {
        self.entries.insert(key, entry);
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = (&str, &mut Node)> {
        self.entries.iter_mut().map(|(key, entry)| (key.as_str(), &mut entry.node))
    }
}

impl Node {
    fn renumber(&mut self, file: u32) {
        self.span.file = file;
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(|item| item.renumber(file)),
            Content::Map(map) => map.renumber(file),
            Content::ForeignKeys(key) => key.file = file,
            _ => {}
        }
    }

    /// The text, when it is text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The mapping, when it is one.
    pub fn as_map(&self) -> Option<&Mapping> {
        match &self.content {
            Content::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, when it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.content {
            Content::List(list) => Some(list),
            _ => None,
        }
    }

    /// What kind of value it is, in words for messages.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "a boolean",
            Content::Int(_) | Content::Uint(_) | Content::Float(_) => "a number",
            Content::Time(_) => "a date",
            Content::Text(_) => "text",
            Content::List(_) => "a list",
            Content::Map(_) | Content::ForeignKeys(_) => "a mapping",
        }
    }

    /// The same value without places. Dates become text; numbers that JSON cannot hold become `null`.
    pub fn to_json(&self) -> Json {
        match &self.content {
            Content::Null | Content::ForeignKeys(_) => Json::Null,
            Content::Bool(value) => Json::Bool(*value),
            Content::Int(value) => Json::from(*value),
            Content::Uint(value) => Json::from(*value),
            Content::Float(value) => Json::from(*value),
            Content::Time(value) => Json::String(value.to_rfc3339()),
            Content::Text(value) => Json::String(value.clone()),
            Content::List(list) => Json::Array(list.iter().map(Node::to_json).collect()),
            Content::Map(map) => {
                Json::Object(map.iter().map(|(key, entry)| (key.to_owned(), entry.node.to_json())).collect())
            }
        }
    }
}
