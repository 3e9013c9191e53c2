//! From text to nodes. The only module that imports the YAML parser.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag};

use crate::compose::problem::Issue;
use crate::compose::source::Span;

use super::DEPTH_LIMIT;

/// A node, as an index into [`Document::nodes`].
pub(super) type NodeId = usize;

/// The first document of a file. Aliases point at their node, so that nothing is copied.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
    /// `None` when the file holds no document at all.
    pub(super) root: Option<NodeId>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The explicit tag in its short form (`!!int`), if there is one.
    pub(super) tag: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Scalar { text: String, plain: bool },
    Sequence(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias { name: String, target: NodeId },
}

/// Parses the first document of `text`.
pub(super) fn parse(file: u32, text: &str) -> Result<Document, Issue> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let builder = Builder {
        file,
        text: body,
        offset: text.len() - body.len(),
        document: Document::default(),
        open: Vec::new(),
        anchors: std::collections::HashMap::new(),
    };
    builder.build()
}

struct Builder<'a> {
    file: u32,
    text: &'a str,
    /// Bytes in front of `text` (a byte order mark).
    offset: usize,
    document: Document,
    open: Vec<Open>,
    anchors: std::collections::HashMap<usize, NodeId>,
}

/// A collection whose end has not been seen.
struct Open {
    id: NodeId,
    /// The key that waits for its value, in a mapping.
    key: Option<NodeId>,
}

impl Builder<'_> {
    fn build(mut self) -> Result<Document, Issue> {
        let options = granit_parser::options! {
            emit_comments: false,
            flow_nesting_limit: DEPTH_LIMIT,
            block_nesting_limit: DEPTH_LIMIT,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = event.map_err(|error| self.refuse(&error))?;
            let (start, end) = span.byte_range().map_or((0, 0), |range| (range.start, range.end));
            match event {
                Event::Scalar(value, style, anchor, tag) => {
                    let plain = style == ScalarStyle::Plain;
                    if style == ScalarStyle::DoubleQuoted {
                        self.check_escapes(start, end)?;
                    }
                    // An absent value is told as `~` by the parser, and is an empty text for us.
                    let text = if plain && start == end { String::new() } else { value.into_owned() };
                    self.leaf(start, end, anchor, tag.as_deref(), Kind::Scalar { text, plain });
                }
                Event::SequenceStart(_, anchor, tag) => {
                    self.begin(start, end, anchor, tag.as_deref(), Kind::Sequence(Vec::new()));
                }
                Event::MappingStart(_, anchor, tag) => {
                    self.begin(start, end, anchor, tag.as_deref(), Kind::Mapping(Vec::new()));
                }
                Event::SequenceEnd | Event::MappingEnd => self.finish(end),
                Event::Alias(anchor) => {
                    let name = self.text.get(start..end).unwrap_or_default().trim_start_matches('*').to_owned();
                    let Some(&target) = self.anchors.get(&anchor) else { continue };
                    self.leaf(start, end, 0, None, Kind::Alias { name, target });
                }
                // The reference reads the first document and never looks at the rest.
                Event::DocumentEnd => break,
                _ => {}
            }
        }
        Ok(self.document)
    }

    /// The reference's library does not know the escape `\/` of newer YAML.
    fn check_escapes(&self, start: usize, end: usize) -> Result<(), Issue> {
        let raw = self.text.get(start..end).unwrap_or_default().as_bytes();
        let mut at = 0;
        while let Some(found) = raw.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == b'\\')) {
            at += found;
            if raw.get(at + 1) == Some(&b'/') {
                let span = Span::new(self.file, start + at + self.offset, start + at + 2 + self.offset);
                return Err(Issue::new(span, "", "the swarm loader does not know the escape `\\/`")
                    .help("write `/` without the backslash"));
            }
            at += 2;
        }
        Ok(())
    }

    fn node(&mut self, start: usize, end: usize, anchor: usize, tag: Option<&Tag>, kind: Kind) -> NodeId {
        let id = self.document.nodes.len();
        let tag = tag.and_then(short_tag);
        self.document.nodes.push(Node { start: start + self.offset, end: end + self.offset, tag, kind });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn leaf(&mut self, start: usize, end: usize, anchor: usize, tag: Option<&Tag>, kind: Kind) {
        let id = self.node(start, end, anchor, tag, kind);
        self.attach(id);
    }

    fn begin(&mut self, start: usize, end: usize, anchor: usize, tag: Option<&Tag>, kind: Kind) {
        let id = self.node(start, end, anchor, tag, kind);
        self.open.push(Open { id, key: None });
    }

    fn finish(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        if let Some(node) = self.document.nodes.get_mut(open.id) {
            node.end = node.end.max(end + self.offset);
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
            Some(Kind::Sequence(items)) => items.push(id),
            Some(Kind::Mapping(pairs)) => match open.key.take() {
                Some(key) => pairs.push((key, id)),
                None => open.key = Some(id),
            },
            _ => {}
        }
    }

    fn refuse(&self, error: &ScanError) -> Issue {
        let at = error.marker().byte_offset().unwrap_or_default().min(self.text.len());
        let length = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let span = |start: usize, end: usize| Span::new(self.file, start + self.offset, end + self.offset);
        if let Some(tab) = self.tab_in_indentation(at) {
            return Issue::new(span(tab, tab + 1), "", "a tab is used for indentation, which YAML forbids")
                .help("indent with spaces");
        }
        let issue = Issue::new(span(at, at + length), "", format!("the file is no valid YAML: {}", error.kind()));
        match error.kind() {
            ErrorKind::UnknownAnchor => {
                let name: String =
                    self.text.get(at..).unwrap_or_default().chars().take_while(|c| !c.is_whitespace()).collect();
                Issue { message: format!("the alias `{name}` has no anchor before it"), ..issue }
                    .help("define the anchor with `&name` further up, or remove the alias")
            }
            ErrorKind::RecursionLimitExceeded => {
                Issue { message: format!("collections are nested more than {DEPTH_LIMIT} levels deep"), ..issue }
                    .help("compose files need about eight levels; check the brackets")
            }
            _ => issue.help("check the indentation, quotes and colons on this line and the one above"),
        }
    }

    /// A tab in the indentation of the line of `at`, or of the line before it (where the parser noticed late).
    fn tab_in_indentation(&self, at: usize) -> Option<usize> {
        let line_start =
            |from: usize| self.text.get(..from).map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
        let tab_on_line = |start: usize| {
            let line = self.text.get(start..)?.split('\n').next()?;
            let indentation = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
            let blank = line.trim().is_empty();
            if blank { None } else { indentation.find('\t').map(|tab| start + tab) }
        };
        let here = line_start(at);
        tab_on_line(here).or_else(|| if here == 0 { None } else { tab_on_line(line_start(here - 1)) })
    }
}

/// `!!int` for a tag of the core schema, the whole tag for any other; `None` for the non-specific tag `!`.
fn short_tag(tag: &Tag) -> Option<String> {
    let whole = format!("{}{}", tag.handle(), tag.suffix());
    match whole.strip_prefix("tag:yaml.org,2002:") {
        Some(suffix) => Some(format!("!!{suffix}")),
        None => (whole != "!" && !whole.is_empty()).then_some(whole),
    }
}
