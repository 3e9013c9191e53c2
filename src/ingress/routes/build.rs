//! From the labels of every service to one table, in the way of Traefik's swarm provider: what it drops, this drops, with a note.

use std::collections::BTreeMap;

use super::labels::{self, LoadBalancer, RouterLabels, ServiceLabels};
use super::matching::CompiledRule;
use super::middleware::Middleware;
use super::note::{Note, NoteCode, Severity};
use super::rule::{MatcherKind, Rule};
use super::{Backend, Options, RouteTable, Router, network, parser, tcp};
use crate::compose::project::Project;

/// A Traefik service: its settings, and the compose services whose tasks stand behind it.
#[derive(Debug)]
struct Target {
    balancer: LoadBalancer,
    backends: Vec<Backend>,
}

/// What the services of a project define together, while the table is made.
pub(super) struct Build<'p> {
    project: &'p Project,
    options: &'p Options,
    targets: BTreeMap<String, Target>,
    routers: Vec<(String, String, RouterLabels)>,
    table: RouteTable,
}

/// Makes the table.
pub(super) fn build(project: &Project, options: &Options) -> RouteTable {
    let table = RouteTable { entrypoints: options.entrypoints.clone(), ..RouteTable::default() };
    let mut build = Build { project, options, targets: BTreeMap::new(), routers: Vec::new(), table };
    for (name, service) in project.services() {
        if let Some(label) = service.labels.keys().find(|key| key.to_lowercase().starts_with("traefik.")) {
            let message = "stands under labels: of the service, which Traefik does not read in swarm mode: move it under \
                           deploy: labels:";
            build.note(NoteCode::ServiceLevelLabels, Severity::Warning, name, Some(label.clone()), message.into());
        }
        let labels = labels::decode(name, &service.deploy.labels);
        build.service(name, labels);
    }
    build.routers();
    build.same_rules();
    build.table.routers.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.name.cmp(&b.name)));
    build.table.tcp_routers.sort_by(|a, b| a.name.cmp(&b.name));
    build.table
}

