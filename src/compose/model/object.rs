//! Top-level networks, volumes, secrets and configs.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::compose::path::Path;
use crate::compose::problem::Issue;
use crate::compose::project::{FileObject, Ipam, Network, Volume};
use crate::compose::tree::{Content, Mapping, Node};

use super::{Reader, extensions};

/// `external:` as written.
#[derive(Default)]
struct External {
    external: bool,
    /// The deprecated `external: {name: …}`.
    name: Option<String>,
}

impl Reader<'_> {
    pub(super) fn network(&mut self, name: &str, node: &Node, path: &Path<'_>) -> Network {
        let Some(map) = self.object(node, path) else { return Network::default() };
        let external = self.external(map, path);
        let ipam = self.at(map, path, "ipam", |reader, node, path| {
            let map = reader.map(node, path)?;
            Some(Ipam { driver: reader.text(map, path, "driver"), subnets: reader.subnets(map, path) })
        });
        Network {
            name: self.object_name("network", name, &external, map, path),
            driver: self.text(map, path, "driver"),
            driver_opts: self.options(map, path, "driver_opts"),
            ipam: ipam.unwrap_or_default(),
            external: external.external,
            internal: self.boolean(map, path, "internal").unwrap_or_default(),
            attachable: self.boolean(map, path, "attachable").unwrap_or_default(),
            enable_ipv6: None,
            labels: self.labels(map, path, "labels"),
            extensions: self.kept_extensions(&external, map),
        }
    }

    pub(super) fn volume(&mut self, name: &str, node: &Node, path: &Path<'_>) -> Volume {
        let Some(map) = self.object(node, path) else { return Volume::default() };
        let external = self.external(map, path);
        let volume = Volume {
            name: self.object_name("volume", name, &external, map, path),
            driver: self.text(map, path, "driver"),
            driver_opts: self.options(map, path, "driver_opts"),
            external: external.external,
            labels: self.labels(map, path, "labels"),
            cluster_spec: self.at(map, path, "x-cluster-spec", Self::cluster_spec),
            extensions: self.kept_extensions(&external, map),
        };
        if volume.external {
            let conflicts = [
                ("driver", !volume.driver.is_empty()),
                ("driver_opts", !volume.driver_opts.is_empty()),
                ("labels", !volume.labels.is_empty()),
                ("x-cluster-spec", volume.cluster_spec.is_some()),
            ];
            if let Some((key, _)) = conflicts.iter().find(|(_, conflict)| *conflict) {
                let span = map.entry(key).map_or(node.span, |entry| entry.key);
                let message = format!("an external volume cannot have `{key}`: whoever made it has decided that");
                self.issues.push(Issue::new(span, path, message).help(format!("remove `{key}` or `external`")));
            }
        }
        volume
    }

    /// A secret or a config.
    pub(super) fn file_object(&mut self, what: &str, name: &str, node: &Node, path: &Path<'_>) -> FileObject {
        let Some(map) = self.object(node, path) else { return FileObject::default() };
        let external = self.external(map, path);
        let object = FileObject {
            name: self.object_name(what, name, &external, map, path),
            file: self.text(map, path, "file"),
            external: external.external,
            labels: self.labels(map, path, "labels"),
            driver: self.text(map, path, "driver"),
            driver_opts: self.options(map, path, "driver_opts"),
            template_driver: self.text(map, path, "template_driver"),
            extensions: extensions(map),
        };
        if !object.external && !object.driver.is_empty() && !object.file.is_empty() {
            let message = format!("a {what} has either `driver` or `file`, not both");
            self.refuse(node, path, message, "remove one of the two");
        }
        object
    }

    /// The mapping of a top-level object, which may be left empty.
    fn object<'n>(&mut self, node: &'n Node, path: &Path<'_>) -> Option<&'n Mapping> {
        if node.content == Content::Null { None } else { self.map(node, path) }
    }

    fn external(&mut self, map: &Mapping, path: &Path<'_>) -> External {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| match &node.content {
            Content::Bool(external) => Some(External { external: *external, name: None }),
            Content::Map(map) => {
                let name = map.get("name").filter(|name| name.content != Content::Null);
                let name = name.and_then(|name| reader.text_value(name, &path.key("name")));
                Some(External { external: true, name: name.filter(|name| !name.is_empty()) })
            }
            _ => {
                reader.refuse_kind(node, path, "true, false or a mapping");
                None
            }
        };
        self.at(map, path, "external", read).unwrap_or_default()
    }

    /// The name of an object: as written, or for an external one from `external.name`, or its own key.
    fn object_name(&mut self, what: &str, key: &str, external: &External, map: &Mapping, path: &Path<'_>) -> String {
        let name = self.text(map, path, "name");
        match (&external.name, name.is_empty()) {
            (Some(_), false) => {
                let span = map.entry("external").map_or_else(Default::default, |entry| entry.key);
                let message = format!("the {what} has a name in `external.name` and another in `name`");
                self.issues.push(Issue::new(span, path, message).help("keep `name`, and write `external: true`"));
                name
            }
            (Some(outside), true) => {
                let span = map.entry("external").map_or_else(Default::default, |entry| entry.key);
                let issue = Issue::new(span, &path.key("external"), "`external.name` is deprecated");
                self.warnings.push(issue.help(format!("write `external: true` and `name: {outside}`")));
                outside.clone()
            }
            (None, true) if external.external => key.to_owned(),
            (None, _) => name,
        }
    }

    /// The reference keeps the `x-` keys of external networks and volumes only.
    fn kept_extensions(&self, external: &External, map: &Mapping) -> BTreeMap<String, Json> {
        if external.external { extensions(map) } else { BTreeMap::new() }
    }

    fn subnets(&mut self, map: &Mapping, path: &Path<'_>) -> Vec<String> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let items = node.as_list()?;
            let mut subnets = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let path = path.index(at);
                if let Some(map) = reader.map(item, &path) {
                    subnets.push(reader.text(map, &path, "subnet"));
                }
            }
            Some(subnets)
        };
        self.at(map, path, "config", read).unwrap_or_default()
    }

    /// A cluster volume's specification, in the shape that the reference prints.
    fn cluster_spec(&mut self, node: &Node, path: &Path<'_>) -> Option<Json> {
        let map = self.map(node, path)?;
        let mut spec = Map::new();
        self.copy_text(map, path, "group", &mut spec);
        let access = self.at(map, path, "access_mode", |reader, node, path| {
            let map = reader.map(node, path)?;
            let mut access = Map::new();
            reader.copy_text(map, path, "scope", &mut access);
            reader.copy_text(map, path, "sharing", &mut access);
            let mount = reader.at(map, path, "mount_volume", |reader, node, path| {
                let map = reader.map(node, path)?;
                let mut mount = Map::new();
                reader.copy_text(map, path, "fs_type", &mut mount);
                let flags = reader.texts(map, path, "mount_flags");
                if !flags.is_empty() {
                    mount.insert("mount_flags".to_owned(), Json::from(flags));
                }
                Some(Json::Object(mount))
            });
            access.extend(mount.map(|mount| ("mount_volume".to_owned(), mount)));
            let block =
                reader.at(map, path, "block_volume", |reader, node, path| reader.map(node, path).map(|_| Map::new()));
            access.extend(block.map(|block| ("block_volume".to_owned(), Json::Object(block))));
            Some(Json::Object(access))
        });
        spec.extend(access.map(|access| ("access_mode".to_owned(), access)));
        let requirements = self.at(map, path, "accessibility_requirements", |reader, node, path| {
            let map = reader.map(node, path)?;
            let mut requirements = Map::new();
            for key in ["requisite", "preferred"] {
                let topologies = reader.at(map, path, key, Self::topologies).unwrap_or_default();
                if !topologies.is_empty() {
                    requirements.insert(key.to_owned(), Json::Array(topologies));
                }
            }
            Some(Json::Object(requirements))
        });
        spec.extend(requirements.map(|requirements| ("accessibility_requirements".to_owned(), requirements)));
        let capacity = self.at(map, path, "capacity_range", |reader, node, path| {
            let map = reader.map(node, path)?;
            let mut capacity = Map::new();
            for key in ["required_bytes", "limit_bytes"] {
                let size = reader.memory(map, path, key);
                if size != 0 {
                    capacity.insert(key.to_owned(), Json::String(size.to_string()));
                }
            }
            Some(Json::Object(capacity))
        });
        spec.extend(capacity.map(|capacity| ("capacity_range".to_owned(), capacity)));
        let secrets = self.at(map, path, "secrets", |reader, node, path| {
            let items = node.as_list()?;
            let mut secrets = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let path = path.index(at);
                let Some(map) = reader.map(item, &path) else { continue };
                let mut secret = Map::new();
                reader.copy_text(map, &path, "key", &mut secret);
                reader.copy_text(map, &path, "secret", &mut secret);
                secrets.push(Json::Object(secret));
            }
            Some(secrets)
        });
        spec.extend(secrets.filter(|list| !list.is_empty()).map(|list| ("secrets".to_owned(), Json::Array(list))));
        self.copy_text(map, path, "availability", &mut spec);
        Some(Json::Object(spec))
    }

    fn topologies(&mut self, node: &Node, path: &Path<'_>) -> Option<Vec<Json>> {
        let items = node.as_list()?;
        let mut topologies = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let path = path.index(at);
            let Some(map) = self.map(item, &path) else { continue };
            let mut topology = Map::new();
            let segments = self.labels(map, &path, "segments");
            if !segments.is_empty() {
                let segments = segments.into_iter().map(|(key, value)| (key, Json::String(value))).collect();
                topology.insert("segments".to_owned(), Json::Object(segments));
            }
            topologies.push(Json::Object(topology));
        }
        Some(topologies)
    }

    fn copy_text(&mut self, map: &Mapping, path: &Path<'_>, key: &str, into: &mut Map<String, Json>) {
        let text = self.text(map, path, key);
        if !text.is_empty() {
            into.insert(key.to_owned(), Json::String(text));
        }
    }
}
