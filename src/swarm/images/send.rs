//! From the host's engine to the engines of nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::{TagImageOptionsBuilder, UploadToContainerOptionsBuilder};
use futures_util::TryStreamExt;
use tokio::sync::{oneshot, watch};
use tokio_util::task::AbortOnDropHandle;

use super::error::ImageError;
use super::reference_on_node;
use crate::agent::{Link, LinkError};
use crate::record::ImageDigest;
use crate::swarm::engine::said;
use crate::swarm::node::Node;

/// The host sends nothing before it has packed all images of a recipe, and answers once it has unpacked them.
const SEND_PATIENCE: Duration = Duration::from_secs(3600);

/// Sends images from the host to a node that does not have them, in one archive, and gives them their names there.
pub(super) async fn copy(
    host: &Docker,
    node: &Node,
    images: &[ImageDigest],
    others: &BTreeSet<String>,
) -> Result<(), ImageError> {
    node.ahead.arrived().await;
    let missing = missing(node, images.iter().map(|image| image.id.as_str())).await;
    if !missing.is_empty() {
        let all = self::missing(node, missing.iter().copied().chain(others.iter().map(String::as_str))).await;
        if let Err(reason) = send(host, node, &all).await {
            one_by_one(host, node, images, &all, reason).await?;
        }
    }
    for ImageDigest { reference, id, .. } in images {
        let name = reference_on_node(reference);
        // A colon behind the last slash is the tag's; one before it is a registry's port.
        let (repository, tag) = match name.rfind(':').filter(|colon| *colon > name.rfind('/').unwrap_or(0)) {
            Some(colon) => (&name[..colon], &name[colon + 1..]),
            None => (name.as_str(), "latest"),
        };
        let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        node.engine.tag_image(id, Some(options)).await.map_err(|error| ImageError::of_copy(reference, said(&error)))?;
    }
    Ok(())
}

/// Sends those that are wanted each by itself, after they could not be sent together: so the one at fault is named, and what is wrong with
/// one that only went along is no fault of these.
async fn one_by_one(
    host: &Docker,
    node: &Node,
    images: &[ImageDigest],
    together: &[&str],
    reason: String,
) -> Result<(), ImageError> {
    for ImageDigest { reference, id, .. } in images.iter().filter(|image| together.contains(&image.id.as_str())) {
        // It was alone already.
        if together.len() == 1 {
            return Err(ImageError::of_copy(reference, reason));
        }
        // Two references may share an image, and the engine may have kept some of what failed together.
        let id = missing(node, std::iter::once(id.as_str())).await;
        if id.is_empty() {
            continue;
        }
        send(host, node, &id).await.map_err(|reason| ImageError::of_copy(reference, reason))?;
    }
    Ok(())
}

/// Those of the images that a node does not have, each once.
async fn missing<'i>(node: &Node, ids: impl Iterator<Item = &'i str>) -> Vec<&'i str> {
    let mut missing = Vec::new();
    for id in ids {
        if !missing.contains(&id) && node.engine.inspect_image(id).await.is_err() {
            missing.push(id);
        }
    }
    missing
}

/// Images that are on their way into a node whose engine has yet to start.
#[derive(Debug)]
pub(in crate::swarm) struct Ahead {
    /// Closed when they are there, or are not to come.
    under_way: watch::Receiver<()>,
    /// Sending ends with the node: while something is unpacked into a container, the host's engine does not remove it.
    _sending: Option<AbortOnDropHandle<()>>,
}

impl Ahead {
    /// No images.
    pub(in crate::swarm) fn nothing() -> Self {
        Self { under_way: watch::channel(()).1, _sending: None }
    }

    /// Sends those of `references` that the host has, before any other images are sent to this node; the node's engine loads them once `up` tells that it is there. What goes wrong is told
    /// when they are asked for, and found missing.
    pub(in crate::swarm) fn send(
        host: &Docker,
        node: &str,
        link: &Link,
        references: BTreeSet<String>,
        up: oneshot::Receiver<()>,
    ) -> Self {
        let (host, node, link) = (host.clone(), node.to_owned(), link.clone());
        let (open, under_way) = watch::channel(());
        let sending = tokio::spawn(async move {
            let mut ids = BTreeSet::new();
            for reference in references {
                ids.extend(host.inspect_image(&reference).await.ok().and_then(|image| image.id));
            }
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            if !ids.is_empty() && upload(&host, &node, &link, &ids).await.is_ok() && up.await.is_ok() {
                let _ = link.load_images().await;
            }
            drop(open);
        });
        Self { under_way, _sending: Some(AbortOnDropHandle::new(sending)) }
    }

    /// Waits until they are there, or are not to come.
    pub(super) async fn arrived(&self) {
        // Nothing is ever said: the channel is closed.
        let _ = self.under_way.clone().changed().await;
    }
}

/// Lets the host unpack images into the node's file system, and the node's engine read them there: through the stream to the agent they
/// would take ten times as long.
async fn send(host: &Docker, node: &Node, ids: &[&str]) -> Result<(), String> {
    upload(host, &node.name, &node.link, ids).await?;
    node.link.load_images().await.map_err(refused)
}

async fn upload(host: &Docker, node: &str, link: &Link, ids: &[&str]) -> Result<(), String> {
    let folder = link.room_for_images().await.map_err(refused)?;
    let unhurried = host.clone().with_timeout(SEND_PATIENCE);
    let archive = bollard::body_try_stream(unhurried.export_images(ids).map_err(std::io::Error::other));
    let to = UploadToContainerOptionsBuilder::default().path(&folder).build();
    if let Err(error) = unhurried.upload_to_container(node, Some(to), archive).await {
        // What came so far only takes space. That the upload failed is what is told.
        let _ = link.room_for_images().await;
        return Err(said(&error));
    }
    Ok(())
}

fn refused(error: LinkError) -> String {
    match error {
        LinkError::Refused { reason, .. } => reason,
        broken => broken.to_string(),
    }
}
