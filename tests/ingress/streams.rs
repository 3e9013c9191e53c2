//! Bodies stream both ways, whatever their size.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{LOOPBACK, Node, tls};

const SIZE: u64 = 100 * 1024 * 1024;
/// What the proxy, the app and the client together may hold of 100 MB.
const ALLOWED_KIB: u64 = 24 * 1024;

/// A raw app that reads a body of the announced length and then answers; it counts what came.
pub(crate) async fn sink() -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
                let mut left: u64 = length.parse().unwrap();
                let mut buffer = vec![0; 64 * 1024];
                while left > 0 {
                    let read = stream.read(&mut buffer).await.unwrap() as u64;
                    assert!(read > 0, "the upload ended early");
                    count.fetch_add(read, Ordering::Relaxed);
                    left -= read;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").await.unwrap();
            });
        }
    });
    (at, count)
}

/// Memory that this process holds now, from the kernel; nextest gives each test a process of its own.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_large_download_streams_in_flat_memory() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = vec![b'x'; 64 * 1024];
                assert!(stream.read(&mut buffer).await.unwrap() > 0);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                buffer.fill(b'x');
                for _ in 0..SIZE / buffer.len() as u64 {
                    stream.write_all(&buffer).await.unwrap();
                }
            });
        }
    });
    let node = Node::with_app(&[], at).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: blog.example.com\r\nconnection: close\r\n\r\n").await.unwrap();
    let before = resident_kib();
    let (mut read, mut highest) = (0_u64, 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer).await.unwrap() {
            0 => break,
            n => read += n as u64,
        }
        highest = highest.max(resident_kib());
    }
    assert!(read > SIZE && read < SIZE + 2000, "{read}");
    assert!(highest.saturating_sub(before) < ALLOWED_KIB, "{before} KiB before, {highest} KiB at most");
}

#[tokio::test]
async fn a_large_upload_streams_in_flat_memory() {
    let (at, count) = sink().await;
    let node = Node::with_app(&[], at).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    let head =
        format!("POST / HTTP/1.1\r\nhost: blog.example.com\r\nconnection: close\r\ncontent-length: {SIZE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let buffer = vec![b'y'; 64 * 1024];
    let before = resident_kib();
    let mut highest = 0;
    for _ in 0..SIZE / buffer.len() as u64 {
        stream.write_all(&buffer).await.unwrap();
        highest = highest.max(resident_kib());
    }
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("done"), "{response}");
    assert_eq!(count.load(Ordering::Relaxed), SIZE);
    assert!(highest.saturating_sub(before) < ALLOWED_KIB, "{before} KiB before, {highest} KiB at most");
}

#[tokio::test]
async fn a_response_arrives_piece_by_piece() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let (go, mut gone) = tokio::sync::mpsc::channel::<()>(1);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1024];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n").await.unwrap();
        // The second piece is not sent before the client has seen the first.
        gone.recv().await.unwrap();
        stream.write_all(b"6\r\nsecond\r\n0\r\n\r\n").await.unwrap();
    });
    let node = Node::with_app(&[], at).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: blog.example.com\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut seen = String::new();
    while !seen.contains("first") {
        let mut buffer = [0; 1024];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut buffer)).await;
        let read = read.expect("the first piece is held back").unwrap();
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(!seen.contains("second"));
    go.send(()).await.unwrap();
    stream.read_to_string(&mut seen).await.unwrap();
    assert!(seen.contains("second"), "{seen}");
}
