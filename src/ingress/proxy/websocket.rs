//! Connections that changed their protocol: bytes pass both ways until one side ends.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

/// Joins both sides once each has switched.
pub(super) fn tunnel(client: OnUpgrade, app: OnUpgrade) {
    tokio::spawn(async move {
        if let (Ok(client), Ok(app)) = tokio::join!(client, app) {
            // A side that breaks off ends the tunnel; the other side sees its connection close.
            drop(tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(app)).await);
        }
    });
}
