//! Cutting a script into words and operators.

use std::ops::Range;

use crate::recipe::Problem;

/// How deep quotes, substitutions and expansions may lie inside each other. A script that needs more was made to exhaust the stack.
const DEEPEST: usize = 48;

/// What the grammar sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Operator(&'static str),
    Newline,
    End,
}

/// A word or an operator, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// Operators, the longest first.
const OPERATORS: [&str; 22] = [
    ";;&", "<<<", "<<-", "&>>", ";;", ";&", "&&", "&>", "||", "|&", "<<", "<&", "<>", ">>", ">&", ">|", ";", "&", "|",
    "<", ">", "(",
];

/// A here-document whose body starts after the next line feed.
#[derive(Debug)]
struct HereDocument {
    delimiter: String,
    strips_tabs: bool,
    span: Range<usize>,
}

/// The state of reading a script.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) depth: usize,
    pub(super) problems: Vec<Problem>,
    line_starts: Vec<usize>,
    pending: Vec<HereDocument>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Lexer<'a> {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lexer { text, at: 0, depth: 0, problems: Vec::new(), line_starts, pending: Vec::new() }
    }

    /// The line of a byte, counted from 1.
    pub(super) fn line_of(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    pub(super) fn problem(&mut self, span: Range<usize>, what: impl Into<String>) {
        let line = self.line_of(span.start);
        self.problems.push(Problem::new(line, span, what));
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    /// Goes one level deeper; false, and the script counts as read, when that is too deep.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        if self.depth > DEEPEST {
            self.problem(
                self.at..self.text.len(),
                format!(
                    "expansions lie more than {DEEPEST} deep inside each other; the rest of the script was not read"
                ),
            );
            self.at = self.text.len();
            self.depth -= 1;
            return false;
        }
        true
    }

    /// Skips blanks, continued lines and comments, but no line feed.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with("\\\n") {
                self.at += 2;
            } else if rest.starts_with("\\\r\n") || rest.starts_with("\r\n") {
                self.at += rest.len().min(if rest.starts_with('\\') { 3 } else { 1 });
            } else if rest.starts_with([' ', '\t']) {
                self.at += 1;
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else {
                return;
            }
        }
    }

    /// The next token, which is consumed. A here-document's body is consumed with the line feed before it.
    pub(super) fn next(&mut self) -> Token {
        self.skip_blanks();
        let start = self.at;
        let kind = match self.rest().chars().next() {
            None => Kind::End,
            Some('\n') => {
                self.at += 1;
                self.here_documents();
                return Token { kind: Kind::Newline, span: start..start + 1 };
            }
            Some(')') => {
                self.at += 1;
                Kind::Operator(")")
            }
            _ if self.looking_at("<(") || self.looking_at(">(") => {
                self.word();
                Kind::Word
            }
            _ => match OPERATORS.into_iter().find(|operator| self.looking_at(operator)) {
                Some(operator) => {
                    self.at += operator.len();
                    if operator == "<<" || operator == "<<-" {
                        self.here_document(operator == "<<-", start);
                    }
                    Kind::Operator(operator)
                }
                None => {
                    self.word();
                    Kind::Word
                }
            },
        };
        Token { kind, span: start..self.at }
    }

    /// The next token, left in place. Only called where a here-document cannot start, so that none is read twice.
    pub(super) fn peek(&mut self) -> Token {
        let (at, problems) = (self.at, self.problems.len());
        let pending = std::mem::take(&mut self.pending);
        let token = self.next();
        self.at = at;
        self.problems.truncate(problems);
        self.pending = pending;
        token
    }

    fn here_document(&mut self, strips_tabs: bool, start: usize) {
        self.skip_blanks();
        let from = self.at;
        self.word();
        let raw = &self.text[from..self.at];
        if raw.is_empty() {
            return self.problem(start..self.at, "a here-document `<<` without a word that ends it");
        }
        let delimiter = raw.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
        self.pending.push(HereDocument { delimiter, strips_tabs, span: start..self.at });
    }

    fn here_documents(&mut self) {
        for document in std::mem::take(&mut self.pending) {
            let mut closed = false;
            while self.at < self.text.len() {
                let rest = self.rest();
                let end = rest.find('\n').unwrap_or(rest.len());
                let line = rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]);
                self.at += (end + 1).min(rest.len());
                let line = if document.strips_tabs { line.trim_start_matches('\t') } else { line };
                if line == document.delimiter {
                    closed = true;
                    break;
                }
            }
            if !closed {
                let what = format!(
                    "the here-document that starts here is not closed: no line is just `{}`",
                    document.delimiter
                );
                self.problem(document.span, what);
            }
        }
    }

    /// Whether here-documents wait for the next line; told when the script ends before it.
    pub(super) fn finish(&mut self) {
        self.at = self.text.len();
        self.here_documents();
    }
}
