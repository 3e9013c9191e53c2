//! Images: found or pulled once on the host, streamed into the nodes, and known by their digests (lessons 15, 30).

mod error;
mod pull;
mod send;

use std::collections::BTreeSet;

use bollard::Docker;
use bollard::query_parameters::{ImportImageOptionsBuilder, PruneImagesOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

pub use self::error::ImageError;
pub(super) use self::pull::pull;
pub(super) use self::send::Ahead;

use self::pull::{find_or_pull, has_tag_or_digest};
use self::send::copy;
use super::engine::said;
use super::node::Node;
use crate::record::ImageDigest;

/// Makes sure that the images are on every node; pulls what the host does not have. Each image is told to `ready` when it is there.
///
/// Whatever of `along` the host has as well travels with them: what comes in one archive has its shared layers sent once, and most of the
/// time that an image takes is the engine's reading of its layers. These get no name on the node until they are asked for themselves.
///
/// # Errors
/// The first image that cannot be had.
pub async fn provide(
    host: &Docker,
    nodes: &[Node],
    architecture: &str,
    references: &BTreeSet<String>,
    along: &BTreeSet<String>,
    mut ready: impl FnMut(ImageDigest),
) -> Result<(), ImageError> {
    let mut images = Vec::new();
    for reference in references {
        let (inspected, source) = find_or_pull(host, reference, architecture).await?;
        let built_for = inspected.architecture.clone().unwrap_or_default();
        if !built_for.is_empty() && built_for != architecture {
            let reason = format!("the one on this engine is built for {built_for}");
            return Err(ImageError::OtherArchitecture {
                reference: reference.clone(),
                wanted: architecture.to_owned(),
                reason,
            });
        }
        images.push(ImageDigest {
            reference: reference.clone(),
            id: inspected.id.unwrap_or_default(),
            digest: inspected.repo_digests.unwrap_or_default().into_iter().next(),
            size: inspected.size.unwrap_or_default(),
            source: source.to_owned(),
        });
    }
    let mut others = BTreeSet::new();
    for reference in along {
        let there = host.inspect_image(reference).await.ok();
        others.extend(
            there.filter(|image| image.architecture.as_deref() == Some(architecture)).and_then(|image| image.id),
        );
    }
    for node in nodes {
        copy(host, node, &images, &others).await?;
    }
    images.into_iter().for_each(&mut ready);
    Ok(())
}

/// Loads images from an archive in the format of `docker save`, in pieces.
///
/// # Errors
/// When the engine does not take it.
pub async fn load(engine: &Docker, reference: &str, parts: Vec<Bytes>) -> Result<(), ImageError> {
    import(engine, futures_util::stream::iter(parts.into_iter().map(Ok)))
        .await
        .map_err(|reason| ImageError::of_copy(reference, reason))
}

/// Removes images that have `label` and no name any more, because a newer build took it: each build of taster would leave some.
/// Those in use stay until nothing uses them. What the engine has against it is of no importance: the next build asks again.
pub async fn prune_nameless(engine: &Docker, label: &str) {
    let filters = std::collections::HashMap::from([("dangling", vec!["true"]), ("label", vec![label])]);
    let _ = engine.prune_images(Some(PruneImagesOptionsBuilder::default().filters(&filters).build())).await;
}

/// Hands an archive in the format of `docker save` to an engine; what the engine has against it, as text.
pub(crate) async fn import(
    engine: &Docker,
    archive: impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
) -> Result<(), String> {
    let options = ImportImageOptionsBuilder::default().quiet(true).build();
    let mut import = std::pin::pin!(engine.import_image(options, bollard::body_try_stream(archive), None));
    while let Some(progress) = import.next().await {
        let progress = progress.map_err(|error| said(&error))?;
        if let Some(reason) = progress.error_detail.and_then(|detail| detail.message) {
            return Err(reason);
        }
    }
    Ok(())
}

/// The reference by which a node knows an image: a digest means nothing to an engine that did not pull it, so it becomes a part of the
/// tag. Two digests under one tag stay two images.
pub fn reference_on_node(reference: &str) -> String {
    let Some((name, digest)) = reference.split_once('@') else { return reference.to_owned() };
    let short: String = digest.rsplit(':').next().unwrap_or(digest).chars().take(12).collect();
    let tagged = has_tag_or_digest(name);
    // A tag has at most 128 characters.
    let tag = name.rsplit(':').next().filter(|tag| tagged && tag.len() + 1 + short.len() <= 128);
    match (tagged, tag) {
        (false, _) => format!("{name}:{short}"),
        (true, Some(_)) => format!("{name}-{short}"),
        (true, None) => format!("{}:{short}", name.rsplit_once(':').map_or(name, |(repository, _)| repository)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_becomes_a_name_that_the_node_knows() {
        assert_eq!(reference_on_node("nginx:1.27"), "nginx:1.27");
        assert_eq!(reference_on_node("nginx:1.27@sha256:0123456789abcdef"), "nginx:1.27-0123456789ab");
        let long = format!("nginx:{}@sha256:0123456789abcdef", "x".repeat(120));
        assert_eq!(reference_on_node(&long), "nginx:0123456789ab");
        assert_eq!(reference_on_node("localhost:5000/x@sha256:0123456789abcdef"), "localhost:5000/x:0123456789ab");
    }
}
