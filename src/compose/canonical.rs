//! A project in the shape that `docker stack config` prints.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::project::{
    Deploy, FileObject, FileReference, Healthcheck, Network, Port, Project, Service, ServiceNetwork, ServiceVolume,
    Ulimit, UpdateConfig, Volume,
};

/// The project as `docker stack config` prints it: empty values are left out, sizes are texts, durations are like `1m30s`.
///
/// With a working directory, relative paths of bind mounts and files become absolute, as the reference makes them.
pub fn canonical(project: &Project, working_directory: Option<&Path>) -> Json {
    let shape = Shape { working_directory };
    let mut top = Map::new();
    top.insert("version".to_owned(), json!(project.version.as_deref().unwrap_or("3.13")));
    top.insert("services".to_owned(), each(&project.services, |service| shape.service(service)));
    put(&mut top, "networks", each(&project.networks, network));
    put(&mut top, "volumes", each(&project.volumes, volume));
    put(&mut top, "secrets", each(&project.secrets, |object| shape.file_object(object)));
    put(&mut top, "configs", each(&project.configs, |object| shape.file_object(object)));
    extend(&mut top, &project.extensions);
    Json::Object(top)
}

/// Puts a value unless it is empty.
fn put(into: &mut Map<String, Json>, key: &str, value: impl Into<Json>) {
    let value = value.into();
    let empty = match &value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(value) => value.as_f64() == Some(0.0),
        Json::String(value) => value.is_empty(),
        Json::Array(value) => value.is_empty(),
        Json::Object(value) => value.is_empty(),
    };
    if !empty {
        into.insert(key.to_owned(), value);
    }
}

/// Puts a value, also an empty one, if there is one.
fn put_some(into: &mut Map<String, Json>, key: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        into.insert(key.to_owned(), value.into());
    }
}

fn extend(into: &mut Map<String, Json>, extensions: &BTreeMap<String, Json>) {
    into.extend(extensions.iter().map(|(key, value)| (key.clone(), value.clone())));
}

fn each<T>(items: &BTreeMap<String, T>, shape: impl Fn(&T) -> Json) -> Json {
    Json::Object(items.iter().map(|(key, item)| (key.clone(), shape(item))).collect())
}

fn texts(map: &BTreeMap<String, String>) -> Json {
    each(map, |text| Json::from(text.as_str()))
}

struct Shape<'a> {
    working_directory: Option<&'a Path>,
}

