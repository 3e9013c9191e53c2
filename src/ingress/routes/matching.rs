//! Whether a request satisfies a rule.

use hyper::HeaderMap;
use regex::{Regex, RegexBuilder};

use super::rule::{Matcher, MatcherKind, Rule};

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'r> {
    /// The host without a port, in lower case.
    pub host: &'r str,
    /// The path as sent, without the query.
    pub path: &'r str,
    /// The method.
    pub method: &'r str,
    /// The request's headers.
    pub headers: &'r HeaderMap,
}

/// A rule that is ready to be asked.
#[derive(Debug, Clone)]
pub enum CompiledRule {
    /// Every part holds.
    And(Vec<CompiledRule>),
    /// Some part holds.
    Or(Vec<CompiledRule>),
    /// The part does not hold.
    Not(Box<CompiledRule>),
    /// One of these hosts.
    Host(Vec<String>),
    /// The host fits one of these patterns.
    HostPattern(Vec<Regex>),
    /// The path is one of these.
    Path(Vec<String>),
    /// The path begins with one of these.
    PathPrefix(Vec<String>),
    /// The path fits one of these patterns.
    PathPattern(Vec<Regex>),
    /// The method is one of these.
    Method(Vec<String>),
    /// The header has the value.
    Header(String, String),
    /// A matcher that is not emulated: neither true nor false.
    Unknown,
}

/// A pattern that does not compile.
#[derive(Debug, thiserror::Error)]
#[error("{matcher}: the pattern '{pattern}' does not compile: {reason}")]
pub struct PatternError {
    /// The matcher's name.
    pub matcher: &'static str,
    /// The pattern as written.
    pub pattern: String,
    /// Why.
    pub reason: String,
}

impl CompiledRule {
    /// Prepares a rule.
    ///
    /// # Errors
    /// When a pattern does not compile.
    pub fn new(rule: &Rule) -> Result<Self, PatternError> {
        let all = |parts: &[Rule]| parts.iter().map(Self::new).collect::<Result<Vec<_>, _>>();
        Ok(match rule {
            Rule::And(parts) => Self::And(all(parts)?),
            Rule::Or(parts) => Self::Or(all(parts)?),
            Rule::Not(part) => Self::Not(Box::new(Self::new(part)?)),
            Rule::Matcher(matcher) => Self::matcher(matcher)?,
        })
    }

