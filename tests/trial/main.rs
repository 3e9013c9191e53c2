//! Recipes with planted faults, tried on real nodes: the outcome, the cause's name, the words and the exit code that must come out.
//! Tests of a lesson from the field carry its number.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should panic where it stands, and figures go to its output"
)]

mod answers;
mod backup;
mod bad_files;
mod busy;
mod chain;
mod compose;
mod costs;
mod crashes;
mod data;
#[path = "../support/docker_registry.rs"]
mod docker_registry;
mod health;
mod hold;
mod images;
mod lessons;
mod lint;
mod needs;
mod nodes;
mod old_backup;
mod registry;
mod secrets;
mod skip;
mod smoke;
mod stress;
mod support;
mod upgrade;
mod variants;
