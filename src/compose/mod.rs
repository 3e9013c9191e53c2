//! Compose files: YAML with spans → interpolated → validated → merged → the project that a swarm would get.

pub mod project;
