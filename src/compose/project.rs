//! The typed project: what a swarm would be asked for, after interpolation, validation and merging.
//!
//! The shape follows the reference loader (`docker stack config`, module `cli/compose`), because that loader is the judge of what
//! a compose file means (recipe-format.md §1.7). Names are the compose file's own.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// A merged, interpolated and validated set of compose files.
///
/// Names of networks, volumes, secrets and configs are keys as the files write them; the stack name is put in front of them
/// only when they are deployed (`swarm::deploy`), as the reference does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// The compose format version, for example `3.8`; `None` when no file names one.
    pub version: Option<String>,
    /// Services by name, sorted by name.
    pub services: BTreeMap<String, Service>,
    /// Top-level networks by key.
    pub networks: BTreeMap<String, Network>,
    /// Top-level volumes by key.
    pub volumes: BTreeMap<String, Volume>,
    /// Top-level secrets by key.
    pub secrets: BTreeMap<String, FileObject>,
    /// Top-level configs by key.
    pub configs: BTreeMap<String, FileObject>,
    /// Top-level `x-` keys, kept as they are.
    pub extensions: BTreeMap<String, Value>,
}

/// One service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Service {
    /// Capabilities to add.
    pub cap_add: Vec<String>,
    /// Capabilities to drop.
    pub cap_drop: Vec<String>,
    /// The container's cgroup parent; swarm ignores it.
    pub cgroup_parent: String,
    /// `private` or `host`; empty when not given.
    pub cgroupns_mode: String,
    /// Arguments (the image's `CMD` is replaced); `None` when not given, so that an empty list is told apart.
    pub command: Option<Vec<String>>,
    /// Configs to mount.
    pub configs: Vec<FileReference>,
    /// A name for the container; swarm ignores it.
    pub container_name: String,
    /// Credential spec for Windows containers, kept as it is.
    pub credential_spec: Option<Value>,
    /// Services named in `depends_on`; swarm ignores the order.
    pub depends_on: Vec<String>,
    /// Everything under `deploy:`.
    pub deploy: Deploy,
    /// Device mappings; swarm ignores them.
    pub devices: Vec<String>,
    /// DNS servers.
    pub dns: Vec<String>,
    /// DNS search domains.
    pub dns_search: Vec<String>,
    /// The container's domain name; swarm ignores it.
    pub domainname: String,
    /// The image's `ENTRYPOINT` is replaced; `None` when not given.
    pub entrypoint: Option<Vec<String>>,
    /// Environment, sorted by key; `None` as value means "taken from the deployer's environment", and is unset when that has none.
    pub environment: BTreeMap<String, Option<String>>,
    /// Paths of `env_file`, already read into `environment`.
    pub env_file: Vec<String>,
    /// Ports for peers only; swarm ignores them.
    pub expose: Vec<String>,
    /// Lines of `/etc/hosts` as `name:address`.
    pub extra_hosts: Vec<String>,
    /// The healthcheck.
    pub healthcheck: Option<Healthcheck>,
    /// The container's host name (may hold a service template).
    pub hostname: String,
    /// The image reference as written.
    pub image: String,
    /// Run an init process; `None` leaves the engine's default.
    pub init: Option<bool>,
    /// `ipc:` as written; swarm ignores it.
    pub ipc: String,
    /// Isolation technology (Windows).
    pub isolation: String,
    /// Container labels: not the ones that Traefik, abra or backup-bot read (recipe-format.md §1.5).
    pub labels: BTreeMap<String, String>,
    /// `links:` as written; swarm ignores them.
    pub links: Vec<String>,
    /// Log driver and options.
    pub logging: Option<Logging>,
    /// MAC address; swarm ignores it.
    pub mac_address: String,
    /// `network_mode:` as written; swarm ignores it.
    pub network_mode: String,
    /// Networks by key, in the order of the reference (sorted by key); `None` = attached without settings.
    pub networks: BTreeMap<String, Option<ServiceNetwork>>,
    /// The `out of memory` score adjustment.
    pub oom_score_adj: i64,
    /// `pid:` as written; swarm ignores it.
    pub pid: String,
    /// Published ports.
    pub ports: Vec<Port>,
    /// Privileged mode; swarm ignores it.
    pub privileged: bool,
    /// Mount the root file system read-only.
    pub read_only: bool,
    /// `restart:` as written; swarm ignores it (see `deploy.restart_policy`).
    pub restart: String,
    /// Secrets to mount.
    pub secrets: Vec<FileReference>,
    /// Security options; swarm ignores them.
    pub security_opt: Vec<String>,
    /// Size of `/dev/shm` as written; swarm ignores it.
    pub shm_size: String,
    /// Keep standard input open.
    pub stdin_open: bool,
    /// How long a task may take to stop before it is killed.
    pub stop_grace_period: Option<Duration>,
    /// The signal that stops the container.
    pub stop_signal: String,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Mount points of tmpfs file systems (short form).
    pub tmpfs: Vec<String>,
    /// Allocate a terminal.
    pub tty: bool,
    /// Resource limits by name.
    pub ulimits: BTreeMap<String, Ulimit>,
    /// The user (and group) that runs the process.
    pub user: String,
    /// `userns_mode:` as written; swarm ignores it.
    pub userns_mode: String,
    /// Mounts.
    pub volumes: Vec<ServiceVolume>,
    /// The working directory.
    pub working_dir: String,
    /// Keys that the format knows and swarm ignores, and that have no field of their own here (`build`, …), kept for the linter.
    pub ignored: BTreeMap<String, Value>,
    /// Service-level `x-` keys, kept as they are.
    pub extensions: BTreeMap<String, Value>,
}

