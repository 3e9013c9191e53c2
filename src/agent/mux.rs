//! Several channels over one stream, by yamux; the same driver on both sides.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use futures_util::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};
use yamux::{Config, Connection, Mode};

/// A channel, for tokio.
pub(super) type Channel = Compat<yamux::Stream>;

type Opened = oneshot::Sender<io::Result<Channel>>;

/// Opens channels of a connection that [`drive`] keeps going.
#[derive(Debug, Clone)]
pub(super) struct Opener(mpsc::Sender<Opened>);

impl Opener {
    /// A new channel.
    pub(super) async fn open(&self) -> io::Result<Channel> {
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the stream to the node has ended");
        let (sender, receiver) = oneshot::channel();
        self.0.send(sender).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

/// Which side of the stream this is.
pub(super) enum Side {
    /// The side that opens channels.
    Driver,
    /// The side that takes them.
    Agent,
}

/// Runs a connection over `stream` until it ends. `inbound` is called with every channel that the other side opens.
pub(super) fn drive<S>(
    stream: S,
    side: &Side,
    mut inbound: impl FnMut(Channel) + Send + 'static,
) -> (Opener, impl Future<Output = io::Result<()>> + Send)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mode = match side {
        Side::Driver => Mode::Client,
        Side::Agent => Mode::Server,
    };
    let mut config = Config::default();
    // A gigabyte of an image may flow through one channel while others idle: leave the receive windows to yamux's own tuning.
    config.set_split_send_size(64 << 10);
    let mut connection = Connection::new(stream, config, mode);
    let (sender, mut receiver) = mpsc::channel::<Opened>(16);
    let run = async move {
        let mut waiting: Option<Opened> = None;
        let mut closing = false;
        poll_fn(move |cx| {
            loop {
                if closing {
                    return connection.poll_close(cx).map_err(io::Error::other);
                }
                if waiting.is_none() {
                    match receiver.poll_recv(cx) {
                        Poll::Ready(Some(opened)) => waiting = Some(opened),
                        // Nobody can open a channel any more. An agent goes on for as long as its driver does.
                        Poll::Ready(None) if matches!(mode, Mode::Client) => {
                            closing = true;
                            continue;
                        }
                        Poll::Ready(None) | Poll::Pending => {}
                    }
                }
                if let Some(opened) = waiting.take() {
                    match connection.poll_new_outbound(cx) {
                        Poll::Ready(result) => {
                            let result = result.map(FuturesAsyncReadCompatExt::compat).map_err(io::Error::other);
                            // A caller that has gone away drops its channel.
                            let _ = opened.send(result);
                            continue;
                        }
                        Poll::Pending => waiting = Some(opened),
                    }
                }
                match connection.poll_next_inbound(cx) {
                    Poll::Ready(Some(Ok(channel))) => inbound(channel.compat()),
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(io::Error::other(error))),
                    Poll::Ready(None) => return Poll::Ready(Ok(())),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    };
    (Opener(sender), run)
}
