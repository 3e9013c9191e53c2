//! From text to nodes. The only module that reads the YAML parser's events.

use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag};

use crate::compose::problem::Issue;
use crate::compose::source::Span;

use super::leniency::Repaired;
use super::{DEPTH_LIMIT, dialect};

/// A node, as an index into [`Document::nodes`].
pub(super) type NodeId = usize;

/// The first document of a file. Aliases point at their node, so that nothing is copied.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
    /// `None` when the file holds no document at all.
    pub(super) root: Option<NodeId>,
    /// Where the document ends, when it ends before the text.
    pub(super) end: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The column of the innermost block collection around it.
    pub(super) indentation: usize,
    /// The explicit tag in its short form (`!!int`), if there is one.
    pub(super) tag: Option<String>,
    /// Where a scalar's tag is written.
    pub(super) tag_place: Option<std::ops::Range<usize>>,
    /// The anchor's place and name, if there is one.
    pub(super) anchor: Option<(usize, String)>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar {
        text: String,
        style: Style,
    },
    Sequence {
        items: Vec<NodeId>,
        /// Written in brackets.
        flow: bool,
    },
    Mapping {
        pairs: Vec<(NodeId, NodeId)>,
        /// Written in braces.
        flow: bool,
    },
    Alias {
        name: String,
        target: NodeId,
    },
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    /// `|` or `>`.
    Block,
}

/// Parses the first document of `text`.
pub(super) fn parse(file: u32, text: &str) -> Result<Document, Issue> {
    dialect::check_line_breaks(file, text)?;
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = text.len() - body.len();
    let mut repaired = Repaired::new(body);
    let parsed = loop {
        match Builder::new(file, repaired.text()).build() {
            Ok(document) => break dialect::check(file, repaired.text(), &document).map(|()| document),
            Err(Refusal::Syntax { error, in_flow }) => {
                let at = error.marker().byte_offset().unwrap_or_default();
                if !repaired.repair(error.kind(), at, in_flow) {
                    break Err(explain(file, repaired.text(), &error));
                }
            }
            Err(Refusal::Dialect(issue)) => break Err(issue),
        }
    };
    let back = |offset: usize| repaired.original(offset) + mark;
    match parsed {
        Ok(mut document) => {
            for node in &mut document.nodes {
                (node.start, node.end) = (back(node.start), back(node.end));
            }
            Ok(document)
        }
        Err(issue) => {
            let range = issue.span.range();
            Err(Issue { span: Span::new(file, back(range.start), back(range.end)), ..issue })
        }
    }
}

/// Why a text was refused.
enum Refusal {
    Syntax {
        error: ScanError,
        /// Whether it happened in brackets.
        in_flow: bool,
    },
    Dialect(Issue),
}

struct Builder<'a> {
    file: u32,
    text: &'a str,
    document: Document,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
}

/// A collection whose end has not been seen.
struct Open {
    id: NodeId,
    /// The key that waits for its value, in a mapping.
    key: Option<NodeId>,
    flow: bool,
    /// The column in which it starts, in bytes from zero.
    column: usize,
}

impl<'a> Builder<'a> {
    fn new(file: u32, text: &'a str) -> Self {
        Self { file, text, document: Document::default(), open: Vec::new(), anchors: HashMap::new() }
    }

