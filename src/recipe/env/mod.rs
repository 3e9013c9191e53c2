//! `.env` files: `KEY=value` lines that build on each other (recipe-format.md §1.1).
//!
//! The crates for such files lose what matters here: they expand `COMPOSE_FILE="$COMPOSE_FILE:compose.smtp.yml"` wrongly, refuse
//! unquoted spaces, and drop the comments that carry the modifiers of secrets.

mod expand;
mod parse;

use std::collections::BTreeMap;
use std::ops::Range;

use indexmap::IndexMap;

use super::Problem;
use parse::Segment;

/// A parsed `.env` file. Spans are byte ranges of [`text`](EnvFile::text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// The text that was parsed.
    pub text: String,
    /// The assignments, in order.
    pub entries: Vec<Entry>,
    /// Assignments that are commented out: they document options that are off. Their values are what they would be if switched on.
    pub options: Vec<Entry>,
    /// Every other comment that has a line of its own.
    pub comments: Vec<Comment>,
    /// What is not as the grammar wants it.
    pub problems: Vec<Problem>,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The variable.
    pub name: String,
    /// The value: quotes removed, expanded against the lines before it.
    pub value: String,
    /// The value as written, quotes and all, without the comment after it.
    pub raw: String,
    /// How the value starts.
    pub quoting: Quoting,
    /// The line, counted from 1.
    pub line: usize,
    /// From the variable's first byte to the value's last.
    pub span: Range<usize>,
    /// The variable.
    pub name_span: Range<usize>,
    /// The value as written.
    pub value_span: Range<usize>,
    /// The words `key=value` of the comment after the value.
    pub modifiers: Vec<Modifier>,
    /// The comment after the value.
    pub comment: Option<Comment>,
    /// `export` stands before it.
    pub exported: bool,
    segments: Vec<Segment>,
}

/// How a value is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quoting {
    /// Not at all; `$VAR` expands.
    Bare,
    /// `"…"`; `$VAR` expands, `\` escapes.
    Double,
    /// `'…'`; everything is data.
    Single,
}

/// One word `key=value` of a comment after a value, for example `length=32`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modifier {
    /// The part before `=`.
    pub key: String,
    /// The part after `=`.
    pub value: String,
    /// Both, and the `=` between.
    pub span: Range<usize>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The text after `#`, without the spaces around it.
    pub text: String,
    /// The line, counted from 1.
    pub line: usize,
    /// From `#` to the end.
    pub span: Range<usize>,
}

impl Entry {
    /// The value of the modifier of this name; the last one when it is there twice.
    pub fn modifier(&self, key: &str) -> Option<&str> {
        self.modifiers.iter().rev().find(|modifier| modifier.key == key).map(|modifier| modifier.value.as_str())
    }
}

impl EnvFile {
    /// Parses a text. Never fails: what cannot be understood is in [`problems`](EnvFile::problems).
    pub fn parse(text: &str) -> EnvFile {
        parse::parse(text)
    }

    /// The entry that decides the value of a variable: the last one of that name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.name == name)
    }

    /// The option of this name that is commented out; the first one when there are several.
    pub fn option(&self, name: &str) -> Option<&Entry> {
        self.options.iter().find(|entry| entry.name == name)
    }

    /// The value of a variable, without overrides.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.entry(name).map(|entry| entry.value.as_str())
    }

    /// The environment that the file gives, in the order in which its variables first appear, followed by the overrides of
    /// variables that it does not name.
    ///
    /// An override is what an operator would write into the file instead: it is literal, it stands in place of every assignment to
    /// that variable, and later lines expand to it. Overrides are also seen by lines that expand a variable which no line sets.
    pub fn effective(&self, overrides: &BTreeMap<String, String>) -> Vec<(String, String)> {
        let mut known: IndexMap<String, String> = IndexMap::new();
        for entry in &self.entries {
            let value = match overrides.get(&entry.name) {
                Some(value) => value.clone(),
                None => {
                    let lookup = |name: &str| known.get(name).or_else(|| overrides.get(name)).cloned();
                    expand::value(&entry.segments, &lookup, &mut |_, _| {})
                }
            };
            known.insert(entry.name.clone(), value);
        }
        for (name, value) in overrides {
            known.entry(name.clone()).or_insert_with(|| value.clone());
        }
        known.into_iter().collect()
    }

    /// The compose files that the file itself chooses, see [`compose_files`].
    pub fn compose_files(&self) -> Vec<String> {
        compose_files(&self.effective(&BTreeMap::new()))
    }
}

/// The compose files that an environment chooses: the parts of `COMPOSE_FILE` between the colons, or `compose.yml` when it is not
/// set or empty. Empty parts are skipped.
pub fn compose_files(environment: &[(String, String)]) -> Vec<String> {
    let chosen =
        environment.iter().rev().find(|(name, _)| name == "COMPOSE_FILE").map_or("", |(_, value)| value.as_str());
    let files: Vec<String> =
        chosen.split(':').map(str::trim).filter(|f| !f.is_empty()).map(ToOwned::to_owned).collect();
    if files.is_empty() { vec!["compose.yml".to_owned()] } else { files }
}

#[cfg(test)]
mod tests;
