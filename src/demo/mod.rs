//! The built-in recipes and the small app they package: the whole pipeline without a registry or a network.

pub mod app;
pub mod image;
pub mod recipes;
mod repository;

pub use repository::WriteError;