    fn build(mut self) -> Result<Document, Refusal> {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_anchor_events: true,
            flow_nesting_limit: DEPTH_LIMIT,
            block_nesting_limit: DEPTH_LIMIT,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = match event {
                Ok(event) => event,
                // The reference reads the first document and never looks at the rest.
                Err(error) if self.document.root.is_some() && is_behind_the_document(&error) => break,
                Err(error) => return Err(Refusal::Syntax { error, in_flow: self.in_flow() }),
            };
            let (start, end) = span.byte_range().map_or((0, 0), |range| (range.start, range.end));
            match event {
                Event::Scalar(value, style, anchor, tag) => {
                    let style = match style {
                        ScalarStyle::Plain => Style::Plain,
                        ScalarStyle::SingleQuoted => Style::Quoted,
                        ScalarStyle::DoubleQuoted => {
                            self.check_escapes(start, end)?;
                            Style::Quoted
                        }
                        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                    };
                    // An absent value is told as `~` by the parser, and is an empty text for us.
                    let absent = style == Style::Plain && start == end;
                    let mut text = if absent { String::new() } else { value.into_owned() };
                    if style == Style::Block && text.ends_with('\n') && self.is_cut_short(start, end) {
                        text.pop();
                    }
                    let id = self.node(start, end, anchor, tag.as_deref(), Kind::Scalar { text, style });
                    self.note_tag(id, span.tag_span().and_then(|tag| tag.byte_range()));
                    self.attach(id);
                }
                Event::SequenceStart(_, anchor, tag) => {
                    let kind = Kind::Sequence { items: Vec::new(), flow: self.opens_with(start, '[') };
                    self.begin(start, end, anchor, tag.as_deref(), kind);
                }
                Event::MappingStart(_, anchor, tag) => {
                    let kind = Kind::Mapping { pairs: Vec::new(), flow: self.opens_with(start, '{') || self.in_flow() };
                    self.begin(start, end, anchor, tag.as_deref(), kind);
                }
                Event::SequenceEnd | Event::MappingEnd => self.finish(end),
                Event::Anchor(anchor, name) => {
                    let id = self.anchors.get(&anchor).copied();
                    if let Some(node) = id.and_then(|id| self.document.nodes.get_mut(id)) {
                        node.anchor = Some((start, name.into_owned()));
                    }
                }
                Event::Alias(anchor) => {
                    let name = self.text.get(start..end).unwrap_or_default().trim_start_matches('*').to_owned();
                    let Some(&target) = self.anchors.get(&anchor) else { continue };
                    let id = self.node(start, end, 0, None, Kind::Alias { name, target });
                    self.attach(id);
                }
                Event::DocumentEnd => {
                    self.document.end = Some(start);
                    break;
                }
                _ => {}
            }
        }
        Ok(self.document)
    }

    fn opens_with(&self, at: usize, bracket: char) -> bool {
        self.text.get(at..).is_some_and(|rest| rest.starts_with(bracket))
    }

    fn in_flow(&self) -> bool {
        let innermost = self.open.last().and_then(|open| self.document.nodes.get(open.id));
        innermost.is_some_and(|node| {
            matches!(node.kind, Kind::Sequence { flow: true, .. } | Kind::Mapping { flow: true, .. })
        })
    }

    /// Whether a block text ends with the file and without a line break, which the reference then does not add.
    fn is_cut_short(&self, start: usize, end: usize) -> bool {
        let last = self.text.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let indentation = start - self.text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        end == self.text.len() && self.text.len() > last + indentation
    }

    fn note_tag(&mut self, id: NodeId, place: Option<std::ops::Range<usize>>) {
        if let Some(node) = self.document.nodes.get_mut(id) {
            node.tag_place = place;
        }
    }

    /// The reference's library does not know the escape `\/` of newer YAML.
    fn check_escapes(&self, start: usize, end: usize) -> Result<(), Refusal> {
        let raw = self.text.get(start..end).unwrap_or_default().as_bytes();
        let mut at = 0;
        while let Some(found) = raw.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == b'\\')) {
            at += found;
            if raw.get(at + 1) == Some(&b'/') {
                let span = Span::new(self.file, start + at, start + at + 2);
                let issue = Issue::new(span, "", "the swarm loader does not know the escape `\\/`");
                return Err(Refusal::Dialect(issue.help("write `/` without the backslash")));
            }
            at += 2;
        }
        Ok(())
    }

    fn node(&mut self, start: usize, end: usize, anchor: usize, tag: Option<&Tag>, kind: Kind) -> NodeId {
        let id = self.document.nodes.len();
        let tag = tag.and_then(short_tag);
        let indentation = self.open.iter().rev().find(|open| !open.flow).map_or(0, |open| open.column);
        self.document.nodes.push(Node { start, end, indentation, tag, tag_place: None, anchor: None, kind });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn begin(&mut self, start: usize, end: usize, anchor: usize, tag: Option<&Tag>, kind: Kind) {
        let flow = matches!(kind, Kind::Sequence { flow: true, .. } | Kind::Mapping { flow: true, .. });
        // Brackets need no column, and may open often on one long line.
        let column = if flow { 0 } else { start - self.text[..start].rfind('\n').map_or(0, |line| line + 1) };
        let id = self.node(start, end, anchor, tag, kind);
        self.open.push(Open { id, key: None, flow, column });
    }

    fn finish(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        if let Some(node) = self.document.nodes.get_mut(open.id) {
            node.end = node.end.max(end);
        }
        self.attach(open.id);
    }

    /// Puts a finished node where it belongs: into the innermost open collection, or at the top.
    fn attach(&mut self, id: NodeId) {
        let Some(open) = self.open.last_mut() else {
            self.document.root.get_or_insert(id);
            return;
        };
        match self.document.nodes.get_mut(open.id).map(|node| &mut node.kind) {
            Some(Kind::Sequence { items, .. }) => items.push(id),
            Some(Kind::Mapping { pairs, .. }) => match open.key.take() {
                Some(key) => pairs.push((key, id)),
                None => open.key = Some(id),
            },
            _ => {}
        }
    }
}

