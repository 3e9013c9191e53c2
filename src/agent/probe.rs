//! Both ends of the probe of virtual IPs: they run in containers of a node.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};

/// The port at which the probe listens.
pub const PORT: u16 = 7007;

/// How long the probing end tries. A virtual IP without ip_vs refuses within milliseconds; one that works answers as soon as the
/// task runs.
pub const PATIENCE: Duration = Duration::from_secs(6);

/// Takes connections until it is stopped.
///
/// # Errors
/// When it cannot listen.
pub async fn listen() -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        drop(listener.accept().await?);
    }
}

/// Tries to connect until it works or patience ends.
///
/// # Errors
/// The last refusal.
pub async fn connect(address: Ipv4Addr) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let attempt = TcpStream::connect(SocketAddr::from((address, PORT)));
        let error = match tokio::time::timeout(Duration::from_secs(1), attempt).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => io::Error::from(io::ErrorKind::TimedOut),
        };
        if begun.elapsed() > PATIENCE {
            return Err(error.into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
