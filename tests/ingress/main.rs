//! The ingress: labels → routes → proxy, its certificates, its DNS and the client that looks through it. Everything runs on real
//! sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up shall fail loudly")]

mod client;
mod dns;
mod labels;
mod middlewares;
mod proxy;
mod rules;
mod streams;
mod support;
mod websocket;