/// `deploy:` of a service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Deploy {
    /// `replicated` (also when empty), `global`, `replicated-job` or `global-job`.
    pub mode: String,
    /// Replicas; `None` = the default of one.
    pub replicas: Option<u64>,
    /// Labels of the swarm service: the ones that Traefik, abra and backup-bot read.
    pub labels: BTreeMap<String, String>,
    /// How an update goes about.
    pub update_config: Option<UpdateConfig>,
    /// How a rollback goes about.
    pub rollback_config: Option<UpdateConfig>,
    /// Limits and reservations.
    pub resources: Resources,
    /// When tasks are started again.
    pub restart_policy: Option<RestartPolicy>,
    /// Where tasks may run.
    pub placement: Placement,
    /// `vip`, `dnsrr` or empty.
    pub endpoint_mode: String,
}

/// `update_config:` and `rollback_config:`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdateConfig {
    /// Tasks updated at once; `None` = 1, `Some(0)` = all at once.
    pub parallelism: Option<u64>,
    /// Pause between batches.
    pub delay: Option<Duration>,
    /// `pause`, `continue`, `rollback` or empty.
    pub failure_action: String,
    /// How long each task is watched for failure after it started.
    pub monitor: Option<Duration>,
    /// The share of failures that is tolerated, 0 to 1.
    pub max_failure_ratio: f64,
    /// `start-first`, `stop-first` or empty.
    pub order: String,
}

/// `resources:`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resources {
    /// What a task may use at most.
    pub limits: Option<ResourceLimit>,
    /// What a node must have free.
    pub reservations: Option<ResourceReservation>,
}

/// `resources.limits`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceLimit {
    /// CPUs as a decimal string, as written (`0.5`).
    pub cpus: String,
    /// Memory in bytes; 0 = not given.
    pub memory: i64,
    /// Processes; 0 = not given.
    pub pids: i64,
}

/// `resources.reservations`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceReservation {
    /// CPUs as a decimal string, as written (`0.5`).
    pub cpus: String,
    /// Memory in bytes; 0 = not given.
    pub memory: i64,
    /// Discrete generic resources as (kind, value).
    pub generic_resources: Vec<(String, i64)>,
}

/// `restart_policy:`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RestartPolicy {
    /// `none`, `on-failure`, `any` or empty.
    pub condition: String,
    /// Pause before a restart.
    pub delay: Option<Duration>,
    /// Attempts before giving up.
    pub max_attempts: Option<u64>,
    /// The window in which attempts are counted.
    pub window: Option<Duration>,
}

/// `placement:`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placement {
    /// Constraints such as `node.role == manager`.
    pub constraints: Vec<String>,
    /// Labels to spread over.
    pub preferences_spread: Vec<String>,
    /// At most this many tasks on one node; 0 = no limit.
    pub max_replicas_per_node: u64,
}

/// `healthcheck:`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", …]`, `["NONE"]`, or empty (the image's own check).
    pub test: Vec<String>,
    /// How long one check may take.
    pub timeout: Option<Duration>,
    /// Pause between checks.
    pub interval: Option<Duration>,
    /// Failures in a row until unhealthy.
    pub retries: Option<u64>,
    /// Failures within this time after the start do not count.
    pub start_period: Option<Duration>,
    /// Pause between checks during the start period.
    pub start_interval: Option<Duration>,
    /// The check is switched off.
    pub disable: bool,
}

