//! Registries: since when upstream has had something newer, and what runs record of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/docker_registry.rs"]
mod docker_registry;
#[path = "../support/images.rs"]
mod images;
#[path = "../support/ran.rs"]
mod ran;
mod runs;
mod since;
