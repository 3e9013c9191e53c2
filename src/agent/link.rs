//! The driver's end of the stream to an agent.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tokio::io::copy_bidirectional;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio_util::compat::TokioAsyncReadCompatExt;
use tokio_util::io::StreamReader;

use super::files::{FileEntry, FilesRequest, Part};
use super::mux::{Channel, Opener, Side, drive};
use super::protocol::{IngressStarted, IngressUpdate, NodeSetup, Pressure, Reply, Request, receive, send};
use super::sqlite::{SqliteRequest, SqliteSaid};
use super::throttle::{Throttle, Throttled};
use super::usage::Usage;

/// Pause after a connection that could not be taken.
const RETRY_ACCEPT: std::time::Duration = std::time::Duration::from_millis(50);

/// How much of the agent's error output is kept for messages.
const STDERR_KEPT: usize = 8 << 10;

/// Why the agent could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The exec could not be started.
    #[error("cannot start the agent in node {node}: {source}")]
    Start {
        /// The node's container.
        node: String,
        /// What the engine said.
        source: bollard::errors::Error,
    },
    /// The stream to the agent broke.
    #[error("the stream to the agent in node {node} broke: {source}{}", stderr(.said))]
    Broken {
        /// The node's container.
        node: String,
        /// How it broke.
        source: io::Error,
        /// What the agent wrote to its error output.
        said: String,
    },
    /// The agent refused.
    #[error("the agent in node {node} could not {what}: {reason}")]
    Refused {
        /// The node's container.
        node: String,
        /// What was asked.
        what: String,
        /// The agent's reason.
        reason: String,
    },
}

fn stderr(said: &str) -> String {
    let said = said.trim();
    if said.is_empty() { String::new() } else { format!(" (the agent said: {said})") }
}

/// A connected agent. Clones share the stream; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Link {
    node: Arc<str>,
    opener: Opener,
    stderr: Arc<Mutex<Vec<u8>>>,
    ended: watch::Receiver<bool>,
}

