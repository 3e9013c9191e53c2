//! What is said about labels that are wrong, or that the proxy does not imitate.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What kind of remark.
    pub code: NoteCode,
    /// How bad it is.
    pub severity: Severity,
    /// The compose service.
    pub service: String,
    /// The label's key; `None` when it is about no single label.
    pub label: Option<String>,
    /// What is wrong, what follows from it, and what to do.
    pub message: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.label {
            Some(label) => write!(f, "service {}, label {label}: {}", self.service, self.message),
            None => write!(f, "service {}: {}", self.service, self.message),
        }
    }
}

/// How bad a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not emulated here, or good to know.
    Info,
    /// Probably not what the recipe means.
    Warning,
    /// Traefik would not route this, so neither do we.
    Error,
}

/// What kind of remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteCode {
    /// Labels at service level, which Traefik does not read in swarm mode.
    ServiceLevelLabels,
    /// Traefik labels without `traefik.enable=true`.
    NotEnabled,
    /// A label that Traefik does not know: it then ignores every label of the service.
    UnknownLabel,
    /// A label whose value Traefik cannot read: it then ignores every label of the service.
    BadValue,
    /// No port: Traefik then ignores the service.
    NoPort,
    /// The rule is missing or does not parse.
    BadRule,
    /// The rule is missing, and Traefik's default takes its place.
    DefaultRule,
    /// Part of a rule is not emulated or depends on Traefik's version.
    RuleNotEmulated,
    /// A middleware that nothing defines.
    UndefinedMiddleware,
    /// A middleware of a kind, or with an option, that is not emulated.
    MiddlewareNotEmulated,
    /// A service that nothing defines, or several to choose from.
    UndefinedService,
    /// A service or middleware of another provider (`@file`, `@internal`).
    OtherProvider,
    /// The service is not attached to the network on which Traefik looks for it.
    NotAttached,
    /// Two routers with the same rule.
    SameRule,
    /// Two services define the same name differently.
    Conflict,
    /// An entry point that the proxy does not have.
    UnknownEntryPoint,
    /// TLS is missing where the entry point needs it, or set where it never applies.
    Tls,
    /// An option that is not emulated.
    NotEmulated,
}
