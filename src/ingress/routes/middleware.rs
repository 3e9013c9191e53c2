//! Middlewares: the ones that change an answer, read from labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::traefik::{self, Protocol, boolean, list};

/// A middleware.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Middleware {
    /// Redirects to another scheme.
    RedirectScheme {
        /// The scheme to go to.
        scheme: String,
        /// The port to go to; empty = the scheme's own.
        port: String,
        /// 301 or 308 rather than 302 or 307.
        permanent: bool,
    },
    /// Redirects a URL that fits a pattern.
    RedirectRegex {
        /// The pattern, over the whole URL.
        regex: String,
        /// The new URL; `$1` and `${1}` are groups.
        replacement: String,
        /// 301 or 308 rather than 302 or 307.
        permanent: bool,
    },
    /// Takes the first prefix that fits off the path.
    StripPrefix {
        /// The prefixes.
        prefixes: Vec<String>,
        /// Always leave a leading slash.
        force_slash: bool,
    },
    /// Takes what fits off the beginning of the path.
    StripPrefixRegex {
        /// The patterns.
        regex: Vec<String>,
    },
    /// Puts a prefix before the path.
    AddPrefix {
        /// The prefix.
        prefix: String,
    },
    /// Replaces the path.
    ReplacePath {
        /// The new path.
        path: String,
    },
    /// Replaces what fits in the path.
    ReplacePathRegex {
        /// The pattern.
        regex: String,
        /// The replacement.
        replacement: String,
    },
    /// Sets and removes headers.
    Headers(HeaderEdits),
    /// Asks for a password. Passwords are not checked: the answer is always 401.
    BasicAuth {
        /// The realm in the challenge.
        realm: String,
    },
    /// Several middlewares, in order.
    Chain {
        /// Their names.
        middlewares: Vec<String>,
    },
    /// A kind that is not emulated: the request passes unchanged.
    NotEmulated {
        /// The kind, as the label spells it.
        kind: String,
    },
}

/// What a `headers` middleware does. An empty value removes the header.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderEdits {
    /// Headers of the request, by name.
    pub request: BTreeMap<String, String>,
    /// Headers of the response, by name.
    pub response: BTreeMap<String, String>,
    /// `Strict-Transport-Security`; sent over TLS, or always when forced.
    pub sts: Option<String>,
    /// Send `Strict-Transport-Security` without TLS too.
    pub force_sts: bool,
}

/// What the labels of one middleware give.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The middleware.
    pub middleware: Middleware,
    /// Options that are not emulated, by their path below the kind.
    pub not_emulated: Vec<String>,
}

/// Why Traefik refuses a middleware.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The path below the middleware's name, as written.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The labels cannot even be read: Traefik then ignores every label of the service, not only the middleware.
    pub whole_service: bool,
}

impl Refusal {
    fn decode(path: &str, message: String) -> Self {
        Self { path: path.to_owned(), message, whole_service: true }
    }

    fn build(path: &str, message: String) -> Self {
        Self { path: path.to_owned(), message, whole_service: false }
    }
}

/// Reads one middleware from the labels below `traefik.http.middlewares.<name>.`: (path in lower case, path as written, value).
///
/// # Errors
/// What Traefik refuses.
pub(super) fn parse(fields: &[(String, String, String)]) -> Result<Parsed, Refusal> {
    let kind_of = |path: &str| path.split(['.', '[']).next().unwrap_or_default().to_owned();
    let Some((first, written, _)) = fields.first() else {
        return Err(Refusal::decode("", "the middleware has no kind".into()));
    };
    let kind = kind_of(first);
    if let Some((_, other, _)) = fields.iter().find(|(path, ..)| kind_of(path) != kind) {
        return Err(Refusal::build(
            other,
            "a middleware can have only one kind: give the second a name of its own".into(),
        ));
    }
    let known = traefik::middleware_kind(Protocol::Http, &kind);
    let mut reader = Reader { kind: &kind, fields, used: Vec::new() };
    let middleware = match kind.as_str() {
        "redirectscheme" => Middleware::RedirectScheme {
            scheme: reader.required("scheme")?,
            port: reader.text("port"),
            permanent: reader.flag("permanent")?,
        },
        "redirectregex" => Middleware::RedirectRegex {
            regex: reader.pattern("regex")?,
            replacement: reader.text("replacement"),
            permanent: reader.flag("permanent")?,
        },
        "stripprefix" => {
            Middleware::StripPrefix { prefixes: reader.list("prefixes"), force_slash: reader.flag("forceslash")? }
        }
        "stripprefixregex" => Middleware::StripPrefixRegex { regex: reader.patterns("regex")? },
        "addprefix" => Middleware::AddPrefix { prefix: reader.required("prefix")? },
        "replacepath" => Middleware::ReplacePath { path: reader.text("path") },
        "replacepathregex" => {
            Middleware::ReplacePathRegex { regex: reader.pattern("regex")?, replacement: reader.text("replacement") }
        }
        "headers" => Middleware::Headers(reader.headers()?),
        "basicauth" => {
            reader.ignore(&["users", "usersfile", "removeheader", "headerfield"]);
            let realm = reader.text("realm");
            Middleware::BasicAuth { realm: if realm.is_empty() { "traefik".into() } else { realm } }
        }
        "chain" => Middleware::Chain { middlewares: reader.list("middlewares") },
        _ if known.is_some() => {
            return Ok(Parsed { middleware: Middleware::NotEmulated { kind }, not_emulated: Vec::new() });
        }
        other => return Err(Refusal::decode(written, format!("Traefik has no middleware '{other}'"))),
    };
    let rest = reader.rest();
    if let Some((_, written, _)) = rest.iter().find(|_| kind != "headers") {
        return Err(Refusal::decode(written, format!("the middleware {kind} has no such option")));
    }
    Ok(Parsed { middleware, not_emulated: rest.into_iter().map(|(_, written, _)| written).collect() })
}

