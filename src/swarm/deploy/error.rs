//! What can go wrong between a project and a running stack.

use super::file_object::FileKind;
use crate::swarm::engine::said;

/// A stack could not be converted, deployed or removed. Every message names the object, the reason and the next move.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// A name is longer than Docker allows (lesson 25). Found before anything is deployed.
    #[error(transparent)]
    NameTooLong(Box<NameTooLong>),
    /// A name holds characters that swarm refuses.
    #[error("{kind} `{key}`: swarm refuses the name `{name}`: {rule}")]
    NameRefused {
        /// What carries the name.
        kind: &'static str,
        /// Its key in the compose file.
        key: String,
        /// The whole name.
        name: String,
        /// What swarm allows.
        rule: &'static str,
    },
    /// A service uses something that no compose file defines.
    #[error(
        "service `{service}` uses the {kind} `{key}`, which no top-level `{kind}s:` defines: add it there, or correct the name"
    )]
    Undefined {
        /// The service.
        service: String,
        /// `network`, `volume`, `secret` or `config`.
        kind: &'static str,
        /// The key that was looked for.
        key: String,
    },
    /// A field holds what the reference or the engine refuses.
    #[error("service `{service}`: `{field}`: {reason}")]
    Field {
        /// The service.
        service: String,
        /// The field's path in the compose file, for example `deploy.resources.limits.cpus`.
        field: String,
        /// Why it is refused and what would be accepted.
        reason: String,
    },
    /// The file behind a config or secret could not be read.
    #[error("{kind} `{key}`: cannot read its file `{file}`: {source}")]
    File {
        /// Secret or config.
        kind: FileKind,
        /// Its key in the compose file.
        key: String,
        /// The path as written.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The content is larger than swarm stores, or empty where it must not be.
    #[error("{kind} `{key}`: {file} has {size} bytes; swarm stores from 1 to {limit} bytes in a {kind}")]
    Size {
        /// Secret or config.
        kind: FileKind,
        /// Its key in the compose file.
        key: String,
        /// Where the content comes from, ready to print.
        file: String,
        /// The content's size in bytes.
        size: usize,
        /// The largest size in bytes.
        limit: usize,
    },
    /// A config or secret of this name exists with other content (lesson 24).
    #[error(transparent)]
    Immutable(Box<Immutable>),
    /// An external network is missing.
    #[error(
        "network \"{name}\" is declared as external, but could not be found. You need to create a swarm-scoped network before the stack \
         is deployed"
    )]
    ExternalNetworkMissing {
        /// The network's name.
        name: String,
    },
    /// An external network exists on this machine only.
    #[error(
        "network \"{name}\" is declared as external, but it is not in the right scope: \"{scope}\" instead of \"swarm\""
    )]
    ExternalNetworkScope {
        /// The network's name.
        name: String,
        /// Its scope.
        scope: String,
    },
    /// An external secret or config that a service uses is missing.
    #[error(
        "service `{service}`: {kind} not found: {name}: it is external, so it must exist before the stack is deployed"
    )]
    ExternalMissing {
        /// The service that uses it.
        service: String,
        /// Secret or config.
        kind: FileKind,
        /// The swarm object's name.
        name: String,
    },
    /// The engine is no swarm manager.
    #[error(
        "this engine is not a swarm manager, so no stack can be deployed on it: run `docker swarm init` there, or choose another engine"
    )]
    NotAManager,
    /// The engine refused a request.
    #[error("cannot {action} {kind} `{name}`: {}", said(.source))]
    Engine {
        /// What was attempted: `create`, `update`, `inspect`, `list`, `remove`.
        action: &'static str,
        /// The kind of object.
        kind: &'static str,
        /// The object's name.
        name: String,
        /// The engine's answer.
        source: bollard::errors::Error,
    },
    /// Objects of a stack did not go away in time.
    #[error(
        "stack `{stack}`: after {seconds} s still there: {left}. Swarm removes asynchronously; a task that ignores its stop signal holds its network and volumes for its grace period"
    )]
    NotGone {
        /// The stack.
        stack: String,
        /// How long was waited, in seconds.
        seconds: u64,
        /// What is left, as a list.
        left: String,
    },
}

/// A name that is longer than Docker allows, with the arithmetic.
#[derive(Debug, thiserror::Error)]
#[error(
    "{kind} `{key}`: its name `{name}` has {length} characters, and Docker allows {limit}: {sum} = {length}. \
     Shorten the {kind}'s part by {excess}, or use {shorter}"
)]
pub struct NameTooLong {
    /// What carries the name: `secret`, `config`, `service` or `network`.
    pub kind: &'static str,
    /// Its key in the compose file.
    pub key: String,
    /// The whole name that would be asked for.
    pub name: String,
    /// The name's length in characters.
    pub length: usize,
    /// Docker's limit for this kind.
    pub limit: usize,
    /// How the length comes about: ``stack name `x` 20 + `_` 1 + `y` 50``.
    pub sum: String,
    /// By how many characters it is too long.
    pub excess: usize,
    /// What else would help, as the end of a sentence.
    pub shorter: String,
}

/// A config or secret whose content changed under its old name.
#[derive(Debug, thiserror::Error)]
#[error(
    "{kind} `{key}`: {file} changed{difference}, but its name `{name}` did not. Docker's {kind}s are immutable: an operator who upgrades \
     sees «only updates to Labels are allowed» and the deploy stops. {remedy}"
)]
pub struct Immutable {
    /// Secret or config.
    pub kind: FileKind,
    /// Its key in the compose file.
    pub key: String,
    /// Where the content comes from, ready to print.
    pub file: String,
    /// The swarm object's name.
    pub name: String,
    /// Where the contents part, when that is known: ` (first at line 3)`.
    pub difference: String,
    /// What to do, naming the version variable.
    pub remedy: String,
    /// The version variable in the object's `name:`, when it has one.
    pub variable: Option<String>,
}

impl DeployError {
    /// A [`DeployError::Field`].
    pub(super) fn field(service: &str, field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { service: service.to_owned(), field: field.into(), reason: reason.into() }
    }

    /// A [`DeployError::Engine`], for `map_err`.
    pub(super) fn engine(
        action: &'static str,
        kind: &'static str,
        name: impl Into<String>,
    ) -> impl FnOnce(bollard::errors::Error) -> Self {
        let name = name.into();
        move |source| Self::Engine { action, kind, name, source }
    }
}
