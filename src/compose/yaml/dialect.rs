//! What our parser takes and the reference's YAML library, which follows YAML 1.1, refuses.

use crate::compose::problem::Issue;
use crate::compose::source::Span;

use super::syntax::{Document, Kind, Node, NodeId, Style};

/// Finds the first place where a parsed text is no YAML for the reference.
pub(super) fn check(file: u32, text: &str, document: &Document) -> Result<(), Issue> {
    let check = Check { file, text, document };
    check.directives()?;
    for node in &document.nodes {
        check.node(node)?;
    }
    check.tabs()
}

/// Refuses characters that end a line in YAML 1.1 only: no editor shows them, and no two tools agree on what such a file says.
pub(super) fn check_line_breaks(file: u32, text: &str) -> Result<(), Issue> {
    match text.char_indices().find(|(_, char)| matches!(char, '\u{85}' | '\u{2028}' | '\u{2029}')) {
        Some((at, char)) => {
            let message =
                format!("the invisible character U+{:04X} is a line break for the swarm loader only", char as u32);
            let span = Span::new(file, at, at + char.len_utf8());
            Err(Issue::new(span, "", message).help("remove it, or write it as an escape in double quotes"))
        }
        None => Ok(()),
    }
}

struct Check<'a> {
    file: u32,
    text: &'a str,
    document: &'a Document,
}

impl Check<'_> {
    fn refuse(&self, range: std::ops::Range<usize>, message: &str, help: &str) -> Issue {
        Issue::new(Span::new(self.file, range.start, range.end), "", message).help(help)
    }

    /// `%YAML` other than 1.1, unknown directives, and an end of document before the first.
    fn directives(&self) -> Result<(), Issue> {
        let mut offset = 0;
        for line in self.text.split_inclusive('\n') {
            let range = offset..offset + line.trim_end().len();
            offset += line.len();
            let mut words = line.split_whitespace();
            match words.next() {
                Some("%YAML") if words.next() != Some("1.1") => {
                    return Err(self.refuse(
                        range,
                        "the swarm loader refuses other YAML versions than 1.1",
                        "remove the line",
                    ));
                }
                Some("%YAML" | "%TAG") => {}
                Some(word) if word.starts_with('%') => {
                    return Err(self.refuse(
                        range,
                        "the swarm loader refuses a directive that it does not know",
                        "remove the line",
                    ));
                }
                Some("...") => {
                    return Err(self.refuse(
                        range,
                        "the swarm loader refuses a document that ends before it starts",
                        "remove the line",
                    ));
                }
                Some(word) if !word.starts_with('#') => break,
                _ => {}
            }
        }
        Ok(())
    }

    fn node(&self, node: &Node) -> Result<(), Issue> {
        if let Some((at, name)) = &node.anchor
            && !is_anchor_name(name)
        {
            let message = if name.contains(':') {
                "this anchor is glued to what follows, and versions of YAML disagree on what that means"
            } else {
                "the swarm loader does not take this name for an anchor"
            };
            return Err(self.refuse(*at..at + 1 + name.len(), message, "use letters, digits, `_` and `-`"));
        }
        if let Some(tag) = &node.tag_place
            && self.text[tag.end..].starts_with([',', ']', '}', '{', '['])
        {
            return Err(self.refuse(
                tag.clone(),
                "this tag is glued to what follows, and versions of YAML disagree on what that means",
                "put a blank behind it",
            ));
        }
        match &node.kind {
            Kind::Mapping { pairs, flow: true } => pairs.iter().try_for_each(|&(key, _)| {
                self.key_on_one_line(key)?;
                self.key_apart(key)?;
                self.flow_plain(key)
            }),
            Kind::Sequence { items, flow: true } => items.iter().try_for_each(|&item| self.flow_plain(item)),
            _ => Ok(()),
        }
    }

    fn at(&self, id: NodeId) -> Option<&Node> {
        self.document.nodes.get(id)
    }

    /// In brackets, a key and its colon must stand on one line, unless a `?` announces the key.
    fn key_on_one_line(&self, key: NodeId) -> Result<(), Issue> {
        let Some(key) = self.at(key) else { return Ok(()) };
        let announced = self.text[..key.start].trim_end().ends_with('?');
        let rest = &self.text[key.end..];
        let colon = key.end + (rest.len() - rest.trim_start().len());
        let has_value = self.text[colon..].starts_with(':');
        if !announced && has_value && self.text[key.start..colon].contains('\n') {
            return Err(self.refuse(
                key.start..key.end,
                "the swarm loader refuses a key that spans several lines",
                "put the key and its colon on one line",
            ));
        }
        Ok(())
    }

    /// In brackets, the colon behind a key without quotes needs a blank.
    fn key_apart(&self, key: NodeId) -> Result<(), Issue> {
        let Some(node) = self.at(key) else { return Ok(()) };
        let plain = matches!(node.kind, Kind::Scalar { style: Style::Plain, .. }) && node.start < node.end;
        let after = self.text[node.end..].strip_prefix(':');
        if plain && after.is_some_and(|after| after.starts_with([',', ']', '}', '{', '['])) {
            return Err(self.refuse(
                node.start..node.end,
                "this key is glued to what follows, and versions of YAML disagree on what that means",
                "put a blank behind the colon",
            ));
        }
        Ok(())
    }

    /// In brackets, `?` and `:` never start a plain text.
    fn flow_plain(&self, id: NodeId) -> Result<(), Issue> {
        let Some(node) = self.at(id) else { return Ok(()) };
        let plain = matches!(node.kind, Kind::Scalar { style: Style::Plain, .. });
        if plain && self.text[node.start..node.end].starts_with(['?', ':']) {
            return Err(self.refuse(
                node.start..node.end,
                "this text starts with `?` or `:` in brackets, and versions of YAML disagree on what that means",
                "put it in quotes",
            ));
        }
        Ok(())
    }

    /// Tabs where the reference wants indentation.
    fn tabs(&self) -> Result<(), Issue> {
        if !self.text.contains('\t') {
            return Ok(());
        }
        let tabs = Tabs::new(self.document);
        let end = self.document.end.unwrap_or(self.text.len());
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            if let Some(column) = leading_tab(line)
                && start + column <= end
                && !tabs.are_free_at(start + column)
                && !self.is_blank_or_content(tabs.scalar_before(start + column), start + column, column)
            {
                let span = Span::new(self.file, start + column, start + column + 1);
                return Err(Issue::new(span, "", "a tab is used for indentation, which YAML forbids")
                    .help("indent with spaces"));
            }
            start += line.len();
        }
        Ok(())
    }

    /// Whether the tab at an offset, in a column counted from zero, is part of the scalar before it or a blank behind it.
    fn is_blank_or_content(&self, scalar: Option<&Node>, at: usize, column: usize) -> bool {
        let Some(scalar) = scalar else { return false };
        match &scalar.kind {
            Kind::Scalar { style: Style::Block, .. } => self.tab_in_block(scalar, at, column),
            Kind::Scalar { style: Style::Plain, .. } => {
                // Between a plain text and what follows it, tabs count as blanks when they are indented far enough.
                let between = self.text.get(scalar.end..at).unwrap_or_default();
                at < scalar.end || (column > scalar.indentation && between.trim().is_empty())
            }
            _ => false,
        }
    }

    /// A tab in a block text is content when it stands behind the text's indentation, and does not take part in finding that out.
    fn tab_in_block(&self, scalar: &Node, at: usize, column: usize) -> bool {
        let before = &self.text[..scalar.start];
        let indentation = scalar.start - before.rfind('\n').map_or(0, |line| line + 1);
        let header = before.rfind(['|', '>']).map_or("", |header| &before[header..]);
        let given = header.split('\n').next().is_some_and(|header| header.contains(|c: char| c.is_ascii_digit()));
        column >= indentation && (at > scalar.start || given)
    }
}

