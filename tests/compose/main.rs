//! Compose files: parity with `docker stack config`, messages on bad input, and no panic on any input.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells what it tried"
)]

mod case;
mod differences;
mod errors;
mod mutate;
mod parity;
mod reference;
mod robustness;
mod snippets;
