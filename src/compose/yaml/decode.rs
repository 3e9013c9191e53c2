//! From nodes to values: scalars resolved, aliases followed, merge keys applied, duplicate keys refused.
//!
//! The order of work, and what counts towards the budget against alias bombs, are those of the reference's library: it allows up to
//! 99 % of the steps to come from aliases in small documents, and 10 % in large ones.

use std::collections::HashSet;

use crate::compose::problem::Issue;
use crate::compose::source::Span;
use crate::compose::tree::{Content, Entry, Mapping, Node};

use super::DEPTH_LIMIT;
use super::scalar;
use super::syntax::{Document, Kind, NodeId, Style};

/// Turns a document into a mapping.
pub(super) fn decode(file: u32, document: &Document) -> Result<Mapping, Vec<Issue>> {
    let mut decoder = Decoder {
        file,
        document,
        duplicates: Vec::new(),
        steps: 0,
        alias_steps: 0,
        following: HashSet::new(),
        depth: 0,
        merged: None,
    };
    let not_a_mapping = |span: Span, what: &str| {
        vec![
            Issue::new(span, "", format!("a compose file must be a mapping, and this one is {what}"))
                .help("start with `version: \"3.8\"` and `services:`"),
        ]
    };
    let Some(root) = document.root else {
        return Err(not_a_mapping(Span::new(file, 0, 0), "empty"));
    };
    let node = decoder.node(root).map_err(|issue| vec![issue])?;
    if !decoder.duplicates.is_empty() {
        return Err(decoder.duplicates);
    }
    match node.content {
        Content::Map(map) => Ok(map),
        Content::ForeignKeys(key) => Err(vec![foreign_key(key, "")]),
        _ => Err(not_a_mapping(node.span, node.kind())),
    }
}

/// A mapping key that is no text.
pub(crate) fn foreign_key(key: Span, path: &str) -> Issue {
    Issue::new(key, path, "this mapping key is no text").help("put the key in quotes")
}

struct Decoder<'a> {
    file: u32,
    document: &'a Document,
    duplicates: Vec<Issue>,
    steps: u64,
    alias_steps: u64,
    /// Aliases being followed; their number is the alias depth.
    following: HashSet<NodeId>,
    depth: usize,
    /// Keys that a mapping with a merge key already has, while the merged mappings are read.
    merged: Option<HashSet<String>>,
}

