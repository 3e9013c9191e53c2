//! What a service's containers are made from.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::{
    HealthConfig, ResourcesUlimits, TaskSpecContainerSpec, TaskSpecContainerSpecConfigs,
    TaskSpecContainerSpecDnsConfig, TaskSpecContainerSpecIsolationEnum as Isolation, TaskSpecContainerSpecPrivileges,
    TaskSpecContainerSpecPrivilegesCredentialSpec,
};
use serde_json::Value;

use super::file_object::{FileKind, config_references, object_name, secret_references};
use super::image::familiar_image;
use super::mount::mounts;
use super::policy::{count, nanoseconds};
use super::spec::{Context, Notes};
use super::{DeployError, names};
use crate::compose::project::{Healthcheck, Service, Ulimit};

/// The container of a service, as the reference builds it. Names of secrets and configs stand where their ids go later.
pub(super) fn container(
    context: &Context<'_>,
    service: &Service,
    notes: &mut Notes,
) -> Result<TaskSpecContainerSpec, DeployError> {
    let mut configs = config_references(context, &service.configs)?;
    let credential_spec = credential_spec(context, service.credential_spec.as_ref(), &mut configs)?;
    configs.sort_by(|a, b| a.config_name.cmp(&b.config_name));
    let secrets = secret_references(context, &service.secrets)?;
    let (capability_add, capability_drop) = capabilities(&service.cap_add, &service.cap_drop);
    Ok(TaskSpecContainerSpec {
        image: Some(image(context, &service.image, notes)),
        labels: Some(context.labels(&service.labels)),
        command: list(service.entrypoint.clone().unwrap_or_default()),
        args: list(service.command.clone().unwrap_or_default()),
        hostname: text(&service.hostname),
        env: list(environment(&service.environment)),
        dir: text(&service.working_dir),
        user: text(&service.user),
        privileges: Some(TaskSpecContainerSpecPrivileges {
            credential_spec,
            ..TaskSpecContainerSpecPrivileges::default()
        }),
        tty: flag(service.tty),
        open_stdin: flag(service.stdin_open),
        read_only: flag(service.read_only),
        mounts: list(mounts(context, &service.volumes)?),
        stop_signal: text(&service.stop_signal),
        stop_grace_period: service.stop_grace_period.map(nanoseconds),
        health_check: match &service.healthcheck {
            Some(check) => Some(healthcheck(context, check)?),
            None => None,
        },
        hosts: list(hosts(&service.extra_hosts)),
        dns_config: dns(&service.dns, &service.dns_search),
        secrets: list(secrets),
        oom_score_adj: Some(service.oom_score_adj).filter(|score| *score != 0),
        configs: list(configs),
        isolation: isolation(context, &service.isolation, notes),
        init: service.init,
        sysctls: Some(service.sysctls.clone().into_iter().collect())
            .filter(|map: &std::collections::HashMap<_, _>| !map.is_empty()),
        capability_add: list(capability_add),
        capability_drop: list(capability_drop),
        ulimits: list(service.ulimits.iter().map(|(name, limit)| ulimit(name, *limit)).collect()),
        groups: None,
    })
}

/// The image as the reference client sends it, or the name by which this node knows the same image.
fn image(context: &Context<'_>, written: &str, notes: &mut Notes) -> String {
    let familiar = familiar_image(written);
    match context.options.node_images.get(written) {
        Some(here) if *here != familiar => {
            let why = "the node has the image from a copy, not from a registry, and knows it by this name only";
            notes.adapt(context.service, &format!("image `{written}` called `{here}`"), why);
            here.clone()
        }
        _ => familiar,
    }
}

/// The reference leaves empty lists out of its requests.
fn list<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

fn flag(value: bool) -> Option<bool> {
    Some(value).filter(|value| *value)
}

/// `KEY=value`, or `KEY` alone where there is no value, sorted as whole lines.
fn environment(variables: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let mut lines: Vec<_> = variables
        .iter()
        .map(|(key, value)| match value {
            Some(value) => format!("{key}={value}"),
            None => key.clone(),
        })
        .collect();
    lines.sort();
    lines
}

/// `name:address` becomes `address name`, which is how swarm writes a hosts file. A line without a colon is dropped.
fn hosts(extra: &[String]) -> Vec<String> {
    extra.iter().filter_map(|line| line.split_once(':')).map(|(name, address)| format!("{address} {name}")).collect()
}

fn dns(servers: &[String], search: &[String]) -> Option<TaskSpecContainerSpecDnsConfig> {
    (!servers.is_empty() || !search.is_empty()).then(|| TaskSpecContainerSpecDnsConfig {
        nameservers: list(servers.to_vec()),
        search: list(search.to_vec()),
        options: None,
    })
}

fn ulimit(name: &str, limit: Ulimit) -> ResourcesUlimits {
    let (soft, hard) = if limit.single != 0 { (limit.single, limit.single) } else { (limit.soft, limit.hard) };
    ResourcesUlimits { name: Some(name.to_owned()), soft: Some(soft), hard: Some(hard) }
}

fn healthcheck(context: &Context<'_>, check: &Healthcheck) -> Result<HealthConfig, DeployError> {
    if check.disable {
        if !check.test.is_empty() {
            let reason = "test and disable cannot be set at the same time: remove one of them";
            return Err(DeployError::field(context.service, "healthcheck", reason));
        }
        return Ok(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() });
    }
    Ok(HealthConfig {
        test: list(check.test.clone()),
        interval: check.interval.map(nanoseconds),
        timeout: check.timeout.map(nanoseconds),
        retries: check.retries.map(count),
        start_period: check.start_period.map(nanoseconds),
        start_interval: check.start_interval.map(nanoseconds),
    })
}

