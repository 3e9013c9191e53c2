//! Images: found or pulled once on the host, streamed into the nodes, and known by their digests (lessons 15, 30).

use std::collections::BTreeSet;
use std::time::Duration;

use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ImportImageOptionsBuilder, PruneImagesOptionsBuilder, TagImageOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};

use super::engine::{is_missing, said};
use super::node::Node;
use crate::agent::LinkError;
use crate::record::ImageDigest;

/// Why an image is not on the node.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The reference is none.
    #[error("`{reference}` is not an image reference: {reason}")]
    Malformed {
        /// The reference.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry knows no such image, or hides it.
    #[error("the image {reference} does not exist in its registry, or is not public: {reason}")]
    NotFound {
        /// The reference.
        reference: String,
        /// What the registry said.
        reason: String,
    },
    /// There is none for this architecture.
    #[error("the image {reference} is not built for {wanted}: {reason}")]
    OtherArchitecture {
        /// The reference.
        reference: String,
        /// The node's architecture.
        wanted: String,
        /// What there is.
        reason: String,
    },
    /// The registry allows no more pulls for now.
    #[error("the registry of {reference} allows no more pulls for now: {reason}")]
    RateLimited {
        /// The reference.
        reference: String,
        /// What the registry said.
        reason: String,
    },
    /// No registry was reached.
    #[error("the image {reference} is not on this engine, and its registry cannot be reached: {reason}")]
    Unreachable {
        /// The reference.
        reference: String,
        /// What the engine said.
        reason: String,
    },
    /// There is no room for it.
    #[error("there is no room for the image {reference}: {reason}")]
    NoSpace {
        /// The reference.
        reference: String,
        /// What the engine said.
        reason: String,
    },
    /// It could not be moved to a node.
    #[error("the image {reference} cannot be copied into the node: {reason}")]
    Copy {
        /// The reference.
        reference: String,
        /// What the engine said.
        reason: String,
    },
}

/// A registry that sends nothing for so long has stalled; unpacking a large layer tells of no progress for a while.
const PULL_PATIENCE: Duration = Duration::from_secs(120);

/// The host sends nothing before it has packed all images of a recipe, and answers once it has unpacked them.
const SEND_PATIENCE: Duration = Duration::from_secs(3600);

impl ImageError {
    /// The image at fault.
    pub fn reference(&self) -> &str {
        match self {
            Self::Malformed { reference, .. }
            | Self::NotFound { reference, .. }
            | Self::OtherArchitecture { reference, .. }
            | Self::RateLimited { reference, .. }
            | Self::Unreachable { reference, .. }
            | Self::NoSpace { reference, .. }
            | Self::Copy { reference, .. } => reference,
        }
    }

    /// What a failed pull was, from the words of engine and registry.
    fn of_pull(reference: &str, wanted: &str, reason: String) -> Self {
        let reference = reference.to_owned();
        let words = reason.to_lowercase();
        let any = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
        if any(&["toomanyrequests", "rate limit", "too many requests"]) {
            Self::RateLimited { reference, reason }
        } else if any(&["no space left"]) {
            Self::NoSpace { reference, reason }
        } else if any(&["no matching manifest", "does not match the specified platform"]) {
            Self::OtherArchitecture { reference, wanted: wanted.to_owned(), reason }
        } else if any(&["invalid reference", "invalid repository", "invalid tag"]) {
            Self::Malformed { reference, reason }
        } else if any(&[
            "manifest unknown",
            "not found",
            "access denied",
            "does not exist",
            "name unknown",
            "unauthorized",
        ]) && !any(&["no such host", "dial tcp", "lookup "])
        {
            Self::NotFound { reference, reason }
        } else {
            Self::Unreachable { reference, reason }
        }
    }
}

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
        .map_err(|reason| copy_failed(reference, reason))
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

fn copy_failed(reference: &str, reason: String) -> ImageError {
    // An engine's words begin with a small letter, the system's with a capital.
    if reason.to_lowercase().contains("no space left") {
        ImageError::NoSpace { reference: reference.to_owned(), reason }
    } else {
        ImageError::Copy { reference: reference.to_owned(), reason }
    }
}

async fn find_or_pull(
    host: &Docker,
    reference: &str,
    wanted: &str,
) -> Result<(ImageInspect, &'static str), ImageError> {
    let refused = |reason| ImageError::of_pull(reference, wanted, reason);
    match host.inspect_image(reference).await {
        Ok(inspected) => return Ok((inspected, "host")),
        Err(error) if is_missing(&error) => {}
        Err(error) => return Err(refused(said(&error))),
    }
    pull(host, reference, PULL_PATIENCE).await.map_err(refused)?;
    let inspected = host.inspect_image(reference).await;
    inspected.map(|inspected| (inspected, "pulled")).map_err(|error| refused(said(&error)))
}