impl Decoder<'_> {
    fn span(&self, id: NodeId) -> Span {
        self.document.nodes.get(id).map_or(Span::default(), |node| Span::new(self.file, node.start, node.end))
    }

    /// Counts one step, and gives up when aliases do too large a share of the work.
    fn step(&mut self, id: NodeId) -> Result<(), Issue> {
        self.steps += 1;
        if !self.following.is_empty() {
            self.alias_steps += 1;
        }
        if self.alias_steps > 100
            && self.steps > 1000
            && share(self.alias_steps, self.steps) > allowed_share(self.steps)
        {
            return Err(Issue::new(self.span(id), "", "aliases blow this document up beyond measure (an alias bomb?)")
                .help("write the repeated parts out, or use fewer aliases to aliases"));
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId) -> Result<Node, Issue> {
        let content = self.content(id)?;
        // An alias is marked where its value is written.
        Ok(Node { span: self.span(self.resolved(id)), content })
    }

    fn resolved(&self, id: NodeId) -> NodeId {
        match self.document.nodes.get(id).map(|node| &node.kind) {
            Some(Kind::Alias { target, .. }) => *target,
            _ => id,
        }
    }

    fn content(&mut self, id: NodeId) -> Result<Content, Issue> {
        self.step(id)?;
        let document = self.document;
        let Some(node) = document.nodes.get(id) else { return Ok(Content::Null) };
        match &node.kind {
            Kind::Scalar { text, style } => self.scalar(id, node.tag.as_deref(), text, *style == Style::Plain),
            Kind::Alias { target, .. } => self.follow(id, |decoder| decoder.content(*target)),
            Kind::Sequence { items, .. } => self.nested(id, |decoder| {
                items.iter().map(|&item| decoder.node(item)).collect::<Result<_, _>>().map(Content::List)
            }),
            Kind::Mapping { pairs, .. } => self.nested(id, |decoder| decoder.mapping(pairs)),
        }
    }

    fn scalar(&self, id: NodeId, tag: Option<&str>, text: &str, plain: bool) -> Result<Content, Issue> {
        match tag {
            Some(tag) => scalar::tagged(tag, text).map_err(|why| {
                Issue::new(self.span(id), "", format!("this value does not fit its tag: {why}"))
                    .help("remove the tag, or correct the value")
            }),
            None if plain && text == "<<" => Ok(Content::Text(text.to_owned())),
            None if plain => Ok(scalar::plain(text)),
            None => Ok(Content::Text(text.to_owned())),
        }
    }

    fn follow<T>(&mut self, id: NodeId, work: impl FnOnce(&mut Self) -> Result<T, Issue>) -> Result<T, Issue> {
        if !self.following.insert(id) {
            let name = match self.document.nodes.get(id).map(|node| &node.kind) {
                Some(Kind::Alias { name, .. }) => name.as_str(),
                _ => "",
            };
            return Err(Issue::new(
                self.span(id),
                "",
                format!("the anchor `{name}` contains itself through this alias"),
            )
            .help("remove the alias, or move the anchor to the part that is repeated"));
        }
        let result = self.nested(id, work);
        self.following.remove(&id);
        result
    }

    fn nested<T>(&mut self, id: NodeId, work: impl FnOnce(&mut Self) -> Result<T, Issue>) -> Result<T, Issue> {
        if self.depth >= 2 * DEPTH_LIMIT {
            return Err(Issue::new(self.span(id), "", "aliases nest collections too deeply")
                .help("write the repeated parts out"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn mapping(&mut self, pairs: &[(NodeId, NodeId)]) -> Result<Content, Issue> {
        if self.report_duplicates(pairs) {
            return Ok(Content::Null);
        }
        let foreign = pairs.iter().map(|&(key, _)| key).find(|&key| !self.is_text_key(key));
        match foreign {
            Some(key) => self.foreign_mapping(key, pairs),
            None => {
                let mut map = Mapping::default();
                self.fill(pairs, &mut map)?;
                Ok(Content::Map(map))
            }
        }
    }

    /// Reads a mapping with other keys than text only for the errors in it: no compose file may hold one.
    fn foreign_mapping(&mut self, foreign: NodeId, pairs: &[(NodeId, NodeId)]) -> Result<Content, Issue> {
        let merged = self.merged.take();
        for &(key, value) in pairs {
            if matches!(self.content(key)?, Content::List(_) | Content::Map(_) | Content::ForeignKeys(_)) {
                return Err(Issue::new(self.span(key), "", "a mapping key must be plain text, not a collection")
                    .help("put the key in quotes; a template such as `{{ .Name }}` needs quotes too"));
            }
            self.content(value)?;
        }
        self.merged = merged;
        Ok(Content::ForeignKeys(self.span(foreign)))
    }

    /// Reads `pairs` into `map`, then what their merge key adds.
    fn fill(&mut self, pairs: &[(NodeId, NodeId)], map: &mut Mapping) -> Result<(), Issue> {
        let mut merged = self.merged.take();
        let mut merge = None;
        for &(key, value) in pairs {
            if self.is_merge_key(key) {
                merge = Some(value);
                continue;
            }
            let Some(name) = self.key_text(key)? else { continue };
            if let Some(seen) = &mut merged
                && !seen.insert(name.clone())
            {
                continue;
            }
            let node = self.node(value)?;
            map.insert(name, Entry { key: self.span(key), node });
        }
        self.merged = merged;
        match merge {
            Some(merge) => self.merge(pairs, merge, map),
            None => Ok(()),
        }
    }

    fn merge(&mut self, pairs: &[(NodeId, NodeId)], merge: NodeId, map: &mut Mapping) -> Result<(), Issue> {
        let outermost = self.merged.is_none();
        if outermost {
            let mut names = HashSet::new();
            for &(key, _) in pairs {
                if let Content::Text(name) = self.content(key)? {
                    names.insert(name);
                }
            }
            self.merged = Some(names);
        }
        let document = self.document;
        match document.nodes.get(merge).map(|node| &node.kind) {
            Some(Kind::Sequence { items, .. }) => {
                for &item in items {
                    self.merge_one(item, map)?;
                }
            }
            _ => self.merge_one(merge, map)?,
        }
        // Keys learnt on the way count for the mappings that are merged beside this one.
        if outermost {
            self.merged = None;
        }
        Ok(())
    }

    fn merge_one(&mut self, id: NodeId, map: &mut Mapping) -> Result<(), Issue> {
        let document = self.document;
        let target = self.resolved(id);
        let Some(Kind::Mapping { pairs, .. }) = document.nodes.get(target).map(|node| &node.kind) else {
            return Err(Issue::new(self.span(id), "", "a merge key `<<` takes a mapping, or a list of mappings")
                .help("point it at an anchor on a mapping: `<<: *defaults`"));
        };
        self.step(id)?;
        if target == id {
            return self.nested(id, |decoder| decoder.merge_mapping(pairs, map));
        }
        self.follow(id, |decoder| {
            decoder.step(target)?;
            decoder.merge_mapping(pairs, map)
        })
    }

    fn merge_mapping(&mut self, pairs: &[(NodeId, NodeId)], map: &mut Mapping) -> Result<(), Issue> {
        if self.report_duplicates(pairs) {
            return Ok(());
        }
        self.fill(pairs, map)
    }

    /// The text of a key in a mapping of text keys. A number becomes its own text (this happens in merged mappings only).
    fn key_text(&mut self, key: NodeId) -> Result<Option<String>, Issue> {
        let written = match self.document.nodes.get(self.resolved(key)).map(|node| &node.kind) {
            Some(Kind::Scalar { text, .. }) => text.clone(),
            _ => String::new(),
        };
        match self.content(key)? {
            Content::Text(text) => Ok(Some(text)),
            Content::Null => Ok(None),
            Content::List(_) | Content::Map(_) | Content::ForeignKeys(_) => {
                Err(Issue::new(self.span(key), "", "a mapping key must be plain text, not a collection")
                    .help("put the key in quotes; a template such as `{{ .Name }}` needs quotes too"))
            }
            _ => Ok(Some(written)),
        }
    }

    fn is_merge_key(&self, key: NodeId) -> bool {
        match self.document.nodes.get(key) {
            Some(node) => match &node.kind {
                Kind::Scalar { text, style } if text == "<<" => match node.tag.as_deref() {
                    None => *style == Style::Plain,
                    Some(tag) => tag == "!!merge",
                },
                _ => false,
            },
            None => false,
        }
    }

    fn is_text_key(&self, key: NodeId) -> bool {
        if self.is_merge_key(key) {
            return true;
        }
        match self.document.nodes.get(self.resolved(key)) {
            Some(node) => match (&node.kind, node.tag.as_deref()) {
                (Kind::Scalar { .. }, Some(tag)) => tag == "!!str",
                (Kind::Scalar { text, style: Style::Plain }, None) => scalar::tag_of(&scalar::plain(text)) == "!!str",
                (Kind::Scalar { .. }, None) => true,
                _ => false,
            },
            None => false,
        }
    }

    /// Notes every key that is written twice; whether there was one.
    fn report_duplicates(&mut self, pairs: &[(NodeId, NodeId)]) -> bool {
        let mut seen: HashSet<(u8, &str)> = HashSet::new();
        let before = self.duplicates.len();
        let document = self.document;
        for &(key, _) in pairs {
            let identity = match document.nodes.get(key).map(|node| &node.kind) {
                Some(Kind::Scalar { text, .. }) => (0, text.as_str()),
                Some(Kind::Alias { name, .. }) => (1, name.as_str()),
                Some(Kind::Sequence { .. }) => (2, ""),
                _ => (3, ""),
            };
            if !seen.insert(identity) {
                self.duplicates.push(duplicate(self.span(key), identity.1));
            }
        }
        self.duplicates.len() > before
    }
}

fn duplicate(span: Span, name: &str) -> Issue {
    Issue::new(span, "", format!("the key `{name}` is written twice in this mapping"))
        .help("keep one of the two, and move what is missing into it")
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// The share of steps that may come from aliases: 99 % up to 400 000 steps, falling to 10 % at four million.
fn allowed_share(steps: u64) -> f64 {
    const LOW: u64 = 400_000;
    const HIGH: u64 = 4_000_000;
    let beyond = steps.clamp(LOW, HIGH) - LOW;
    0.99 - 0.89 * (beyond as f64 / (HIGH - LOW) as f64)
}
