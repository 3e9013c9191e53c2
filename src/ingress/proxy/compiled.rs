//! The route table with its patterns ready.

use std::collections::BTreeMap;

use regex::Regex;

use super::state::StateError;
use crate::ingress::routes::matching::{CompiledRule, RequestFacts};
use crate::ingress::routes::{EntryPoints, HeaderEdits, Middleware, Note, RouteTable, Router};

/// A table that is ready to be asked.
#[derive(Debug, Default)]
pub(super) struct CompiledTable {
    routes: Vec<Route>,
    pub entrypoints: EntryPoints,
    /// Why something is not routed; shown in the proxy's own 404.
    pub errors: Vec<Note>,
}

/// A router with its rule and middlewares ready.
#[derive(Debug)]
pub(super) struct Route {
    pub router: Router,
    rule: CompiledRule,
    pub steps: Vec<Step>,
}

/// A middleware that is ready to be applied.
#[derive(Debug)]
pub(super) enum Step {
    RedirectScheme { scheme: String, port: String, permanent: bool },
    RedirectRegex { regex: Regex, replacement: String, permanent: bool },
    StripPrefix { prefixes: Vec<String>, force_slash: bool },
    StripPrefixRegex { regexes: Vec<Regex> },
    AddPrefix { prefix: String },
    ReplacePath { path: String },
    ReplacePathRegex { regex: Regex, replacement: String },
    Headers(HeaderEdits),
    BasicAuth { realm: String },
}

impl CompiledTable {
    pub(super) fn new(table: RouteTable) -> Result<Self, StateError> {
        let errors = table.errors().cloned().collect::<Vec<_>>();
        let routes =
            table.routers.into_iter().map(|router| Route::new(router, &table.middlewares)).collect::<Result<_, _>>()?;
        Ok(Self { routes, entrypoints: table.entrypoints, errors })
    }

    /// The first router, in order of priority, that answers the request on this listener.
    pub(super) fn find(&self, facts: &RequestFacts<'_>, tls: bool) -> Option<&Route> {
        self.routes.iter().find(|route| {
            let router = &route.router;
            let over_tls = router.tls || (tls && self.entrypoints.tls_by_default);
            over_tls == tls && self.entrypoints.serves(&router.entrypoints, tls) && route.rule.matches(facts)
        })
    }
}

impl Route {
    fn new(router: Router, middlewares: &BTreeMap<String, Middleware>) -> Result<Self, StateError> {
        let rule = CompiledRule::new(&router.rule)
            .map_err(|e| StateError { name: router.name.clone(), reason: e.to_string() })?;
        let mut steps = Vec::new();
        for name in &router.middlewares {
            let middleware = middlewares.get(name).ok_or_else(|| StateError {
                name: name.clone(),
                reason: format!("not in the table, though the router '{}' uses it", router.name),
            })?;
            steps.extend(step(name, middleware)?);
        }
        Ok(Self { router, rule, steps })
    }
}

fn step(name: &str, middleware: &Middleware) -> Result<Option<Step>, StateError> {
    let compile = |text: &str| {
        Regex::new(text).map_err(|e| StateError { name: name.to_owned(), reason: format!("the pattern '{text}': {e}") })
    };
    Ok(Some(match middleware {
        Middleware::RedirectScheme { scheme, port, permanent } => {
            Step::RedirectScheme { scheme: scheme.clone(), port: port.clone(), permanent: *permanent }
        }
        Middleware::RedirectRegex { regex, replacement, permanent } => {
            Step::RedirectRegex { regex: compile(regex)?, replacement: replacement.clone(), permanent: *permanent }
        }
        Middleware::StripPrefix { prefixes, force_slash } => {
            Step::StripPrefix { prefixes: prefixes.clone(), force_slash: *force_slash }
        }
        Middleware::StripPrefixRegex { regex } => {
            Step::StripPrefixRegex { regexes: regex.iter().map(|text| compile(text)).collect::<Result<_, _>>()? }
        }
        Middleware::AddPrefix { prefix } => Step::AddPrefix { prefix: prefix.clone() },
        Middleware::ReplacePath { path } => Step::ReplacePath { path: path.clone() },
        Middleware::ReplacePathRegex { regex, replacement } => {
            Step::ReplacePathRegex { regex: compile(regex)?, replacement: replacement.clone() }
        }
        Middleware::Headers(edits) => Step::Headers(edits.clone()),
        Middleware::BasicAuth { realm } => Step::BasicAuth { realm: realm.clone() },
        // Chains are laid open when the table is made.
        Middleware::Chain { .. } | Middleware::NotEmulated { .. } => return Ok(None),
    }))
}
