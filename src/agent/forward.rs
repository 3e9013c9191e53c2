//! Connections passed on: the bridge that leads to a task is known to its own node only, and the ingress runs on another one.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use super::protocol::Reply;

/// Where this node passes connections on, by where to.
#[derive(Default)]
pub(super) struct Forwards {
    open: Mutex<HashMap<(IpAddr, SocketAddr), SocketAddr>>,
}

impl Forwards {
    /// Listens at a free port of `at` for connections to `to`, unless it does already; tells where.
    pub(super) async fn open(&self, at: IpAddr, to: SocketAddr) -> Reply<SocketAddr> {
        let mut open = self.open.lock().await;
        if let Some(socket) = open.get(&(at, to)) {
            return Ok(*socket);
        }
        let said = |error: io::Error| format!("cannot listen on {at} for connections to {to}: {error}");
        let listener = TcpListener::bind((at, 0)).await.map_err(said)?;
        let socket = listener.local_addr().map_err(said)?;
        tokio::spawn(pass_on(listener, to));
        open.insert((at, to), socket);
        Ok(socket)
    }
}

/// Takes connections as long as the node lives. One whose target does not take it is closed, which its client sees as it would there.
async fn pass_on(listener: TcpListener, to: SocketAddr) {
    loop {
        let Ok((mut from, _)) = listener.accept().await else {
            // Out of descriptors for a moment, or a client that went away.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        tokio::spawn(async move {
            if let Ok(mut target) = TcpStream::connect(to).await {
                let _ = copy_bidirectional(&mut from, &mut target).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn bytes_arrive_and_the_same_question_has_the_same_answer() {
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = target.local_addr().unwrap();
        let forwards = Forwards::default();
        let socket = forwards.open(IpAddr::from([127, 0, 0, 1]), to).await.unwrap();
        assert_eq!(forwards.open(IpAddr::from([127, 0, 0, 1]), to).await.unwrap(), socket);
        let mut client = TcpStream::connect(socket).await.unwrap();
        client.write_all(b"hello").await.unwrap();
        let (mut served, _) = target.accept().await.unwrap();
        let mut said = [0; 5];
        served.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"hello");
        // A target that is gone ends the connection at once.
        drop((served, target));
        let mut client = TcpStream::connect(socket).await.unwrap();
        assert!(matches!(client.read(&mut said).await, Ok(0) | Err(_)));
    }
}
