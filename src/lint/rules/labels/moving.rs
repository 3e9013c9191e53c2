//! The fix of L201: lines of `labels:` go under `deploy:`, as they are written.
//!
//! Whole lines are moved, with the comments above them, and only between blocks that are written line by line; what is written in another
//! way (`labels: {…}`, anchors, merge keys) gets no fix. That the labels arrive is proven where fixes are made.

use std::ops::Range;

use crate::compose::tree::{Content, Entry, Mapping, Node};
use crate::lint::{Pair, Set};
use crate::record::{Edit, Fix, Safety};

/// Moves labels of a service's containers to the labels of the service; `None` when one of them is not written so that it can be moved.
pub(super) fn fix(set: &Set, service: &str, unread: &[Pair]) -> Option<Fix> {
    let mut edits = Vec::new();
    let mut moved = 0;
    for document in &set.loaded.documents {
        let text = std::str::from_utf8(&document.source.text).ok()?;
        let Some(map) = document.content.get("services").and_then(|all| all.as_map()?.get(service)?.as_map()) else {
            continue;
        };
        let wanted: Vec<Range<usize>> = unread
            .iter()
            .filter(|pair| pair.key_at.file == document.source.path)
            .filter_map(|pair| pair.key_at.range.clone())
            .collect();
        if wanted.is_empty() {
            continue;
        }
        moved += wanted.len();
        for (range, replacement) in Mover::new(text, map)?.edits(&wanted)? {
            let (start, end) = (range.start, range.end);
            edits.push(Edit { file: document.source.path.clone(), start, end, replacement });
        }
    }
    let keys = || unread.iter().map(|pair| &pair.key);
    (moved == unread.len()).then(|| Fix {
        title: format!("move the labels of the service `{service}` under `deploy:`"),
        safety: Safety::Safe,
        edits,
        changes: keys()
            .map(|key| format!("services.{service}.labels.{key}"))
            .chain(keys().map(|key| format!("services.{service}.deploy.labels.{key}")))
            .collect(),
    })
}

/// How pairs are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `- "key=value"`
    List,
    /// `key: value`
    Map,
}

/// A service in one file.
struct Mover<'t> {
    text: &'t str,
    service: &'t Mapping,
    labels: &'t Entry,
    style: Style,
}

impl<'t> Mover<'t> {
    fn new(text: &'t str, service: &'t Mapping) -> Option<Self> {
        let labels = service.entry("labels")?;
        let style = match &labels.node.content {
            Content::List(_) => Style::List,
            Content::Map(_) => Style::Map,
            _ => return None,
        };
        let mover = Self { text, service, labels, style };
        (mover.stands_alone(labels) && mover.is_block(&labels.node)).then_some(mover)
    }

    /// The edits that move the items at these places.
    fn edits(&self, wanted: &[Range<usize>]) -> Option<Vec<(Range<usize>, String)>> {
        let items = self.items(self.labels)?;
        let all = wanted.len() == items.len();
        let mut lines = Vec::new();
        let mut edits = Vec::new();
        for at in wanted {
            let item = items.iter().find(|item| item.start <= at.start && at.end <= item.end)?;
            lines.push(self.text.get(item.clone())?);
            edits.push((item.clone(), String::new()));
        }
        if all {
            // Nothing is left below the key.
            edits = vec![(self.line_start(self.labels.key.range().start)..items.last()?.end, String::new())];
        }
        let (at, before, indent, style) = self.destination(edits.last()?.0.end)?;
        let mut inserted = before;
        for line in lines {
            inserted += &self.rewritten(line, indent, style)?;
        }
        // A file may end without a line break, which then has to stand before what is put after it.
        if at > 0 && !self.text[..at].ends_with('\n') {
            inserted = format!("{}{}", self.line_break(), inserted.trim_end_matches(['\r', '\n']));
        }
        match edits.iter_mut().find(|(range, _)| range.end == at || range.start == at) {
            Some((_, replacement)) => *replacement = inserted,
            _ => edits.push((at..at, inserted)),
        }
        Some(edits)
    }

