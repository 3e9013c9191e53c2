//! The part of taster that runs inside a node, and the stream that reaches it.
//!
//! A node is a container; nothing but the Engine API of the host is needed to reach what happens in it (design.md §2). The first
//! process of the container is [`init`]: it prepares the container and runs the engine. Over an *exec* stream of the host's API the
//! driver starts [`serve`], which speaks several channels over that one stream ([`mux`]): the node's engine API, connections
//! to addresses in the node, the ingress, files of volumes, and facts. When the driver goes away, however it goes, the stream ends, `serve` ends
//! with it, and [`init`] stops the node a little later.

pub mod executable;
pub mod init;
mod addresses;
mod facts;
mod files;
mod forward;
mod images;
mod ingress;
mod link;
mod mux;
mod protocol;
pub mod probe;
pub mod serve;
mod sqlite;
mod throttle;
mod trust;
mod usage;

pub use files::{FileEntry, FileKind, FilesRequest};
pub use link::{Link, LinkError};
pub use protocol::{IngressStarted, IngressUpdate, NodeSetup, Pressure};
pub use sqlite::{SqliteRequest, SqliteSaid, SqliteTable};
pub use throttle::{Throttle, Throttled};
pub use usage::Usage;
