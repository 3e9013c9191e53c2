//! `taster ci`: where it runs, what fails a pipeline, comments from artefacts that nobody believes, and the workflows that call it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod act;
mod artefact;
mod comment;
mod detect;
#[path = "../support/docker_registry.rs"]
mod docker_registry;
mod gate;
mod hostile;
#[path = "../support/images.rs"]
mod images;
mod init;
mod narrow;
mod node;
mod online;
mod partly;
mod pipeline;
#[path = "../support/ran.rs"]
mod ran;
#[path = "../support/forge.rs"]
mod server;
mod releases;
mod runner;
mod systems;
mod tokens;
mod workflows;
mod world;
