//! Why a step did not pass.

use super::convergence::Cause;
use crate::record::{Evidence, Outcome};
use crate::swarm::deploy::DeployError;
use crate::swarm::engine::EngineError;
use crate::swarm::images::ImageError;
use crate::swarm::node::NodeError;
use crate::swarm::observe::ObserveError;

/// Why a step did not pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// `failed`, `errored`, `blocked`, or `skipped` for a structural fact.
    pub outcome: Outcome,
    /// The cause's stable name.
    pub class: String,
    /// Why, in one line.
    pub reason: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do next.
    pub advice: Option<String>,
    /// The service at fault, when it is a single one.
    pub service: Option<String>,
    /// Peers that this service seems to have missed.
    pub missed_peers: Vec<String>,
}

impl Trouble {
    /// The recipe is at fault.
    pub fn failed(class: &str, reason: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, class, reason)
    }

    /// We or the infrastructure are at fault.
    pub fn errored(class: &str, reason: impl Into<String>) -> Self {
        Self::new(Outcome::Errored, class, reason)
    }

    /// Not applicable, by a fact that was observed.
    pub fn skipped(class: &str, reason: impl Into<String>) -> Self {
        Self::new(Outcome::Skipped, class, reason)
    }

    /// An earlier step made it impossible.
    pub fn blocked(by: &str) -> Self {
        Self::new(Outcome::Blocked, "blocked", format!("{by} did not pass"))
    }

    fn new(outcome: Outcome, class: &str, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            class: class.to_owned(),
            reason: reason.into(),
            evidence: Vec::new(),
            advice: None,
            service: None,
            missed_peers: Vec::new(),
        }
    }

    /// Adds evidence.
    #[must_use]
    pub fn with(mut self, kind: &str, text: impl Into<String>) -> Self {
        self.evidence.push(Evidence::text(kind, text));
        self
    }

    /// The same after it was seen that replacing only the service's own task cured it: it had kept the address of a peer's task that
    /// was replaced, which no program would on a swarm with virtual IPs (environment.md).
    #[must_use]
    pub fn stale_address(mut self) -> Self {
        self.reason = format!("a peer's old address was kept: {}", self.reason);
        self.outcome = Outcome::Errored;
        "stale-peer".clone_into(&mut self.class);
        self.advise("Use a node with virtual IPs (a kernel with ip_vs): there a service keeps its address.")
    }

    /// Says what to do next.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl From<Cause> for Trouble {
    fn from(cause: Cause) -> Self {
        let outcome = if cause.class.is_ours() { Outcome::Errored } else { Outcome::Failed };
        let reason = if cause.service.is_empty() || cause.headline.starts_with(&cause.service) {
            cause.headline
        } else {
            format!("{}: {}", cause.service, cause.headline)
        };
        Self {
            outcome,
            class: cause.class.word(),
            reason,
            evidence: cause.evidence,
            advice: Some(cause.advice),
            service: (!cause.service.is_empty()).then_some(cause.service),
            missed_peers: cause.missed_peers,
        }
    }
}

impl From<ImageError> for Trouble {
    fn from(error: ImageError) -> Self {
        let advice = match &error {
            ImageError::Malformed { .. } => "Write the reference as name:tag.",
            ImageError::NotFound { .. } => {
                "Correct the name or the tag in the compose file; if the image is private, log the engine in."
            }
            ImageError::OtherArchitecture { .. } => {
                "Use a tag that is built for this architecture, or test on a machine of the other one."
            }
            ImageError::RateLimited { .. } => "Try again later, log the engine in, or let it use a mirror.",
            ImageError::Unreachable { .. } => {
                "Load the image into the engine, or give the engine a way to the registry, and try again."
            }
            ImageError::NoSpace { .. } => {
                "Free disk space on the engine (`docker system df` tells where it went), and try again."
            }
            ImageError::Copy { .. } => {
                "Try again; if it stays, `taster doctor` may tell what is wrong with the engine."
            }
        };
        let class = match &error {
            ImageError::Malformed { .. } => "image-reference",
            ImageError::NotFound { .. } => "no-such-image",
            ImageError::OtherArchitecture { .. } => "wrong-architecture",
            ImageError::RateLimited { .. } => "registry-rate-limit",
            ImageError::Unreachable { .. } => "registry-unreachable",
            ImageError::NoSpace { .. } => "disk-full",
            ImageError::Copy { .. } => "image-copy",
        };
        let ours = matches!(
            error,
            ImageError::RateLimited { .. }
                | ImageError::Unreachable { .. }
                | ImageError::NoSpace { .. }
                | ImageError::Copy { .. }
        );
        let trouble =
            if ours { Self::errored(class, error.to_string()) } else { Self::failed(class, error.to_string()) };
        trouble.advise(advice)
    }
}

