//! Stack deploy: what we create is what `docker stack deploy` creates, on a real node.
//!
//! `golden` and `refusals` need no engine. `parity` deploys every stack of `corpus/` with the reference and with ours and compares
//! field by field; `lifecycle` and `running` follow one stack from its first deploy to its removal.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should panic where it stands"
)]

mod differences;
mod golden;
mod lifecycle;
mod node;
mod observed;
mod parity;
mod project;
mod reference;
mod refusals;
mod running;