/// `logging:`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logging {
    /// The driver's name; empty = the engine's default.
    pub driver: String,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
}

/// A service's own settings on one network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceNetwork {
    /// Names by which peers find it, beside the service's own.
    pub aliases: Vec<String>,
    /// A fixed IPv4 address; swarm ignores it.
    pub ipv4_address: String,
    /// A fixed IPv6 address; swarm ignores it.
    pub ipv6_address: String,
    /// Options for the network driver.
    pub driver_opts: BTreeMap<String, String>,
}

/// A published port.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Port {
    /// `ingress`, `host` or empty.
    pub mode: String,
    /// The port in the container.
    pub target: u32,
    /// The port on the node; 0 = chosen by the engine.
    pub published: u32,
    /// `tcp`, `udp`, `sctp` or empty.
    pub protocol: String,
}

/// A limit on a resource, soft and hard.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ulimit {
    /// One value for both, when the short form was used; 0 otherwise.
    pub single: i64,
    /// Soft limit.
    pub soft: i64,
    /// Hard limit.
    pub hard: i64,
}

/// A mount.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceVolume {
    /// `volume`, `bind`, `tmpfs`, `npipe` or `cluster`.
    pub kind: String,
    /// The volume's key or the host's path; empty = anonymous.
    pub source: String,
    /// The path in the container.
    pub target: String,
    /// Mount read-only.
    pub read_only: bool,
    /// `consistency:` as written; swarm ignores it.
    pub consistency: String,
    /// `bind.propagation`; empty when not given.
    pub bind_propagation: Option<String>,
    /// `volume.nocopy`; `None` when there is no `volume:` section.
    pub volume_nocopy: Option<bool>,
    /// `volume.subpath`; empty when not given.
    pub volume_subpath: String,
    /// `tmpfs.size` in bytes; `None` when there is no `tmpfs:` section.
    pub tmpfs_size: Option<i64>,
}

/// A reference from a service to a secret or a config.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileReference {
    /// The key of the top-level secret or config.
    pub source: String,
    /// The file's name or path in the container; empty = the reference's default.
    pub target: String,
    /// Owner, numeric, as written; empty = `0`.
    pub uid: String,
    /// Group, numeric, as written; empty = `0`.
    pub gid: String,
    /// Permission bits; `None` = `0444`.
    pub mode: Option<u32>,
}

/// A top-level network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// A name used as it is, without the stack's prefix; empty when not given.
    pub name: String,
    /// The driver; empty = overlay.
    pub driver: String,
    /// Options for the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Address management: driver and (subnet) list.
    pub ipam: Ipam,
    /// Made by somebody else.
    pub external: bool,
    /// No route to the outside.
    pub internal: bool,
    /// Containers outside the swarm's services may attach.
    pub attachable: bool,
    /// IPv6 on the network; `None` when not given.
    pub enable_ipv6: Option<bool>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `x-` keys.
    pub extensions: BTreeMap<String, Value>,
}

/// `ipam:` of a network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ipam {
    /// The driver; empty = default.
    pub driver: String,
    /// Subnets in CIDR notation, in order.
    pub subnets: Vec<String>,
}

/// A top-level volume.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Volume {
    /// A name used as it is; empty when not given.
    pub name: String,
    /// The driver; empty = local.
    pub driver: String,
    /// Options for the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Made by somebody else.
    pub external: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// A cluster volume's specification, kept as it is.
    pub cluster_spec: Option<Value>,
    /// `x-` keys.
    pub extensions: BTreeMap<String, Value>,
}

/// A top-level secret or config.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FileObject {
    /// A name used as it is; empty when not given.
    pub name: String,
    /// The file with the content, relative to the recipe's root, as written; empty when external.
    pub file: String,
    /// Made by somebody else: the operator, or abra.
    pub external: bool,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// A driver for the content; empty = swarm's own store.
    pub driver: String,
    /// Options for the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// `golang` when swarm renders the content as a template.
    pub template_driver: String,
    /// `x-` keys.
    pub extensions: BTreeMap<String, Value>,
}

impl Service {
    /// Its compose files give it a healthcheck. One that only the image brings is not seen here.
    pub fn is_checked(&self) -> bool {
        let given = |check: &Healthcheck| !check.disable && check.test.first().is_some_and(|word| word != "NONE");
        self.healthcheck.as_ref().is_some_and(given)
    }
}

impl Project {
    /// The services in a stable order: (name, service).
    pub fn services(&self) -> impl Iterator<Item = (&str, &Service)> {
        self.services.iter().map(|(name, service)| (name.as_str(), service))
    }
}
