//! Images on their way into the node's engine.
//!
//! The stream to the agent is made for many small messages: an image through it takes a second for every 18 MB. The host's engine unpacks an
//! archive into a container ten times as fast, so the driver lets it unpack what it exports into the node's own file system, and the agent
//! hands it to the node's engine from there.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::ImportImageOptionsBuilder;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio_util::io::{ReaderStream, SyncIoBridge};

use super::files::pack;
use super::protocol::Reply;
use super::serve::ENGINE;

/// Where they lie meanwhile: not on the disk of the node's engine, which may be no larger than its images need.
const FOLDER: &str = "/taster/images";

/// An engine answers once it has read the whole archive.
const PATIENCE: Duration = Duration::from_secs(3600);

/// So many bytes are under way inside the node.
const BUFFER: usize = 1 << 20;

/// Makes an empty folder for an unpacked archive; tells where.
pub(super) fn room() -> Reply<String> {
    let made = clear().and_then(|()| std::fs::create_dir_all(FOLDER));
    made.map(|()| FOLDER.to_owned()).map_err(|error| format!("cannot make {FOLDER}: {error}"))
}

/// Hands what lies there to the node's engine, and removes it.
pub(super) async fn load() -> Reply<()> {
    let engine = Docker::connect_with_unix(ENGINE, PATIENCE.as_secs(), bollard::API_DEFAULT_VERSION);
    let loaded = match engine {
        Ok(engine) => hand_over(&engine).await,
        Err(error) => Err(error.to_string()),
    };
    let cleared = clear().map_err(|error| format!("cannot remove {FOLDER}: {error}"));
    loaded.and(cleared)
}

fn clear() -> io::Result<()> {
    match std::fs::remove_dir_all(FOLDER) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn hand_over(engine: &Docker) -> Result<(), String> {
    let (writer, reader) = tokio::io::duplex(BUFFER);
    let packing = tokio::task::spawn_blocking(move || {
        let mut to = io::BufWriter::with_capacity(BUFFER, SyncIoBridge::new(writer));
        pack(Path::new(FOLDER), &mut to)?;
        to.flush()
    });
    let loaded = import(engine, ReaderStream::with_capacity(reader, BUFFER)).await;
    let packed = packing.await.map_err(io::Error::other).and_then(|packed| packed);
    match (loaded, packed) {
        // An engine that refuses stops reading, and then nothing can be packed any more.
        (Err(error), _) => Err(crate::swarm::engine::said(&error)),
        (Ok(()), packed) => packed.map_err(|error| format!("cannot read {FOLDER}: {error}")),
    }
}

/// Hands an archive in the format of `docker save` to an engine.
///
/// # Errors
/// What the engine has against it.
pub async fn import(
    engine: &Docker,
    archive: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
) -> Result<(), Error> {
    let options = ImportImageOptionsBuilder::default().quiet(true).build();
    let mut import = std::pin::pin!(engine.import_image(options, bollard::body_try_stream(archive), None));
    while let Some(progress) = import.next().await {
        if let Some(error) = progress?.error_detail.and_then(|detail| detail.message) {
            return Err(Error::DockerStreamError { error });
        }
    }
    Ok(())
}
