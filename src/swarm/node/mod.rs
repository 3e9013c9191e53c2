//! Ephemeral nodes: a nested engine in swarm mode, reached by the host's Engine API alone.

mod adopt;
mod cluster;
mod host_files;
mod image;
mod member;
mod rights;
mod start;
mod virtual_ip;

pub use adopt::AdoptError;
pub use cluster::{Cluster, NodeOptions};
pub use image::{NodeImage, NodeImageError};
pub use member::join;
pub use rights::Rights;
pub(crate) use start::remove;
pub use start::{Node, NodeError};
pub use virtual_ip::Memory;