/// Lets the engine pull an image; what went wrong, as text. Nothing may be heard of it for no longer than `patience`.
pub(super) async fn pull(host: &Docker, reference: &str, patience: Duration) -> Result<(), String> {
    // Without a tag the engine would pull every tag there is.
    let name = if has_tag_or_digest(reference) { reference.to_owned() } else { format!("{reference}:latest") };
    let options = CreateImageOptionsBuilder::default().from_image(&name).build();
    let mut pull = std::pin::pin!(host.create_image(Some(options), None, None));
    loop {
        let progress = match tokio::time::timeout(patience, pull.next()).await {
            Ok(Some(progress)) => progress,
            Ok(None) => return Ok(()),
            Err(_) => return Err(format!("its registry has sent nothing for {} s", patience.as_secs())),
        };
        let error = match progress {
            Ok(progress) => progress.error_detail.and_then(|detail| detail.message),
            Err(error) => Some(said(&error)),
        };
        if let Some(reason) = error {
            return Err(reason);
        }
    }
}

fn has_tag_or_digest(reference: &str) -> bool {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.contains(':') || name.contains('@')
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

/// Sends images from the host to a node that does not have them, in one archive, and gives them their names there.
async fn copy(host: &Docker, node: &Node, images: &[ImageDigest], others: &BTreeSet<String>) -> Result<(), ImageError> {
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
        node.engine.tag_image(id, Some(options)).await.map_err(|error| copy_failed(reference, said(&error)))?;
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
            return Err(copy_failed(reference, reason));
        }
        // Two references may share an image, and the engine may have kept some of what failed together.
        let id = missing(node, std::iter::once(id.as_str())).await;
        if id.is_empty() {
            continue;
        }
        send(host, node, &id).await.map_err(|reason| copy_failed(reference, reason))?;
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

/// Lets the host unpack images into the node's file system, and the node's engine read them there: through the stream to the agent they
/// would take ten times as long.
async fn send(host: &Docker, node: &Node, ids: &[&str]) -> Result<(), String> {
    let refused = |error| match error {
        LinkError::Refused { reason, .. } => reason,
        broken => broken.to_string(),
    };
    let folder = node.link.room_for_images().await.map_err(refused)?;
    let unhurried = host.clone().with_timeout(SEND_PATIENCE);
    let archive = bollard::body_try_stream(unhurried.export_images(ids).map_err(std::io::Error::other));
    let to = UploadToContainerOptionsBuilder::default().path(&folder).build();
    if let Err(error) = unhurried.upload_to_container(&node.name, Some(to), archive).await {
        // What came so far only takes space. That the upload failed is what is told.
        let _ = node.link.room_for_images().await;
        return Err(said(&error));
    }
    node.link.load_images().await.map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_30_what_a_pull_failed_of_is_told_apart() {
        let of = |reason: &str| ImageError::of_pull("nginx:1", "amd64", reason.to_owned());
        assert!(matches!(of("manifest for nginx:1 not found: manifest unknown"), ImageError::NotFound { .. }));
        assert!(matches!(of("pull access denied for x, repository does not exist"), ImageError::NotFound { .. }));
        assert!(matches!(of("toomanyrequests: You have reached your pull rate limit"), ImageError::RateLimited { .. }));
        assert!(matches!(
            of("no matching manifest for linux/amd64 in the manifest list"),
            ImageError::OtherArchitecture { .. }
        ));
        assert!(matches!(of("Get https://r/v2/: dial tcp: lookup r: no such host"), ImageError::Unreachable { .. }));
        assert!(matches!(of("write /var/lib/docker/x: no space left on device"), ImageError::NoSpace { .. }));
        assert!(matches!(of("invalid reference format"), ImageError::Malformed { .. }));
    }

    #[test]
    fn a_full_disk_is_told_apart_whoever_says_it() {
        for words in ["write /x: no space left on device", "cannot make /x: No space left on device (os error 28)"] {
            assert!(matches!(copy_failed("nginx:1", words.to_owned()), ImageError::NoSpace { .. }), "{words}");
        }
        assert!(matches!(copy_failed("nginx:1", "unexpected EOF".to_owned()), ImageError::Copy { .. }));
    }

    #[test]
    fn a_digest_becomes_a_name_that_the_node_knows() {
        assert_eq!(reference_on_node("nginx:1.27"), "nginx:1.27");
        assert_eq!(reference_on_node("nginx:1.27@sha256:0123456789abcdef"), "nginx:1.27-0123456789ab");
        let long = format!("nginx:{}@sha256:0123456789abcdef", "x".repeat(120));
        assert_eq!(reference_on_node(&long), "nginx:0123456789ab");
        assert_eq!(reference_on_node("localhost:5000/x@sha256:0123456789abcdef"), "localhost:5000/x:0123456789ab");
    }
}