impl Build<'_> {
    fn service(&mut self, name: &str, mut labels: ServiceLabels) {
        if labels.enabled != Some(true) {
            // Traefik leaves the service out before it reads its labels: what is wrong with them breaks nothing.
            for note in labels.notes.iter_mut().filter(|note| note.label.as_deref() != Some("traefik.enable")) {
                note.severity = note.severity.min(Severity::Warning);
            }
        }
        self.table.notes.append(&mut labels.notes);
        if labels.enabled != Some(true) {
            if labels.asks_for_routes && labels.enabled.is_none() {
                let message = "has Traefik labels but no traefik.enable=true: it is not routed";
                self.note(NoteCode::NotEnabled, Severity::Warning, name, None, message.into());
            }
            return;
        }
        if labels.refused {
            return;
        }
        let tcp_only = (!labels.tcp_routers.is_empty() || !labels.tcp_services.is_empty())
            && labels.routers.is_empty()
            && labels.services.is_empty()
            && labels.middlewares.is_empty();
        let full_name = format!("{}_{name}", self.options.stack);
        if !tcp_only && labels.services.is_empty() {
            labels.services.insert(full_name.clone(), LoadBalancer::default());
        }
        if let Some(label) = missing_port(&labels) {
            let message = "no port: swarm tells Traefik nothing about ports, and Traefik then ignores every label of the \
                           service; add this label with the container's port";
            self.note(NoteCode::NoPort, Severity::Error, name, Some(label), message.into());
            return;
        }
        let attached = match self.project.services.get(name) {
            Some(service) => network::attached(self.project, name, service, &labels, self.options),
            None => Ok(()),
        };
        let is_attached = attached.is_ok();
        self.table.notes.extend(attached.err());
        let backend = |balancer: &LoadBalancer| Backend {
            service: name.to_owned(),
            port: balancer.port.unwrap_or_default(),
            scheme: balancer.scheme,
            attached: is_attached,
        };
        let (routers, notes) = tcp::routers(name, &labels, &self.options.entrypoints, backend);
        self.table.tcp_routers.extend(routers);
        self.table.notes.extend(notes);
        if tcp_only {
            return;
        }
        self.name_services(name, &full_name, &mut labels);
        for (target, balancer) in &labels.services {
            self.target(name, target, balancer, backend(balancer));
        }
        for (middleware, definition) in labels.middlewares {
            self.middleware(name, middleware, definition);
        }
        self.routers.extend(labels.routers.into_iter().map(|(router, labels)| (name.to_owned(), router, labels)));
    }

    /// Gives every router its service and rule, as Traefik does for labels that leave them out.
    fn name_services(&mut self, name: &str, full_name: &str, labels: &mut ServiceLabels) {
        if labels.routers.is_empty() && labels.services.len() == 1 {
            labels.routers.insert(full_name.to_owned(), RouterLabels::default());
        }
        let only = (labels.services.len() == 1).then(|| labels.services.keys().next().cloned()).flatten();
        let default_rule = format!("Host(`{}`)", normalise(full_name));
        let mut dropped = Vec::new();
        for (router, router_labels) in &mut labels.routers {
            if router_labels.rule.trim().is_empty() {
                router_labels.rule.clone_from(&default_rule);
                let label = format!("traefik.http.routers.{router}.rule");
                let message = format!("missing or empty: Traefik takes its default rule, {default_rule}");
                self.table.notes.push(note(NoteCode::DefaultRule, Severity::Warning, name, Some(label), message));
            }
            if router_labels.service.is_empty() {
                match &only {
                    Some(only) => router_labels.service.clone_from(only),
                    None => dropped.push(router.clone()),
                }
            }
        }
        for router in dropped {
            labels.routers.remove(&router);
            let label = Some(format!("traefik.http.routers.{router}.service"));
            let names: Vec<&str> = labels.services.keys().map(String::as_str).collect();
            let message =
                format!("the service has {}, so the router must name one: it is not routed", names.join(" and "));
            self.note(NoteCode::UndefinedService, Severity::Error, name, label, message);
        }
    }

    fn target(&mut self, service: &str, target: &str, balancer: &LoadBalancer, backend: Backend) {
        let Some(known) = self.targets.get_mut(target) else {
            let target_value = Target { balancer: balancer.clone(), backends: vec![backend] };
            self.targets.insert(target.to_owned(), target_value);
            return;
        };
        let label = Some(format!("traefik.http.services.{target}"));
        let other = known.backends.first().map(|backend| backend.service.clone()).unwrap_or_default();
        if known.balancer.pass_host_header == balancer.pass_host_header {
            known.backends.push(backend);
            let message = format!("service {other} defines '{target}' too: Traefik spreads requests over both");
            self.note(NoteCode::Conflict, Severity::Warning, service, label, message);
        } else {
            self.targets.remove(target);
            let message = format!("service {other} defines '{target}' differently: Traefik drops both");
            self.note(NoteCode::Conflict, Severity::Error, service, label, message);
        }
    }

    fn middleware(&mut self, service: &str, name: String, definition: Middleware) {
        match self.table.middlewares.get(&name) {
            Some(known) if *known != definition => {
                let label = Some(format!("traefik.http.middlewares.{name}"));
                let message = format!("another service defines '{name}' differently: Traefik drops both");
                self.table.middlewares.remove(&name);
                self.note(NoteCode::Conflict, Severity::Error, service, label, message);
            }
            _ => {
                self.table.middlewares.insert(name, definition);
            }
        }
    }

    fn routers(&mut self) {
        let mut seen: BTreeMap<String, (String, RouterLabels)> = BTreeMap::new();
        let mut clashes = Vec::new();
        for (service, name, labels) in std::mem::take(&mut self.routers) {
            match seen.get(&name) {
                None => {
                    seen.insert(name, (service, labels));
                }
                Some((_, known)) if *known == labels => {}
                Some((other, _)) => {
                    let label = Some(format!("traefik.http.routers.{name}"));
                    let message = format!("service {other} defines '{name}' differently: Traefik drops both");
                    self.table.notes.push(note(NoteCode::Conflict, Severity::Error, &service, label, message));
                    clashes.push(name);
                }
            }
        }
        for name in clashes {
            seen.remove(&name);
        }
        for (name, (service, labels)) in seen {
            match self.router(&service, &name, &labels) {
                Ok(router) => self.table.routers.push(router),
                Err(reason) => self.table.notes.push(reason),
            }
        }
    }

    fn router(&mut self, service: &str, name: &str, labels: &RouterLabels) -> Result<Router, Note> {
        let label = |field: &str| Some(format!("traefik.http.routers.{name}.{field}"));
        let refuse = |code, field: &str, message| note(code, Severity::Error, service, label(field), message);
        let rule = parser::parse_http(&labels.rule).map_err(|e| {
            refuse(NoteCode::BadRule, "rule", format!("{e}, in {}: the router is not routed", labels.rule))
        })?;
        CompiledRule::new(&rule)
            .map_err(|e| refuse(NoteCode::BadRule, "rule", format!("{e}: the router is not routed")))?;
        let target = match split_provider(&labels.service) {
            (name, None) => name,
            (_, Some(provider)) => {
                let message =
                    format!("the service is of the provider '{provider}', which is not emulated: not routed here");
                return Err(note(NoteCode::OtherProvider, Severity::Warning, service, label("service"), message));
            }
        };
        let Some(found) = self.targets.get(target) else {
            let message = format!("no service '{target}' is defined, or it was dropped: the router is not routed");
            return Err(refuse(NoteCode::UndefinedService, "service", message));
        };
        let router = Router {
            name: name.to_owned(),
            service: service.to_owned(),
            text: labels.rule.clone(),
            priority: match labels.priority {
                0 => i64::try_from(labels.rule.len()).unwrap_or(i64::MAX),
                priority => priority,
            },
            rule,
            entrypoints: labels.entrypoints.clone(),
            tls: labels.tls,
            middlewares: Vec::new(),
            target: target.to_owned(),
            backends: found.backends.clone(),
            pass_host_header: found.balancer.pass_host_header,
        };
        let middlewares =
            self.resolve(service, &labels.middlewares, &mut Vec::new()).map_err(|(middleware, why)| {
                let message = format!("the middleware '{middleware}' {why}: the router is not routed");
                refuse(NoteCode::UndefinedMiddleware, "middlewares", message)
            })?;
        self.remarks(&router);
        Ok(Router { middlewares, ..router })
    }

    /// Names of middlewares with chains laid open; those of other providers fall out with a note.
    fn resolve(
        &mut self,
        service: &str,
        names: &[String],
        above: &mut Vec<String>,
    ) -> Result<Vec<String>, (String, &'static str)> {
        let mut resolved = Vec::new();
        for written in names {
            let (name, provider) = split_provider(written);
            if let Some(provider) = provider {
                let message =
                    format!("the middleware '{written}' is of the provider '{provider}', which is not emulated");
                self.note(NoteCode::OtherProvider, Severity::Info, service, None, message);
                continue;
            }
            if above.iter().any(|outer| outer == name) {
                return Err((name.to_owned(), "is part of itself"));
            }
            match self.table.middlewares.get(name).cloned() {
                None => return Err((name.to_owned(), "is not defined, or was refused")),
                Some(Middleware::Chain { middlewares }) => {
                    above.push(name.to_owned());
                    resolved.extend(self.resolve(service, &middlewares, above)?);
                    above.pop();
                }
                Some(_) => resolved.push(name.to_owned()),
            }
        }
        Ok(resolved)
    }

    fn remarks(&mut self, router: &Router) {
        let mut remarks: Vec<(NoteCode, Severity, &str, String)> = Vec::new();
        for (matcher, _) in router.rule.matchers() {
            let name = matcher.kind.name();
            if !matcher.kind.is_emulated() {
                let message = format!("{name} is not emulated: a request that hangs on it does not match here");
                remarks.push((NoteCode::RuleNotEmulated, Severity::Info, "rule", message));
            }
            if matcher.values.len() > 1 && !matches!(matcher.kind, MatcherKind::Header | MatcherKind::Headers) {
                let message = format!("several values in one {name} need the rule syntax of Traefik 2");
                remarks.push((NoteCode::RuleNotEmulated, Severity::Info, "rule", message));
            }
            if matcher.values.iter().any(String::is_empty) {
                remarks.push((NoteCode::BadRule, Severity::Warning, "rule", format!("{name} has an empty value")));
            }
        }
        let points = &self.options.entrypoints;
        for unknown in router.entrypoints.iter().filter(|name| !points.knows(name)) {
            let known: Vec<&str> = points.http.iter().chain(&points.https).map(String::as_str).collect();
            let message = format!("the entry point '{unknown}' is not served here, only {}", known.join(", "));
            remarks.push((NoteCode::UnknownEntryPoint, Severity::Warning, "entrypoints", message));
        }
        let (plain, tls) = (points.serves(&router.entrypoints, false), points.serves(&router.entrypoints, true));
        if tls && !router.tls && !points.tls_by_default {
            let message =
                "missing: the router does not answer HTTPS, Traefik's 404 does; set tls.certresolver or tls=true";
            remarks.push((NoteCode::Tls, Severity::Warning, "tls", message.into()));
        } else if plain && !tls && router.tls {
            let message = "set on a router whose entry point has no TLS: it never matches";
            remarks.push((NoteCode::Tls, Severity::Warning, "tls", message.into()));
        } else if plain && !tls && points.redirect_to_https {
            let message = "this entry point redirects every request to HTTPS before the router is asked";
            remarks.push((NoteCode::UnknownEntryPoint, Severity::Info, "entrypoints", message.into()));
        }
        for (code, severity, field, message) in remarks {
            let label = Some(format!("traefik.http.routers.{}.{field}", router.name));
            self.note(code, severity, &router.service, label, message);
        }
    }

    fn same_rules(&mut self) {
        let points = &self.table.entrypoints;
        let mut found = Vec::new();
        for (index, router) in self.table.routers.iter().enumerate() {
            for other in self.table.routers.iter().take(index) {
                let meet = [false, true]
                    .into_iter()
                    .any(|tls| points.serves(&router.entrypoints, tls) && points.serves(&other.entrypoints, tls));
                if router.rule == other.rule && router.tls == other.tls && router.priority == other.priority && meet {
                    found.push((router.service.clone(), router.name.clone(), other.name.clone()));
                }
            }
        }
        for (service, name, other) in found {
            let label = Some(format!("traefik.http.routers.{name}.rule"));
            let message = format!("the router '{other}' has the same rule: only one of them can answer");
            self.note(NoteCode::SameRule, Severity::Warning, &service, label, message);
        }
    }

    fn note(&mut self, code: NoteCode, severity: Severity, service: &str, label: Option<String>, message: String) {
        self.table.notes.push(note(code, severity, service, label, message));
    }
}

pub(super) fn note(code: NoteCode, severity: Severity, service: &str, label: Option<String>, message: String) -> Note {
    Note { code, severity, service: service.to_owned(), label, message }
}

/// The label that would give the first missing port.
fn missing_port(labels: &ServiceLabels) -> Option<String> {
    let without = |services: &BTreeMap<String, LoadBalancer>, protocol: &str| {
        let (name, _) = services.iter().find(|(_, balancer)| balancer.port.is_none())?;
        Some(format!("traefik.{protocol}.services.{name}.loadbalancer.server.port"))
    };
    without(&labels.services, "http").or_else(|| without(&labels.tcp_services, "tcp"))
}

/// A name and its provider; the swarm provider's own suffixes count as none.
fn split_provider(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((name, "docker" | "swarm")) => (name, None),
        Some((name, provider)) => (name, Some(provider)),
        None => (name, None),
    }
}

/// Traefik's `normalize`: runs of anything but letters and digits become one hyphen.
fn normalise(name: &str) -> String {
    name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Whether a rule of a TCP router matches every connection.
pub(super) fn is_catch_all(rule: &Rule) -> bool {
    rule.matchers().iter().any(|(matcher, negated)| !negated && matcher.values.iter().any(|value| value == "*"))
}
