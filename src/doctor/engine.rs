//! The engine: whether it answers, and what it is like.

use std::path::PathBuf;
use std::time::Duration;

use super::check::Check;
use crate::swarm::engine::{EngineError, address, causes};
use crate::swarm::facts::{EngineFacts, Silence, silence};

/// The oldest API with everything that a deploy may need: jobs and service capabilities came with Docker 20.10.
const OLDEST_API: (u32, u32) = (1, 41);
const NO_ENGINE: &str = "taster starts its nodes on a Docker Engine, so nothing can be tested";

/// No engine answered.
pub(super) fn silent(error: &EngineError) -> Check {
    let to_do = match silence(error) {
        Silence::NothingThere => {
            "install Docker Engine or start it (systemctl start docker), or set DOCKER_HOST to where one is"
        }
        Silence::Forbidden => {
            "let this user use the engine's socket: add it to the group `docker` and log in again, or run as root"
        }
        Silence::NobodyListens => "start the engine (systemctl start docker), or set DOCKER_HOST to one that runs",
        Silence::Other => {
            "check DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH; `docker info` must work in the same environment"
        }
    };
    Check::bad("engine", told(error), NO_ENGINE, with_context(to_do))
}

/// An engine was found and did not answer in time.
pub(super) fn hanging(patience: Duration) -> Check {
    let found = format!("no answer from {} within {} s", address(), patience.as_secs());
    Check::bad(
        "engine",
        found,
        NO_ENGINE,
        with_context("check the address, and that the engine is not stuck (its log tells)"),
    )
}

/// An engine answered in a way that is not understood.
pub(super) fn unintelligible(error: &EngineError) -> Check {
    let to_do = "report this with the versions of taster and the engine";
    Check::bad("engine", told(error), "taster does not understand this engine, so nothing can be tested", to_do)
}

/// What went wrong, without the advice to ask the doctor.
fn told(error: &EngineError) -> String {
    match error {
        EngineError::Unreachable { address, source } => format!("no answer at {address}: {}", causes(source)),
        EngineError::Refused { .. } => error.to_string(),
    }
}

/// A docker context that taster does not look at explains many a missing engine.
fn with_context(to_do: &str) -> String {
    match current_context() {
        Some(context) => {
            format!("{to_do}. The docker command uses the context `{context}` here; taster reads DOCKER_HOST alone")
        }
        None => to_do.to_owned(),
    }
}

/// The docker command's context, when it is another than the default and `DOCKER_HOST` does not outrank it.
fn current_context() -> Option<String> {
    if std::env::var_os("DOCKER_HOST").is_some_and(|host| !host.is_empty()) {
        return None;
    }
    let named = std::env::var("DOCKER_CONTEXT").ok().or_else(|| {
        let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker")))?;
        let text = std::fs::read_to_string(folder.join("config.json")).ok()?;
        let config: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(config.get("currentContext")?.as_str()?.to_owned())
    });
    named.filter(|name| !name.is_empty() && name != "default")
}

/// Everything about an engine that answered.
pub(super) fn all(facts: &EngineFacts) -> Vec<Check> {
    vec![engine(facts), api(facts), swarm(facts), cgroup(facts), storage(facts)]
}

fn engine(facts: &EngineFacts) -> Check {
    let EngineFacts { version, system, kernel, architecture, cpus, .. } = facts;
    let mode = if facts.rootless { ", rootless" } else { "" };
    let found = format!(
        "Docker Engine {version}{mode} at {}: {system}, kernel {kernel}, {architecture}, {cpus} CPUs",
        address()
    );
    if facts.os != "linux" {
        let means = format!("it runs {} containers, and a node is a Linux container", facts.os);
        return Check::bad(
            "engine",
            found,
            means,
            "switch the engine to Linux containers, or set DOCKER_HOST to one that has them",
        );
    }
    if let Some(context) = current_context() {
        let means = format!(
            "the docker command uses the context `{context}`, and taster does not: they may talk to different engines"
        );
        return Check::warn("engine", found, means, "set DOCKER_HOST to the engine that you mean");
    }
    Check::ok("engine", found, "nodes are started on this engine")
}

