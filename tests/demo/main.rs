//! The demo: the packed executable, the app, its images and its recipes.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic where it stands")]

mod docker;
mod packed;
