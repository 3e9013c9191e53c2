//! Published ports and how peers reach a service: the endpoint.

use bollard::models::{
    EndpointPortConfig, EndpointPortConfigProtocolEnum as Protocol, EndpointPortConfigPublishModeEnum as PublishMode,
    EndpointSpec, EndpointSpecModeEnum as Mode,
};

use super::DeployError;
use super::spec::{Context, Endpoints, Notes};
use crate::compose::project::{Port, Service};

/// The endpoint of a service. The reference always sends one, empty or not.
///
/// Where virtual IPs do not work ([`Endpoints::DnsRoundRobin`]), a service that wants one gets DNS round-robin instead, and its ingress
/// ports, which swarm refuses beside dnsrr, become dynamic host-mode ones: a fixed host port would leave a start-first update pending
/// for ever. A service that asks for dnsrr itself is left alone, mistakes included: an operator would meet them too.
pub(super) fn endpoint(
    context: &Context<'_>,
    service: &Service,
    notes: &mut Notes,
) -> Result<EndpointSpec, DeployError> {
    let mut ports: Vec<_> = service.ports.iter().map(|port| convert(context, port, notes)).collect();
    ports.sort_by_key(|port| port.published_port.unwrap_or(0));
    let mut mode = match service.deploy.endpoint_mode.to_lowercase().as_str() {
        "" => None,
        "vip" => Some(Mode::VIP),
        "dnsrr" => Some(Mode::DNSRR),
        other => {
            let reason = format!("swarm knows no `{other}`: use vip or dnsrr");
            return Err(DeployError::field(context.service, "deploy.endpoint_mode", reason));
        }
    };
    if let (Endpoints::DnsRoundRobin { why }, None | Some(Mode::VIP)) = (&context.options.endpoints, mode) {
        mode = Some(Mode::DNSRR);
        notes.adapt(context.service, "endpoint mode dnsrr instead of vip", why);
        for port in &mut ports {
            if port.publish_mode != Some(PublishMode::HOST) {
                let wanted = port
                    .published_port
                    .map_or_else(|| "a dynamic ingress port".to_owned(), |port| format!("ingress port {port}"));
                let what = format!(
                    "{wanted} (target {}) published as a dynamic host-mode port",
                    port.target_port.unwrap_or(0)
                );
                notes.adapt(context.service, &what, "swarm refuses ingress ports beside dnsrr");
                port.publish_mode = Some(PublishMode::HOST);
                port.published_port = None;
            }
        }
    }
    Ok(EndpointSpec { mode, ports: Some(ports).filter(|ports| !ports.is_empty()) })
}

/// One port. Swarm reads an unknown protocol as tcp and an unknown mode as ingress, without a word; so it is done here, with one.
fn convert(context: &Context<'_>, port: &Port, notes: &mut Notes) -> EndpointPortConfig {
    let protocol = match port.protocol.to_lowercase().as_str() {
        "" => None,
        "tcp" => Some(Protocol::TCP),
        "udp" => Some(Protocol::UDP),
        "sctp" => Some(Protocol::SCTP),
        other => {
            notes.warn(
                context.service,
                &format!("port {}: swarm reads the unknown protocol `{other}` as tcp", port.target),
            );
            None
        }
    };
    let publish_mode = match port.mode.to_lowercase().as_str() {
        "" => None,
        "ingress" => Some(PublishMode::INGRESS),
        "host" => Some(PublishMode::HOST),
        other => {
            notes.warn(
                context.service,
                &format!("port {}: swarm reads the unknown mode `{other}` as ingress", port.target),
            );
            None
        }
    };
    EndpointPortConfig {
        name: None,
        protocol,
        target_port: Some(i64::from(port.target)).filter(|port| *port != 0),
        published_port: Some(i64::from(port.published)).filter(|port| *port != 0),
        publish_mode,
    }
}
