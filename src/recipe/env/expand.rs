//! Expanding `$VAR` and `${VAR}` in the values of an `.env` file.

use super::Quoting;
use super::parse::Segment;

/// What an expansion met that should be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Met {
    /// A variable that nothing sets; it expands to nothing.
    Unset(String),
    /// A form that the grammar does not have, such as `${A:-b}` or `$(date)`; it is kept as written.
    Unsupported(String),
}

/// The value of an entry's segments. `told` is called with the segment's index and what was met.
pub(super) fn value(
    segments: &[Segment],
    lookup: &dyn Fn(&str) -> Option<String>,
    told: &mut dyn FnMut(usize, Met),
) -> String {
    let mut value = String::new();
    for (index, segment) in segments.iter().enumerate() {
        match segment.kind {
            Quoting::Single => value.push_str(&segment.text),
            Quoting::Double => expand(&segment.text, true, lookup, &mut |met| told(index, met), &mut value),
            Quoting::Bare => expand(&segment.text, false, lookup, &mut |met| told(index, met), &mut value),
        }
    }
    value
}

fn expand(
    text: &str,
    escapes: bool,
    lookup: &dyn Fn(&str) -> Option<String>,
    told: &mut dyn FnMut(Met),
    out: &mut String,
) {
    let mut rest = text;
    while let Some(at) = rest.find(['$', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = if rest.starts_with('\\') { escape(rest, escapes, out) } else { dollar(rest, lookup, told, out) };
        rest = &rest[taken..];
    }
    out.push_str(rest);
}

/// Reads a backslash and what it escapes; returns how many bytes that was. `\$` keeps the `$` everywhere. In double quotes
/// `\"`, `\\` and `` \` `` stand for themselves and `\n` for a line feed [M]; every other backslash is data.
fn escape(rest: &str, escapes: bool, out: &mut String) -> usize {
    let replacement = match rest[1..].chars().next() {
        Some('$') => '$',
        Some('n') if escapes => '\n',
        Some(c @ ('"' | '\\' | '`')) if escapes => c,
        _ => {
            out.push('\\');
            return 1;
        }
    };
    out.push(replacement);
    2
}

fn dollar(rest: &str, lookup: &dyn Fn(&str) -> Option<String>, told: &mut dyn FnMut(Met), out: &mut String) -> usize {
    let after = &rest[1..];
    let mut substitute = |name: &str| match lookup(name) {
        Some(value) => out.push_str(&value),
        None => told(Met::Unset(name.to_owned())),
    };
    if let Some(inner) = after.strip_prefix('{') {
        if let Some(end) = inner.find('}') {
            let name = &inner[..end];
            if !name.is_empty() && name_length(name) == name.len() {
                substitute(name);
            } else {
                told(Met::Unsupported(rest[..end + 3].to_owned()));
                out.push_str(&rest[..end + 3]);
            }
            return end + 3;
        }
        told(Met::Unsupported(rest.to_owned()));
        out.push_str(rest);
        return rest.len();
    }
    match name_length(after) {
        0 => {
            if after.starts_with('(') {
                told(Met::Unsupported(rest.to_owned()));
            }
            out.push('$');
            1
        }
        length => {
            substitute(&after[..length]);
            1 + length
        }
    }
}

/// How many bytes at the start of a text make a variable's name.
pub(super) fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}
