//! Compose files: parity with `docker stack config`, messages on bad input, and no panic on any input.

mod case;
mod differences;
mod errors;
mod mutate;
mod parity;
mod reference;
mod robustness;
