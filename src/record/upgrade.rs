//! The upgrade map: which ways from release to release were tried, what came of each, and where an operator must stop on the way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::Outcome;

/// Why an upgrade is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HopKind {
    /// From the newest release, or the one that was asked for, to the candidate: what level 3 rests on.
    Newest,
    /// From a release to the next one.
    Chain,
    /// Past releases that lie between: what operators do who were away for a while.
    Skip,
    /// Tried to find out why a skip failed.
    Search,
}

/// An upgrade that the plan names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedHop {
    /// The release that is there first, by its tag.
    pub from: String,
    /// The release that follows, by its tag; or what the candidate is called.
    pub to: String,
    /// Why it is tried.
    pub kind: HopKind,
}

/// An upgrade that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriedHop {
    /// The release that was there first.
    pub from: String,
    /// The release that followed, or the candidate.
    pub to: String,
    /// Why it was tried.
    pub kind: HopKind,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in one line.
    pub reason: String,
    /// Seconds from the deploy until everything was looked at; 0 when it did not come so far.
    pub seconds: f64,
    /// Seconds without an answer meanwhile; absent when there was nothing to ask, or it did not come so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<f64>,
}

/// A release that must be deployed on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequiredStop {
    /// The release: the last that can be reached at once.
    pub release: String,
    /// Where the operator comes from.
    pub from: String,
    /// The nearest release, or the candidate, that cannot be reached from there at once.
    pub fails_at: String,
    /// The service whose change makes the difference, when it could be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// All upgrades that a run tried.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UpgradeMap {
    /// The releases that were considered, the oldest first, and the candidate in the end.
    pub releases: Vec<String>,
    /// What was tried, in that order.
    pub hops: Vec<TriedHop>,
    /// Where an operator must stop, as was found out.
    pub required_stops: Vec<RequiredStop>,
    /// Where an operator must stop, as the scenario declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared_stops: Vec<String>,
}

impl UpgradeMap {
    /// What is known about one way, when it was tried.
    pub fn hop(&self, from: &str, to: &str) -> Option<&TriedHop> {
        self.hops.iter().rev().find(|hop| hop.from == from && hop.to == to)
    }
}
