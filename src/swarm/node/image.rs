//! The image from which nodes are made: an engine, and taster's agent on top.
//!
//! The engine comes from `docker:dind` where that image is there or can be pulled, else from the programs of this machine. The agent is
//! this executable; it is put on top once for each build of taster, and images of earlier builds are removed.

use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerConfig, ContainerCreateBody};
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::cluster::NodeOptions;
use super::host_files;
use crate::agent::executable::Packed;
use crate::swarm::engine::{EngineError, is_missing};
use crate::swarm::images;
use crate::swarm::labels::{self, Owner};

/// The repository of node images.
const REPOSITORY: &str = "taster-node";

/// The official image of a nested engine.
const DIND: &str = "docker:dind";

/// How long a pull may stay without any progress; without a network it would wait for name servers for minutes.
const PULL_PATIENCE: Duration = Duration::from_secs(8);

/// An image for nodes.
#[derive(Debug, Clone)]
pub struct NodeImage {
    /// Its reference on the host's engine.
    pub reference: String,
    /// What it was made from, in words.
    pub origin: String,
    /// The agent in it.
    pub agent: Packed,
}

/// Why there is no node image.
#[derive(Debug, thiserror::Error)]
pub enum NodeImageError {
    /// The image that was named is not there.
    #[error(
        "there is no image {image} on the engine, and it cannot be pulled ({pull}): load it, or leave --node-image out"
    )]
    Named {
        /// What was named.
        image: String,
        /// Why the pull failed.
        pull: String,
    },
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The agent cannot be packed.
    #[error(transparent)]
    Pack(#[from] crate::agent::executable::PackError),
    /// Nobody can tell whether another run makes it at this moment.
    #[error("cannot wait for other runs that make a node image: {0}")]
    Lock(std::io::Error),
    /// There is nothing to make a node from.
    #[error(
        "there is nothing to make a node from: {DIND} is not there and cannot be pulled ({pull}), and this machine's own engine cannot be \
         packed ({host}). Load {DIND} into the engine, name an image with --node-image, or run taster where Docker Engine is installed"
    )]
    NoBase {
        /// Why the pull failed.
        pull: String,
        /// Why the host's engine cannot be packed.
        host: String,
    },
}

/// Finds or makes the node image that these options ask for.
///
/// # Errors
/// When there is neither an image to build on nor an engine on this machine, or the engine refuses.
pub(super) async fn ensure(host: &Docker, owner: &Owner, options: &NodeOptions) -> Result<NodeImage, NodeImageError> {
    // Runs that begin side by side would each make the image, and the second one would take it away from under the first one's nodes.
    let alone = tokio::task::spawn_blocking(crate::run::alone).await.map_err(std::io::Error::other);
    let _alone = alone.and_then(|alone| alone).map_err(NodeImageError::Lock)?;
    let executable = options.executable.clone();
    let packed = tokio::task::spawn_blocking(move || executable.map_or_else(Packed::current, |path| Packed::of(&path)))
        .await
        .map_err(|error| crate::agent::executable::PackError::Archive(std::io::Error::other(error)))??;
    let (base, origin) = find_base(host, options).await?;
    let base_id = host
        .inspect_image(&base)
        .await
        .map_err(EngineError::refused(format!("inspect {base}")))?
        .id
        .unwrap_or_default();
    let base_key: String = base_id.trim_start_matches("sha256:").chars().take(12).collect();
    let reference = format!("{REPOSITORY}:{base_key}-{}", &packed.digest[..16]);
    match host.inspect_image(&reference).await {
        Ok(_) => return Ok(NodeImage { reference, origin, agent: packed }),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(EngineError::refused(format!("inspect {reference}"))(error).into()),
    }
    add_agent(host, owner, &base, &packed, &reference).await?;
    remove_older(host, &reference).await;
    images::prune_nameless(host, labels::NODE_IMAGE).await;
    Ok(NodeImage { reference, origin, agent: packed })
}

/// The image to build on, and where it came from.
async fn find_base(host: &Docker, options: &NodeOptions) -> Result<(String, String), NodeImageError> {
    let pull = async |image: &str| {
        if options.offline {
            Err("not tried: offline".to_owned())
        } else {
            images::pull(host, image, PULL_PATIENCE).await
        }
    };
    if let Some(named) = &options.base {
        if host.inspect_image(named).await.is_err() {
            pull(named).await.map_err(|pull| NodeImageError::Named { image: named.clone(), pull })?;
        }
        return Ok((named.clone(), named.clone()));
    }
    if host.inspect_image(DIND).await.is_ok() {
        return Ok((DIND.to_owned(), DIND.to_owned()));
    }
    let version = host.version().await.map_err(EngineError::refused("tell its version"))?.version.unwrap_or_default();
    let own: String = version.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let own = format!("{REPOSITORY}-base:{own}");
    let origin = "the engine that is installed on this machine".to_owned();
    if host.inspect_image(&own).await.is_ok() {
        return Ok((own, origin));
    }
    let pull = match pull(DIND).await {
        Ok(()) => return Ok((DIND.to_owned(), DIND.to_owned())),
        Err(reason) => reason,
    };
    let packed = tokio::task::spawn_blocking(host_files::root_file_system).await;
    let files = match packed {
        Ok(Ok(files)) => files,
        Ok(Err(error)) => return Err(NodeImageError::NoBase { pull, host: error.to_string() }),
        Err(error) => return Err(NodeImageError::NoBase { pull, host: error.to_string() }),
    };
    import(host, files, &own).await?;
    Ok((own, origin))
}