impl Shape<'_> {
    fn absolute(&self, path: &str) -> String {
        match self.working_directory {
            Some(directory) if !path.starts_with('/') => clean(&directory.join(path)),
            _ => path.to_owned(),
        }
    }

    fn service(&self, service: &Service) -> Json {
        let mut map = Map::new();
        put(&mut map, "cap_add", service.cap_add.clone());
        put(&mut map, "cap_drop", service.cap_drop.clone());
        put(&mut map, "cgroupns_mode", service.cgroupns_mode.as_str());
        put(&mut map, "cgroup_parent", service.cgroup_parent.as_str());
        put(&mut map, "command", service.command.clone().unwrap_or_default());
        put(&mut map, "configs", references(&service.configs));
        put(&mut map, "container_name", service.container_name.as_str());
        put(&mut map, "credential_spec", service.credential_spec.clone().unwrap_or_default());
        put(&mut map, "depends_on", service.depends_on.clone());
        put(&mut map, "deploy", deploy(&service.deploy));
        put(&mut map, "devices", service.devices.clone());
        put(&mut map, "dns", service.dns.clone());
        put(&mut map, "dns_search", service.dns_search.clone());
        put(&mut map, "domainname", service.domainname.as_str());
        put(&mut map, "entrypoint", service.entrypoint.clone().unwrap_or_default());
        put(&mut map, "environment", each(&service.environment, |value| Json::from(value.clone())));
        put(&mut map, "env_file", service.env_file.clone());
        put(&mut map, "expose", service.expose.clone());
        put(&mut map, "extra_hosts", service.extra_hosts.clone());
        put(&mut map, "hostname", service.hostname.as_str());
        put_some(&mut map, "healthcheck", service.healthcheck.as_ref().map(healthcheck));
        put(&mut map, "image", service.image.as_str());
        put_some(&mut map, "init", service.init);
        put(&mut map, "ipc", service.ipc.as_str());
        put(&mut map, "isolation", service.isolation.as_str());
        put(&mut map, "labels", texts(&service.labels));
        put(&mut map, "links", service.links.clone());
        put_some(
            &mut map,
            "logging",
            service.logging.as_ref().map(|logging| {
                let mut map = Map::new();
                put(&mut map, "driver", logging.driver.as_str());
                put(&mut map, "options", texts(&logging.options));
                map
            }),
        );
        put(&mut map, "mac_address", service.mac_address.as_str());
        put(&mut map, "network_mode", service.network_mode.as_str());
        put(
            &mut map,
            "networks",
            each(&service.networks, |network| network.as_ref().map_or(Json::Null, service_network)),
        );
        put(&mut map, "oom_score_adj", service.oom_score_adj);
        put(&mut map, "pid", service.pid.as_str());
        put(&mut map, "ports", service.ports.iter().map(port).collect::<Vec<_>>());
        put(&mut map, "privileged", service.privileged);
        put(&mut map, "read_only", service.read_only);
        put(&mut map, "restart", service.restart.as_str());
        put(&mut map, "secrets", references(&service.secrets));
        put(&mut map, "security_opt", service.security_opt.clone());
        put(&mut map, "shm_size", service.shm_size.as_str());
        put(&mut map, "stdin_open", service.stdin_open);
        put_some(&mut map, "stop_grace_period", service.stop_grace_period.map(duration));
        put(&mut map, "stop_signal", service.stop_signal.as_str());
        put(&mut map, "sysctls", texts(&service.sysctls));
        put(&mut map, "tmpfs", service.tmpfs.clone());
        put(&mut map, "tty", service.tty);
        put(&mut map, "ulimits", each(&service.ulimits, ulimit));
        put(&mut map, "user", service.user.as_str());
        put(&mut map, "userns_mode", service.userns_mode.as_str());
        put(&mut map, "volumes", service.volumes.iter().map(|mount| self.mount(mount)).collect::<Vec<_>>());
        put(&mut map, "working_dir", service.working_dir.as_str());
        extend(&mut map, &service.ignored);
        extend(&mut map, &service.extensions);
        Json::Object(map)
    }

    fn mount(&self, mount: &ServiceVolume) -> Json {
        let mut map = Map::new();
        let relative_bind = mount.kind == "bind" && !is_windows_absolute(&mount.source);
        let source = if relative_bind { self.absolute(&mount.source) } else { mount.source.clone() };
        put(&mut map, "type", mount.kind.as_str());
        put(&mut map, "source", source);
        put(&mut map, "target", mount.target.as_str());
        put(&mut map, "read_only", mount.read_only);
        put(&mut map, "consistency", mount.consistency.as_str());
        put_some(
            &mut map,
            "bind",
            mount.bind_propagation.as_ref().map(|propagation| {
                let mut map = Map::new();
                put(&mut map, "propagation", propagation.as_str());
                map
            }),
        );
        put_some(
            &mut map,
            "volume",
            mount.volume_nocopy.map(|nocopy| {
                let mut map = Map::new();
                put(&mut map, "nocopy", nocopy);
                put(&mut map, "subpath", mount.volume_subpath.as_str());
                map
            }),
        );
        put_some(
            &mut map,
            "tmpfs",
            mount.tmpfs_size.map(|size| {
                let mut map = Map::new();
                put(&mut map, "size", size);
                map
            }),
        );
        Json::Object(map)
    }

    fn file_object(&self, object: &FileObject) -> Json {
        let mut map = Map::new();
        let from_disk = !object.external && object.driver.is_empty();
        let file = if from_disk { self.absolute(&object.file) } else { object.file.clone() };
        put(&mut map, "name", object.name.as_str());
        put(&mut map, "file", file);
        put(&mut map, "external", object.external);
        put(&mut map, "labels", texts(&object.labels));
        put(&mut map, "driver", object.driver.as_str());
        put(&mut map, "driver_opts", texts(&object.driver_opts));
        put(&mut map, "template_driver", object.template_driver.as_str());
        extend(&mut map, &object.extensions);
        Json::Object(map)
    }
}

/// The path without `.`, `..` and doubled slashes.
fn clean(path: &Path) -> String {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => _ = clean.pop(),
            component => clean.push(component),
        }
    }
    clean.to_string_lossy().into_owned()
}

