//! Ports and mounts of a service, in short and long form.

use crate::compose::format;
use crate::compose::path::Path;
use crate::compose::project::{Port, ServiceVolume};
use crate::compose::tree::{Content, Mapping, Node};

use super::Reader;

/// The propagation modes that a short mount may name.
const PROPAGATIONS: [&str; 6] = ["rprivate", "private", "rshared", "shared", "rslave", "slave"];

/// The most ports that one service may have.
const MOST_PORTS: usize = 65_536;

impl Reader<'_> {
    pub(super) fn ports(&mut self, map: &Mapping, path: &Path<'_>) -> Vec<Port> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let items = node.as_list()?;
            let mut ports = Vec::new();
            for (at, item) in items.iter().enumerate() {
                let path = path.index(at);
                ports.extend(reader.port(item, &path));
                if ports.len() > MOST_PORTS {
                    // There are no more; a few lines of ranges would fill the memory.
                    reader.refuse(
                        item,
                        &path,
                        format!("the service has more than {MOST_PORTS} ports"),
                        "publish fewer",
                    );
                    break;
                }
            }
            Some(ports)
        };
        self.at(map, path, "ports", read).unwrap_or_default()
    }

    fn port(&mut self, node: &Node, path: &Path<'_>) -> Vec<Port> {
        let text = match &node.content {
            Content::Text(text) => text.clone(),
            Content::Int(number) => number.to_string(),
            Content::Map(map) => {
                return vec![Port {
                    mode: self.text(map, path, "mode"),
                    target: self.number32(map, path, "target").unwrap_or_default(),
                    published: self.number32(map, path, "published").unwrap_or_default(),
                    protocol: self.text(map, path, "protocol"),
                }];
            }
            _ => {
                self.refuse_kind(node, path, "a port mapping");
                return Vec::new();
            }
        };
        match format::ports(&text) {
            Ok(mut mappings) => {
                // The reference sorts the ports of a range as texts.
                mappings.sort_by_key(|mapping| format!("{}/{}", mapping.target, mapping.protocol));
                if let Some(address) =
                    mappings.iter().find_map(|mapping| mapping.address).filter(|ip| !ip.is_unspecified())
                {
                    let message =
                        format!("swarm ignores the address `{address}` and publishes the port on all addresses");
                    let issue = crate::compose::problem::Issue::new(node.span, path, message);
                    self.warnings.push(issue.help("remove the address"));
                }
                mappings.iter().flat_map(published).collect()
            }
            Err(why) => {
                self.refuse(node, path, format!("`{text}` is no port mapping: {why}"), "write `published:target`");
                Vec::new()
            }
        }
    }

    pub(super) fn mounts(&mut self, map: &Mapping, path: &Path<'_>) -> Vec<ServiceVolume> {
        let read = |reader: &mut Self, node: &Node, path: &Path<'_>| {
            let items = node.as_list()?;
            Some(items.iter().enumerate().filter_map(|(at, item)| reader.mount(item, &path.index(at))).collect())
        };
        self.at(map, path, "volumes", read).unwrap_or_default()
    }

    fn mount(&mut self, node: &Node, path: &Path<'_>) -> Option<ServiceVolume> {
        let mut mount = match node.as_text() {
            Some(text) => match short_mount(text) {
                Ok(mount) => mount,
                Err(why) => {
                    self.refuse(
                        node,
                        path,
                        format!("`{text}` is no mount: {why}"),
                        "write `source:target` or `source:target:ro`",
                    );
                    return None;
                }
            },
            None => self.long_mount(node, path)?,
        };
        if mount.kind == "bind" {
            if mount.source.is_empty() {
                self.refuse(node, path, "a bind mount needs a source", "add `source:` with a path on the host");
                return None;
            }
            if let Some(rest) = mount.source.strip_prefix('~')
                && let Some(home) = (self.surroundings.env)("HOME")
            {
                mount.source = format!("{home}{rest}");
            }
        }
        Some(mount)
    }

    fn long_mount(&mut self, node: &Node, path: &Path<'_>) -> Option<ServiceVolume> {
        let map = self.map(node, path)?;
        let bind = self.at(map, path, "bind", |reader, node, path| {
            let map = reader.map(node, path)?;
            Some(reader.text(map, path, "propagation"))
        });
        let volume = self.at(map, path, "volume", |reader, node, path| {
            let map = reader.map(node, path)?;
            Some((reader.boolean(map, path, "nocopy").unwrap_or_default(), reader.text(map, path, "subpath")))
        });
        let tmpfs = self.at(map, path, "tmpfs", |reader, node, path| {
            let map = reader.map(node, path)?;
            Some(reader.integer(map, path, "size").unwrap_or_default())
        });
        Some(ServiceVolume {
            kind: self.text(map, path, "type"),
            source: self.text(map, path, "source"),
            target: self.text(map, path, "target"),
            read_only: self.boolean(map, path, "read_only").unwrap_or_default(),
            consistency: self.text(map, path, "consistency"),
            bind_propagation: bind,
            volume_nocopy: volume.as_ref().map(|(nocopy, _)| *nocopy),
            volume_subpath: volume.map(|(_, subpath)| subpath).unwrap_or_default(),
            tmpfs_size: tmpfs,
        })
    }
}

