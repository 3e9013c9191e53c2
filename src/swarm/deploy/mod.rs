//! Stack deploy: from a typed project to what a swarm is asked for, and to a swarm that has it.
//!
//! Two halves. The pure half ([`StackSpec::build`]) turns a [`crate::compose::project::Project`] into the requests that
//! `docker stack deploy` (CLI 28.2, module `cli/compose/convert`) would send, field by field; it asks no engine and can be tested
//! without one. The other half ([`apply`]) sends them, in the reference's order, and reports what each did.
//!
//! Whatever differs from the reference on purpose is an [`Adaptation`]: listed, explained, and never touching an image, a command,
//! a config or the recipe's own environment (lesson 4). `tests/deploy` compares the two on a real node.

mod apply;
mod container;
mod endpoint;
mod error;
mod file_object;
mod image;
mod leftovers;
mod mount;
mod names;
mod network;
mod objects;
mod policy;
pub mod raw;
mod remove;
mod service;
mod spec;

pub use apply::{Applied, AppliedObject, AppliedService, ApplyOptions, Change, Orphan, apply};
pub use error::{DeployError, Immutable, NameTooLong};
pub use file_object::{FileKind, StackFile, Version};
pub use image::familiar_image;
pub use leftovers::{Leftover, LeftoverKind, leftovers};
pub use remove::{Keep, Removed, lose, remove};
pub use spec::{Adaptation, DeployOptions, Endpoints, Files, StackSpec, StackVolume};

/// The label by which Docker's own tools know a stack's objects.
pub const LABEL_NAMESPACE: &str = "com.docker.stack.namespace";
/// The service label that keeps the image as the compose file wrote it.
pub const LABEL_IMAGE: &str = "com.docker.stack.image";
/// The label on secrets that taster made in the operator's place: they belong to a stack without being part of it.
pub const LABEL_STACK: &str = "taster.stack";