impl Link {
    /// Starts the agent in `container` by an exec of `command`, and connects to it.
    ///
    /// # Errors
    /// When the engine refuses the exec.
    pub async fn start(host: &bollard::Docker, container: &str, command: Vec<String>) -> Result<Self, LinkError> {
        let failed = |source| LinkError::Start { node: container.to_owned(), source };
        let exec = ExecConfig {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command),
            ..Default::default()
        };
        let exec = host.create_exec(container, exec).await.map_err(failed)?;
        let options = bollard::exec::StartExecOptions { output_capacity: Some(64 << 10), ..Default::default() };
        let StartExecResults::Attached { output, input } =
            host.start_exec(&exec.id, Some(options)).await.map_err(failed)?
        else {
            return Err(LinkError::Broken {
                node: container.to_owned(),
                source: io::Error::other("the engine detached the exec"),
                said: String::new(),
            });
        };
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let kept = stderr.clone();
        let bytes = output.filter_map(move |part| {
            let part = match part {
                Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => Some(Ok(message)),
                Ok(LogOutput::StdErr { message }) => {
                    if let Ok(mut kept) = kept.lock() {
                        let room = STDERR_KEPT.saturating_sub(kept.len());
                        kept.extend(message.iter().take(room));
                    }
                    None
                }
                Ok(LogOutput::StdIn { .. }) => None,
                Err(error) => Some(Err(io::Error::other(error))),
            };
            std::future::ready(part)
        });
        let stream = tokio::io::join(StreamReader::new(bytes), input).compat();
        let (opener, connection) = drive(stream, &Side::Driver, drop);
        let (sender, ended) = watch::channel(false);
        tokio::spawn(async move {
            // How it ended is told to whoever uses a channel; here it only matters that it did.
            let _ = connection.await;
            let _ = sender.send(true);
        });
        Ok(Self { node: container.into(), opener, stderr, ended })
    }

    /// Resolves when the stream has ended.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        // An error means that the driving task is gone, which is an end as well.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    fn broken(&self, source: io::Error) -> LinkError {
        let said = self.stderr.lock().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        LinkError::Broken { node: self.node.to_string(), source, said }
    }

    async fn ask<T: DeserializeOwned>(&self, request: &Request, what: &str) -> Result<(Channel, T), LinkError> {
        let mut channel = self.opener.open().await.map_err(|error| self.broken(error))?;
        send(&mut channel, request).await.map_err(|error| self.broken(error))?;
        let reply: Reply<T> = receive(&mut channel).await.map_err(|error| self.broken(error))?;
        reply.map(|reply| (channel, reply)).map_err(|reason| LinkError::Refused {
            node: self.node.to_string(),
            what: what.to_owned(),
            reason,
        })
    }

    /// A connection to the node's engine.
    ///
    /// # Errors
    /// When the stream is broken or the engine takes no connection.
    pub async fn engine(&self) -> Result<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send, LinkError> {
        self.ask::<()>(&Request::Engine, "connect to its engine").await.map(|(channel, ())| channel)
    }

    /// A connection to an address, as seen from the node.
    ///
    /// # Errors
    /// When the stream is broken or nothing takes the connection.
    pub async fn connect(
        &self,
        address: SocketAddr,
    ) -> Result<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + use<>, LinkError> {
        self.ask::<()>(&Request::Connect(address), &format!("connect to {address}")).await.map(|(channel, ())| channel)
    }

    /// Lets the node take connections for `to`, as seen from the node, at its address `at`: tells where, for other nodes. The same
    /// question has the same answer.
    ///
    /// # Errors
    /// When the stream is broken, or the node cannot listen there.
    pub async fn forward(&self, at: IpAddr, to: SocketAddr) -> Result<SocketAddr, LinkError> {
        self.ask(&Request::Forward { at, to }, &format!("pass connections on to {to}")).await.map(|(_, socket)| socket)
    }

    /// Lets the container of the process `pid` trust a certificate authority (PEM): tells the trust stores that it was added to.
    ///
    /// # Errors
    /// When the stream is broken, or a store cannot be written for a reason that is not the container's own.
    pub async fn trust(&self, pid: u32, certificate: &str) -> Result<Vec<String>, LinkError> {
        let request = Request::Trust { pid, certificate: certificate.to_owned() };
        self.ask(&request, "add the ingress's authority to a trust store").await.map(|(_, stores)| stores)
    }

    /// What the container of a process used so far.
    ///
    /// # Errors
    /// When the stream is broken, or there is no such process.
    pub async fn usage(&self, pid: u32) -> Result<Usage, LinkError> {
        self.ask(&Request::Usage(pid), "tell what a container used").await.map(|(_, usage)| usage)
    }

    /// The bytes that the files below a root take on the node's disk.
    ///
    /// # Errors
    /// When the stream is broken, or the root cannot be looked through.
    pub async fn weigh(&self, root: &str) -> Result<u64, LinkError> {
        self.ask(&Request::Weigh(root.to_owned()), "weigh a volume").await.map(|(_, bytes)| bytes)
    }

    /// Gives everything on the node less processor and disk; with `None` all of it again.
    ///
    /// # Errors
    /// When the stream is broken; what could not be throttled is in the answer.
    pub async fn throttle(&self, throttle: Option<Throttle>) -> Result<Throttled, LinkError> {
        self.ask(&Request::Throttle(throttle), "throttle the node").await.map(|(_, throttled)| throttled)
    }

    /// Reads or marks the SQLite databases below a root in the node.
    ///
    /// # Errors
    /// When the stream is broken, or the root cannot be looked through; what a single database refuses is in the answer.
    pub async fn sqlite(&self, request: SqliteRequest) -> Result<SqliteSaid, LinkError> {
        self.ask(&Request::Sqlite(request), "look into the SQLite databases of a volume").await.map(|(_, said)| said)
    }

    /// Describes, copies or writes files in the node: every file that was met, as it comes.
    ///
    /// # Errors
    /// When the stream is broken, or something cannot be read or written.
    pub async fn files(&self, request: FilesRequest, mut tell: impl FnMut(FileEntry)) -> Result<(), LinkError> {
        let what = match &request {
            FilesRequest::Describe { root, .. } => format!("read the files of {root}"),
            FilesRequest::Save { root, .. } => format!("copy the files of {root}"),
            FilesRequest::Load { root, .. } => format!("write files to {root}"),
            FilesRequest::Plant { path, .. } => format!("write {path}"),
            FilesRequest::Halve { root, .. } => format!("cut files of {root}"),
            FilesRequest::Remove { path, .. } => format!("remove {path}"),
            FilesRequest::Forget { store } => format!("forget the copy {store}"),
        };
        let (mut channel, ()) = self.ask(&Request::Files(request), &what).await?;
        loop {
            match receive(&mut channel).await.map_err(|error| self.broken(error))? {
                Part::Entries(entries) => entries.into_iter().for_each(&mut tell),
                Part::Done => return Ok(()),
                Part::Failed(reason) => return Err(LinkError::Refused { node: self.node.to_string(), what, reason }),
            }
        }
    }

    /// Everything that was copied in the node, as a tar archive. Whether it is whole tells [`Link::exported`] once it has ended.
    ///
    /// # Errors
    /// When the stream is broken.
    pub async fn export(&self) -> Result<impl tokio::io::AsyncRead + Unpin + Send + use<>, LinkError> {
        self.ask::<()>(&Request::Export, "export its copies").await.map(|(channel, ())| channel)
    }

    /// That the newest export was whole.
    ///
    /// # Errors
    /// When the stream is broken, or something could not be read.
    pub async fn exported(&self) -> Result<(), LinkError> {
        self.ask(&Request::Exported, "export all its copies").await.map(|(_, ())| ())
    }

    /// An empty folder in the node for an archive of images, unpacked; tells where it is. What lay there is gone.
    ///
    /// # Errors
    /// When the stream is broken, or the folder cannot be made.
    pub async fn room_for_images(&self) -> Result<String, LinkError> {
        self.ask(&Request::RoomForImages, "make room for images").await.map(|(_, folder)| folder)
    }

    /// Lets the node's engine load the images that lie in that folder, which is removed then.
    ///
    /// # Errors
    /// When the stream is broken, or the engine does not take them.
    pub async fn load_images(&self) -> Result<(), LinkError> {
        self.ask(&Request::LoadImages, "load images").await.map(|(_, ())| ())
    }

    /// How the node was set up.
    ///
    /// # Errors
    /// When the stream is broken, or the container was not started by `agent::init`.
    pub async fn setup(&self) -> Result<NodeSetup, LinkError> {
        self.ask(&Request::Setup, "tell its set-up").await.map(|(_, setup)| setup)
    }

    /// How busy the node is.
    ///
    /// # Errors
    /// When the stream is broken.
    pub async fn pressure(&self) -> Result<Pressure, LinkError> {
        self.ask(&Request::Pressure, "tell its pressure").await.map(|(_, pressure)| pressure)
    }

    /// Starts the ingress, or gives it new routes.
    ///
    /// # Errors
    /// When the stream is broken, or the ingress cannot listen.
    pub async fn ingress(&self, update: IngressUpdate) -> Result<IngressStarted, LinkError> {
        self.ask(&Request::Ingress(Box::new(update)), "set up its ingress").await.map(|(_, started)| started)
    }

    /// Offers the node's engine as a unix socket at `path`, for this process and for `docker -H unix://…`.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn offer_engine(&self, path: &Path) -> io::Result<tokio::task::JoinHandle<()>> {
        let listener = UnixListener::bind(path)?;
        let link = self.clone();
        Ok(tokio::spawn(async move {
            loop {
                let Ok((mut connection, _)) = listener.accept().await else {
                    // Out of descriptors for a moment, or a client that went away.
                    tokio::time::sleep(RETRY_ACCEPT).await;
                    continue;
                };
                let link = link.clone();
                tokio::spawn(async move {
                    if let Ok(mut channel) = link.engine().await {
                        // An end of either side ends both; bollard tells its caller what that means.
                        let _ = copy_bidirectional(&mut connection, &mut channel).await;
                    }
                });
            }
        }))
    }
}
