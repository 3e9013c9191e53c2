//! What driver and agent say to each other: on every channel first one request, then what that request asks for.
//!
//! A message is a length (four bytes, big endian) and that many bytes of JSON. Both sides are the same executable, so the
//! messages need no versions.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::files::FilesRequest;
use super::sqlite::SqliteRequest;
use super::throttle::Throttle;
use crate::ingress::proxy::Upstreams;
use crate::ingress::routes::RouteTable;

/// A message is never larger than this: both sides are ours, and a broken stream must not ask for gigabytes.
const LARGEST: u32 = 16 << 20;

/// What the driver asks for on a new channel.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// The channel becomes a connection to the node's engine.
    Engine,
    /// The channel becomes a connection to an address, as seen from the node.
    Connect(SocketAddr),
    /// Take connections at a free port of the first address and pass them on to the second: so other nodes reach what only this one
    /// can. Asked again, the same port is told.
    Forward {
        /// An address of the node.
        at: IpAddr,
        /// Where to, as seen from the node.
        to: SocketAddr,
    },
    /// Let a container trust a certificate authority.
    Trust {
        /// A process of the container, as the node counts.
        pid: u32,
        /// The authority's certificate, PEM.
        certificate: String,
    },
    /// Make an empty folder for an unpacked archive of images.
    RoomForImages,
    /// Hand what lies there to the node's engine.
    LoadImages,
    /// How the node was set up.
    Setup,
    /// How busy the node is.
    Pressure,
    /// Describe, copy or write files; parts follow until the last one.
    Files(FilesRequest),
    /// What the container of a process used, as the node counts processes.
    Usage(u32),
    /// How many bytes the files below a path take.
    Weigh(String),
    /// Give the whole node less processor and disk, or all of it again.
    Throttle(Option<Throttle>),
    /// Read or mark the SQLite databases of a volume.
    Sqlite(SqliteRequest),
    /// The channel becomes a tar archive of all copies.
    Export,
    /// Whether the newest such archive is whole.
    Exported,
    /// Start the ingress, or give it new routes and upstreams.
    Ingress(Box<IngressUpdate>),
}

/// The answer to a request; after an `Ok` to `Engine` or `Connect` the bytes flow.
pub(super) type Reply<T> = Result<T, String>;

/// How the node was set up by `init`: addresses that do not collide with those the container already has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSetup {
    /// The subnet of `docker_gwbridge`, in CIDR notation.
    pub gateway_subnet: String,
    /// The node's address on it: containers reach the agent's ingress and DNS there.
    pub gateway: IpAddr,
    /// The pool from which swarm takes overlay networks.
    pub overlay_pool: String,
    /// The kernel's release.
    pub kernel: String,
}

impl NodeSetup {
    /// The set-up of an engine that was there before us: nothing was set up, and the ingress listens on the loopback.
    pub fn of_engine(kernel: String) -> Self {
        Self {
            gateway_subnet: String::new(),
            gateway: IpAddr::from([127, 0, 0, 1]),
            overlay_pool: String::new(),
            kernel,
        }
    }
}

/// How busy the node is, in the kernel's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pressure {
    /// `/proc/pressure/cpu`; absent where the kernel does not tell.
    pub cpu: Option<String>,
    /// `/proc/pressure/io`.
    pub io: Option<String>,
    /// `/proc/pressure/memory`.
    pub memory: Option<String>,
    /// Free bytes where the engine keeps its data.
    pub disk_free: Option<u64>,
}

/// What the ingress shall do from now on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct IngressUpdate {
    /// The routes.
    pub routes: RouteTable,
    /// For each service the tasks that can answer.
    pub upstreams: Upstreams,
    /// Host names that the node's DNS points at the ingress.
    pub hosts: Vec<String>,
    /// Ports that the recipe publishes on the node itself. The ingress takes 80, 443 and 53 otherwise, so that an app which calls its own
    /// URL works.
    pub taken: BTreeSet<u16>,
}

/// The ingress is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngressStarted {
    /// Where it takes HTTPS connections, as seen from the node.
    pub https: SocketAddr,
    /// Where it takes HTTP connections.
    pub http: SocketAddr,
    /// The certificate of its own authority, PEM.
    pub ca: String,
    /// The pin of the key of its certificates, for browsers ([`crate::ingress::ca::Ca::key_pin`]).
    pub key_pin: String,
}

/// Writes a message.
pub(super) async fn send<T: Serialize>(stream: &mut (impl AsyncWrite + Unpin), message: &T) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    let length = u32::try_from(body.len()).ok().filter(|length| *length <= LARGEST);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "message too large"))?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&body).await?;
    stream.flush().await
}

/// Reads a message.
pub(super) async fn receive<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let length = stream.read_u32().await?;
    if length > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "message too large: not a taster agent?"));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    serde_json::from_slice(&body).map_err(Into::into)
}
