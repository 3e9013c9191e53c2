//! Overlays: what a later compose file changes in an earlier one.
//!
//! The rules are those of the reference, field by field. In short: text, numbers and `true` replace, an empty value never does;
//! plain lists are appended (also `healthcheck.test`); commands are replaced; mappings are united; ports are united by published port, mounts
//! by target, secrets and configs by source. Top-level networks, volumes, secrets and configs are replaced whole, and top-level
//! `x-` keys of later files are dropped.

mod extension;
mod field;

use std::collections::BTreeMap;

use super::model::{Draft, Sections, Written};
use super::project::{
    Deploy, Healthcheck, Logging, Placement, ResourceLimit, ResourceReservation, RestartPolicy, Service,
    ServiceNetwork, UpdateConfig,
};

use field::{Merge, append, by_key, replace, replace_pairs, unite};

/// Merges a later document into an earlier one.
///
/// # Errors
/// The service, its extension key and what does not fit, for `x-` keys that are a list in one file and no list in the other.
pub(crate) fn merge(base: &mut Sections, overlay: Sections) -> Result<(), Conflict> {
    for (name, draft) in overlay.services {
        match base.services.get_mut(&name) {
            Some(earlier) => merge_service(earlier, draft).map_err(|key| Conflict { service: name, key })?,
            None => _ = base.services.insert(name, draft),
        }
    }
    base.networks.extend(overlay.networks);
    base.volumes.extend(overlay.volumes);
    base.secrets.extend(overlay.secrets);
    base.configs.extend(overlay.configs);
    Ok(())
}

/// An `x-` key of a service that cannot be merged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) service: String,
    pub(crate) key: String,
}

fn merge_service(base: &mut Draft, overlay: Draft) -> Result<(), String> {
    let Draft { service: into, written } = base;
    let Draft { service: from, written: also } = overlay;
    replace(&mut into.cgroup_parent, from.cgroup_parent);
    replace(&mut into.cgroupns_mode, from.cgroupns_mode);
    replace(&mut into.container_name, from.container_name);
    replace(&mut into.domainname, from.domainname);
    replace(&mut into.hostname, from.hostname);
    replace(&mut into.image, from.image);
    replace(&mut into.ipc, from.ipc);
    replace(&mut into.isolation, from.isolation);
    replace(&mut into.mac_address, from.mac_address);
    replace(&mut into.network_mode, from.network_mode);
    replace(&mut into.oom_score_adj, from.oom_score_adj);
    replace(&mut into.pid, from.pid);
    replace(&mut into.privileged, from.privileged);
    replace(&mut into.read_only, from.read_only);
    replace(&mut into.restart, from.restart);
    replace(&mut into.shm_size, from.shm_size);
    replace(&mut into.stdin_open, from.stdin_open);
    replace(&mut into.stop_signal, from.stop_signal);
    replace(&mut into.tty, from.tty);
    replace(&mut into.user, from.user);
    replace(&mut into.userns_mode, from.userns_mode);
    replace(&mut into.working_dir, from.working_dir);
    append(&mut into.cap_add, from.cap_add);
    append(&mut into.cap_drop, from.cap_drop);
    append(&mut into.depends_on, from.depends_on);
    append(&mut into.devices, from.devices);
    append(&mut into.dns, from.dns);
    append(&mut into.dns_search, from.dns_search);
    append(&mut into.env_file, from.env_file);
    append(&mut into.expose, from.expose);
    append(&mut into.extra_hosts, from.extra_hosts);
    append(&mut into.links, from.links);
    append(&mut into.security_opt, from.security_opt);
    append(&mut into.tmpfs, from.tmpfs);
    replace_command(&mut into.command, from.command);
    replace_command(&mut into.entrypoint, from.entrypoint);
    into.labels.extend(from.labels);
    into.sysctls.extend(from.sysctls);
    into.ulimits.extend(from.ulimits);
    replace_pairs(&mut into.environment, from.environment);
    unite(&mut into.healthcheck, from.healthcheck);
    unite(&mut into.init, from.init);
    unite(&mut into.stop_grace_period, from.stop_grace_period);
    into.deploy.merge(from.deploy);
    merge_logging(&mut into.logging, from.logging, written, also);
    merge_networks(&mut into.networks, from.networks);
    by_key(&mut into.ports, &mut written.ports, from.ports, |port| port.published);
    by_key(&mut into.volumes, &mut written.volumes, from.volumes, |mount| mount.target.clone());
    by_key(&mut into.secrets, &mut written.secrets, from.secrets, |secret| secret.source.clone());
    by_key(&mut into.configs, &mut written.configs, from.configs, |config| config.source.clone());
    extension::merge_credential_spec(&mut into.credential_spec, from.credential_spec);
    extension::merge_ignored(&mut into.ignored, from.ignored);
    extension::merge_extensions(&mut into.extensions, from.extensions)
}