    fn matcher(matcher: &Matcher) -> Result<Self, PatternError> {
        let values = &matcher.values;
        let lower = || values.iter().map(|v| v.trim_end_matches('.').to_ascii_lowercase()).collect();
        Ok(match matcher.kind {
            MatcherKind::Host | MatcherKind::HostHeader => Self::Host(lower()),
            MatcherKind::HostRegexp => Self::HostPattern(host_patterns(matcher)?),
            MatcherKind::Path if values.iter().any(|v| v.contains('{')) => {
                Self::PathPattern(path_patterns(matcher, "$")?)
            }
            MatcherKind::PathPrefix if values.iter().any(|v| v.contains('{')) => {
                Self::PathPattern(path_patterns(matcher, "")?)
            }
            MatcherKind::Path => Self::Path(values.clone()),
            MatcherKind::PathPrefix => Self::PathPrefix(values.clone()),
            MatcherKind::PathRegexp => Self::PathPattern(
                values.iter().map(|value| pattern(matcher, value, value, false)).collect::<Result<_, _>>()?,
            ),
            MatcherKind::Method => Self::Method(values.iter().map(|v| v.to_ascii_uppercase()).collect()),
            MatcherKind::Header | MatcherKind::Headers => match values.as_slice() {
                [name, value] => Self::Header(name.clone(), value.clone()),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        })
    }

    /// Whether the rule is certain to hold. A matcher that is not emulated makes nothing certain, so that a router never
    /// answers here which might not answer behind Traefik.
    #[must_use]
    pub fn matches(&self, request: &RequestFacts<'_>) -> bool {
        self.truth(request) == Some(true)
    }

    /// Kleene's three-valued logic; `None` = unknown.
    fn truth(&self, request: &RequestFacts<'_>) -> Option<bool> {
        Some(match self {
            Self::And(parts) => return fold(parts.iter().map(|part| part.truth(request)), false),
            Self::Or(parts) => return fold(parts.iter().map(|part| part.truth(request)), true),
            Self::Not(part) => return part.truth(request).map(|truth| !truth),
            Self::Unknown => return None,
            Self::Host(hosts) => hosts.iter().any(|host| host == request.host.trim_end_matches('.')),
            Self::HostPattern(patterns) => patterns.iter().any(|p| p.is_match(request.host)),
            Self::Path(paths) => paths.iter().any(|path| path == request.path),
            Self::PathPrefix(prefixes) => prefixes.iter().any(|prefix| request.path.starts_with(prefix.as_str())),
            Self::PathPattern(patterns) => patterns.iter().any(|p| p.is_match(request.path)),
            Self::Method(methods) => methods.iter().any(|method| method == request.method),
            Self::Header(name, value) => {
                request.headers.get_all(name.as_str()).iter().any(|held| held.as_bytes() == value.as_bytes())
            }
        })
    }
}

/// The first `decisive` truth decides; otherwise one unknown makes the whole unknown.
fn fold(truths: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut whole = Some(!decisive);
    for truth in truths {
        match truth {
            Some(value) if value == decisive => return Some(decisive),
            None => whole = None,
            Some(_) => {}
        }
    }
    whole
}

/// The values as regular expressions. A template of Traefik v2 among them, or several values (which only v2 takes), make every
/// value a template; otherwise it is a pattern of v3, which is unanchored unless it says so.
fn host_patterns(matcher: &Matcher) -> Result<Vec<Regex>, PatternError> {
    let values = &matcher.values;
    let old = values.len() > 1 || values.iter().any(|value| template(value, "[^.]+").is_some());
    values
        .iter()
        .map(|value| {
            let text = if old { format!("^{}$", templated(value, "[^.]+")) } else { value.clone() };
            pattern(matcher, value, &text, true)
        })
        .collect()
}

/// Paths with templates of Traefik v2 as regular expressions that end with `end`.
fn path_patterns(matcher: &Matcher, end: &str) -> Result<Vec<Regex>, PatternError> {
    let text = |value: &str| format!("^{}{end}", templated(value, "[^/]+"));
    matcher.values.iter().map(|value| pattern(matcher, value, &text(value), false)).collect()
}

/// A template as a regular expression; plain text stands for itself.
fn templated(value: &str, wildcard: &str) -> String {
    template(value, wildcard).unwrap_or_else(|| regex::escape(value))
}

fn pattern(matcher: &Matcher, written: &str, text: &str, ignore_case: bool) -> Result<Regex, PatternError> {
    RegexBuilder::new(text).case_insensitive(ignore_case).size_limit(1 << 20).build().map_err(|e| PatternError {
        matcher: matcher.kind.name(),
        pattern: written.to_owned(),
        reason: e.to_string().lines().last().unwrap_or_default().trim().to_owned(),
    })
}

/// Turns a pattern of Traefik v2, text with `{name}` or `{name:regex}` in it, into a regular expression; `None` when the text
/// has no such part (then it is plain text, or a v3 pattern, where `{` only opens a count).
fn template(text: &str, wildcard: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(open) = rest.find('{') {
        let inner = &rest[open + 1..];
        if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        let close = closing(inner)?;
        out.push_str(&regex::escape(&rest[..open]));
        let part = &inner[..close];
        let expression = part.split_once(':').map_or(wildcard, |(_, expression)| expression);
        out.push_str(&format!("(?:{expression})"));
        rest = &inner[close + 1..];
        found = true;
    }
    out.push_str(&regex::escape(rest));
    found.then_some(out)
}

/// The offset of the `}` that closes a part, counting braces within it.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(index),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}