/// `C:\…` or `\\server\share\…`, which the reference leaves alone on every system.
fn is_windows_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    let slash = |at: usize| matches!(bytes.get(at), Some(b'/' | b'\\'));
    let drive = bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':') && slash(2);
    drive || is_network_share(bytes)
}

fn is_network_share(bytes: &[u8]) -> bool {
    let slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let Some(rest) = bytes.get(2..).filter(|_| bytes[..2].iter().all(slash)) else { return false };
    let mut parts = rest.splitn(3, slash);
    let (server, share, more) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    !server.is_empty() && !server.starts_with(b".") && !share.is_empty() && !share.starts_with(b".") && more.is_some()
}

fn references(references: &[FileReference]) -> Vec<Json> {
    let shape = |reference: &FileReference| {
        let mut map = Map::new();
        put(&mut map, "source", reference.source.as_str());
        put(&mut map, "target", reference.target.as_str());
        put(&mut map, "uid", reference.uid.as_str());
        put(&mut map, "gid", reference.gid.as_str());
        put_some(&mut map, "mode", reference.mode);
        Json::Object(map)
    };
    references.iter().map(shape).collect()
}

fn deploy(deploy: &Deploy) -> Map<String, Json> {
    let mut map = Map::new();
    put(&mut map, "mode", deploy.mode.as_str());
    put_some(&mut map, "replicas", deploy.replicas);
    put(&mut map, "labels", texts(&deploy.labels));
    put_some(&mut map, "update_config", deploy.update_config.as_ref().map(update_config));
    put_some(&mut map, "rollback_config", deploy.rollback_config.as_ref().map(update_config));
    let mut resources = Map::new();
    put_some(
        &mut resources,
        "limits",
        deploy.resources.limits.as_ref().map(|limit| {
            let mut map = Map::new();
            put(&mut map, "cpus", limit.cpus.as_str());
            put(&mut map, "memory", size(limit.memory));
            put(&mut map, "pids", limit.pids);
            map
        }),
    );
    put_some(
        &mut resources,
        "reservations",
        deploy.resources.reservations.as_ref().map(|reservation| {
            let mut map = Map::new();
            put(&mut map, "cpus", reservation.cpus.as_str());
            put(&mut map, "memory", size(reservation.memory));
            let generic =
                |(kind, value): &(String, i64)| json!({"discrete_resource_spec": {"kind": kind, "value": value}});
            put(&mut map, "generic_resources", reservation.generic_resources.iter().map(generic).collect::<Vec<_>>());
            map
        }),
    );
    put(&mut map, "resources", resources);
    put_some(
        &mut map,
        "restart_policy",
        deploy.restart_policy.as_ref().map(|policy| {
            let mut map = Map::new();
            put(&mut map, "condition", policy.condition.as_str());
            put_some(&mut map, "delay", policy.delay.map(duration));
            put_some(&mut map, "max_attempts", policy.max_attempts);
            put_some(&mut map, "window", policy.window.map(duration));
            map
        }),
    );
    let mut placement = Map::new();
    put(&mut placement, "constraints", deploy.placement.constraints.clone());
    let preference = |spread: &String| {
        let mut map = Map::new();
        put(&mut map, "spread", spread.as_str());
        Json::Object(map)
    };
    put(&mut placement, "preferences", deploy.placement.preferences_spread.iter().map(preference).collect::<Vec<_>>());
    put(&mut placement, "max_replicas_per_node", deploy.placement.max_replicas_per_node);
    put(&mut map, "placement", placement);
    put(&mut map, "endpoint_mode", deploy.endpoint_mode.as_str());
    map
}

fn update_config(config: &UpdateConfig) -> Map<String, Json> {
    let mut map = Map::new();
    put_some(&mut map, "parallelism", config.parallelism);
    put_some(&mut map, "delay", config.delay.map(duration));
    put(&mut map, "failure_action", config.failure_action.as_str());
    put_some(&mut map, "monitor", config.monitor.map(duration));
    put(&mut map, "max_failure_ratio", config.max_failure_ratio);
    put(&mut map, "order", config.order.as_str());
    map
}

fn healthcheck(check: &Healthcheck) -> Map<String, Json> {
    let mut map = Map::new();
    put(&mut map, "test", check.test.clone());
    put_some(&mut map, "timeout", check.timeout.map(duration));
    put_some(&mut map, "interval", check.interval.map(duration));
    put_some(&mut map, "retries", check.retries);
    put_some(&mut map, "start_period", check.start_period.map(duration));
    put_some(&mut map, "start_interval", check.start_interval.map(duration));
    put(&mut map, "disable", check.disable);
    map
}

