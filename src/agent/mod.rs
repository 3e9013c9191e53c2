//! The part of taster that runs inside a node, and the stream that reaches it.

pub mod executable;
