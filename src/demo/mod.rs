//! The built-in recipes and the small app they package: the whole pipeline without a registry or a network.

pub mod app;
pub mod image;
pub mod recipes;
mod run;
mod repository;

pub use repository::WriteError;
pub use run::{Demo, DemoError, Tasted, prepare};
