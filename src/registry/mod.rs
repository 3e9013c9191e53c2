//! Image registries, asked by the registry API v2: whether an image is there, what it is built for, which tags there are.
//!
//! Asked without credentials, because that is how operators' nodes pull. Nothing is pulled.

mod answer;
mod client;
mod error;
mod place;

pub use answer::{ImageFacts, Presence};
pub use client::Registries;
pub use error::RegistryError;
