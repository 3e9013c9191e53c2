//! Why a registry said nothing about an image.

/// Why nothing is known about an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The reference names no registry and repository that could be asked.
    #[error("`{reference}` cannot be asked for: {why}")]
    Malformed {
        /// The reference.
        reference: String,
        /// What is wrong.
        why: String,
    },
    /// The registry wants fewer questions.
    #[error("the registry {host} answers no more questions for now (HTTP 429); try again later")]
    Limited {
        /// The registry.
        host: String,
    },
    /// No answer came.
    #[error("cannot ask the registry {host}: {why}; check the network, name servers and proxy (`HTTPS_PROXY`)")]
    Unreachable {
        /// The registry, or the server that its tokens come from.
        host: String,
        /// Why not.
        why: String,
    },
    /// The answer was none that the API knows.
    #[error("the registry {host} does not answer as registries do: {why}")]
    Odd {
        /// The registry, or the server that its tokens come from.
        host: String,
        /// What came.
        why: String,
    },
}