impl From<NodeError> for Trouble {
    fn from(error: NodeError) -> Self {
        if error.to_string().contains("no space left on device") {
            return Self::errored("disk-full", error.to_string())
                .advise("Free disk space on the engine (`docker system df` tells where it went), and try again.");
        }
        Self::errored("node", error.to_string()).advise("`taster doctor` tells what this machine lacks.")
    }
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Self::errored("engine", error.to_string())
            .advise("Look at the engine's log; `taster doctor` tells what it lacks.")
    }
}

impl From<ObserveError> for Trouble {
    fn from(error: ObserveError) -> Self {
        Self::errored("engine", error.to_string()).advise("The node's engine went away; run it again.")
    }
}

impl From<crate::agent::LinkError> for Trouble {
    fn from(error: crate::agent::LinkError) -> Self {
        Self::errored("node-link", error.to_string()).advise("The node went away; run it again.")
    }
}

impl From<DeployError> for Trouble {
    fn from(error: DeployError) -> Self {
        let recipe = |class| (class, false);
        let ((class, ours), advice) = match &error {
            DeployError::NameTooLong(_) => {
                (recipe("name-too-long"), "Shorten the part of the name that the recipe chooses.")
            }
            DeployError::NameRefused { .. } => {
                (recipe("name-refused"), "Use letters, digits, `-`, `_` and `.` in the name.")
            }
            DeployError::Undefined { .. } => {
                (recipe("undefined-reference"), "Define it at the top level of the compose file, or correct the name.")
            }
            DeployError::Field { .. } => (recipe("refused-value"), "Write a value that swarm takes."),
            DeployError::File { .. } | DeployError::Size { .. } => {
                (recipe("config-file"), "See that the file is in the recipe, and that it is small enough for a config.")
            }
            DeployError::Immutable(_) => {
                (recipe("immutable-config"), "Give it a new version, so that a new config is made beside the old one.")
            }
            DeployError::ExternalNetworkMissing { .. } | DeployError::ExternalNetworkScope { .. } => (
                recipe("external-network"),
                "Correct the network's name, or let the stack make it (without `external`).",
            ),
            DeployError::ExternalMissing { .. } => {
                (recipe("secret-missing"), "Correct its name, or let a variable of .env.sample make it.")
            }
            DeployError::NotAManager => {
                (("not-a-manager", true), "Name an engine that is a swarm manager in DOCKER_HOST.")
            }
            // A request that the engine refuses as such is the recipe's; anything else is the engine's.
            DeployError::Engine {
                source: bollard::errors::Error::DockerResponseServerError { status_code: 400..=499, .. },
                ..
            } => (recipe("refused-by-swarm"), "Change what the swarm refuses; its own words say which part it is."),
            DeployError::Engine { .. } => {
                (("engine", true), "Look at the engine's log; `taster doctor` tells what it lacks.")
            }
            DeployError::NotGone { .. } => {
                (recipe("not-gone"), "See that its program ends at its stop signal, or shorten `stop_grace_period`.")
            }
        };
        let reason = error.to_string();
        let trouble = if ours { Self::errored(class, reason) } else { Self::failed(class, reason) };
        trouble.advise(advice)
    }
}
