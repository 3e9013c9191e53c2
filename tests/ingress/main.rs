//! The ingress: labels → routes → proxy, its certificates, its DNS and the client that looks through it. Everything runs on real
//! sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up shall fail loudly")]

mod proxy;
mod streams;
mod support;
