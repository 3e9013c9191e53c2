//! `[skip]`: steps that a scenario declares as not to be tried, each with its reason.
//!
//! What is skipped by declaration proves nothing (design.md §3.2): the level stays at *at least* what comes before it, until the commons accepts
//! the skip in its own `taster.toml`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, IntoDeserializer, value};
use serde::{Deserialize, Deserializer};

use crate::record::StepKind;

/// Whether a kind of step can be skipped: all but the install.
fn is_skippable(kind: StepKind) -> bool {
    kind != StepKind::Install
}

/// The steps that are declared as skipped, each with its reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skips(BTreeMap<StepKind, String>);

impl Skips {
    /// Why a step is not tried: for the reason that is declared, or because it rests on one that is not. `None` for one that is tried.
    pub fn why(&self, kind: StepKind) -> Option<String> {
        if let Some(reason) = self.0.get(&kind) {
            return Some(reason.clone());
        }
        let of = |below: &StepKind| self.0.get(below).map(|reason| (below.word(), reason));
        let (below, reason) = rests_on(kind).iter().find_map(of)?;
        Some(format!("it rests on {below}, and that is not tried: {reason}"))
    }

    /// What is declared: each step with its reason.
    pub fn iter(&self) -> impl Iterator<Item = (StepKind, &str)> {
        self.0.iter().map(|(kind, reason)| (*kind, reason.as_str()))
    }
}

/// Without these there is nothing that a step could be about.
fn rests_on(kind: StepKind) -> &'static [StepKind] {
    match kind {
        StepKind::Restore => &[StepKind::Backup],
        StepKind::Rollback => &[StepKind::Upgrade],
        StepKind::OldBackup => &[StepKind::Upgrade, StepKind::Backup, StepKind::Restore],
        _ => &[],
    }
}

impl<'de> Deserialize<'de> for Skips {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<Skippable, Reason>::deserialize(deserializer)?;
        Ok(Self(written.into_iter().map(|(Skippable(kind), Reason(reason))| (kind, reason)).collect()))
    }
}

/// A step that can be skipped. That it is judged as it is read gives an error its place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Skippable(StepKind);

impl<'de> Deserialize<'de> for Skippable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let known = StepKind::deserialize(word.as_str().into_deserializer());
        let kind = known.map_err(|error: value::Error| D::Error::custom(error))?;
        if is_skippable(kind) {
            return Ok(Self(kind));
        }
        Err(D::Error::custom(format!(
            "{} cannot be skipped: every other step on a node rests on it, so nothing would be tried; take a variant that cannot be \
             installed out of [variants]",
            kind.word()
        )))
    }
}

/// Why something is declared, for everybody who reads the report.
pub(super) struct Reason(pub(super) String);

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let reason = String::deserialize(deserializer)?;
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(D::Error::custom("it is empty: say why, for everybody who reads the report"));
        }
        Ok(Self(reason.to_owned()))
    }
}

impl JsonSchema for Skips {
    fn schema_name() -> Cow<'static, str> {
        "Skips".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let reason = serde_json::json!({ "description": "Why it cannot be tried.", "type": "string", "minLength": 1 });
        let skippable = StepKind::IN_ORDER.into_iter().filter(|kind| is_skippable(*kind));
        let steps = skippable.map(|kind| (kind.word().to_owned(), reason.clone()));
        let steps: serde_json::Map<String, serde_json::Value> = steps.collect();
        json_schema!({
            "description": "The steps that are declared as skipped, each with its reason.",
            "type": "object",
            "properties": steps,
            "additionalProperties": false,
        })
    }
}
