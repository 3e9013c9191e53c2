//! Ephemeral nodes: a nested engine in swarm mode, reached by the host's Engine API alone.

mod cluster;
mod host_files;
mod image;
mod rights;
mod start;

pub use cluster::{Cluster, NodeOptions};
pub use image::{NodeImage, NodeImageError, ensure as ensure_image};
pub use rights::Rights;
pub use start::{Node, NodeError};