fn service_network(network: &ServiceNetwork) -> Json {
    let mut map = Map::new();
    put(&mut map, "aliases", network.aliases.clone());
    put(&mut map, "driver_opts", texts(&network.driver_opts));
    put(&mut map, "ipv4_address", network.ipv4_address.as_str());
    put(&mut map, "ipv6_address", network.ipv6_address.as_str());
    Json::Object(map)
}

fn port(port: &Port) -> Json {
    let mut map = Map::new();
    put(&mut map, "mode", port.mode.as_str());
    put(&mut map, "target", port.target);
    put(&mut map, "published", port.published);
    put(&mut map, "protocol", port.protocol.as_str());
    Json::Object(map)
}

fn ulimit(limit: &Ulimit) -> Json {
    if limit.single != 0 {
        return Json::from(limit.single);
    }
    let mut map = Map::new();
    put(&mut map, "soft", limit.soft);
    put(&mut map, "hard", limit.hard);
    Json::Object(map)
}

fn network(network: &Network) -> Json {
    let mut map = Map::new();
    put(&mut map, "name", network.name.as_str());
    put(&mut map, "driver", network.driver.as_str());
    put(&mut map, "driver_opts", texts(&network.driver_opts));
    let mut ipam = Map::new();
    put(&mut ipam, "driver", network.ipam.driver.as_str());
    let pool = |subnet: &String| {
        let mut map = Map::new();
        put(&mut map, "subnet", subnet.as_str());
        Json::Object(map)
    };
    put(&mut ipam, "config", network.ipam.subnets.iter().map(pool).collect::<Vec<_>>());
    put(&mut map, "ipam", ipam);
    put(&mut map, "external", network.external);
    put(&mut map, "internal", network.internal);
    put(&mut map, "attachable", network.attachable);
    put(&mut map, "labels", texts(&network.labels));
    extend(&mut map, &network.extensions);
    Json::Object(map)
}

fn volume(volume: &Volume) -> Json {
    let mut map = Map::new();
    put(&mut map, "name", volume.name.as_str());
    put(&mut map, "driver", volume.driver.as_str());
    put(&mut map, "driver_opts", texts(&volume.driver_opts));
    put(&mut map, "external", volume.external);
    put(&mut map, "labels", texts(&volume.labels));
    put_some(&mut map, "x-cluster-spec", volume.cluster_spec.clone());
    extend(&mut map, &volume.extensions);
    Json::Object(map)
}

/// An amount of memory as text; nothing for zero.
fn size(bytes: i64) -> String {
    if bytes == 0 { String::new() } else { bytes.to_string() }
}

/// A duration as Go prints it: `1h0m5s`, `1.5s`, `100ms`, `0s`.
fn duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let fraction = |value: u128, unit: u128| {
        let rest = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let rest = rest.trim_end_matches('0');
        if rest.is_empty() || unit == 1 { format!("{}", value / unit) } else { format!("{}.{rest}", value / unit) }
    };
    match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => format!("{}\u{b5}s", fraction(nanoseconds, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", fraction(nanoseconds, 1_000_000)),
        _ => {
            let minutes = duration.as_secs() / 60;
            let seconds = fraction(nanoseconds - u128::from(minutes) * 60_000_000_000, 1_000_000_000);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_printed_as_go_prints_them() {
        for (nanoseconds, text) in [
            (0, "0s"),
            (5, "5ns"),
            (1_500, "1.5\u{b5}s"),
            (300_000_000, "300ms"),
            (1_500_000_000, "1.5s"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), text);
        }
    }

    #[test]
    fn paths_become_absolute_and_clean() {
        let shape = Shape { working_directory: Some(Path::new("/recipe")) };
        assert_eq!(shape.absolute("./a/../b"), "/recipe/b");
        assert_eq!(shape.absolute(""), "/recipe");
        assert_eq!(shape.absolute("/a/./b"), "/a/./b");
        assert!(is_windows_absolute(r"C:\a") && is_windows_absolute(r"\\server\share\a"));
        assert!(!is_windows_absolute("C:a") && !is_windows_absolute(r"\\server") && !is_windows_absolute("a"));
    }
}
