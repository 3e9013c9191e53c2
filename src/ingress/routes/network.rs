//! Whether Traefik could reach a service at all.

use super::Options;
use super::labels::ServiceLabels;
use super::note::{Note, NoteCode, Severity};
use crate::compose::project::{Project, Service};

/// The names of a service's networks as the engine knows them.
fn networks(project: &Project, service: &Service, stack: &str) -> Vec<String> {
    let keys: Vec<&str> = if service.networks.is_empty() {
        vec!["default"]
    } else {
        service.networks.keys().map(String::as_str).collect()
    };
    keys.into_iter()
        .map(|key| match project.networks.get(key) {
            Some(network) if !network.name.is_empty() => network.name.clone(),
            Some(network) if network.external => key.to_owned(),
            _ => format!("{stack}_{key}"),
        })
        .collect()
}

/// Checks that a service is attached where Traefik looks for it; says so when not.
pub(super) fn attached(
    project: &Project,
    name: &str,
    service: &Service,
    labels: &ServiceLabels,
    options: &Options,
) -> Result<(), Note> {
    let (wanted, label) = match &labels.network {
        Some((label, network)) => (network.as_str(), Some(label.clone())),
        None => (options.network.as_str(), None),
    };
    let has = networks(project, service, &options.stack);
    if has.iter().any(|network| network == wanted) && wanted == options.network {
        return Ok(());
    }
    let message = if has.iter().any(|network| network == wanted) {
        format!(
            "asks Traefik to use the network '{wanted}', to which Traefik is not attached: requests would end in a gateway \
             timeout; name '{}' instead",
            options.network
        )
    } else {
        format!(
            "not attached to the network '{wanted}' (its networks: {}): Traefik cannot reach it and requests would end in a \
             gateway timeout; add the network to the service, declared with external: true",
            has.join(", ")
        )
    };
    Err(Note { code: NoteCode::NotAttached, severity: Severity::Error, service: name.to_owned(), label, message })
}