    /// Where labels of the service are to be put, what has to stand before them, and how they are to be written. `after` is where a new
    /// `deploy:` can begin.
    fn destination(&self, after: usize) -> Option<(usize, String, usize, Style)> {
        let own = self.column(self.labels.key.range().start);
        let step = 2;
        let newline = self.line_break();
        let Some(deploy) = self.service.entry("deploy") else {
            let head = format!("{0:own$}deploy:{newline}{0:1$}labels:{newline}", "", own + step);
            return Some((after, head, own + 2 * step, self.style));
        };
        if !self.stands_alone(deploy) || !self.is_block(&deploy.node) {
            return None;
        }
        let keys = deploy.node.as_map()?;
        match keys.entry("labels") {
            Some(labels) => {
                let style = match &labels.node.content {
                    Content::List(_) => Style::List,
                    Content::Map(_) => Style::Map,
                    _ => return None,
                };
                if !self.stands_alone(labels) || !self.is_block(&labels.node) {
                    return None;
                }
                let last = self.items(labels)?.last()?.clone();
                let first = self.first_item(&labels.node)?;
                Some((last.end, String::new(), self.column(first), style))
            }
            None => {
                let (_, first) = keys.iter().next()?;
                let column = self.column(first.key.range().start);
                let head = format!("{0:column$}labels:{newline}", "");
                // Right below `deploy:`, where no other key's value can be meant.
                let at = self.line_end(deploy.key.range().end);
                Some((at, head, column + step, self.style))
            }
        }
    }

    /// The lines of a label with another indentation, and in another style where they go to one.
    fn rewritten(&self, lines: &str, indent: usize, style: Style) -> Option<String> {
        let mut written = String::new();
        let own = lines.split_inclusive('\n').map(|line| line.len() - line.trim_start_matches(' ').len()).min()?;
        for line in lines.split_inclusive('\n') {
            let bare = line.get(own..)?;
            let comment = bare.starts_with('#') || bare.trim().is_empty();
            let bare = if comment || style == self.style { bare.to_owned() } else { converted(bare, style)? };
            written += &format!("{:indent$}{bare}", "");
        }
        if !written.ends_with('\n') {
            written += self.line_break();
        }
        Some(written)
    }

    /// The lines of each item of a block, comments above it included.
    fn items(&self, entry: &Entry) -> Option<Vec<Range<usize>>> {
        let node = &entry.node;
        let bounds: Vec<Range<usize>> = match &node.content {
            Content::List(list) => list.iter().map(|item| item.span.range()).collect(),
            Content::Map(map) => {
                map.iter().map(|(_, entry)| entry.key.range().start..entry.node.span.range().end).collect()
            }
            _ => return None,
        };
        let mut items: Vec<Range<usize>> = Vec::new();
        for bound in bounds {
            let (mut start, end) = (self.line_start(bound.start), self.line_end(bound.end));
            // One that came through an alias or a merge key is written elsewhere.
            let inside = node.span.range().start <= bound.start && bound.end <= node.span.range().end.max(bound.start);
            let lead = self.text.get(start..bound.start)?.trim_start_matches(' ');
            let alone = match node.content {
                Content::List(_) => lead.strip_prefix('-').is_some_and(|rest| rest.trim_matches(' ').is_empty()),
                _ => lead.is_empty(),
            };
            if !inside || !alone || items.last().is_some_and(|last| start < last.end) {
                return None;
            }
            let floor = items.last().map_or(self.line_end(entry.key.range().end), |last| last.end);
            while start > floor {
                let above = self.line_start(start - 1);
                if !self.text.get(above..start)?.trim_start().starts_with('#') {
                    break;
                }
                start = above;
            }
            items.push(start..end);
        }
        Some(items)
    }

