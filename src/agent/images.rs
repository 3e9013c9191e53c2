//! Images on their way into the node's engine.
//!
//! The stream to the agent is made for many small messages: an image through it takes a second for every 18 MB. The host's engine unpacks an
//! archive into a container ten times as fast, so the driver lets it unpack what it exports into the node's own file system, and the agent
//! hands it to the node's engine from there.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use tokio_util::io::{ReaderStream, SyncIoBridge};

use super::files::pack;
use super::protocol::Reply;
use super::serve::ENGINE;
use crate::swarm::engine::said;
use crate::swarm::images::import;

/// Where they lie meanwhile: not on the disk of the node's engine, which may be no larger than its images need.
const FOLDER: &str = "/taster/images";

/// An engine answers once it has read the whole archive.
const PATIENCE: Duration = Duration::from_secs(3600);

/// So many bytes are under way inside the node.
const BUFFER: usize = 1 << 20;

/// Makes an empty folder for an unpacked archive, or empties it; tells where.
pub(super) async fn room() -> Reply<String> {
    cleared().await?;
    std::fs::create_dir_all(FOLDER).map_err(|error| format!("cannot make {FOLDER}: {error}"))?;
    Ok(FOLDER.to_owned())
}

/// Hands what lies there to the node's engine, and removes it.
pub(super) async fn load() -> Reply<()> {
    let engine = Docker::connect_with_unix(ENGINE, PATIENCE.as_secs(), bollard::API_DEFAULT_VERSION);
    let engine = match engine {
        Ok(engine) => engine.negotiate_version().await,
        Err(error) => Err(error),
    };
    let loaded = match engine {
        Ok(engine) => hand_over(&engine).await,
        Err(error) => Err(said(&error)),
    };
    loaded.and(cleared().await)
}

/// Removes the folder; a large one takes its time.
async fn cleared() -> Result<(), String> {
    let removed = tokio::task::spawn_blocking(|| match std::fs::remove_dir_all(FOLDER) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    });
    let removed = removed.await.map_err(io::Error::other).and_then(|removed| removed);
    removed.map_err(|error| format!("cannot remove {FOLDER}: {error}"))
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
    match packed {
        // An engine that refuses stops reading, and then nothing can be packed any more: it knows why.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe || loaded.is_ok() => {
            Err(format!("cannot read {FOLDER}: {error}"))
        }
        _ => loaded,
    }
}
