//! The node's DNS server, asked over real sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use simple_dns::rdata::{A, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, ResourceRecord, TYPE};
use taster::ingress::dns::{self, Hosts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

use crate::support::{LOOPBACK, nowhere};

const NODE: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 9);

struct Server {
    at: SocketAddr,
    hosts: Hosts,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn server(upstream: Vec<SocketAddr>) -> Server {
    let udp = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let at = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(at).await.unwrap();
    let hosts = Hosts::new();
    hosts.set([("Blog.Example.com".to_owned(), NODE), ("www.example.com.".to_owned(), NODE)]);
    let task = tokio::spawn(dns::serve(udp, tcp, hosts.clone(), upstream));
    Server { at, hosts, task }
}

fn question(name: &str, kind: TYPE) -> Vec<u8> {
    let mut query = Packet::new_query(4711);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).unwrap();
    query.questions.push(Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    query.build_bytes_vec().unwrap()
}

/// Sends bytes over UDP; `None` when nothing comes back.
async fn send(at: SocketAddr, message: &[u8]) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    socket.send_to(message, at).await.unwrap();
    let mut buffer = vec![0; 1500];
    let length = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut buffer)).await.ok()?.unwrap();
    buffer.truncate(length);
    Some(buffer)
}

/// The code and the addresses of a reply.
fn read(reply: &[u8]) -> (RCODE, Vec<Ipv4Addr>) {
    let reply = Packet::parse(reply).unwrap();
    assert_eq!(reply.id(), 4711);
    assert!(reply.has_flags(PacketFlag::RESPONSE));
    let addresses = reply.answers.iter().filter_map(|record| match &record.rdata {
        RData::A(a) => Some(Ipv4Addr::from(a.address)),
        _ => None,
    });
    (reply.rcode(), addresses.collect())
}

async fn ask(server: &Server, name: &str, kind: TYPE) -> (RCODE, Vec<Ipv4Addr>) {
    read(&send(server.at, &question(name, kind)).await.unwrap())
}

#[tokio::test]
async fn the_apps_own_hosts_are_at_the_node() {
    let server = server(vec![]).await;
    assert_eq!(ask(&server, "blog.example.com", TYPE::A).await, (RCODE::NoError, vec![NODE]));
    assert_eq!(ask(&server, "WWW.example.COM", TYPE::A).await, (RCODE::NoError, vec![NODE]));
    // They exist, and have no address of this kind: a resolver must not take that for a missing name.
    assert_eq!(ask(&server, "blog.example.com", TYPE::AAAA).await, (RCODE::NoError, vec![]));
    assert_eq!(ask(&server, "blog.example.com", TYPE::MX).await, (RCODE::NoError, vec![]));
    server.hosts.set([("new.example.com".to_owned(), Ipv4Addr::LOCALHOST)]);
    assert_eq!(ask(&server, "new.example.com", TYPE::A).await, (RCODE::NoError, vec![Ipv4Addr::LOCALHOST]));
    assert_eq!(ask(&server, "blog.example.com", TYPE::A).await.0, RCODE::NameError);
}

#[tokio::test]
async fn without_resolvers_every_other_name_is_refused_at_once() {
    let server = server(vec![]).await;
    let begun = Instant::now();
    for name in ["sub.blog.example.com", "example.com", "localhost", "org"] {
        assert_eq!(ask(&server, name, TYPE::A).await, (RCODE::NameError, vec![]), "{name}");
    }
    assert!(begun.elapsed() < Duration::from_millis(500));
}

/// A resolver that knows one address for everything.
async fn resolver(address: Ipv4Addr) -> SocketAddr {
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let at = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut buffer).await {
            let query = Packet::parse(&buffer[..length]).unwrap();
            let name = query.questions[0].qname.clone();
            let mut reply = Packet::new_reply(query.id());
            reply.questions.clone_from(&query.questions);
            reply.answers.push(ResourceRecord::new(name, CLASS::IN, 60, RData::A(A { address: address.into() })));
            socket.send_to(&reply.build_bytes_vec().unwrap(), client).await.unwrap();
        }
    });
    at
}

#[tokio::test]
async fn other_names_are_asked_elsewhere_in_turn() {
    let far = Ipv4Addr::new(192, 0, 2, 1);
    let server = server(vec![nowhere().await, resolver(far).await]).await;
    assert_eq!(ask(&server, "other.org", TYPE::A).await, (RCODE::NoError, vec![far]));
    assert_eq!(ask(&server, "blog.example.com", TYPE::A).await, (RCODE::NoError, vec![NODE]));
}

#[tokio::test]
async fn resolvers_that_do_not_answer_are_a_server_failure() {
    let silent = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    let server = server(vec![silent.local_addr().unwrap()]).await;
    let begun = Instant::now();
    assert_eq!(ask(&server, "other.org", TYPE::A).await, (RCODE::ServerFailure, vec![]));
    assert!(begun.elapsed() < Duration::from_secs(4));
    // After three silences in a row nobody waits for it any more.
    for _ in 0..2 {
        ask(&server, "other.org", TYPE::A).await;
    }
    let begun = Instant::now();
    assert_eq!(ask(&server, "other.org", TYPE::A).await, (RCODE::ServerFailure, vec![]));
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn tcp_answers_one_query_after_the_other() {
    let server = server(vec![]).await;
    let mut stream = TcpStream::connect(server.at).await.unwrap();
    for (name, code) in [("blog.example.com", RCODE::NoError), ("other.org", RCODE::NameError)] {
        let query = question(name, TYPE::A);
        stream.write_u16(u16::try_from(query.len()).unwrap()).await.unwrap();
        stream.write_all(&query).await.unwrap();
        let mut reply = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut reply).await.unwrap();
        assert_eq!(read(&reply).0, code);
    }
}

#[tokio::test]
async fn what_is_no_query_harms_nothing() {
    let server = server(vec![]).await;
    // A header that announces a question which is not there.
    let reply = send(server.at, &[0x12, 0x67, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    let reply = Packet::parse(&reply).unwrap();
    assert_eq!((reply.id(), reply.rcode()), (0x1267, RCODE::FormatError));
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
    for junk in [&b""[..], b"\x00", b"\xff\xff\xff", &[0xff; 512]] {
        socket.send_to(junk, server.at).await.unwrap();
    }
    // A reply is never answered: two servers would talk for ever.
    let query = question("blog.example.com", TYPE::A);
    let mut reply = Packet::parse(&query).unwrap().into_reply();
    reply.set_id(1);
    socket.send_to(&reply.build_bytes_vec().unwrap(), server.at).await.unwrap();
    let mut buffer = [0; 512];
    let mut seen = Vec::new();
    while let Ok(Ok(length)) = tokio::time::timeout(Duration::from_millis(300), socket.recv(&mut buffer)).await {
        seen.push(u16::from_be_bytes([buffer[0], buffer[1]]));
        assert!(length >= 2);
    }
    assert!(!seen.contains(&1), "{seen:?}");
    assert_eq!(ask(&server, "blog.example.com", TYPE::A).await.0, RCODE::NoError);
}
