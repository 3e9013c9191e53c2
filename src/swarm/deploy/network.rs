//! A stack's networks, and a service's place on them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{Ipam, IpamConfig, NetworkAttachmentConfig, NetworkCreateRequest};

use super::DeployError;
use super::names::{check_service_name, name_or_scope};
use super::spec::{Context, StackContext};
use crate::compose::project::{Network, Service};

/// The network of services that name none.
const DEFAULT: &str = "default";

/// The networks that the services use: those to make, and the names of those that must be there already. A network that no service
/// uses is neither made nor looked for, as in the reference.
pub(super) fn networks(context: &StackContext<'_>) -> Result<(Vec<NetworkCreateRequest>, Vec<String>), DeployError> {
    let mut used = BTreeSet::new();
    for service in context.project.services.values() {
        match service.networks.is_empty() {
            true => used.extend([DEFAULT]),
            false => used.extend(service.networks.keys().map(String::as_str)),
        }
    }
    let fallback = Network::default();
    let mut own = BTreeMap::new();
    let mut external = BTreeSet::new();
    for key in used {
        let network = context.project.networks.get(key).unwrap_or(&fallback);
        let name = network_name(context.stack, key, network);
        if network.external {
            external.insert(name);
        } else {
            check_service_name("network", context.stack, key, &name)?;
            own.insert(name.clone(), request(context, name, network));
        }
    }
    Ok((own.into_values().collect(), external.into_iter().collect()))
}

fn network_name(stack: &str, key: &str, network: &Network) -> String {
    if network.external && network.name.is_empty() { key.to_owned() } else { name_or_scope(stack, key, &network.name) }
}

fn request(context: &StackContext<'_>, name: String, network: &Network) -> NetworkCreateRequest {
    let options: HashMap<_, _> = network.driver_opts.clone().into_iter().collect();
    let pools =
        network.ipam.subnets.iter().map(|subnet| IpamConfig { subnet: Some(subnet.clone()), ..IpamConfig::default() });
    let ipam = Ipam {
        driver: Some(network.ipam.driver.clone()).filter(|driver| !driver.is_empty()),
        config: Some(pools.collect::<Vec<_>>()).filter(|pools| !pools.is_empty()),
        options: None,
    };
    NetworkCreateRequest {
        name,
        driver: Some(if network.driver.is_empty() { "overlay".to_owned() } else { network.driver.clone() }),
        internal: Some(network.internal),
        attachable: Some(network.attachable),
        enable_ipv6: network.enable_ipv6,
        ipam: Some(ipam).filter(|ipam| ipam.driver.is_some() || ipam.config.is_some()),
        options: Some(options).filter(|options| !options.is_empty()),
        labels: Some(context.labels(&network.labels)),
        ..NetworkCreateRequest::default()
    }
}

/// The networks of a service, by target name. The service's own name is the last alias on each.
pub(super) fn attachments(
    context: &Context<'_>,
    service: &Service,
) -> Result<Vec<NetworkAttachmentConfig>, DeployError> {
    let only_default = BTreeMap::from([(DEFAULT.to_owned(), None)]);
    let wanted = if service.networks.is_empty() { &only_default } else { &service.networks };
    let mut attachments = Vec::with_capacity(wanted.len());
    for (key, settings) in wanted {
        let target = match context.project.networks.get(key) {
            Some(network) => network_name(context.stack, key, network),
            None if key == DEFAULT => name_or_scope(context.stack, key, ""),
            None => {
                return Err(DeployError::Undefined {
                    service: context.service.to_owned(),
                    kind: "network",
                    key: key.clone(),
                });
            }
        };
        let mut aliases = settings.as_ref().map(|settings| settings.aliases.clone()).unwrap_or_default();
        if is_user_defined(&target) {
            aliases.push(context.service.to_owned());
        }
        let options: HashMap<_, _> = settings.iter().flat_map(|settings| settings.driver_opts.clone()).collect();
        attachments.push(NetworkAttachmentConfig {
            target: Some(target),
            aliases: Some(aliases).filter(|aliases| !aliases.is_empty()),
            driver_opts: Some(options).filter(|options| !options.is_empty()),
        });
    }
    attachments.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(attachments)
}

/// False for the networks that every engine has, which know no aliases and need no look-up.
pub(super) fn is_user_defined(name: &str) -> bool {
    !matches!(name, "default" | "bridge" | "host" | "none") && !name.starts_with("container:")
}