struct Reader<'f> {
    kind: &'f str,
    fields: &'f [(String, String, String)],
    used: Vec<String>,
}

impl Reader<'_> {
    fn take(&mut self, name: &str) -> Option<(String, String)> {
        let path = format!("{}.{name}", self.kind);
        self.used.push(path.clone());
        self.fields
            .iter()
            .find(|(lower, ..)| *lower == path)
            .map(|(_, written, value)| (written.clone(), value.clone()))
    }

    fn text(&mut self, name: &str) -> String {
        self.take(name).map(|(_, value)| value).unwrap_or_default()
    }

    fn required(&mut self, name: &str) -> Result<String, Refusal> {
        match self.take(name) {
            Some((_, value)) if !value.is_empty() => Ok(value),
            Some((written, _)) => Err(Refusal::build(&written, format!("{name} is empty"))),
            None => Err(Refusal::build(self.kind, format!("{name} is missing"))),
        }
    }

    fn flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.take(name) {
            Some((written, value)) => {
                boolean(&value).ok_or_else(|| Refusal::decode(&written, format!("'{value}' is neither true nor false")))
            }
            None => Ok(false),
        }
    }

    fn list(&mut self, name: &str) -> Vec<String> {
        let mut items: Vec<String> = list(&self.text(name)).map(str::to_owned).collect();
        let indexed = format!("{}.{name}[", self.kind);
        for (lower, _, value) in self.fields.iter().filter(|(lower, ..)| lower.starts_with(&indexed)) {
            self.used.push(lower.clone());
            items.push(value.clone());
        }
        items
    }

    fn pattern(&mut self, name: &str) -> Result<String, Refusal> {
        let text = self.required(name)?;
        self.check_pattern(name, &text)?;
        Ok(text)
    }

    fn patterns(&mut self, name: &str) -> Result<Vec<String>, Refusal> {
        let all = self.list(name);
        for text in &all {
            self.check_pattern(name, text)?;
        }
        Ok(all)
    }

    fn check_pattern(&self, name: &str, text: &str) -> Result<(), Refusal> {
        regex::Regex::new(text).map(|_| ()).map_err(|e| {
            let reason = e.to_string().lines().last().unwrap_or_default().trim().to_owned();
            Refusal::build(&format!("{}.{name}", self.kind), format!("the pattern '{text}' does not compile: {reason}"))
        })
    }

    fn ignore(&mut self, names: &[&str]) {
        for name in names {
            drop(self.list(name));
        }
    }

    fn rest(self) -> Vec<(String, String, String)> {
        self.fields.iter().filter(|(lower, ..)| !self.used.contains(lower)).cloned().collect()
    }

    fn map(&mut self, name: &str) -> BTreeMap<String, String> {
        let prefix = format!("{}.{name}.", self.kind);
        let mut map = BTreeMap::new();
        for (lower, written, value) in self.fields.iter().filter(|(lower, ..)| lower.starts_with(&prefix)) {
            self.used.push(lower.clone());
            map.insert(written.get(prefix.len()..).unwrap_or_default().to_owned(), value.clone());
        }
        map
    }

    /// The custom headers, and the shorthands that set a response header (documentation of the `headers` middleware).
    fn headers(&mut self) -> Result<HeaderEdits, Refusal> {
        let mut edits = HeaderEdits {
            request: self.map("customrequestheaders"),
            response: self.map("customresponseheaders"),
            ..HeaderEdits::default()
        };
        let mut set = |name: &str, value: String| {
            edits.response.entry(name.to_owned()).or_insert(value);
        };
        if self.flag("framedeny")? {
            set("X-Frame-Options", "DENY".into());
        }
        if self.flag("contenttypenosniff")? {
            set("X-Content-Type-Options", "nosniff".into());
        }
        if self.flag("browserxssfilter")? {
            set("X-XSS-Protection", "1; mode=block".into());
        }
        for (option, header) in [
            ("customframeoptionsvalue", "X-Frame-Options"),
            ("contentsecuritypolicy", "Content-Security-Policy"),
            ("contentsecuritypolicyreportonly", "Content-Security-Policy-Report-Only"),
            ("referrerpolicy", "Referrer-Policy"),
            ("permissionspolicy", "Permissions-Policy"),
            ("custombrowserxssvalue", "X-XSS-Protection"),
        ] {
            let value = self.text(option);
            if !value.is_empty() {
                set(header, value);
            }
        }
        edits.force_sts = self.flag("forcestsheader")?;
        let (subdomains, preload) = (self.flag("stsincludesubdomains")?, self.flag("stspreload")?);
        if let Some((written, value)) = self.take("stsseconds") {
            let seconds: u64 = value
                .parse()
                .map_err(|_| Refusal::decode(&written, format!("'{value}' is not a number of seconds")))?;
            let tail = format!(
                "{}{}",
                if subdomains { "; includeSubDomains" } else { "" },
                if preload { "; preload" } else { "" }
            );
            edits.sts = (seconds > 0).then(|| format!("max-age={seconds}{tail}"));
        }
        Ok(edits)
    }
}