    fn first_item(&self, node: &Node) -> Option<usize> {
        match &node.content {
            Content::List(list) => {
                let start = list.first()?.span.range().start;
                let line = self.line_start(start);
                Some(line + self.text.get(line..start)?.find('-')?)
            }
            Content::Map(map) => map.iter().next().map(|(_, entry)| entry.key.range().start),
            _ => None,
        }
    }

    /// Whether a key stands first on its line with nothing but a comment behind it.
    fn stands_alone(&self, entry: &Entry) -> bool {
        let key = entry.key.range();
        let before = self.text.get(self.line_start(key.start)..key.start).unwrap_or("?");
        let behind = self.text.get(key.end..self.line_end(key.end)).unwrap_or("?").trim();
        let behind = behind.trim_start_matches(['"', '\'']).strip_prefix(':').map(str::trim_start);
        before.bytes().all(|byte| byte == b' ') && behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
    }

    /// Whether a collection is written as a block, and not in brackets.
    fn is_block(&self, node: &Node) -> bool {
        !self.text.get(node.span.range()).unwrap_or("{").starts_with(['{', '['])
    }

    fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].rfind('\n').map_or(0, |found| found + 1)
    }

    /// The byte after the line break that ends the line of a byte; a value of several lines ends where the next line's text begins.
    fn line_end(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        let start = self.line_start(at);
        if start > 0 && self.text[start..at].bytes().all(|byte| byte == b' ') {
            return start;
        }
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }
}

/// One line of one style in the other; `None` when quoting could change what it means.
fn converted(line: &str, to: Style) -> Option<String> {
    let end = line.len() - line.trim_end_matches(['\r', '\n']).len();
    let (line, newline) = line.split_at(line.len() - end);
    Some(match to {
        Style::Map => {
            let (key, value) = unquoted(line.strip_prefix('-')?.trim())?.split_once('=')?;
            format!("{}: \"{value}\"{newline}", plain(key)?)
        }
        Style::List => {
            let (key, value) = line.split_once(": ")?;
            format!("- \"{}={}\"{newline}", plain(unquoted(key.trim())?)?, unquoted(value.trim())?)
        }
    })
}

/// What stands between quotes, or a plain scalar, when it is the same in double quotes.
fn unquoted(text: &str) -> Option<&str> {
    let inner = match text.as_bytes().first()? {
        quote @ (b'"' | b'\'') => text.strip_prefix(*quote as char)?.strip_suffix(*quote as char)?,
        b'|' | b'>' | b'&' | b'*' | b'!' | b'{' | b'[' => return None,
        _ if text.contains(" #") => return None,
        _ => text,
    };
    (!inner.contains(['"', '\\']) && !inner.contains("''")).then_some(inner)
}

/// A key that needs no quotes.
fn plain(key: &str) -> Option<&str> {
    let simple = |c: char| c.is_ascii_alphanumeric() || "._-/${}".contains(c);
    (key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(simple)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_change_their_style_only_when_they_mean_the_same() {
        let map = |line| converted(line, Style::Map);
        let list = |line| converted(line, Style::List);
        assert_eq!(map("- \"a.b=c d\"\r\n").as_deref(), Some("a.b: \"c d\"\r\n"));
        assert_eq!(map("- a.b=1\n").as_deref(), Some("a.b: \"1\"\n"));
        assert_eq!(list("a.b: 'x=y'\n").as_deref(), Some("- \"a.b=x=y\"\n"));
        assert_eq!(list("a.b: true\n").as_deref(), Some("- \"a.b=true\"\n"));
        for odd in ["- 'a=it''s'\n", "- \"a=\\n\"\n", "- a=b # why\n", "- a\n", "- |\n"] {
            assert_eq!(map(odd), None, "{odd}");
        }
        for odd in ["a.b: |\n", "a.b: *x\n", "a.b:\n", "\"a b\": c\n"] {
            assert_eq!(list(odd), None, "{odd}");
        }
    }
}
