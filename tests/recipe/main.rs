//! Recipes read from real git repositories and work trees, made by the git command line in temporary directories.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of a test fail by panicking, as the test does")]

mod beginning;
mod irregular;
mod repository;
mod revisions;
mod work_tree;
