//! The linter: every rule on its fixtures, and what the engine promises.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test fail by panicking, as the test does")]

mod command;
#[path = "../support/docker_registry.rs"]
mod docker_registry;
mod fixes;
mod fixture;
#[path = "../support/images.rs"]
mod images;
mod online;
mod registry;
mod reports;
mod robustness;
mod rules;
mod sets;
mod silence;
mod spans;
