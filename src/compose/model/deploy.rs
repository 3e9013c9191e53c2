//! `deploy:` of a service.

use crate::compose::format;
use crate::compose::path::Path;
use crate::compose::project::{
    Deploy, Placement, ResourceLimit, ResourceReservation, Resources, RestartPolicy, UpdateConfig,
};
use crate::compose::tree::{Content, Mapping, Node};

use super::Reader;

impl Reader<'_> {
    pub(super) fn deploy(&mut self, map: &Mapping, path: &Path<'_>) -> Deploy {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let map = reader.map(node, path)?;
            Some(Deploy {
                mode: reader.text(map, path, "mode"),
                replicas: reader.natural(map, path, "replicas"),
                labels: reader.labels(map, path, "labels"),
                update_config: reader.at(map, path, "update_config", Self::update_config),
                rollback_config: reader.at(map, path, "rollback_config", Self::update_config),
                resources: reader.at(map, path, "resources", Self::resources).unwrap_or_default(),
                restart_policy: reader.at(map, path, "restart_policy", Self::restart_policy),
                placement: reader.at(map, path, "placement", Self::placement).unwrap_or_default(),
                endpoint_mode: reader.text(map, path, "endpoint_mode"),
            })
        };
        self.at(map, path, "deploy", read).unwrap_or_default()
    }

    fn update_config(&mut self, node: &Node, path: &Path<'_>) -> Option<UpdateConfig> {
        let map = self.map(node, path)?;
        Some(UpdateConfig {
            parallelism: self.natural(map, path, "parallelism"),
            delay: self.duration(map, path, "delay").filter(|delay| !delay.is_zero()),
            failure_action: self.text(map, path, "failure_action"),
            monitor: self.duration(map, path, "monitor").filter(|monitor| !monitor.is_zero()),
            max_failure_ratio: self.ratio(map, path, "max_failure_ratio"),
            order: self.text(map, path, "order"),
        })
    }

    /// A number that the reference keeps in 32 bits.
    fn ratio(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> f64 {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let value = match node.content {
                Content::Int(value) => value as f32,
                Content::Uint(value) => value as f32,
                Content::Float(value) => value as f32,
                _ => {
                    reader.refuse_kind(node, path, "a number");
                    return None;
                }
            };
            // 0.3 shall stay 0.3, and not become 0.30000001.
            value.to_string().parse().ok()
        };
        self.at(map, path, key, read).unwrap_or_default()
    }

    fn resources(&mut self, node: &Node, path: &Path<'_>) -> Option<Resources> {
        let map = self.map(node, path)?;
        let limits = self.at(map, path, "limits", |reader, node, path| {
            let map = reader.map(node, path)?;
            Some(ResourceLimit {
                cpus: reader.text(map, path, "cpus"),
                memory: reader.memory(map, path, "memory"),
                pids: reader.integer(map, path, "pids").unwrap_or_default(),
            })
        });
        let reservations = self.at(map, path, "reservations", |reader, node, path| {
            let map = reader.map(node, path)?;
            Some(ResourceReservation {
                cpus: reader.text(map, path, "cpus"),
                memory: reader.memory(map, path, "memory"),
                generic_resources: reader
                    .at(map, path, "generic_resources", Self::generic_resources)
                    .unwrap_or_default(),
            })
        });
        Some(Resources { limits, reservations })
    }

    pub(super) fn memory(&mut self, map: &Mapping, path: &Path<'_>, key: &str) -> i64 {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let text = reader.text_value(node, path)?;
            let size = format::bytes(&text);
            if size.is_none() {
                reader.refuse(
                    node,
                    path,
                    format!("`{text}` is no amount of memory"),
                    "write for example `512M` or `1.5G`",
                );
            }
            size
        };
        self.at(map, path, key, read).unwrap_or_default()
    }

    fn generic_resources(&mut self, node: &Node, path: &Path<'_>) -> Option<Vec<(String, i64)>> {
        let items = node.as_list()?;
        let mut resources = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = path.index(at);
            let Some(map) = self.map(item, &path) else { continue };
            let resource = self.at(map, &path, "discrete_resource_spec", |reader, node, path| {
                let map = reader.map(node, path)?;
                Some((reader.text(map, path, "kind"), reader.integer(map, path, "value").unwrap_or_default()))
            });
            resources.extend(resource);
        }
        Some(resources)
    }

    fn restart_policy(&mut self, node: &Node, path: &Path<'_>) -> Option<RestartPolicy> {
        let map = self.map(node, path)?;
        Some(RestartPolicy {
            condition: self.text(map, path, "condition"),
            delay: self.duration(map, path, "delay"),
            max_attempts: self.natural(map, path, "max_attempts"),
            window: self.duration(map, path, "window"),
        })
    }

    fn placement(&mut self, node: &Node, path: &Path<'_>) -> Option<Placement> {
        let map = self.map(node, path)?;
        let spread = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let items = node.as_list()?;
            let mut spread = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let path = path.index(at);
                if let Some(map) = reader.map(item, &path) {
                    spread.push(reader.text(map, &path, "spread"));
                }
            }
            Some(spread)
        };
        Some(Placement {
            constraints: self.texts(map, path, "constraints"),
            preferences_spread: self.at(map, path, "preferences", spread).unwrap_or_default(),
            max_replicas_per_node: self.natural(map, path, "max_replicas_per_node").unwrap_or_default(),
        })
    }
}