/// Whether an error behind a complete document is one that the reference does not come to see: it reads one token more.
fn is_behind_the_document(error: &ScanError) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::MissingDocumentEndBeforeDirective
            | ErrorKind::UnclosedQuotedScalar
            | ErrorKind::UnexpectedCharacter { .. }
    )
}

/// The parser's error in words that help.
fn explain(file: u32, text: &str, error: &ScanError) -> Issue {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let rest = text.get(at..).unwrap_or_default();
    if let Some(tab) = tab_in_indentation(text, at) {
        return Issue::new(Span::new(file, tab, tab + 1), "", "a tab is used for indentation, which YAML forbids")
            .help("indent with spaces");
    }
    let length = rest.chars().next().map_or(0, char::len_utf8);
    let issue = |message: String| Issue::new(Span::new(file, at, at + length), "", message);
    match error.kind() {
        ErrorKind::UnknownAnchor => {
            let name: String = rest.chars().take_while(|c| !c.is_whitespace()).collect();
            issue(format!("the alias `{name}` has no anchor before it"))
                .help("define the anchor with `&name` further up, or remove the alias")
        }
        ErrorKind::RecursionLimitExceeded => {
            issue(format!("collections are nested more than {DEPTH_LIMIT} levels deep"))
                .help("compose files need about eight levels; check the brackets")
        }
        ErrorKind::InvalidTagTerminator => {
            issue("this tag is glued to what follows, and versions of YAML disagree on what that means".to_owned())
                .help("put a blank behind it")
        }
        ErrorKind::MissingDocumentEndBeforeDirective => {
            issue("a directive follows a document, and versions of YAML disagree on what that means".to_owned())
                .help("remove the directive")
        }
        kind => issue(format!("the file is no valid YAML: {kind}"))
            .help("check the indentation, quotes and colons on this line and the one above"),
    }
}

/// A tab in the indentation of the line of `at`, or of the line before it (where the parser noticed late).
fn tab_in_indentation(text: &str, at: usize) -> Option<usize> {
    let line_start = |from: usize| text.get(..from).map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
    let tab_on_line = |start: usize| {
        let line = text.get(start..)?.split('\n').next()?;
        let indentation = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        if line.trim().is_empty() { None } else { indentation.find('\t').map(|tab| start + tab) }
    };
    let here = line_start(at);
    tab_on_line(here).or_else(|| if here == 0 { None } else { tab_on_line(line_start(here - 1)) })
}

/// `!!int` for a tag of the core schema, the whole tag for any other; `None` for the non-specific tag `!`.
fn short_tag(tag: &Tag) -> Option<String> {
    let whole = format!("{}{}", tag.handle(), tag.suffix());
    match whole.strip_prefix("tag:yaml.org,2002:") {
        Some(suffix) => Some(format!("!!{suffix}")),
        None => (whole != "!" && !whole.is_empty()).then_some(whole),
    }
}
