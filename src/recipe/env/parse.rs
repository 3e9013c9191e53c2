//! Parsing an `.env` file, line by line.

use std::collections::BTreeMap;
use std::ops::Range;

use super::expand::{self, Met, name_length};
use super::{Comment, Entry, EnvFile, Modifier, Problem, Quoting};

/// A part of a value that is quoted in one way; text as written between the quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) kind: Quoting,
    pub(super) text: String,
}

/// Variables that the deployer gives, so that a line may use them though no line sets them.
const GIVEN: [&str; 1] = ["STACK_NAME"];

pub(super) fn parse(text: &str) -> EnvFile {
    let file = EnvFile { text: text.to_owned(), entries: vec![], options: vec![], comments: vec![], problems: vec![] };
    let mut parser = Parser { text, file, known: BTreeMap::new(), number: 0 };
    let mut start = 0;
    if text.starts_with('\u{feff}') {
        start = '\u{feff}'.len_utf8();
        parser.problem(1, 0..start, "the file starts with a byte order mark; it was skipped");
    }
    let mut carriage_return = None;
    while start < text.len() {
        parser.number += 1;
        let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let mut content = start..end;
        if text[content.clone()].ends_with('\r') {
            content.end -= 1;
            carriage_return.get_or_insert((parser.number, content.end..end));
        }
        parser.line(content);
        start = end + 1;
    }
    if let Some((line, span)) = carriage_return {
        parser.problem(line, span, "lines end with CR LF; the CR was left out of every value");
    }
    if !text.is_empty() && !text.ends_with('\n') {
        let line = parser.number.max(1);
        parser.problem(
            line,
            text.len()..text.len(),
            "the last line does not end; a line appended to this file would join it",
        );
    }
    parser.file
}

struct Parser<'a> {
    text: &'a str,
    file: EnvFile,
    /// The values of the lines so far.
    known: BTreeMap<String, String>,
    number: usize,
}

