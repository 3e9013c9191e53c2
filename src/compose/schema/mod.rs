//! Whether a document is a compose file of its format version.
//!
//! Every problem is found, not only the first; a key that is not known is answered with the one that was probably meant.

mod rule;
mod rules;

use std::collections::HashSet;
use std::fmt::Write as _;

use super::format;
use super::path::Path;
use super::problem::{Issue, MOST_PROBLEMS};
use super::source::Span;
use super::tree::{Content, Mapping, Node};
use super::yaml::foreign_key;

use rule::{Field, Kind, Notation, Object, Others, Rule};

/// No key that is longer was meant to be one that we know.
const LONGEST_MISTAKE: usize = 40;

/// A version of the compose file format that the swarm loader takes: 3.`minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FormatVersion {
    pub(crate) minor: u8,
}

impl FormatVersion {
    /// The newest version, which also stands for a missing or empty one and for `3`.
    pub(crate) const NEWEST: Self = Self { minor: 13 };

    /// Reads `3`, `3.8`, …; `None` for what the swarm loader does not take.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "3" => Some(Self::NEWEST),
            _ => {
                let minor = text.strip_prefix("3.")?;
                let plain = minor == "0" || (!minor.starts_with(['0', '+']) && !minor.is_empty());
                let minor = plain.then(|| minor.parse().ok())??;
                (minor <= Self::NEWEST.minor).then_some(Self { minor })
            }
        }
    }
}

impl std::fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "3.{}", self.minor)
    }
}

/// Finds everything in `document` that its format version does not allow.
pub(crate) fn validate(file: u32, document: &Mapping, version: FormatVersion) -> Vec<Issue> {
    let mut check = Check { version, issues: Vec::new() };
    for (key, entry) in document.iter() {
        check.representable(&entry.node, &Path::Root.key(key));
    }
    if check.issues.is_empty()
        && let Rule::Object(object) = &rules::FILE
    {
        check.object(object, document, Span::new(file, 0, 0), &Path::Root);
    }
    check.issues
}

struct Check {
    version: FormatVersion,
    issues: Vec<Issue>,
}

impl Check {
    fn report(&mut self, issue: Issue) {
        self.issues.push(issue);
    }