fn api(facts: &EngineFacts) -> Check {
    let (major, minor) = OLDEST_API;
    let found = facts.api.clone();
    match parse_api(&facts.api) {
        None => Check::unknown(
            "api",
            format!("{found:?} is no API version"),
            "taster may ask for what the engine does not know",
            "",
        ),
        Some(version) if version < OLDEST_API => {
            let means =
                format!("older than {major}.{minor}: jobs, capabilities of services and more are not known to it");
            Check::warn("api", found, means, "upgrade the engine to Docker 20.10 or newer")
        }
        Some(_) => Check::ok("api", found, format!("{major}.{minor} or newer is wanted")),
    }
}

fn parse_api(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn swarm(facts: &EngineFacts) -> Check {
    let state = if facts.swarm.is_empty() { "inactive" } else { &facts.swarm };
    let found = format!("the engine's own swarm is {state}{}", if facts.manager { ", it is a manager" } else { "" });
    let means = "it does not matter: a node has a swarm of its own, and this one is never touched unless --node engine asks for it";
    Check::ok("swarm", found, means)
}

fn cgroup(facts: &EngineFacts) -> Check {
    let found = format!("version {}, driver {}", facts.cgroup, facts.cgroup_driver);
    if facts.memory_limit {
        return Check::ok("cgroup", found, "memory limits of recipes are enforced in nodes");
    }
    let means =
        "the engine cannot limit memory, so limits of recipes do nothing and a greedy app can take the machine down";
    Check::warn(
        "cgroup",
        found,
        means,
        "enable the memory controller (on some systems: cgroup_enable=memory on the kernel's command line)",
    )
}

fn storage(facts: &EngineFacts) -> Check {
    let found = facts.storage.clone();
    match found.as_str() {
        "vfs" => {
            let means = "every layer is a full copy: nodes and images take many times the space and time";
            Check::warn(
                "storage",
                found,
                means,
                "use overlay2 (or fuse-overlayfs) for the engine on a file system that supports it",
            )
        }
        "" => Check::unknown("storage", "the engine does not tell", "a slow driver cannot be ruled out", ""),
        _ => Check::ok("storage", found, "images and containers share their layers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn facts() -> EngineFacts {
        EngineFacts {
            version: "20.10.24".to_owned(),
            api: "1.41".to_owned(),
            os: "linux".to_owned(),
            storage: "overlay2".to_owned(),
            memory_limit: true,
            swarm: "active".to_owned(),
            manager: true,
            ..EngineFacts::default()
        }
    }

    #[test]
    fn api_versions_compare_as_numbers() {
        let status = |api: &str| super::api(&EngineFacts { api: api.to_owned(), ..facts() }).status;
        assert_eq!((status("1.41"), status("1.100"), status("2.0")), (Status::Ok, Status::Ok, Status::Ok));
        assert_eq!((status("1.40"), status("1.9")), (Status::Warn, Status::Warn));
        assert_eq!(status("new"), Status::Unknown);
    }

    #[test]
    fn what_makes_nodes_impossible_is_bad_and_what_makes_them_slow_is_not() {
        assert_eq!(engine(&EngineFacts { os: "windows".to_owned(), ..facts() }).status, Status::Bad);
        assert_eq!(storage(&EngineFacts { storage: "vfs".to_owned(), ..facts() }).status, Status::Warn);
        assert_eq!(cgroup(&EngineFacts { memory_limit: false, ..facts() }).status, Status::Warn);
        for check in [api(&facts()), storage(&facts()), cgroup(&facts()), swarm(&facts())] {
            assert_eq!(check.status, Status::Ok, "{check:?}");
        }
    }
}