async fn import(host: &Docker, files: Vec<u8>, reference: &str) -> Result<(), EngineError> {
    let (repository, tag) = reference.split_once(':').unwrap_or((reference, "latest"));
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(repository)
        .tag(tag)
        .changes(vec![format!("LABEL {}=base", labels::NODE_IMAGE)])
        .build();
    let mut import = std::pin::pin!(host.create_image(Some(options), Some(bollard::body_full(files.into())), None));
    while let Some(progress) = import.next().await {
        progress.map_err(EngineError::refused("import the node image"))?;
    }
    Ok(())
}

/// Puts the agent, and files that most hosts have and recipes mount (lesson 29), on top of `base`.
async fn add_agent(
    host: &Docker,
    owner: &Owner,
    base: &str,
    packed: &Packed,
    reference: &str,
) -> Result<(), EngineError> {
    let refused = |what: &'static str| EngineError::refused(what);
    let mut config = ContainerCreateBody { image: Some(base.to_owned()), ..Default::default() };
    config.entrypoint = Some(packed.entrypoint.clone());
    config.labels = Some(owner.labels("staging"));
    let container = host.create_container(None, config).await.map_err(refused("prepare a node image"))?.id;
    let filled = async {
        for tar in [packed.tar.clone(), usual_host_files().into()] {
            let to = UploadToContainerOptionsBuilder::default().path("/").build();
            host.upload_to_container(&container, Some(to), bollard::body_full(tar))
                .await
                .map_err(refused("fill a node image"))?;
        }
        let (repository, tag) = reference.split_once(':').unwrap_or((reference, "latest"));
        let options = CommitContainerOptionsBuilder::default().container(&container).repo(repository).tag(tag).build();
        let config = ContainerConfig {
            labels: Some([(labels::NODE_IMAGE.to_owned(), base.to_owned())].into()),
            entrypoint: Some(packed.entrypoint.clone()),
            cmd: Some(vec!["agent".to_owned(), "init".to_owned()]),
            ..Default::default()
        };
        host.commit_container(options, config).await.map_err(refused("save a node image"))
    }
    .await;
    let remove = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = host.remove_container(&container, Some(remove)).await;
    filled?;
    removed.map_err(refused("remove the staging container"))
}

/// Files that exist on most hosts, and that recipes mount.
fn usual_host_files() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let utc = std::fs::read("/usr/share/zoneinfo/UTC").unwrap_or_else(|_| UTC_ZONE.to_vec());
    let os_release = b"NAME=\"taster node\"\nID=taster\nPRETTY_NAME=\"taster node\"\n";
    let files: [(&str, &[u8]); 4] = [
        ("etc/timezone", b"Etc/UTC\n"),
        ("etc/localtime", &utc),
        ("etc/hostname", b"taster-node\n"),
        ("etc/os-release", os_release),
    ];
    for (path, bytes) in files {
        // Writing to memory cannot fail.
        let _ = host_files::append(&mut tar, tar::EntryType::Regular, Path::new(path), bytes, 0o644, None);
    }
    tar.into_inner().unwrap_or_default()
}

/// The smallest time zone file there is (tzfile(5), version 1): UTC, no transitions.
const UTC_ZONE: [u8; 54] =
    *b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\0\0\0UTC\0";

/// So many node images are kept: several builds of taster may use one engine at a time.
const KEPT: usize = 8;

/// Removes images of earlier builds that no container uses. One that is in use stays, and goes next time.
async fn remove_older(host: &Docker, current: &str) {
    let filters = std::collections::HashMap::from([("label", vec![labels::NODE_IMAGE])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let Ok(mut images) = host.list_images(Some(options)).await else { return };
    images.sort_by_key(|image| std::cmp::Reverse(image.created));
    for image in images.into_iter().skip(KEPT) {
        for tag in image.repo_tags {
            if tag.starts_with(&format!("{REPOSITORY}:")) && tag != current {
                let options = RemoveImageOptionsBuilder::default().force(false).noprune(false).build();
                let _ = host.remove_image(&tag, Some(options), None).await;
            }
        }
    }
}