/// Upper case, `CAP_` in front, sorted, without repeats; adding wins over dropping, `ALL` swallows the rest of its list.
fn capabilities(add: &[String], drop: &[String]) -> (Vec<String>, Vec<String>) {
    let normal = |names: &[String]| -> BTreeSet<String> {
        let names: BTreeSet<String> = names.iter().map(|name| capability(name)).collect();
        if names.contains("ALL") { BTreeSet::from(["ALL".to_owned()]) } else { names }
    };
    let (add, mut drop) = (normal(add), normal(drop));
    drop.retain(|name| !add.contains(name));
    let listed = |names: BTreeSet<String>| names.into_iter().filter(|name| name != "RESET").collect();
    (listed(add), listed(drop))
}

fn capability(name: &str) -> String {
    let name = name.trim().to_uppercase();
    if name == "ALL" || name == "RESET" || name.starts_with("CAP_") { name } else { format!("CAP_{name}") }
}

/// Windows only. Swarm takes what it does not know for the default, without a word.
fn isolation(context: &Context<'_>, value: &str, notes: &mut Notes) -> Option<Isolation> {
    match value.to_lowercase().as_str() {
        "" => None,
        "default" => Some(Isolation::DEFAULT),
        "process" => Some(Isolation::PROCESS),
        "hyperv" => Some(Isolation::HYPERV),
        other => {
            notes.warn(context.service, &format!("swarm reads the unknown isolation `{other}` as default"));
            None
        }
    }
}

/// Windows only: who the container is on a domain. One that lies in a config adds a reference to that config.
fn credential_spec(
    context: &Context<'_>,
    source: Option<&Value>,
    configs: &mut Vec<TaskSpecContainerSpecConfigs>,
) -> Result<Option<TaskSpecContainerSpecPrivilegesCredentialSpec>, DeployError> {
    let read = |key: &str| source.and_then(|spec| spec.get(key)).and_then(Value::as_str).and_then(text);
    let mut spec = TaskSpecContainerSpecPrivilegesCredentialSpec {
        config: read("config"),
        file: read("file"),
        registry: read("registry"),
    };
    let given: Vec<&str> = [("config", &spec.config), ("file", &spec.file), ("registry", &spec.registry)]
        .into_iter()
        .filter_map(|(key, value)| value.as_ref().map(|_| key))
        .collect();
    if given.is_empty() {
        return Ok(None);
    }
    let refuse = |reason: String| Err(DeployError::field(context.service, "credential_spec", reason));
    if given.len() > 1 {
        return refuse(format!("{} exclude each other: keep one", given.join(" and ")));
    }
    if let Some(key) = spec.config.take() {
        let Some(object) = context.project.configs.get(&key) else {
            return Err(DeployError::Undefined { service: context.service.to_owned(), kind: "config", key });
        };
        let name = object_name(FileKind::Config, context.stack, &key, object)?;
        // The reference finds the config again by its key, plain or scoped, and so misses one that has another name of its own.
        if name != key && name != names::scope(context.stack, &key) {
            return refuse(format!(
                "`docker stack deploy` does not find the config `{key}` here, because it has the `name:` `{name}`: remove that"
            ));
        }
        if !configs.iter().any(|config| config.runtime.is_some() && config.config_name.as_ref() == Some(&name)) {
            configs.push(TaskSpecContainerSpecConfigs {
                runtime: Some(std::collections::HashMap::new()),
                config_name: Some(name.clone()),
                ..TaskSpecContainerSpecConfigs::default()
            });
        }
        spec.config = Some(name);
    }
    Ok(Some(spec))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(items: &[&str]) -> Vec<String> {
        items.iter().map(|item| (*item).to_owned()).collect()
    }

    #[test]
    fn capabilities_are_normal_sorted_and_adding_wins() {
        let (add, drop) =
            capabilities(&owned(&["net_admin", " CAP_SYS_TIME", "sys_time"]), &owned(&["NET_ADMIN", "chown", "RESET"]));
        assert_eq!(add, owned(&["CAP_NET_ADMIN", "CAP_SYS_TIME"]));
        assert_eq!(drop, owned(&["CAP_CHOWN"]));
        assert_eq!(capabilities(&owned(&["all", "chown"]), &owned(&["ALL"])), (owned(&["ALL"]), vec![]));
        assert_eq!(capabilities(&owned(&["chown"]), &owned(&["all"])), (owned(&["CAP_CHOWN"]), owned(&["ALL"])));
    }

    #[test]
    fn environment_is_sorted_by_line_and_may_lack_a_value() {
        let variables = BTreeMap::from([
            ("A".to_owned(), Some("1".to_owned())),
            ("A-B".to_owned(), Some(String::new())),
            ("C".to_owned(), None),
        ]);
        assert_eq!(environment(&variables), ["A-B=", "A=1", "C"]);
    }

    #[test]
    fn hosts_are_turned_round_and_keep_their_order() {
        assert_eq!(hosts(&owned(&["b:10.0.0.1", "a:::1", "nonsense"])), ["10.0.0.1 b", "::1 a"]);
    }
}
