//! TCP routers: read and checked, so that a trial can try their ports; the proxy does not serve them.

use super::build::{is_catch_all, note};
use super::entrypoints::EntryPoints;
use super::labels::{LoadBalancer, ServiceLabels};
use super::note::{Note, NoteCode, Severity};
use super::parser;
use super::{Backend, TcpRouter};

/// The TCP routers of one service.
pub(super) fn routers(
    service: &str,
    labels: &ServiceLabels,
    entrypoints: &EntryPoints,
    backend: impl Fn(&LoadBalancer) -> Backend,
) -> (Vec<TcpRouter>, Vec<Note>) {
    let mut routers = Vec::new();
    let mut notes = Vec::new();
    for (name, router) in &labels.tcp_routers {
        let label = |field: &str| Some(format!("traefik.tcp.routers.{name}.{field}"));
        let mut refuse = |code, field: &str, message| {
            notes.push(note(code, Severity::Error, service, label(field), message));
        };
        let rule = match parser::parse_tcp(&router.rule) {
            Ok(rule) => rule,
            Err(error) => {
                let message = format!("{error}, in '{}': the router is not routed", router.rule);
                refuse(NoteCode::BadRule, "rule", message);
                continue;
            }
        };
        let named = match router.service.as_str() {
            "" if labels.tcp_services.len() == 1 => labels.tcp_services.values().next(),
            "" => None,
            target => labels.tcp_services.get(target.split('@').next().unwrap_or(target)),
        };
        let Some(balancer) = named else {
            let message = format!(
                "points to '{}', and the service defines {} TCP services: name one that is defined with its port",
                router.service,
                labels.tcp_services.len()
            );
            refuse(NoteCode::UndefinedService, "service", message);
            continue;
        };
        if !is_catch_all(&rule) && !router.tls {
            let message = "HostSNI with a name needs TLS: without it only HostSNI(`*`) can match".to_owned();
            notes.push(note(NoteCode::Tls, Severity::Warning, service, label("tls"), message));
        }
        if router.entrypoints.iter().any(|point| entrypoints.knows(point)) {
            let message = "TCP routers on the HTTP entry points are not emulated".to_owned();
            notes.push(note(NoteCode::NotEmulated, Severity::Info, service, label("entrypoints"), message));
        }
        routers.push(TcpRouter {
            name: name.clone(),
            service: service.to_owned(),
            text: router.rule.clone(),
            rule,
            entrypoints: router.entrypoints.clone(),
            tls: router.tls,
            passthrough: router.passthrough,
            backends: vec![backend(balancer)],
        });
    }
    (routers, notes)
}
