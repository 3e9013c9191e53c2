//! The demo: the packed executable, the app, its images and its recipes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should panic where it stands"
)]

mod app;
mod docker;
mod faults;
mod image;
mod packed;
mod recipes;
mod serving;
