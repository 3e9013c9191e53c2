//! A real Chromium on pages that the tests serve themselves on the loopback; without a Chromium these tests fail.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should panic where it stands"
)]

mod faults;
mod processes;
mod secrets;
mod site;
mod steps;
mod well;
