//! Websockets pass through, byte for byte.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{LOOPBACK, Node, mirror, tls};

const ASK: &[u8] = b"GET /socket?room=1 HTTP/1.1\r\nHost: blog.example.com\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// A masked text frame of a client, or an unmasked one of a server (RFC 6455 §5.2).
fn frame(text: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let mut frame = vec![0x81, length | if mask.is_some() { 0x80 } else { 0 }];
    frame.extend(mask.unwrap_or_default().iter().take(if mask.is_some() { 4 } else { 0 }));
    let mask = mask.unwrap_or_default();
    frame.extend(text.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}

#[tokio::test]
async fn a_websocket_echoes_through_the_proxy() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = head(&mut stream).await;
        // The first frame leaves together with the head, as a busy server sends it.
        let mut answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Taster-Task: forged\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
            .to_vec();
        answer.extend(frame(b"welcome", None));
        stream.write_all(&answer).await.unwrap();
        let mut start = [0; 6];
        while stream.read_exact(&mut start).await.is_ok() {
            let mut text = vec![0; usize::from(start[1] & 0x7f)];
            stream.read_exact(&mut text).await.unwrap();
            for (at, byte) in text.iter_mut().enumerate() {
                *byte ^= start[2 + at % 4];
            }
            if text == b"bye" {
                break;
            }
            stream.write_all(&frame(&text, None)).await.unwrap();
        }
        asked
    });
    let node = Node::with_app(&[], at).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    stream.write_all(ASK).await.unwrap();
    let answer = head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    for line in [
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "x-taster-task: task1",
    ] {
        assert!(answer.lines().any(|l| l == line), "{line} in {answer}");
    }
    assert!(!answer.contains("forged"));
    let mut welcome = vec![0; 9];
    stream.read_exact(&mut welcome).await.unwrap();
    assert_eq!(welcome, frame(b"welcome", None));
    for word in ["hello", "again", &"x".repeat(100)] {
        stream.write_all(&frame(word.as_bytes(), Some([1, 2, 3, 4]))).await.unwrap();
        let mut echo = vec![0; word.len() + 2];
        stream.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, frame(word.as_bytes(), None));
    }
    // The app hangs up, and the client sees the end.
    stream.write_all(&frame(b"bye", Some([9, 9, 9, 9]))).await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(std::time::Duration::from_secs(5), stream.read_to_end(&mut rest)).await.unwrap().ok();
    assert_eq!(rest, b"");
    let asked = app.await.unwrap();
    for line in [
        "GET /socket?room=1 HTTP/1.1",
        "upgrade: websocket",
        "connection: upgrade",
        "x-forwarded-proto: wss",
        "sec-websocket-protocol: chat",
    ] {
        assert!(asked.lines().any(|l| l == line), "{line} in {asked}");
    }
}

#[tokio::test]
async fn an_app_without_websockets_answers_as_usual() {
    let node = Node::with_app(&[], mirror().await).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    stream.write_all(ASK).await.unwrap();
    let answer = head(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("x-taster-task: task1"), "{answer}");
}

#[tokio::test]
async fn an_app_that_switches_unasked_is_broken() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(head(&mut stream).await);
        drop(stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n").await);
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    });
    let node = Node::with_app(&[], at).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 502);
    assert!(exchange.ingress.unwrap().starts_with("broken: "));
}
