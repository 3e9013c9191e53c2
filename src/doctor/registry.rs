//! Whether the engine reaches a registry.

use std::time::Duration;

use bollard::Docker;

use super::check::Check;
use crate::swarm::facts::{RegistryReach, registry_reach};

/// How long the engine may take to ask; without a network it waits for name servers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets the engine ask the registry of an image.
pub(super) async fn reach(docker: &Docker, image: Option<&str>) -> Check {
    match image {
        None => Check::unknown(
            "registry",
            "not asked",
            "images that are not on the engine may or may not be had",
            "leave --offline out",
        ),
        Some(image) => check(image, registry_reach(docker, image, PATIENCE).await),
    }
}

fn check(image: &str, reach: RegistryReach) -> Check {
    match reach {
        RegistryReach::Has => {
            Check::ok("registry", format!("the engine can see {image}"), "images of recipes can be pulled")
        }
        RegistryReach::HasNot(text) => {
            let means = "the registry answers, and does not show this image; others may be had";
            Check::ok("registry", format!("the engine asked for {image}: {text}"), means)
        }
        RegistryReach::Limited(text) => Check::warn(
            "registry",
            text,
            "the registry refuses for a while; recipes whose images are not on the engine end `errored`",
            "wait, log the engine in (docker login), or give it a mirror (registry-mirrors in daemon.json)",
        ),
        RegistryReach::Silent(text) => Check::warn(
            "registry",
            format!("the engine cannot ask for {image}: {text}"),
            "only images that are on the engine can be tried; recipes with others end `errored`. `taster demo` needs none",
            "check the engine's network, name servers and proxy; or load images with `docker load`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn only_silence_and_limits_are_worth_a_warning() {
        let status = |reach| check("docker:dind", reach).status;
        let text = || "x".to_owned();
        assert_eq!((status(RegistryReach::Has), status(RegistryReach::HasNot(text()))), (Status::Ok, Status::Ok));
        assert_eq!(
            (status(RegistryReach::Limited(text())), status(RegistryReach::Silent(text()))),
            (Status::Warn, Status::Warn)
        );
    }
}