impl Parser<'_> {
    fn problem(&mut self, line: usize, span: Range<usize>, what: impl Into<String>) {
        self.file.problems.push(Problem::new(line, span, what));
    }

    fn line(&mut self, line: Range<usize>) {
        let span = trim(self.text, line);
        let content = &self.text[span.clone()];
        if content.is_empty() {
            return;
        }
        if content.starts_with('#') {
            return self.comment_line(span);
        }
        let Some(entry) = self.assignment(span.clone(), true) else { return };
        if let Some(earlier) = self.file.entries.iter().rev().find(|earlier| earlier.name == entry.name)
            && !mentions(&entry, &entry.name)
        {
            let what =
                format!("`{}` is set again (before that on line {}); the later value wins", entry.name, earlier.line);
            self.problem(entry.line, entry.name_span.clone(), what);
        }
        self.known.insert(entry.name.clone(), entry.value.clone());
        self.file.entries.push(entry);
    }

    fn comment_line(&mut self, span: Range<usize>) {
        let marks = self.text[span.clone()].chars().take_while(|c| *c == '#').count();
        let inner = trim(self.text, span.start + marks..span.end);
        let content = &self.text[inner.clone()];
        // An option that is off has its name in capitals and no space before `=`; anything else is prose.
        let name = name_length(content);
        if name > 0 && content[name..].starts_with('=') && !content[..name].bytes().any(|b| b.is_ascii_lowercase()) {
            if let Some(entry) = self.assignment(inner, false) {
                self.file.options.push(entry);
            }
            return;
        }
        self.file.comments.push(Comment { text: content.to_owned(), line: self.number, span });
    }

    /// Parses `[export] NAME=value [# comment]`. Problems are told only for lines that count.
    fn assignment(&mut self, mut span: Range<usize>, counts: bool) -> Option<Entry> {
        let line = self.number;
        let mut exported = false;
        if let Some(rest) = self.text[span.clone()].strip_prefix("export")
            && rest.starts_with([' ', '\t'])
        {
            if counts {
                self.problem(
                    line,
                    span.start..span.start + 6,
                    "`export` does not belong into an .env file; it was skipped",
                );
            }
            exported = true;
            span = trim(self.text, span.start + 6..span.end);
        }
        let content = &self.text[span.clone()];
        let length = name_length(content);
        let gap = content[length..].len() - content[length..].trim_start().len();
        if length == 0 || !content[length + gap..].starts_with('=') {
            if counts {
                let what = "not an assignment `NAME=value`; the line was skipped";
                self.problem(line, span, what);
            }
            return None;
        }
        if gap > 0 && counts {
            let at = span.start + length..span.start + length + gap;
            self.problem(line, at, "there is a space before `=`; it was skipped");
        }
        let name_span = span.start..span.start + length;
        let after = span.start + length + gap + 1..span.end;
        let value = self.split_value(after, counts);
        let mut met = Vec::new();
        let lookup = |name: &str| self.known.get(name).cloned();
        let expanded = expand::value(&value.segments, &lookup, &mut |_, what| met.push(what));
        let name = self.text[name_span.clone()].to_owned();
        if counts {
            self.report_expansion(&name, met, &value.span);
            if expanded.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
                self.problem(line, value.span.clone(), "the value holds a control character");
            }
        }
        Some(Entry {
            name,
            value: expanded,
            raw: self.text[value.span.clone()].to_owned(),
            quoting: value.segments.first().map_or(Quoting::Bare, |segment| segment.kind),
            line,
            span: name_span.start..value.span.end,
            name_span,
            value_span: value.span,
            modifiers: value.comment.as_ref().map(|comment| modifiers(self.text, comment)).unwrap_or_default(),
            comment: value.comment,
            exported,
            segments: value.segments,
        })
    }

    fn report_expansion(&mut self, name: &str, met: Vec<Met>, span: &Range<usize>) {
        for what in met {
            let what = match what {
                Met::Unset(unset) if GIVEN.contains(&unset.as_str()) => continue,
                // The first of several accumulating lines may name itself: it starts from nothing.
                Met::Unset(unset) if unset == name => continue,
                Met::Unset(unset) => format!("`${unset}` is not set by an earlier line; it expands to nothing"),
                Met::Unsupported(form) => format!("`{form}` is not expanded in an .env file; it was kept as written"),
            };
            self.problem(self.number, span.clone(), what);
        }
    }

    /// Splits what follows `=` into the value's segments and the comment.
    fn split_value(&mut self, after: Range<usize>, counts: bool) -> Value {
        let text = self.text;
        let start = after.start + (text[after.clone()].len() - text[after.clone()].trim_start().len());
        let mut segments = Vec::new();
        let mut at = start;
        if text[start..after.end].starts_with('#') {
            if counts
                && start == after.start
                && !text[start + 1..after.end].starts_with([' ', '\t'])
                && start + 1 < after.end
            {
                self.problem(
                    self.number,
                    start..after.end,
                    "the value starts with `#`, so it is empty and a comment follows; quote it if it is a value",
                );
            }
            return Value {
                segments,
                span: after.start..after.start,
                comment: self.trailing_comment(start..after.end),
            };
        }
        while let Some(quote) = text[at..after.end].chars().next().filter(|c| matches!(c, '"' | '\'')) {
            let kind = if quote == '"' { Quoting::Double } else { Quoting::Single };
            let Some(length) = quoted_length(&text[at + 1..after.end], quote) else {
                if counts {
                    self.problem(
                        self.number,
                        at..after.end,
                        format!(
                            "the quote {quote} is not closed on its line; everything after it was taken as the value"
                        ),
                    );
                }
                segments.push(Segment { kind, text: text[at + 1..after.end].to_owned() });
                return Value { segments, span: start..after.end, comment: None };
            };
            segments.push(Segment { kind, text: text[at + 1..at + 1 + length].to_owned() });
            at += length + 2;
            let rest = &text[at..after.end];
            if rest.trim_start().is_empty() || (rest.trim_start().starts_with('#')) {
                let comment = self.trailing_comment(trim(text, at..after.end));
                return Value { segments, span: start..at, comment };
            }
            // Text right behind a quote joins it, as in a shell.
            if counts {
                let what = "text follows the closing quote; it was joined to the value, as a shell would";
                self.problem(self.number, at..after.end, what);
            }
            let bare = bare_length(rest);
            let until = if rest[..bare].contains(['"', '\'']) { rest.find(['"', '\'']).unwrap_or(bare) } else { bare };
            segments.push(Segment { kind: Quoting::Bare, text: rest[..until].to_owned() });
            at += until;
            if until == bare {
                let comment = self.trailing_comment(trim(text, at..after.end));
                return Value { segments, span: start..at, comment };
            }
        }
        let bare = bare_length(&text[at..after.end]);
        if bare > 0 {
            let value = &text[at..at + bare];
            if counts && value.contains('#') {
                self.problem(self.number, at..at + bare, "`#` without a space before it is data here; some tools take it for a comment, quotes make it plain");
            }
            segments.push(Segment { kind: Quoting::Bare, text: value.to_owned() });
        }
        let comment = self.trailing_comment(trim(text, at + bare..after.end));
        Value { segments, span: start.min(at + bare)..at + bare, comment }
    }

    fn trailing_comment(&self, span: Range<usize>) -> Option<Comment> {
        let text = self.text[span.clone()].strip_prefix('#')?.trim().to_owned();
        Some(Comment { text, line: self.number, span })
    }
}

struct Value {
    segments: Vec<Segment>,
    span: Range<usize>,
    comment: Option<Comment>,
}

/// How long the text before the closing quote is. A backslash hides a double quote; in single quotes everything is data.
fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

/// How long a bare value is: up to white space and `#`, without the white space.
fn bare_length(text: &str) -> usize {
    let comment = text.match_indices('#').map(|(at, _)| at).find(|at| text[..*at].ends_with([' ', '\t']));
    text[..comment.unwrap_or(text.len())].trim_end().len()
}

/// The words `key=value` of a comment.
fn modifiers(text: &str, comment: &Comment) -> Vec<Modifier> {
    let start = comment.span.start + 1;
    let words = text[start..comment.span.end].split_whitespace();
    words
        .filter_map(|word| {
            let (key, value) = word.split_once('=')?;
            let at = word.as_ptr() as usize - text.as_ptr() as usize;
            let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            plain.then(|| Modifier {
                key: key.to_owned(),
                value: value.trim_end_matches([',', ';']).to_owned(),
                span: at..at + word.len(),
            })
        })
        .collect()
}

fn mentions(entry: &Entry, name: &str) -> bool {
    let expands = |segment: &&Segment| segment.kind != Quoting::Single;
    let names = |text: &str| {
        text.match_indices('$').any(|(at, _)| {
            let after = text[at + 1..].trim_start_matches('{');
            &after[..name_length(after)] == name
        })
    };
    entry.segments.iter().filter(expands).any(|segment| names(&segment.text))
}

/// The span without the white space at its ends.
fn trim(text: &str, span: Range<usize>) -> Range<usize> {
    let content = &text[span.clone()];
    let start = span.start + (content.len() - content.trim_start().len());
    start..start + content.trim().len()
}
