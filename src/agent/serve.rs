//! The agent: serves the driver's requests over standard input and output until they end.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tokio::io::{AsyncWriteExt, copy_bidirectional, join, stdin, stdout};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::compat::TokioAsyncReadCompatExt;

use super::facts;
use super::files::{self, Exports};
use super::forward::Forwards;
use super::images;
use super::ingress::IngressHost;
use super::init::{DRIVER_LOCK, SETUP};
use super::mux::{Channel, Side, drive};
use super::protocol::{NodeSetup, Reply, Request, receive, send};
use super::sqlite;
use super::throttle;
use super::trust;
use super::usage;

/// The node's engine.
pub(super) const ENGINE: &str = "/var/run/docker.sock";

/// Serves until the stream ends.
///
/// # Errors
/// When the stream breaks.
pub async fn run() -> anyhow::Result<()> {
    // Held, not written: its lock tells `init` that a driver is connected. On an engine that was there before us there is no `init`.
    let _connected = lock_out_loneliness();
    let ingress = Arc::new(IngressHost::default());
    let forwards = Arc::new(Forwards::default());
    let exports = Arc::new(Exports::default());
    let stream = join(stdin(), stdout()).compat();
    let (_opener, connection) = drive(stream, &Side::Agent, move |channel| {
        let (ingress, forwards, exports) = (ingress.clone(), forwards.clone(), exports.clone());
        tokio::spawn(async move {
            // A channel that breaks is the driver's to report; the others go on.
            let _ = answer(channel, &ingress, &forwards, &exports).await;
        });
    });
    connection.await?;
    Ok(())
}

fn lock_out_loneliness() -> Option<std::fs::File> {
    std::fs::create_dir_all(Path::new(DRIVER_LOCK).parent()?).ok()?;
    let file = std::fs::File::create(DRIVER_LOCK).ok()?;
    file.lock_shared().ok()?;
    Some(file)
}

async fn answer(mut channel: Channel, ingress: &IngressHost, forwards: &Forwards, exports: &Exports) -> io::Result<()> {
    match receive(&mut channel).await? {
        Request::Engine => splice(channel, UnixStream::connect(ENGINE).await).await,
        Request::Connect(address) => splice(channel, TcpStream::connect(address).await).await,
        Request::Forward { at, to } => reply(channel, forwards.open(at, to).await).await,
        Request::Trust { pid, certificate } => reply(channel, trust::add(pid, &certificate)).await,
        Request::RoomForImages => reply(channel, images::room().await).await,
        Request::LoadImages => reply(channel, images::load().await).await,
        Request::Setup => reply(channel, setup()).await,
        Request::Ingress(update) => reply(channel, ingress.update(*update).await).await,
        Request::Files(request) => files::answer(channel, request).await,
        Request::Usage(pid) => reply(channel, usage::of(pid)).await,
        Request::Weigh(root) => {
            let done = tokio::task::spawn_blocking(move || usage::weigh(&root)).await;
            reply(channel, done.unwrap_or_else(|error| Err(error.to_string()))).await
        }
        Request::Throttle(wanted) => reply(channel, Ok(throttle::set(wanted))).await,
        Request::Sqlite(request) => {
            let done = tokio::task::spawn_blocking(move || sqlite::perform(&request)).await;
            reply(channel, done.unwrap_or_else(|error| Err(error.to_string()))).await
        }
        Request::Export => files::export(channel, exports).await,
        Request::Exported => reply(channel, exports.ended()).await,
        Request::Pressure => reply(channel, Ok(facts::pressure())).await,
    }
}

async fn reply<T: Serialize>(mut channel: Channel, reply: Reply<T>) -> io::Result<()> {
    send(&mut channel, &reply).await?;
    channel.shutdown().await
}

/// Joins the channel to a connection, once it stands.
async fn splice<S>(mut channel: Channel, connection: io::Result<S>) -> io::Result<()>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    match connection {
        Err(error) => reply::<()>(channel, Err(error.to_string())).await,
        Ok(mut connection) => {
            send(&mut channel, &Reply::Ok(())).await?;
            copy_bidirectional(&mut channel, &mut connection).await.map(drop)
        }
    }
}

pub(super) fn setup() -> Reply<NodeSetup> {
    let text = std::fs::read(SETUP).map_err(|error| format!("cannot read {SETUP}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("cannot read {SETUP}: {error}"))
}
