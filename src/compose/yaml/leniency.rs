//! What the reference's YAML library takes and our parser, which follows newer YAML, refuses.
//!
//! Such a text is rewritten so that it means the same and is accepted, by inserting a few characters where the parser stumbled; places
//! are mapped back afterwards. So a recipe that a swarm takes is never refused for its YAML, and errors still point at what was written.

use std::borrow::Cow;

use granit_parser::ErrorKind;

/// More stumbles than this in one file are not repaired: every one costs another pass.
const MOST_REPAIRS: usize = 50;

/// A text, and what was inserted into it.
pub(super) struct Repaired<'a> {
    text: Cow<'a, str>,
    /// Insertions as (offset in the present text, length), in no order.
    insertions: Vec<(usize, usize)>,
    repairs: usize,
}

impl<'a> Repaired<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), insertions: Vec::new(), repairs: 0 }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The offset in the original text.
    pub(super) fn original(&self, offset: usize) -> usize {
        let inserted: usize = self.insertions.iter().map(|&(at, length)| offset.saturating_sub(at).min(length)).sum();
        offset - inserted
    }

    /// Repairs what the parser stumbled over at `at`, in brackets or not; whether that was possible.
    pub(super) fn repair(&mut self, stumble: &ErrorKind, at: usize, in_flow: bool) -> bool {
        self.repairs += 1;
        if self.repairs > MOST_REPAIRS {
            return false;
        }
        let Some(rest) = self.text.get(at..) else { return false };
        match stumble {
            // `"a"#b`: newer YAML wants a blank before a comment.
            ErrorKind::CommentNotSeparated if rest.starts_with('#') => self.insert(at, " "),
            // A quoted text that goes on at the line's start, or behind a tab: blanks there mean nothing.
            ErrorKind::InvalidQuotedScalarIndent | ErrorKind::TabInIndentation => {
                let line = self.text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
                if line == 0 || starts_document(&self.text[line..]) {
                    return false;
                }
                self.insert(line, &" ".repeat(100));
            }
            // In brackets, tabs are blanks like any other.
            ErrorKind::TabInBlockIndentation if in_flow => {
                let Some(tab) = self.text[..at].rfind('\t') else { return false };
                self.text.to_mut().replace_range(tab..=tab, " ");
            }
            // What follows the first document is never looked at.
            ErrorKind::InvalidDocumentEnd => {
                let line = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
                if line == 0 {
                    return false;
                }
                self.text.to_mut().truncate(line);
            }
            // `[-]`: a lone hyphen is a text.
            ErrorKind::PlainScalarStartsWithDashFlowIndicator if rest.starts_with('-') => {
                self.insert(at + 1, "\"");
                self.insert(at, "\"");
            }
            // `*a: b`: newer YAML takes the colon as part of the alias.
            ErrorKind::UnknownAnchor | ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
                let Some(colon) = colon_of_alias(rest) else { return false };
                self.insert(at + colon, " ");
            }
            _ => return false,
        }
        true
    }

    fn insert(&mut self, at: usize, what: &str) {
        for (position, _) in &mut self.insertions {
            if *position >= at {
                *position += what.len();
            }
        }
        self.insertions.push((at, what.len()));
        self.text.to_mut().insert_str(at, what);
    }
}

/// Whether a line is `---` or `...`, which ends a document wherever it stands.
fn starts_document(line: &str) -> bool {
    let marker = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
    marker.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// The offset of the colon in `*name: …`.
fn colon_of_alias(text: &str) -> Option<usize> {
    let name = text.strip_prefix('*')?;
    let length = name.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let after = name[length..].strip_prefix(':')?;
    (length > 0 && after.starts_with([' ', '\t', '\r', '\n'])).then_some(1 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_mapped_back() {
        let mut repaired = Repaired::new("a: \"b\"#c\n[-]");
        assert!(repaired.repair(&ErrorKind::CommentNotSeparated, 6, false));
        let hyphen = repaired.text().find('-').unwrap();
        assert!(repaired.repair(&ErrorKind::PlainScalarStartsWithDashFlowIndicator, hyphen, true));
        assert_eq!(repaired.text(), "a: \"b\" #c\n[\"-\"]");
        let back = |what: char| repaired.original(repaired.text().rfind(what).unwrap());
        assert_eq!((back('#'), back('c'), back('['), back('-'), back(']')), (6, 7, 9, 10, 11));
    }
}