    /// Keys that are no text, and numbers that are none, are refused everywhere, also below `x-` keys.
    fn representable(&mut self, node: &Node, path: &Path<'_>) {
        match &node.content {
            Content::ForeignKeys(key) => self.report(foreign_key(*key, &path.to_string())),
            Content::Float(number) if !number.is_finite() => {
                self.report(
                    Issue::new(node.span, path, "infinity and not-a-number are no values here").help("write a number"),
                );
            }
            Content::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.representable(item, &path.index(at));
                }
            }
            Content::Map(map) => {
                for (key, entry) in map.iter() {
                    self.representable(&entry.node, &path.key(key));
                }
            }
            _ => {}
        }
    }

    fn rule(&mut self, rule: &'static Rule, node: &Node, path: &Path<'_>) {
        match (rule, &node.content) {
            (Rule::Either(rules), _) => {
                let fitting = rules.iter().find(|rule| kinds_of(rule).iter().any(|&kind| is_kind(node, kind)));
                match fitting {
                    Some(rule) => self.rule(rule, node, path),
                    None => self.wrong_kind(rule, node, path),
                }
            }
            (Rule::List { item, unique }, Content::List(items)) => {
                if *unique {
                    self.unique(items, path);
                }
                for (at, node) in items.iter().enumerate() {
                    self.rule(item, node, &path.index(at));
                }
            }
            (Rule::Object(object), Content::Map(map)) => self.object(object, map, node.span, path),
            (Rule::Text(notation), _) if is_kind_of(rule, node) => self.notation(*notation, node, path),
            (Rule::Natural, Content::Int(number)) if *number < 0 => {
                self.report(Issue::new(node.span, path, format!("`{number}` is negative")).help("write zero or more"));
            }
            (Rule::Natural, Content::Float(number)) if *number < 0.0 && number.fract() == 0.0 => {
                self.report(Issue::new(node.span, path, format!("`{number}` is negative")).help("write zero or more"));
            }
            _ if is_kind_of(rule, node) => {}
            _ => self.wrong_kind(rule, node, path),
        }
    }

    fn object(&mut self, object: &'static Object, map: &Mapping, span: Span, path: &Path<'_>) {
        for required in object.required {
            if map.get(required).is_none() {
                self.report(
                    Issue::new(span, path, format!("the key `{required}` is missing"))
                        .help(format!("add `{required}:`")),
                );
            }
        }
        for (key, entry) in map.iter() {
            let below = path.key(key);
            if let Some(field) = self.field(object, key) {
                self.rule(&field.rule, &entry.node, &below);
                continue;
            }
            let extension = object.extensions_since.is_some_and(|since| self.version.minor >= since);
            if extension && key.starts_with("x-") {
                continue;
            }
            match &object.others {
                Others::Free => {}
                Others::FreeSince(since) if self.version.minor >= *since => {}
                Others::Matching { keys, value, rest_is_free } => {
                    if keys.fit(key) {
                        self.rule(value, &entry.node, &below);
                    } else if !rest_is_free {
                        let help = "use letters, digits, `.`, `_` and `-`";
                        self.report(
                            Issue::new(entry.key, path, format!("`{key}` is no name that is allowed here")).help(help),
                        );
                    }
                }
                Others::Refused | Others::FreeSince(_) => self.unknown(object, key, entry.key, path),
            }
        }
    }

    fn field(&self, object: &'static Object, key: &str) -> Option<&'static Field> {
        let minor = self.version.minor;
        object.fields.iter().find(|field| field.name == key && (field.since..=field.until).contains(&minor))
    }

    fn unknown(&mut self, object: &'static Object, key: &str, span: Span, path: &Path<'_>) {
        // A document of a hundred thousand unknown keys is not worth as many searches for what was meant.
        if self.issues.len() >= MOST_PROBLEMS {
            return;
        }
        let version = self.version;
        let issue = Issue::new(span, path, format!("the key `{key}` is not known here (format {version})"));
        let newer = object.fields.iter().find(|field| field.name == key).map(|field| field.since);
        let newer = newer.or_else(|| object.extensions_since.filter(|_| key.starts_with("x-")));
        let known = object.fields.iter().map(|field| field.name);
        let help = match (newer, closest(key, known), outside_of_swarm(key)) {
            (Some(since), ..) => format!("it needs `version: \"3.{since}\"` or newer"),
            (None, _, Some(advice)) => advice.to_owned(),
            (None, Some(meant), None) => format!("did you mean `{meant}`?"),
            (None, None, None) => match object.extensions_since {
                Some(since) if version.minor >= since => "remove it, or put `x-` in front of it".to_owned(),
                _ => "remove it, or check the indentation: it may belong one level higher or lower".to_owned(),
            },
        };
        self.report(issue.help(help));
    }

    fn unique(&mut self, items: &[Node], path: &Path<'_>) {
        let mut seen = HashSet::new();
        for (at, item) in items.iter().enumerate() {
            let mut identity = String::new();
            write_identity(item, &mut identity);
            if !seen.insert(identity) {
                let issue = Issue::new(item.span, &path.index(at), "this item stands in the list twice");
                self.report(issue.help("remove one of the two"));
            }
        }
    }

    fn notation(&mut self, notation: Notation, node: &Node, path: &Path<'_>) {
        let text = match &node.content {
            Content::Text(text) => text.clone(),
            Content::Int(number) => number.to_string(),
            Content::Uint(number) => number.to_string(),
            _ => node.to_json().to_string(),
        };
        let (message, help) = match notation {
            Notation::Duration if format::duration(&text).is_none() => {
                (format!("`{text}` is no duration"), "write a number and a unit, for example `30s`, `1m30s` or `500ms`")
            }
            Notation::Ports => match format::ports(&text) {
                Ok(_) => return,
                Err(why) => (
                    format!("`{text}` is no port mapping: {why}"),
                    "write `published:target`, for example `\"8080:80\"`",
                ),
            },
            Notation::UpdateOrder if !matches!(text.as_str(), "start-first" | "stop-first") => {
                (format!("`{text}` is no update order"), "write `start-first` or `stop-first`")
            }
            Notation::Duration | Notation::UpdateOrder => return,
        };
        self.report(Issue::new(node.span, path, message).help(help));
    }

    fn wrong_kind(&mut self, rule: &'static Rule, node: &Node, path: &Path<'_>) {
        let wanted: Vec<&str> = kinds_of(rule).into_iter().map(kind_name).collect();
        let message = format!("this is {}, and must be {}", node.kind(), list_of(&wanted));
        let kinds = kinds_of(rule);
        let help = match &node.content {
            Content::Bool(_) | Content::Int(_) | Content::Uint(_) | Content::Float(_) | Content::Time(_)
                if kinds.contains(&Kind::Text) =>
            {
                "put it in quotes"
            }
            Content::Text(_)
                if kinds.iter().any(|kind| matches!(kind, Kind::Integer | Kind::Number | Kind::Boolean)) =>
            {
                "write it without quotes"
            }
            Content::Null => "give it a value, or remove the key",
            Content::Text(_) | Content::Map(_) if kinds.contains(&Kind::List) => "start each item with `- `",
            _ => "check the indentation and the value",
        };
        self.report(Issue::new(node.span, path, message).help(help));
    }
}

