//! The labels of one service, read as Traefik reads them: keys in any case, lists separated by commas.

use std::collections::BTreeMap;

use super::Scheme;
use super::middleware::{self, Middleware};
use super::note::{Note, NoteCode, Severity};
use crate::traefik::{self, Protocol, boolean, list};

/// What the labels of one service ask for.
#[derive(Debug, Default)]
pub(super) struct ServiceLabels {
    /// `traefik.enable`, when it is there.
    pub enabled: Option<bool>,
    /// There are labels below `traefik.http`, `.tcp` or `.udp`.
    pub asks_for_routes: bool,
    /// The network on which Traefik shall reach the service: (label, name).
    pub network: Option<(String, String)>,
    /// HTTP routers by name.
    pub routers: BTreeMap<String, RouterLabels>,
    /// HTTP services by name.
    pub services: BTreeMap<String, LoadBalancer>,
    /// HTTP middlewares by name.
    pub middlewares: BTreeMap<String, Middleware>,
    /// TCP routers by name.
    pub tcp_routers: BTreeMap<String, RouterLabels>,
    /// TCP services by name.
    pub tcp_services: BTreeMap<String, LoadBalancer>,
    /// Traefik cannot read the labels, and ignores them all.
    pub refused: bool,
    /// Remarks.
    pub notes: Vec<Note>,
}

/// What the labels of one router say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RouterLabels {
    pub rule: String,
    pub entrypoints: Vec<String>,
    pub service: String,
    pub priority: i64,
    pub tls: bool,
    pub passthrough: bool,
    pub middlewares: Vec<String>,
}

/// What the labels of one service say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoadBalancer {
    pub port: Option<u16>,
    pub scheme: Scheme,
    pub pass_host_header: bool,
}

impl Default for LoadBalancer {
    fn default() -> Self {
        Self { port: None, scheme: Scheme::Http, pass_host_header: true }
    }
}

/// Reads the labels of one service.
pub(super) fn decode(service: &str, labels: &BTreeMap<String, String>) -> ServiceLabels {
    let mut decoder = Decoder { service, out: ServiceLabels::default(), middlewares: BTreeMap::new() };
    for (key, value) in labels {
        let mut parts = key.splitn(2, '.');
        if parts.next().is_some_and(|root| root.eq_ignore_ascii_case("traefik")) {
            decoder.label(key, parts.next().unwrap_or_default(), value);
        }
    }
    decoder.finish()
}

struct Decoder<'s> {
    service: &'s str,
    out: ServiceLabels,
    middlewares: BTreeMap<String, Vec<(String, String, String)>>,
}

