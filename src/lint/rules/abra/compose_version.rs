//! R001: the compose files have the format version that abra expects.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Location, Set, Subject};
use crate::record::{Edit, Fix, Level, Safety};

/// The version that recipes are written in.
const EXPECTED: &str = "3.8";

pub(super) const RULE: Rule = Rule {
    id: "R001",
    name: "compose-version",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Safe,
    confidence: Confidence::Certain,
    summary: "compose config has expected version",
    needs: &[],
    page: page!("R001"),
    check: Check::Set(check),
};

fn check(_subject: &Subject, set: &Set) -> Vec<Draft> {
    if set.project().version.as_deref() == Some(EXPECTED) {
        return Vec::new();
    }
    set.loaded.documents.iter().map(|document| draft(set, document)).collect()
}

/// A finding for each file, because all files of a set must have the same version.
fn draft(set: &Set, document: &crate::compose::Document) -> Draft {
    let path = &document.source.path;
    let fix = |start, end, replacement: String| Fix {
        title: format!("write `version: \"{EXPECTED}\"`"),
        safety: Safety::Safe,
        edits: vec![Edit { file: path.clone(), start, end, replacement }],
        changes: vec!["version".to_owned()],
    };
    match document.content.entry("version") {
        Some(entry) => {
            let found = entry.node.as_text().unwrap_or_default();
            let range = entry.node.span.range();
            Draft::new(format!("`{path}` has format {found}, and recipes are written in {EXPECTED}"))
                .at(set.location(entry.node.span), "")
                .fix(fix(range.start, range.end, format!("\"{EXPECTED}\"")))
        }
        None => {
            let start = body(&document.source.text);
            Draft::new(format!("`{path}` names no format version, and recipes are written in {EXPECTED}"))
                .at(Location::file(path), "")
                .help(format!("write `version: \"{EXPECTED}\"` at its top"))
                .fix(fix(start, start, format!("version: \"{EXPECTED}\"\n\n")))
        }
    }
}

/// Where the document begins: behind a byte order mark, and behind a line `---` with the comments and directives before it.
fn body(text: &[u8]) -> usize {
    let mark = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut at = mark;
    for line in text.get(mark..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let line = line.trim_ascii_end();
        if line == b"---" {
            return at;
        }
        if !(line.is_empty() || line.starts_with(b"#") || line.starts_with(b"%")) {
            break;
        }
    }
    mark
}
