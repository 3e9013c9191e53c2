//! The engine that the user's environment names, and how its refusals read.

use bollard::Docker;

/// Why an engine could not be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No engine answers.
    #[error(
        "no Docker Engine answers at {address}: {source}. Start it, or set DOCKER_HOST; `taster doctor` tells what is missing"
    )]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What the client said.
        source: bollard::errors::Error,
    },
    /// The engine refused something.
    #[error("the engine could not {what}: {}", said(.source))]
    Refused {
        /// What was asked for.
        what: String,
        /// What it said.
        source: bollard::errors::Error,
    },
}

impl EngineError {
    /// For `map_err`: the engine refused to do `what`.
    pub fn refused(what: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        let what = what.into();
        move |source| Self::Refused { what, source }
    }
}

/// What the engine said, without the client's wrapping. What a request's own body failed of stands behind what the client makes of it.
pub fn said(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        bollard::errors::Error::DockerStreamError { error } => error.trim().to_owned(),
        other => causes(other),
    }
}

/// An error and what caused it, on one line: the client's own message often leaves the cause out.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// Whether the engine answered that there is no such object.
pub fn is_missing(error: &bollard::errors::Error) -> bool {
    // Swarm answers some of these with other codes than 404 when an object goes away at the same moment.
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code, message }
        if *status_code == 404 || message.trim_end().ends_with("not found"))
}

/// Where the environment says the engine is.
pub fn address() -> String {
    std::env::var("DOCKER_HOST")
        .ok()
        .filter(|host| !host.is_empty())
        .unwrap_or_else(|| "unix:///var/run/docker.sock".into())
}

/// Connects to the engine that the environment names (`DOCKER_HOST`, `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`).
///
/// # Errors
/// When nothing answers there.
pub async fn connect() -> Result<Docker, EngineError> {
    let address = address();
    let unreachable = |source| EngineError::Unreachable { address: address.clone(), source };
    let docker = Docker::connect_with_defaults().map_err(unreachable)?;
    docker.ping().await.map_err(unreachable)?;
    docker.negotiate_version().await.map_err(unreachable)
}
