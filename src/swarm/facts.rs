//! What an engine tells about itself and about the registries it reaches. Facts only: what they mean is for others to say.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use bollard::Docker;
use bollard::models::SystemInfo;

use super::engine::{EngineError, said};

/// An engine as it describes itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// The engine's version.
    pub version: String,
    /// The newest API version that it speaks.
    pub api: String,
    /// `linux` or `windows`.
    pub os: String,
    /// The operating system's name.
    pub system: String,
    /// The kernel's release.
    pub kernel: String,
    /// The architecture as the kernel calls it.
    pub architecture: String,
    /// How layers of images are stored.
    pub storage: String,
    /// The version of control groups, `1` or `2`.
    pub cgroup: String,
    /// Who drives them: `cgroupfs` or `systemd`.
    pub cgroup_driver: String,
    /// Whether the memory of containers can be limited.
    pub memory_limit: bool,
    /// Processors.
    pub cpus: i64,
    /// Memory in bytes.
    pub memory: i64,
    /// Where the engine keeps its data, on its own machine.
    pub data_folder: String,
    /// It runs without root's rights.
    pub rootless: bool,
    /// The state of its own swarm: `inactive`, `active`, …
    pub swarm: String,
    /// It is a manager of that swarm.
    pub manager: bool,
    /// What it complains about.
    pub warnings: Vec<String>,
}

/// Asks an engine about itself.
///
/// # Errors
/// When it does not answer, or in a way that is not understood.
pub async fn engine(docker: &Docker) -> Result<EngineFacts, EngineError> {
    let info: SystemInfo = docker.info().await.map_err(EngineError::refused("tell about itself"))?;
    let version = docker.version().await.map_err(EngineError::refused("tell its version"))?;
    let swarm = info.swarm.unwrap_or_default();
    Ok(EngineFacts {
        version: version.version.unwrap_or_default(),
        api: version.api_version.unwrap_or_default(),
        os: info.os_type.unwrap_or_default(),
        system: info.operating_system.unwrap_or_default(),
        kernel: info.kernel_version.unwrap_or_default(),
        architecture: info.architecture.unwrap_or_default(),
        storage: info.driver.unwrap_or_default(),
        cgroup: info.cgroup_version.map(|version| version.to_string()).unwrap_or_default(),
        cgroup_driver: info.cgroup_driver.map(|driver| driver.to_string()).unwrap_or_default(),
        memory_limit: info.memory_limit.unwrap_or_default(),
        cpus: info.ncpu.unwrap_or_default(),
        memory: info.mem_total.unwrap_or_default(),
        data_folder: info.docker_root_dir.unwrap_or_default(),
        rootless: info.security_options.unwrap_or_default().iter().any(|option| option.contains("rootless")),
        swarm: swarm.local_node_state.map(|state| state.to_string()).unwrap_or_default(),
        manager: swarm.control_available.unwrap_or_default(),
        warnings: info.warnings.unwrap_or_default(),
    })
}

/// Why no engine answers, as far as the system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// There is no socket, or no such host.
    NothingThere,
    /// The socket is there and may not be used.
    Forbidden,
    /// Nothing listens, or it hangs up.
    NobodyListens,
    /// Something else.
    Other,
}

/// Sorts an error of [`super::engine::connect`].
pub fn silence(error: &EngineError) -> Silence {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        // The client's own wrapper of a system's error does not name it as its source.
        let kind = match error.downcast_ref() {
            Some(bollard::errors::Error::SocketNotFoundError(_)) => Some(ErrorKind::NotFound),
            Some(bollard::errors::Error::IOError { err }) => Some(err.kind()),
            _ => error.downcast_ref::<std::io::Error>().map(std::io::Error::kind),
        };
        match kind {
            Some(ErrorKind::NotFound) => return Silence::NothingThere,
            Some(ErrorKind::PermissionDenied) => return Silence::Forbidden,
            Some(ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) => return Silence::NobodyListens,
            _ => cause = error.source(),
        }
    }
    Silence::Other
}

/// Whether an engine reaches a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryReach {
    /// The registry answered and has the image.
    Has,
    /// The registry answered: it has no such image, or does not show it.
    HasNot(String),
    /// The registry answered that we ask too often.
    Limited(String),
    /// No answer.
    Silent(String),
}

/// Lets the engine ask an image's registry about it. Nothing is pulled.
pub async fn registry_reach(docker: &Docker, image: &str, patience: Duration) -> RegistryReach {
    let asked = tokio::time::timeout(patience, docker.inspect_registry_image(image, None)).await;
    let error = match asked {
        Err(_) => return RegistryReach::Silent(format!("no answer within {} s", patience.as_secs())),
        Ok(Ok(_)) => return RegistryReach::Has,
        Ok(Err(error)) => error,
    };
    let text = said(&error);
    let lower = text.to_lowercase();
    let tells = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if tells(&["toomanyrequests", "too many requests", "rate limit"]) {
        RegistryReach::Limited(text)
    } else if tells(&["manifest unknown", "not found", "denied", "unauthorized", "authentication required"]) {
        RegistryReach::HasNot(text)
    } else {
        RegistryReach::Silent(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_are_told_apart_by_their_cause() {
        for (kind, expected) in [
            (ErrorKind::NotFound, Silence::NothingThere),
            (ErrorKind::PermissionDenied, Silence::Forbidden),
            (ErrorKind::ConnectionRefused, Silence::NobodyListens),
            (ErrorKind::OutOfMemory, Silence::Other),
        ] {
            let source = bollard::errors::Error::IOError { err: kind.into() };
            let error = EngineError::Unreachable { address: "unix:///x".to_owned(), source };
            assert_eq!(silence(&error), expected, "{kind:?}");
        }
    }
}