/// Keys that other tools know and the swarm loader refuses.
fn outside_of_swarm(key: &str) -> Option<&'static str> {
    Some(match key {
        "profiles" | "scale" | "develop" | "pull_policy" | "platform" | "extends" | "gpus" | "use_api_socket" => {
            "only `docker compose` knows this key; `docker stack deploy` refuses it"
        }
        "name" => "the stack's name is given at deploy time; remove the key",
        "include" => "list the files in COMPOSE_FILE instead",
        "mem_limit" | "cpus" | "mem_reservation" | "pids_limit" => "use `deploy.resources` instead",
        _ => return None,
    })
}

fn closest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if key.len() > LONGEST_MISTAKE {
        return None;
    }
    known
        .map(|name| (strsim::damerau_levenshtein(&key.to_lowercase(), name), name))
        .filter(|&(distance, name)| distance <= 1 + name.len() / 4)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

fn kinds_of(rule: &'static Rule) -> Vec<Kind> {
    match rule {
        Rule::Scalar(kinds) => kinds.to_vec(),
        Rule::Text(Notation::Ports) => vec![Kind::Text, Kind::Number],
        Rule::Text(_) => vec![Kind::Text],
        Rule::Natural => vec![Kind::Integer],
        Rule::List { .. } => vec![Kind::List],
        Rule::Object(_) => vec![Kind::Object],
        Rule::Either(rules) => rules.iter().flat_map(kinds_of).collect(),
    }
}

fn is_kind_of(rule: &'static Rule, node: &Node) -> bool {
    kinds_of(rule).iter().any(|&kind| is_kind(node, kind))
}

fn is_kind(node: &Node, kind: Kind) -> bool {
    match &node.content {
        Content::Null => kind == Kind::Null,
        Content::Bool(_) => kind == Kind::Boolean,
        Content::Int(_) | Content::Uint(_) => matches!(kind, Kind::Integer | Kind::Number),
        Content::Float(number) => kind == Kind::Number || (kind == Kind::Integer && number.fract() == 0.0),
        Content::Time(_) | Content::Text(_) => kind == Kind::Text,
        Content::List(_) => kind == Kind::List,
        Content::Map(_) | Content::ForeignKeys(_) => kind == Kind::Object,
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "empty",
        Kind::Boolean => "true or false",
        Kind::Integer => "a whole number",
        Kind::Number => "a number",
        Kind::Text => "text",
        Kind::List => "a list",
        Kind::Object => "a mapping",
    }
}

fn list_of(names: &[&str]) -> String {
    match names {
        [] => "something else".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Writes a value so that equal values give equal texts: `1` and `1.0` are equal, and the order of keys does not matter.
fn write_identity(node: &Node, into: &mut String) {
    match &node.content {
        Content::Int(number) => _ = write!(into, "{:?}", *number as f64),
        Content::Uint(number) => _ = write!(into, "{:?}", *number as f64),
        Content::Float(number) => _ = write!(into, "{number:?}"),
        Content::List(items) => {
            into.push('[');
            for item in items {
                write_identity(item, into);
                into.push(',');
            }
            into.push(']');
        }
        Content::Map(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|&(key, _)| key);
            into.push('{');
            for (key, entry) in entries {
                _ = write!(into, "{key:?}:");
                write_identity(&entry.node, into);
                into.push(',');
            }
            into.push('}');
        }
        _ => into.push_str(&node.to_json().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, minor) in [("", Some(13)), ("3", Some(13)), ("3.0", Some(0)), ("3.8", Some(8)), ("3.13", Some(13))] {
            assert_eq!(FormatVersion::parse(text).map(|version| version.minor), minor, "{text}");
        }
        for text in ["2", "2.4", "3.14", "3.08", "3.", "3.+8", "4", "3.8 ", "v3.8"] {
            assert_eq!(FormatVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn suggestions_are_close() {
        let known = ["environment", "image", "deploy"];
        assert_eq!(closest("enviroment", known.into_iter()), Some("environment"));
        assert_eq!(closest("Image", known.into_iter()), Some("image"));
        assert_eq!(closest("foo", known.into_iter()), None);
    }
}
