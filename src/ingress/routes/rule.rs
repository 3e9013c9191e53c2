//! A router's rule as a tree.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A parsed rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Every part holds.
    And(Vec<Rule>),
    /// Some part holds.
    Or(Vec<Rule>),
    /// The part does not hold.
    Not(Box<Rule>),
    /// One matcher; several values mean "one of them", except where the kind takes a key and a value.
    Matcher(Matcher),
}

/// One matcher with its values, such as ``Host(`a.example.com`)``.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matcher {
    /// What is looked at.
    pub kind: MatcherKind,
    /// The values, unquoted.
    pub values: Vec<String>,
}

/// The matchers of Traefik v2 and v3 (its documentation, "Rules & Priority").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MatcherKind {
    /// The request's host.
    Host,
    /// The request's host, the older name.
    HostHeader,
    /// The request's host, by pattern.
    HostRegexp,
    /// The whole path.
    Path,
    /// The beginning of the path.
    PathPrefix,
    /// The path, by pattern.
    PathRegexp,
    /// The request's method.
    Method,
    /// A header's value (v3).
    Header,
    /// A header's value (v2).
    Headers,
    /// A header's value, by pattern (v3); not emulated.
    HeaderRegexp,
    /// A header's value, by pattern (v2); not emulated.
    HeadersRegexp,
    /// A query parameter; not emulated.
    Query,
    /// A query parameter, by pattern; not emulated.
    QueryRegexp,
    /// The client's address; not emulated, because our client is not the operator's.
    ClientIP,
    /// TCP: the name in the TLS handshake.
    HostSNI,
    /// TCP: the name in the TLS handshake, by pattern.
    HostSNIRegexp,
    /// TCP: the protocol negotiated in the TLS handshake.
    ALPN,
}

impl MatcherKind {
    /// Every matcher of HTTP routers.
    pub const HTTP: &[Self] = &[
        Self::Host,
        Self::HostHeader,
        Self::HostRegexp,
        Self::Path,
        Self::PathPrefix,
        Self::PathRegexp,
        Self::Method,
        Self::Header,
        Self::Headers,
        Self::HeaderRegexp,
        Self::HeadersRegexp,
        Self::Query,
        Self::QueryRegexp,
        Self::ClientIP,
    ];
    /// Every matcher of TCP routers.
    pub const TCP: &[Self] = &[Self::HostSNI, Self::HostSNIRegexp, Self::ClientIP, Self::ALPN];

    /// The name as Traefik writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::HostHeader => "HostHeader",
            Self::HostRegexp => "HostRegexp",
            Self::Path => "Path",
            Self::PathPrefix => "PathPrefix",
            Self::PathRegexp => "PathRegexp",
            Self::Method => "Method",
            Self::Header => "Header",
            Self::Headers => "Headers",
            Self::HeaderRegexp => "HeaderRegexp",
            Self::HeadersRegexp => "HeadersRegexp",
            Self::Query => "Query",
            Self::QueryRegexp => "QueryRegexp",
            Self::ClientIP => "ClientIP",
            Self::HostSNI => "HostSNI",
            Self::HostSNIRegexp => "HostSNIRegexp",
            Self::ALPN => "ALPN",
        }
    }

    /// How many values it takes: at least, at most.
    #[must_use]
    pub fn arity(self) -> (usize, usize) {
        match self {
            Self::Header | Self::HeaderRegexp => (2, 2),
            Self::Headers | Self::HeadersRegexp => (2, 2),
            Self::QueryRegexp => (1, 2),
            _ => (1, usize::MAX),
        }
    }

    /// Whether the proxy evaluates it. One that it does not evaluate never makes a router match.
    #[must_use]
    pub fn is_emulated(self) -> bool {
        !matches!(
            self,
            Self::HeaderRegexp | Self::HeadersRegexp | Self::Query | Self::QueryRegexp | Self::ClientIP | Self::ALPN
        )
    }
}

impl Rule {
    /// Every matcher of the rule, in the order of the text, with whether it stands under an odd number of `!`.
    #[must_use]
    pub fn matchers(&self) -> Vec<(&Matcher, bool)> {
        fn walk<'r>(rule: &'r Rule, negated: bool, found: &mut Vec<(&'r Matcher, bool)>) {
            match rule {
                Rule::And(parts) | Rule::Or(parts) => parts.iter().for_each(|part| walk(part, negated, found)),
                Rule::Not(part) => walk(part, !negated, found),
                Rule::Matcher(matcher) => found.push((matcher, negated)),
            }
        }
        let mut found = Vec::new();
        walk(self, false, &mut found);
        found
    }

    /// The hosts that the rule asks for by name, in lower case; patterns and excluded hosts are not among them.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<String> {
        self.matchers()
            .into_iter()
            .filter(|(matcher, negated)| {
                !negated && matches!(matcher.kind, MatcherKind::Host | MatcherKind::HostHeader | MatcherKind::HostSNI)
            })
            .flat_map(|(matcher, _)| matcher.values.iter())
            .map(|host| host.trim_end_matches('.').to_ascii_lowercase())
            .filter(|host| !host.is_empty() && !host.contains('*'))
            .collect()
    }

    /// A path that the rule asks for: the first `PathPrefix` or `Path` without a pattern, else `/`.
    #[must_use]
    pub fn sample_path(&self) -> &str {
        self.matchers()
            .into_iter()
            .filter(|(matcher, negated)| {
                !negated && matches!(matcher.kind, MatcherKind::Path | MatcherKind::PathPrefix)
            })
            .filter_map(|(matcher, _)| matcher.values.first())
            .find(|path| !path.contains('{'))
            .map_or("/", String::as_str)
    }
}
