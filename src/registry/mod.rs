//! Image registries, asked by the registry API v2: whether an image is there, what it is built for, which tags there are, and since when
//! there has been something newer.
//!
//! Asked without credentials, because that is how operators' nodes pull. Nothing is pulled.

mod answer;
mod asked;
mod client;
mod error;
mod place;
mod since;

pub use answer::{ImageFacts, Presence};
pub use asked::Asked;
pub use client::Registries;
pub use error::RegistryError;
pub use since::Newer;
