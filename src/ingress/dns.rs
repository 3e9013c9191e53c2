//! A small DNS server for a node: the app's own hosts are at the node, everything else is asked elsewhere or does not exist.
//!
//! An app that calls its own URL thereby reaches the ingress. Without upstream resolvers every other name is refused at once, so
//! that an app without a network does not hang in a resolver's timeout.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;

/// How long one upstream resolver may take.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(2);
/// So many times in a row may an upstream resolver be silent …
const MAX_SILENCES: u32 = 3;
/// … before it is left alone for this long. A node without a network must not cost an app two seconds for every name.
const REST: Duration = Duration::from_secs(5);
/// How long a TCP client may take between queries.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Short, because a host's address changes with the node.
const TTL_SECONDS: u32 = 5;
/// Queries answered at once; more wait.
const MAX_AT_ONCE: usize = 256;
/// The largest message that UDP or TCP can carry.
const MAX_MESSAGE: usize = 65_535;

/// Hosts and their addresses; clones share them, and they can be replaced at any time.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    by_name: Arc<RwLock<BTreeMap<String, Ipv4Addr>>>,
}

impl Hosts {
    /// No hosts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces all hosts. Case and a final dot do not matter.
    pub fn set(&self, hosts: impl IntoIterator<Item = (String, Ipv4Addr)>) {
        let hosts = hosts.into_iter().map(|(name, address)| (key(&name), address)).collect();
        *self.by_name.write().unwrap_or_else(PoisonError::into_inner) = hosts;
    }

    fn get(&self, name: &str) -> Option<Ipv4Addr> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(&key(name)).copied()
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// Serves both sockets until the future is dropped.
pub async fn serve(udp: UdpSocket, tcp: TcpListener, hosts: Hosts, upstream: Vec<SocketAddr>) {
    let upstream = upstream.into_iter().map(|address| (address, Mutex::default())).collect();
    let server = Arc::new(Server { hosts, upstream, places: Arc::new(Semaphore::new(MAX_AT_ONCE)) });
    tokio::join!(serve_udp(Arc::new(udp), Arc::clone(&server)), serve_tcp(tcp, server));
}

#[derive(Debug)]
struct Server {
    hosts: Hosts,
    upstream: Vec<(SocketAddr, Mutex<Patience>)>,
    places: Arc<Semaphore>,
}

/// How an upstream resolver has behaved of late.
#[derive(Debug, Default)]
struct Patience {
    silences: u32,
    resting_until: Option<Instant>,
}

impl Patience {
    fn is_over(&self, now: Instant) -> bool {
        self.resting_until.is_some_and(|until| now < until)
    }

    fn note(&mut self, silent: bool, now: Instant) {
        self.silences = if silent { self.silences + 1 } else { 0 };
        self.resting_until = (self.silences >= MAX_SILENCES).then(|| now + REST);
    }
}

async fn serve_udp(socket: Arc<UdpSocket>, server: Arc<Server>) {
    let mut buffer = vec![0; MAX_MESSAGE];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut buffer).await else {
            // A client's ICMP error shows up here; it concerns nobody else.
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let query = buffer.get(..length).unwrap_or_default().to_vec();
        let (socket, server) = (Arc::clone(&socket), Arc::clone(&server));
        let Ok(place) = Arc::clone(&server.places).acquire_owned().await else { return };
        tokio::spawn(async move {
            if let Some(reply) = server.answer(&query, Transport::Udp).await {
                // The client may be gone; it will ask again if it is not.
                drop(socket.send_to(&reply, client).await);
            }
            drop(place);
        });
    }
}

async fn serve_tcp(listener: TcpListener, server: Arc<Server>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let server = Arc::clone(&server);
        let Ok(place) = Arc::clone(&server.places).acquire_owned().await else { return };
        tokio::spawn(async move {
            tcp_client(stream, &server).await;
            drop(place);
        });
    }
}

/// Answers queries until the client is silent, or says what is no message.
async fn tcp_client(mut stream: TcpStream, server: &Server) {
    while let Ok(Ok(query)) = tokio::time::timeout(IDLE_TIMEOUT, read_message(&mut stream)).await {
        let Some(reply) = server.answer(&query, Transport::Tcp).await else { return };
        if write_message(&mut stream, &reply).await.is_err() {
            return;
        }
    }
}