/// Where in a document tabs may stand, ready to be asked often.
struct Tabs<'a> {
    /// Ranges in brackets and quotes, in order and apart.
    free: Vec<std::ops::Range<usize>>,
    /// Scalars that are written out, in order.
    scalars: Vec<&'a Node>,
}

impl<'a> Tabs<'a> {
    fn new(document: &'a Document) -> Self {
        let mut tabs = Self { free: Vec::new(), scalars: Vec::new() };
        for node in &document.nodes {
            let free = match node.kind {
                Kind::Scalar { style, .. } => style == Style::Quoted,
                Kind::Sequence { flow, .. } | Kind::Mapping { flow, .. } => flow,
                Kind::Alias { .. } => false,
            };
            // Nodes come in the order of the text, outer ones first: what lies in the last range adds nothing.
            if free && tabs.free.last().is_none_or(|last| node.start >= last.end) {
                tabs.free.push(node.start..node.end);
            }
            if matches!(node.kind, Kind::Scalar { .. }) && node.start < node.end {
                tabs.scalars.push(node);
            }
        }
        tabs
    }

    fn are_free_at(&self, at: usize) -> bool {
        let before = self.free.partition_point(|range| range.start < at);
        before.checked_sub(1).and_then(|last| self.free.get(last)).is_some_and(|range| at < range.end)
    }

    fn scalar_before(&self, at: usize) -> Option<&'a Node> {
        let before = self.scalars.partition_point(|scalar| scalar.start <= at);
        before.checked_sub(1).and_then(|last| self.scalars.get(last)).copied()
    }
}

/// The first tab in a line's indentation, counting `- `, `? ` and `: ` as indentation too.
fn leading_tab(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = 0;
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\t'), _) => return Some(at),
            (Some(b' '), _) => at += 1,
            (Some(b'-' | b'?' | b':'), Some(b' ' | b'\t')) => at += 1,
            _ => return None,
        }
    }
}

fn is_anchor_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_in_indentation_are_found() {
        for (line, tab) in
            [("\ta", Some(0)), ("  - \tb", Some(4)), ("  -\tb", Some(3)), ("a\tb", None), ("- -a\t", None), ("", None)]
        {
            assert_eq!(leading_tab(line), tab, "{line:?}");
        }
    }
}
