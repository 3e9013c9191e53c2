//! What was measured on the way to convergence.

use std::collections::BTreeMap;

use serde::Serialize;

/// What was measured on the way to convergence, by short name.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Facts {
    /// Seconds from the deploy until all of it had converged.
    pub seconds: f64,
    /// Each service.
    pub services: BTreeMap<String, ServiceFacts>,
}

/// What was measured of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ServiceFacts {
    /// Tasks wanted.
    pub desired: u64,
    /// Tasks running.
    pub running: u64,
    /// Tasks that ended well (jobs, one-shot services).
    pub completed: u64,
    /// Seconds from the deploy until all its tasks ran or had completed.
    pub seconds_to_running: Option<f64>,
    /// Seconds from the deploy until all were healthy; absent without a healthcheck.
    pub seconds_to_healthy: Option<f64>,
    /// Tasks that failed on the way.
    pub restarts: u64,
    /// How the last of them failed, as the end of a sentence about the service.
    pub last_failure: Option<String>,
    /// How the container that came nearest to being killed by its healthcheck became healthy; absent without a healthcheck.
    pub first_healthy: Option<FirstHealthy>,
    /// Containers that their healthcheck killed on the way.
    pub killed: u64,
    /// What a reader should know: an update that is paused, no replicas wanted, killed by its healthcheck on the way.
    pub notes: Vec<String>,
}

/// How a container became healthy, beside what its healthcheck allowed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirstHealthy {
    /// Seconds from its start until the first check that passed.
    pub seconds: f64,
    /// Seconds until it would have been called unhealthy, when each check fails at once ([`Healthcheck::allowance`]).
    ///
    /// [`Healthcheck::allowance`]: crate::swarm::observe::Healthcheck::allowance
    pub allowed: f64,
    /// The most checks in a row that failed and counted.
    pub failures: u64,
    /// So many would have been too many.
    pub retries: u32,
}

impl FirstHealthy {
    /// The seconds that were left.
    pub fn margin(&self) -> f64 {
        self.allowed - self.seconds
    }
}
