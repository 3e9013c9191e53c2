//! One service.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::compose::format;
use crate::compose::path::Path;
use crate::compose::project::{FileReference, Healthcheck, Logging, Service, ServiceNetwork, Ulimit};
use crate::compose::tree::{Content, Mapping, Node};

use super::pairs::printed;
use super::{Draft, Reader, Written, extensions, lookup};

/// Keys that swarm ignores, in the order in which the reference names them.
const IGNORED: [&str; 16] = [
    "build",
    "cgroupns_mode",
    "cgroup_parent",
    "devices",
    "domainname",
    "external_links",
    "ipc",
    "links",
    "mac_address",
    "network_mode",
    "pid",
    "privileged",
    "restart",
    "security_opt",
    "shm_size",
    "userns_mode",
];

impl Reader<'_> {
    pub(super) fn service(&mut self, node: &Node, path: &Path<'_>) -> Draft {
        let Some(map) = self.map(node, path) else { return Draft::default() };
        self.warn_of_ignored(map, path);
        let written = |key| map.get(key).is_some();
        let logging_options =
            map.get("logging").and_then(Node::as_map).is_some_and(|logging| logging.get("options").is_some());
        let environment = self.environment(map, path);
        let service = Service {
            cap_add: self.texts(map, path, "cap_add"),
            cap_drop: self.texts(map, path, "cap_drop"),
            cgroup_parent: self.text(map, path, "cgroup_parent"),
            cgroupns_mode: self.text(map, path, "cgroupns_mode"),
            command: self.command(map, path, "command"),
            configs: self.file_references(map, path, "configs"),
            container_name: self.text(map, path, "container_name"),
            credential_spec: self.credential_spec(map, path),
            depends_on: self.texts(map, path, "depends_on"),
            deploy: self.deploy(map, path),
            devices: self.texts(map, path, "devices"),
            dns: self.text_or_texts(map, path, "dns"),
            dns_search: self.text_or_texts(map, path, "dns_search"),
            domainname: self.text(map, path, "domainname"),
            entrypoint: self.command(map, path, "entrypoint"),
            environment,
            env_file: self.text_or_texts(map, path, "env_file"),
            expose: self.expose(map, path),
            extra_hosts: self.hosts(map, path, "extra_hosts"),
            healthcheck: self.healthcheck(map, path),
            hostname: self.text(map, path, "hostname"),
            image: self.text(map, path, "image"),
            init: self.boolean(map, path, "init"),
            ipc: self.text(map, path, "ipc"),
            isolation: self.text(map, path, "isolation"),
            labels: self.labels(map, path, "labels"),
            links: self.texts(map, path, "links"),
            logging: self.logging(map, path),
            mac_address: self.text(map, path, "mac_address"),
            network_mode: self.text(map, path, "network_mode"),
            networks: self.service_networks(map, path),
            // The reference checks this key and then loses it: its own type has no such name.
            oom_score_adj: 0,
            pid: self.text(map, path, "pid"),
            ports: self.ports(map, path),
            privileged: self.boolean(map, path, "privileged").unwrap_or_default(),
            read_only: self.boolean(map, path, "read_only").unwrap_or_default(),
            restart: self.text(map, path, "restart"),
            secrets: self.file_references(map, path, "secrets"),
            security_opt: self.texts(map, path, "security_opt"),
            shm_size: self.text(map, path, "shm_size"),
            stdin_open: self.boolean(map, path, "stdin_open").unwrap_or_default(),
            stop_grace_period: self.duration(map, path, "stop_grace_period"),
            stop_signal: self.text(map, path, "stop_signal"),
            sysctls: self.labels(map, path, "sysctls"),
            tmpfs: self.text_or_texts(map, path, "tmpfs"),
            tty: self.boolean(map, path, "tty").unwrap_or_default(),
            ulimits: self.ulimits(map, path),
            user: self.text(map, path, "user"),
            userns_mode: self.text(map, path, "userns_mode"),
            volumes: self.mounts(map, path),
            working_dir: self.text(map, path, "working_dir"),
            ignored: self.ignored(map, path),
            extensions: extensions(map),
        };
        let written = Written {
            ports: written("ports"),
            volumes: written("volumes"),
            secrets: written("secrets"),
            configs: written("configs"),
            logging_options,
        };
        Draft { service, written }
    }

    fn warn_of_ignored(&mut self, map: &Mapping, path: &Path<'_>) {
        let deprecated = [
            ("container_name", "swarm names containers itself"),
            ("expose", "services on one network reach each other on any port"),
        ];
        let lost = [("oom_score_adj", "the swarm loader checks this key and then drops it")];
        let ignored = IGNORED.iter().map(|&key| (key, "swarm ignores this key"));
        for (key, why) in ignored.chain(deprecated).chain(lost) {
            if let Some(entry) = map.entry(key) {
                let issue = crate::compose::problem::Issue::new(entry.key, &path.key(key), why);
                self.warnings.push(issue.help("remove it"));
            }
        }
    }

    /// A command: one text that is split as a shell would, or a list.
    fn command(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Option<Vec<String>> {
        self.at(map, path, key, |reader, node, path| match node.as_text() {
            Some(text) => match format::words(text) {
                Ok(words) => Some(words),
                Err(why) => {
                    reader.refuse(
                        node,
                        path,
                        format!("the command cannot be split into words: {why}"),
                        "write it as a list",
                    );
                    None
                }
            },
            None => reader.texts_value(node, path),
        })
    }

    fn expose(&mut self, map: &Mapping, path: &Path<'_>) -> Vec<String> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| match node.as_list() {
            Some(items) => Some(items.iter().filter_map(printed).collect()),
            None => {
                reader.refuse_kind(node, path, "a list");
                None
            }
        };
        self.at(map, path, "expose", read).unwrap_or_default()
    }

    fn healthcheck(&mut self, map: &Mapping, path: &Path<'_>) -> Option<Healthcheck> {
        self.at(map, path, "healthcheck", |reader, node, path| {
            let map = reader.map(node, path)?;
            let test = reader.at(map, path, "test", |reader, node, path| match node.as_text() {
                Some(command) => Some(vec!["CMD-SHELL".to_owned(), command.to_owned()]),
                None => reader.texts_value(node, path),
            });
            Some(Healthcheck {
                test: test.unwrap_or_default(),
                timeout: reader.duration(map, path, "timeout"),
                interval: reader.duration(map, path, "interval"),
                retries: reader.natural(map, path, "retries"),
                start_period: reader.duration(map, path, "start_period"),
                start_interval: reader.duration(map, path, "start_interval"),
                disable: reader.boolean(map, path, "disable").unwrap_or_default(),
            })
        })
    }

    fn logging(&mut self, map: &Mapping, path: &Path<'_>) -> Option<Logging> {
        self.at(map, path, "logging", |reader, node, path| {
            let map = reader.map(node, path)?;
            Some(Logging { driver: reader.text(map, path, "driver"), options: reader.options(map, path, "options") })
        })
    }

    fn credential_spec(&mut self, map: &Mapping, path: &Path<'_>) -> Option<Json> {
        self.at(map, path, "credential_spec", |reader, node, path| {
            let map = reader.map(node, path)?;
            let mut spec = Map::new();
            for key in ["config", "file", "registry"] {
                put_text(&mut spec, key, reader.text(map, path, key));
            }
            (!spec.is_empty()).then_some(Json::Object(spec))
        })
    }

    fn file_references(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> Vec<FileReference> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let items = node.as_list()?;
            Some(
                items
                    .iter()
                    .enumerate()
                    .filter_map(|(at, item)| reader.file_reference(item, &path.index(at)))
                    .collect(),
            )
        };
        self.at(map, path, key, read).unwrap_or_default()
    }

    fn file_reference(&mut self, node: &Node, path: &Path<'_>) -> Option<FileReference> {
        if let Some(source) = node.as_text() {
            return Some(FileReference { source: source.to_owned(), ..FileReference::default() });
        }
        let map = self.map(node, path)?;
        Some(FileReference {
            source: self.text(map, path, "source"),
            target: self.text(map, path, "target"),
            uid: self.text(map, path, "uid"),
            gid: self.text(map, path, "gid"),
            mode: self.number32(map, path, "mode"),
        })
    }

    fn service_networks(&mut self, map: &Mapping, path: &Path<'_>) -> BTreeMap<String, Option<ServiceNetwork>> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| match &node.content {
            Content::Map(map) => Some(
                map.iter()
                    .map(|(key, entry)| (key.to_owned(), reader.service_network(&entry.node, &path.key(key))))
                    .collect(),
            ),
            _ => Some(reader.texts_value(node, path)?.into_iter().map(|name| (name, None)).collect()),
        };
        self.at(map, path, "networks", read).unwrap_or_default()
    }

    fn service_network(&mut self, node: &Node, path: &Path<'_>) -> Option<ServiceNetwork> {
        if node.content == Content::Null {
            return None;
        }
        let map = self.map(node, path)?;
        Some(ServiceNetwork {
            aliases: self.texts(map, path, "aliases"),
            ipv4_address: self.text(map, path, "ipv4_address"),
            ipv6_address: self.text(map, path, "ipv6_address"),
            driver_opts: self.options(map, path, "driver_opts"),
        })
    }

    fn ulimits(&mut self, map: &Mapping, path: &Path<'_>) -> BTreeMap<String, Ulimit> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let map = reader.map(node, path)?;
            Some(
                map.iter()
                    .filter_map(|(key, entry)| Some((key.to_owned(), reader.ulimit(&entry.node, &path.key(key))?)))
                    .collect(),
            )
        };
        self.at(map, path, "ulimits", read).unwrap_or_default()
    }

    fn ulimit(&mut self, node: &Node, path: &Path<'_>) -> Option<Ulimit> {
        let limit = |map: &Mapping, key: &str| match map.get(key).map(|node| &node.content) {
            Some(Content::Int(value)) => Some(*value),
            _ => None,
        };
        let read = match &node.content {
            Content::Int(single) => Some(Ulimit { single: *single, soft: 0, hard: 0 }),
            Content::Map(map) => {
                limit(map, "soft").zip(limit(map, "hard")).map(|(soft, hard)| Ulimit { single: 0, soft, hard })
            }
            _ => None,
        };
        if read.is_none() {
            // The reference loads an empty limit, and crashes when it is deployed.
            let empty = node.content == Content::Null;
            let message = if empty { "this resource limit is empty" } else { "this is no resource limit" };
            self.refuse(node, path, message, "write a whole number, or `soft:` and `hard:` with one each");
        }
        read
    }

    /// Keys without a field of their own, in the shape that the reference prints.
    fn ignored(&mut self, map: &Mapping, path: &Path<'_>) -> BTreeMap<String, Json> {
        let mut ignored = BTreeMap::new();
        if let Some(build) = self.at(map, path, "build", Self::build) {
            ignored.insert("build".to_owned(), build);
        }
        let links = self.texts(map, path, "external_links");
        if !links.is_empty() {
            ignored.insert("external_links".to_owned(), Json::from(links));
        }
        ignored
    }

    fn build(&mut self, node: &Node, path: &Path<'_>) -> Option<Json> {
        let mut build = Map::new();
        if let Some(context) = node.as_text() {
            put_text(&mut build, "context", context.to_owned());
        } else {
            let map = self.map(node, path)?;
            for key in ["context", "dockerfile", "network", "target"] {
                put_text(&mut build, key, self.text(map, path, key));
            }
            let args = self.pairs(map, path, "args");
            if lookup(map, "args").is_some() && !args.is_empty() {
                build
                    .insert("args".to_owned(), args.into_iter().map(|(key, value)| (key, Json::from(value))).collect());
            }
            let labels = self.labels(map, path, "labels");
            if !labels.is_empty() {
                build.insert(
                    "labels".to_owned(),
                    labels.into_iter().map(|(key, value)| (key, Json::from(value))).collect(),
                );
            }
            for (key, list) in [
                ("cache_from", self.text_or_texts(map, path, "cache_from")),
                ("extra_hosts", self.hosts(map, path, "extra_hosts")),
            ] {
                if !list.is_empty() {
                    build.insert(key.to_owned(), Json::from(list));
                }
            }
        }
        (!build.is_empty()).then_some(Json::Object(build))
    }
}

fn put_text(into: &mut Map<String, Json>, key: &str, text: String) {
    if !text.is_empty() {
        into.insert(key.to_owned(), Json::String(text));
    }
}