impl Decoder<'_> {
    fn label(&mut self, key: &str, path: &str, value: &str) {
        let parts: Vec<&str> = path.splitn(4, '.').collect();
        let lower: Vec<String> = parts.iter().map(|part| part.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        if matches!(lower.first(), Some(&("http" | "tcp" | "udp"))) {
            self.out.asks_for_routes = true;
        }
        match (lower.as_slice(), parts.as_slice()) {
            (["enable"], _) => match boolean(value) {
                Some(enabled) => self.out.enabled = Some(enabled),
                None => self.refuse(key, NoteCode::BadValue, format!("'{value}' is neither true nor false")),
            },
            (["docker" | "swarm", "network"], _) => self.out.network = Some((key.to_owned(), value.to_owned())),
            (["docker" | "swarm", "lbswarm"], _) => {
                self.note(
                    key,
                    NoteCode::NotEmulated,
                    Severity::Info,
                    "requests go to the tasks, not to the virtual IP".into(),
                );
            }
            (["http", "routers", _, field], [.., name, _]) => self.router(key, name, field, value, false),
            (["tcp", "routers", _, field], [.., name, _]) => self.router(key, name, field, value, true),
            (["http", "services", _, field], [.., name, _]) => self.balancer(key, name, field, value, false),
            (["tcp", "services", _, field], [.., name, _]) => self.balancer(key, name, field, value, true),
            (["http", "middlewares", _, field], [.., name, written]) => {
                let entry = ((*field).to_owned(), (*written).to_owned(), value.to_owned());
                self.middlewares.entry((*name).to_owned()).or_default().push(entry);
            }
            (["tcp", "middlewares", ..] | ["udp", ..], _) => {
                self.note(key, NoteCode::NotEmulated, Severity::Info, "not emulated".into());
            }
            (["http" | "tcp", ..], _) => {
                self.refuse(key, NoteCode::UnknownLabel, "Traefik has no such label".into());
            }
            (["frontend" | "backend" | "port", ..], _) => {
                let message =
                    "a label of Traefik 1, which later versions do not read: use traefik.http.routers and services";
                self.note(key, NoteCode::UnknownLabel, Severity::Warning, message.into());
            }
            _ => {}
        }
    }

    fn router(&mut self, key: &str, name: &str, field: &str, value: &str, tcp: bool) {
        let routers = if tcp { &mut self.out.tcp_routers } else { &mut self.out.routers };
        let router = routers.entry(name.to_owned()).or_default();
        let options = traefik::router_options(if tcp { Protocol::Tcp } else { Protocol::Http });
        if !traefik::is_option(options, field) {
            return self.refuse(key, NoteCode::UnknownLabel, unknown(field, options, "a router"));
        }
        match traefik::without_indices(field).as_str() {
            "rule" => router.rule = value.to_owned(),
            "entrypoints" => router.entrypoints.extend(list(value).map(str::to_owned)),
            "middlewares" => router.middlewares.extend(list(value).map(str::to_owned)),
            "service" => router.service = value.to_owned(),
            "priority" => match value.parse() {
                Ok(priority) => router.priority = priority,
                Err(_) => self.refuse(key, NoteCode::BadValue, format!("'{value}' is not a whole number")),
            },
            "tls" => match boolean(value) {
                Some(tls) => router.tls |= tls,
                None => self.refuse(key, NoteCode::BadValue, format!("'{value}' is neither true nor false")),
            },
            "tls.passthrough" => {
                router.tls = true;
                router.passthrough = boolean(value) == Some(true);
            }
            field if field.starts_with("tls.") => router.tls = true,
            _ => {}
        }
    }

    fn balancer(&mut self, key: &str, name: &str, field: &str, value: &str, tcp: bool) {
        let services = if tcp { &mut self.out.tcp_services } else { &mut self.out.services };
        let service = services.entry(name.to_owned()).or_default();
        let options = traefik::service_options(if tcp { Protocol::Tcp } else { Protocol::Http });
        if !traefik::is_option(options, field) {
            return self.refuse(key, NoteCode::UnknownLabel, unknown(field, options, "a service"));
        }
        match field {
            "loadbalancer.server.port" | "loadbalancer.servers[0].port" => match value.parse() {
                Ok(port) if port > 0 => service.port = Some(port),
                _ if value.is_empty() => {}
                _ => self.refuse(key, NoteCode::BadValue, format!("'{value}' is not a port (1 to 65535)")),
            },
            "loadbalancer.server.scheme" => match value {
                "http" | "" => service.scheme = Scheme::Http,
                "https" => {
                    service.scheme = Scheme::Https;
                    let message =
                        "the app's certificate is not verified here; Traefik verifies it unless told otherwise";
                    self.note(key, NoteCode::NotEmulated, Severity::Info, message.into());
                }
                "h2c" => service.scheme = Scheme::H2c,
                other => self.refuse(key, NoteCode::BadValue, format!("'{other}' is not http, https or h2c")),
            },
            "loadbalancer.passhostheader" => match boolean(value) {
                Some(pass) => service.pass_host_header = pass,
                None => self.refuse(key, NoteCode::BadValue, format!("'{value}' is neither true nor false")),
            },
            _ => self.note(key, NoteCode::NotEmulated, Severity::Info, "not emulated".into()),
        }
    }

    fn finish(mut self) -> ServiceLabels {
        for (name, fields) in std::mem::take(&mut self.middlewares) {
            let key = |path: &str| format!("traefik.http.middlewares.{name}.{path}");
            match middleware::parse(&fields) {
                Ok(parsed) => {
                    for path in parsed.not_emulated {
                        let message = "this option is not emulated".to_owned();
                        self.note(&key(&path), NoteCode::MiddlewareNotEmulated, Severity::Info, message);
                    }
                    self.middleware_notes(&name, &parsed.middleware, &key(&fields[0].1));
                    self.out.middlewares.insert(name, parsed.middleware);
                }
                Err(refusal) if refusal.whole_service => {
                    self.refuse(&key(&refusal.path), NoteCode::UnknownLabel, refusal.message);
                }
                Err(refusal) => {
                    let message =
                        format!("{}: Traefik refuses the middleware, and every router that uses it", refusal.message);
                    self.note(&key(&refusal.path), NoteCode::BadValue, Severity::Error, message);
                }
            }
        }
        self.out
    }

    fn middleware_notes(&mut self, name: &str, middleware: &Middleware, key: &str) {
        let message = match middleware {
            Middleware::NotEmulated { kind } => format!("{kind} is not emulated: requests pass '{name}' unchanged"),
            Middleware::BasicAuth { .. } => {
                "passwords are not checked: any is taken, and none is answered 401".to_owned()
            }
            _ => return,
        };
        self.note(key, NoteCode::MiddlewareNotEmulated, Severity::Info, message);
    }

    fn note(&mut self, key: &str, code: NoteCode, severity: Severity, message: String) {
        let label = Some(key.to_owned());
        self.out.notes.push(Note { code, severity, service: self.service.to_owned(), label, message });
    }

    /// Traefik cannot read this label, and drops the service's whole configuration.
    fn refuse(&mut self, key: &str, code: NoteCode, message: String) {
        self.out.refused = true;
        let message = format!("{message}; Traefik ignores every label of the service");
        self.note(key, code, Severity::Error, message);
    }
}

fn unknown(field: &str, known: &[&str], whose: &str) -> String {
    let close = known.iter().map(|option| option.trim_end_matches('.'));
    let close = close.map(|option| (strsim::damerau_levenshtein(option, field), option)).min();
    match close.filter(|(distance, _)| *distance <= 3) {
        Some((_, close)) => format!("{whose} has no option '{field}': did you mean '{close}'?"),
        None => format!("{whose} has no option '{field}'"),
    }
}
