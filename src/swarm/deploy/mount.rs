//! A service's mounts: volumes, binds, tmpfs.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use bollard::models::{
    Mount, MountBindOptions, MountBindOptionsPropagationEnum as Propagation, MountTmpfsOptions, MountType,
    MountVolumeOptions, MountVolumeOptionsDriverConfig,
};

use super::DeployError;
use super::names::name_or_scope;
use super::spec::Context;
use crate::compose::project::{ServiceVolume, Volume};

/// The mounts of a service, in the order of the compose file.
pub(super) fn mounts(context: &Context<'_>, volumes: &[ServiceVolume]) -> Result<Vec<Mount>, DeployError> {
    volumes.iter().map(|volume| mount(context, volume)).collect()
}

fn mount(context: &Context<'_>, volume: &ServiceVolume) -> Result<Mount, DeployError> {
    let refuse =
        |reason: String| Err(DeployError::field(context.service, format!("volumes ({})", volume.target), reason));
    let kind = match volume.kind.as_str() {
        "" | "volume" => MountType::VOLUME,
        "bind" => MountType::BIND,
        "tmpfs" => MountType::TMPFS,
        "npipe" => MountType::NPIPE,
        "image" => MountType::IMAGE,
        "cluster" => {
            return refuse(
                "cluster (CSI) volumes are not supported by this engine's swarm API: use type volume".to_owned(),
            );
        }
        other => return refuse(format!("the type must be volume, bind, tmpfs or npipe, not `{other}`")),
    };
    for (section, present, owners) in [
        ("bind", volume.bind_propagation.is_some(), &[MountType::BIND, MountType::NPIPE][..]),
        ("volume", volume.volume_nocopy.is_some(), &[MountType::VOLUME]),
        ("tmpfs", volume.tmpfs_size.is_some(), &[MountType::TMPFS]),
    ] {
        if present && !owners.contains(&kind) {
            return refuse(format!("{section} options are incompatible with type {kind}"));
        }
    }
    let mut mount = Mount {
        typ: Some(kind),
        target: Some(volume.target.clone()),
        source: Some(volume.source.clone()).filter(|source| !source.is_empty()),
        read_only: Some(volume.read_only).filter(|read_only| *read_only),
        consistency: Some(volume.consistency.clone()).filter(|consistency| !consistency.is_empty()),
        ..Mount::default()
    };
    if kind == MountType::BIND && is_relative(&volume.source) {
        let Some(directory) = &context.options.working_directory else {
            return refuse(format!(
                "`{}` means a folder beside the compose file on the machine that deploys, which a swarm's nodes do not have: use a \
                 config or a volume",
                volume.source
            ));
        };
        mount.source = Some(clean(&directory.join(&volume.source)));
    }
    match kind {
        MountType::VOLUME if !volume.source.is_empty() => {
            let Some(definition) = context.project.volumes.get(&volume.source) else {
                return Err(DeployError::Undefined {
                    service: context.service.to_owned(),
                    kind: "volume",
                    key: volume.source.clone(),
                });
            };
            mount.source = Some(volume_name(context.stack, &volume.source, definition));
            mount.volume_options = Some(volume_options(context, volume, definition));
        }
        MountType::VOLUME => {}
        MountType::TMPFS => {
            if !volume.source.is_empty() {
                return refuse("a tmpfs has no source: leave it out".to_owned());
            }
            mount.tmpfs_options = volume.tmpfs_size.map(|bytes| MountTmpfsOptions {
                size_bytes: Some(bytes).filter(|bytes| *bytes != 0),
                ..MountTmpfsOptions::default()
            });
        }
        _ => {
            if volume.source.is_empty() {
                return refuse(format!("a mount of type {kind} needs a source"));
            }
            mount.bind_options = match &volume.bind_propagation {
                None => None,
                Some(text) => Some(MountBindOptions {
                    propagation: propagation(context, volume, text)?,
                    ..MountBindOptions::default()
                }),
            };
        }
    }
    Ok(mount)
}

/// Whether a path starts at the working directory: neither at the root, nor at a Windows drive or share.
fn is_relative(source: &str) -> bool {
    let windows = source.starts_with(r"\\") || source.get(1..3).is_some_and(|rest| rest == r":\" || rest == ":/");
    !source.is_empty() && !source.starts_with('/') && !windows
}

/// The path without `.` and `..`, by its text alone, as the reference cleans it.
fn clean(path: &Path) -> String {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(cleaned.pop()),
            other => cleaned.push(other),
        }
    }
    cleaned.to_string_lossy().into_owned()
}

/// The name of a volume on the engine. An external one without a name goes by its key.
pub(super) fn volume_name(stack: &str, key: &str, volume: &Volume) -> String {
    if volume.external && volume.name.is_empty() { key.to_owned() } else { name_or_scope(stack, key, &volume.name) }
}

fn volume_options(context: &Context<'_>, mount: &ServiceVolume, volume: &Volume) -> MountVolumeOptions {
    let mut options = MountVolumeOptions {
        no_copy: mount.volume_nocopy.filter(|nocopy| *nocopy),
        subpath: Some(mount.volume_subpath.clone()).filter(|path| !path.is_empty()),
        ..MountVolumeOptions::default()
    };
    if volume.external {
        return options;
    }
    options.labels = Some(context.labels(&volume.labels));
    if !volume.driver.is_empty() || !volume.driver_opts.is_empty() {
        let driver_options: HashMap<_, _> = volume.driver_opts.clone().into_iter().collect();
        options.driver_config = Some(MountVolumeOptionsDriverConfig {
            name: Some(volume.driver.clone()).filter(|name| !name.is_empty()),
            options: Some(driver_options).filter(|map| !map.is_empty()),
        });
    }
    options
}

fn propagation(context: &Context<'_>, volume: &ServiceVolume, text: &str) -> Result<Option<Propagation>, DeployError> {
    Ok(Some(match text {
        "" => return Ok(None),
        "private" => Propagation::PRIVATE,
        "rprivate" => Propagation::RPRIVATE,
        "shared" => Propagation::SHARED,
        "rshared" => Propagation::RSHARED,
        "slave" => Propagation::SLAVE,
        "rslave" => Propagation::RSLAVE,
        other => {
            let field = format!("volumes ({}).bind.propagation", volume.target);
            let reason = format!("`{other}` is unknown: use private, rprivate, shared, rshared, slave or rslave");
            return Err(DeployError::field(context.service, field, reason));
        }
    }))
}