/// One port for each port on the node.
fn published(mapping: &format::PortMapping) -> Vec<Port> {
    let port = |published: u16| Port {
        mode: "ingress".to_owned(),
        target: u32::from(mapping.target),
        published: u32::from(published),
        protocol: mapping.protocol.clone(),
    };
    match mapping.published {
        None => vec![port(0)],
        Some((from, to)) => (from..=to).map(port).collect(),
    }
}

/// Reads `target`, `source:target` or `source:target:options`. A single letter before a colon is a Windows drive.
fn short_mount(text: &str) -> Result<ServiceVolume, &'static str> {
    let mut mount = ServiceVolume::default();
    match text.len() {
        0 => return Err("it is empty"),
        1 | 2 => {
            return Ok(ServiceVolume { kind: "volume".to_owned(), target: text.to_owned(), ..mount });
        }
        _ => {}
    }
    let mut sections = sections(text).into_iter().peekable();
    while let Some(section) = sections.next() {
        let last = sections.peek().is_none();
        if section.is_empty() {
            return Err("there is nothing between two colons");
        } else if mount.source.is_empty() && last {
            mount.target = section;
        } else if mount.source.is_empty() {
            mount.source = section;
        } else if mount.target.is_empty() {
            mount.target = section;
        } else if !last {
            return Err("there are too many colons");
        } else {
            for option in section.split(',') {
                match option {
                    "ro" => mount.read_only = true,
                    "rw" => mount.read_only = false,
                    "nocopy" => mount.volume_nocopy = Some(true),
                    option if PROPAGATIONS.contains(&option) => mount.bind_propagation = Some(option.to_owned()),
                    _ => {}
                }
            }
        }
    }
    let kind = if is_path(&mount.source) { "bind" } else { "volume" };
    Ok(ServiceVolume { kind: kind.to_owned(), ..mount })
}

/// Splits at colons, but not at the one of a drive letter.
fn sections(text: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    for char in text.chars() {
        let current = sections.last_mut();
        match current {
            Some(current) if char == ':' && !is_drive(current) => sections.push(String::new()),
            Some(current) => current.push(char),
            None => {}
        }
    }
    sections
}

fn is_drive(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

fn is_path(source: &str) -> bool {
    let mut chars = source.chars();
    match (chars.next(), chars.next()) {
        (None, _) => false,
        (Some('.' | '/' | '~'), _) => true,
        (Some(_), None) => false,
        (Some(first), Some(second)) => source.starts_with(r"\\") || (first.is_alphabetic() && second == ':'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(text: &str) -> (String, String, String, bool) {
        let mount = short_mount(text).unwrap();
        (mount.kind, mount.source, mount.target, mount.read_only)
    }

    #[test]
    fn short_mounts() {
        let expect =
            |kind: &str, source: &str, target: &str, read_only| (kind.into(), source.into(), target.into(), read_only);
        assert_eq!(mount("/data"), expect("volume", "", "/data", false));
        assert_eq!(mount("data:/data:ro"), expect("volume", "data", "/data", true));
        assert_eq!(mount("./data:/data"), expect("bind", "./data", "/data", false));
        assert_eq!(mount(r"C:\data:/data"), expect("bind", r"C:\data", "/data", false));
        assert_eq!(mount("a"), expect("volume", "", "a", false));
        assert_eq!(short_mount("/a:/b:rslave,ro").unwrap().bind_propagation.as_deref(), Some("rslave"));
        for text in ["", "aa::b", "aa:bb:cc:dd", ":/data", "data:"] {
            assert!(short_mount(text).is_err(), "{text}");
        }
    }
}