/// A command replaces the earlier one, unless it is empty.
fn replace_command(into: &mut Option<Vec<String>>, from: Option<Vec<String>>) {
    if let Some(from) = from.filter(|command| !command.is_empty()) {
        *into = Some(from);
    }
}

/// Options are united when the driver stays the same, and are lost when the earlier file has none: a quirk of the reference.
fn merge_logging(into: &mut Option<Logging>, from: Option<Logging>, written: &mut Written, also: Written) {
    let Some(from) = from else { return };
    match into {
        Some(into) if into.driver == from.driver || into.driver.is_empty() || from.driver.is_empty() => {
            if into.driver.is_empty() {
                into.driver = from.driver;
            }
            if written.logging_options {
                into.options.extend(from.options);
            }
        }
        _ => {
            *into = Some(from);
            written.logging_options = also.logging_options;
        }
    }
}

/// A network's aliases are replaced, also by none; its addresses only by others; its driver options stay.
fn merge_networks(into: &mut BTreeMap<String, Option<ServiceNetwork>>, from: BTreeMap<String, Option<ServiceNetwork>>) {
    for (name, from) in from {
        match (into.get_mut(&name), from) {
            (Some(Some(into)), Some(from)) => {
                into.aliases = from.aliases;
                replace(&mut into.ipv4_address, from.ipv4_address);
                replace(&mut into.ipv6_address, from.ipv6_address);
            }
            (Some(Some(_)), None) => {}
            (_, from) => _ = into.insert(name, from),
        }
    }
}

impl Merge for Deploy {
    fn merge(&mut self, from: Self) {
        replace(&mut self.mode, from.mode);
        replace(&mut self.endpoint_mode, from.endpoint_mode);
        self.replicas = from.replicas.or(self.replicas);
        self.labels.extend(from.labels);
        unite(&mut self.update_config, from.update_config);
        unite(&mut self.rollback_config, from.rollback_config);
        unite(&mut self.resources.limits, from.resources.limits);
        unite(&mut self.resources.reservations, from.resources.reservations);
        unite(&mut self.restart_policy, from.restart_policy);
        self.placement.merge(from.placement);
    }
}

impl Merge for UpdateConfig {
    fn merge(&mut self, from: Self) {
        self.parallelism = from.parallelism.or(self.parallelism);
        self.delay = from.delay.or(self.delay);
        replace(&mut self.failure_action, from.failure_action);
        self.monitor = from.monitor.or(self.monitor);
        replace(&mut self.max_failure_ratio, from.max_failure_ratio);
        replace(&mut self.order, from.order);
    }
}

impl Merge for ResourceLimit {
    fn merge(&mut self, from: Self) {
        replace(&mut self.cpus, from.cpus);
        replace(&mut self.memory, from.memory);
        replace(&mut self.pids, from.pids);
    }
}

impl Merge for ResourceReservation {
    fn merge(&mut self, from: Self) {
        replace(&mut self.cpus, from.cpus);
        replace(&mut self.memory, from.memory);
        append(&mut self.generic_resources, from.generic_resources);
    }
}

impl Merge for RestartPolicy {
    fn merge(&mut self, from: Self) {
        replace(&mut self.condition, from.condition);
        unite(&mut self.delay, from.delay);
        self.max_attempts = from.max_attempts.or(self.max_attempts);
        unite(&mut self.window, from.window);
    }
}

impl Merge for Placement {
    fn merge(&mut self, from: Self) {
        append(&mut self.constraints, from.constraints);
        append(&mut self.preferences_spread, from.preferences_spread);
        replace(&mut self.max_replicas_per_node, from.max_replicas_per_node);
    }
}

impl Merge for Healthcheck {
    fn merge(&mut self, from: Self) {
        append(&mut self.test, from.test);
        unite(&mut self.timeout, from.timeout);
        unite(&mut self.interval, from.interval);
        self.retries = from.retries.or(self.retries);
        unite(&mut self.start_period, from.start_period);
        unite(&mut self.start_interval, from.start_interval);
        replace(&mut self.disable, from.disable);
    }
}

/// The services of merged documents, without what only merging needs.
pub(crate) fn services(drafts: BTreeMap<String, Draft>) -> BTreeMap<String, Service> {
    drafts.into_iter().map(|(name, draft)| (name, draft.service)).collect()
}
