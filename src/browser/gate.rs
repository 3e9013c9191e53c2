//! The browser's only way out: a SOCKS 5 listener (RFC 1928) on the loopback. The browser hands it names, never addresses, so what it
//! resolves to anywhere else plays no part.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::ingress::client::Entry;

/// Time for the greeting.
const GREETING: Duration = Duration::from_secs(10);

/// Answers of RFC 1928, §6.
const GRANTED: u8 = 0;
const FAILED: u8 = 1;
const NOT_ALLOWED: u8 = 2;
const NOT_SUPPORTED: u8 = 7;

/// A stream to the ingress.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Opens a stream to a listener of the ingress.
type Connect = Arc<dyn Fn(Entry) -> Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>> + Send + Sync>;

/// The listener; it and its connections end when it is dropped.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gate {
    /// Listens on the loopback. Connections to ports 80 and 443 of `hosts` go where `connect` leads, all others are refused.
    pub(super) async fn open<S, C, F>(hosts: BTreeSet<String>, connect: C) -> io::Result<Self>
    where
        C: Fn(Entry) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let connect: Connect = Arc::new(move |entry| {
            let stream = connect(entry);
            Box::pin(async move { Ok(Box::new(stream.await?) as Box<dyn Stream>) })
        });
        let hosts = Arc::new(hosts);
        let task = tokio::spawn(async move {
            // Dropped with this task, and all connections with it.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                let (hosts, connect) = (Arc::clone(&hosts), Arc::clone(&connect));
                // A browser that hangs up in the middle is no event.
                connections.spawn(async move { drop(pass(client, &hosts, &connect).await) });
            }
        });
        Ok(Self { address, task })
    }
}

async fn pass(mut client: TcpStream, hosts: &BTreeSet<String>, connect: &Connect) -> io::Result<()> {
    client.set_nodelay(true)?;
    let wanted = tokio::time::timeout(GREETING, greet(&mut client)).await??;
    let entry = match wanted {
        Wanted::Host(host, port) if hosts.contains(&host) => match port {
            80 => Some(Entry::Http),
            443 => Some(Entry::Https),
            _ => None,
        },
        Wanted::Host(..) | Wanted::Address => None,
        Wanted::Other => return answer(&mut client, NOT_SUPPORTED).await,
    };
    let Some(entry) = entry else { return answer(&mut client, NOT_ALLOWED).await };
    match connect(entry).await {
        Ok(mut stream) => {
            answer(&mut client, GRANTED).await?;
            copy_bidirectional(&mut client, &mut stream).await.map(drop)
        }
        Err(_) => answer(&mut client, FAILED).await,
    }
}

/// What the browser asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Host(String, u16),
    /// An address instead of a name: never one of the recipe's hosts.
    Address,
    /// Not a connection.
    Other,
}

/// Reads greeting and request (RFC 1928, §3 and §4).
async fn greet(client: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Wanted> {
    let not_socks = || io::Error::new(io::ErrorKind::InvalidData, "not SOCKS 5");
    let [version, methods] = read(client).await?;
    if version != 5 {
        return Err(not_socks());
    }
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered).await?;
    if !offered.contains(&0) {
        return Err(not_socks());
    }
    client.write_all(&[5, 0]).await?;
    let [version, command, _, kind] = read(client).await?;
    if version != 5 {
        return Err(not_socks());
    }
    let host = match kind {
        1 => read::<4>(client).await.map(|_| None)?,
        4 => read::<16>(client).await.map(|_| None)?,
        3 => {
            let [length] = read(client).await?;
            let mut name = vec![0; usize::from(length)];
            client.read_exact(&mut name).await?;
            Some(String::from_utf8_lossy(&name).trim_end_matches('.').to_ascii_lowercase())
        }
        _ => return Err(not_socks()),
    };
    let port = u16::from_be_bytes(read(client).await?);
    Ok(match host {
        _ if command != 1 => Wanted::Other,
        Some(host) => Wanted::Host(host, port),
        None => Wanted::Address,
    })
}

async fn read<const N: usize>(client: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn answer(client: &mut TcpStream, code: u8) -> io::Result<()> {
    client.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    client.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a gate for `host` (`open.test` goes to a server that says `hello`); the code of its answer, and what came then.
    async fn ask(request: &[u8]) -> (Option<u8>, String) {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let at = server.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            stream.write_all(b"hello").await.unwrap();
        });
        let hosts = BTreeSet::from(["open.test".to_owned()]);
        let gate = Gate::open(hosts, move |_| TcpStream::connect(at)).await.unwrap();
        let mut client = TcpStream::connect(gate.address).await.unwrap();
        client.write_all(request).await.unwrap();
        let mut said = Vec::new();
        // The other side may close before everything was read.
        let _ = tokio::time::timeout(Duration::from_secs(5), client.read_to_end(&mut said)).await.expect("it ends");
        let code = said.get(3).copied();
        (code, String::from_utf8_lossy(said.get(12..).unwrap_or_default()).into_owned())
    }

    fn request(host: &str, port: u16, command: u8) -> Vec<u8> {
        let mut bytes = vec![5, 1, 0, 5, command, 0, 3, u8::try_from(host.len()).unwrap()];
        bytes.extend(host.as_bytes());
        bytes.extend(port.to_be_bytes());
        bytes
    }

    #[tokio::test]
    async fn only_the_usual_ports_of_own_hosts_are_open() {
        let code = async |host: &str, port, command| ask(&request(host, port, command)).await;
        assert_eq!(code("Open.test.", 443, 1).await, (Some(GRANTED), "hello".to_owned()));
        assert_eq!(code("open.test", 80, 1).await.0, Some(GRANTED));
        assert_eq!(code("open.test", 8443, 1).await.0, Some(NOT_ALLOWED));
        assert_eq!(code("cdn.example", 443, 1).await.0, Some(NOT_ALLOWED));
        assert_eq!(code("sub.open.test", 443, 1).await.0, Some(NOT_ALLOWED));
        assert_eq!(code("open.test", 443, 3).await.0, Some(NOT_SUPPORTED));
        let address = [5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80];
        assert_eq!(ask(&address).await.0, Some(NOT_ALLOWED));
    }

    #[tokio::test]
    async fn what_is_not_socks_is_hung_up_on() {
        assert_eq!(ask(b"GET / HTTP/1.1\r\n\r\n").await.0, None);
    }
}
