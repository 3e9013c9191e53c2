//! From a registry to the host's engine.

use std::time::Duration;

use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

use super::error::ImageError;
use crate::swarm::engine::{is_missing, said};

/// A registry that sends nothing for so long has stalled; unpacking a large layer tells of no progress for a while.
const PULL_PATIENCE: Duration = Duration::from_secs(120);

/// The image on the host, and where it is from; it is pulled when the host does not have it.
pub(super) async fn find_or_pull(
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
pub(in crate::swarm) async fn pull(host: &Docker, reference: &str, patience: Duration) -> Result<(), String> {
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

pub(super) fn has_tag_or_digest(reference: &str) -> bool {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    name.contains(':') || name.contains('@')
}