async fn read_message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn write_message(stream: &mut TcpStream, message: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(message.len()).map_err(std::io::Error::other)?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(message);
    stream.write_all(&framed).await
}

#[derive(Debug, Clone, Copy)]
enum Transport {
    Udp,
    Tcp,
}

impl Server {
    /// The reply to one message; `None` when it deserves none.
    async fn answer(&self, message: &[u8], transport: Transport) -> Option<Vec<u8>> {
        let Ok(query) = Packet::parse(message) else {
            let id = u16::from_be_bytes(message.get(..2)?.try_into().ok()?);
            return failure(id, RCODE::FormatError);
        };
        if query.has_flags(PacketFlag::RESPONSE) {
            return None;
        }
        if query.opcode() != OPCODE::StandardQuery {
            return failure(query.id(), RCODE::NotImplemented);
        }
        let [question] = query.questions.as_slice() else { return failure(query.id(), RCODE::FormatError) };
        let internet = matches!(question.qclass, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY);
        let Some(address) = self.hosts.get(&question.qname.to_string()).filter(|_| internet) else {
            return self.elsewhere(&query, message, transport).await;
        };
        let mut reply = reply_to(&query, RCODE::NoError);
        reply.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
        if matches!(question.qtype, QTYPE::TYPE(TYPE::A) | QTYPE::ANY) {
            let data = RData::A(A { address: address.into() });
            reply.answers.push(ResourceRecord::new(question.qname.clone(), CLASS::IN, TTL_SECONDS, data));
        }
        reply.build_bytes_vec_compressed().ok()
    }

    /// Asks the upstream resolvers in turn.
    async fn elsewhere(&self, query: &Packet<'_>, message: &[u8], transport: Transport) -> Option<Vec<u8>> {
        for (resolver, patience) in &self.upstream {
            if patience.lock().unwrap_or_else(PoisonError::into_inner).is_over(Instant::now()) {
                continue;
            }
            let asked = async {
                match transport {
                    Transport::Udp => ask_udp(*resolver, message).await,
                    Transport::Tcp => ask_tcp(*resolver, message).await,
                }
            };
            let reply = tokio::time::timeout(UPSTREAM_TIMEOUT, asked).await;
            patience.lock().unwrap_or_else(PoisonError::into_inner).note(reply.is_err(), Instant::now());
            match reply {
                Ok(Ok(reply)) if reply.get(..2) == message.get(..2) => return Some(reply),
                _ => {}
            }
        }
        let code = if self.upstream.is_empty() { RCODE::NameError } else { RCODE::ServerFailure };
        reply_to(query, code).build_bytes_vec_compressed().ok()
    }
}

fn reply_to<'q>(query: &Packet<'q>, code: RCODE) -> Packet<'q> {
    let mut reply = Packet::new_reply(query.id());
    *reply.rcode_mut() = code;
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if query.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    reply.questions.clone_from(&query.questions);
    reply
}

fn failure(id: u16, code: RCODE) -> Option<Vec<u8>> {
    let mut reply = Packet::new_reply(id);
    *reply.rcode_mut() = code;
    reply.build_bytes_vec_compressed().ok()
}

async fn ask_udp(resolver: SocketAddr, message: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: SocketAddr = if resolver.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(resolver).await?;
    socket.send(message).await?;
    let mut buffer = vec![0; MAX_MESSAGE];
    let length = socket.recv(&mut buffer).await?;
    buffer.truncate(length);
    Ok(buffer)
}

async fn ask_tcp(resolver: SocketAddr, message: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(resolver).await?;
    write_message(&mut stream, message).await?;
    read_message(&mut stream).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_resolver_rests_and_is_asked_again() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        for _ in 0..MAX_SILENCES - 1 {
            patience.note(true, start);
        }
        assert!(!patience.is_over(start));
        patience.note(false, start);
        patience.note(true, start);
        assert!(!patience.is_over(start), "an answer makes up for earlier silence");
        for _ in 0..MAX_SILENCES {
            patience.note(true, start);
        }
        assert!(patience.is_over(start) && !patience.is_over(start + REST));
        // One more silence is enough then.
        patience.note(true, start + REST);
        assert!(patience.is_over(start + REST));
    }
}
