//! `[history]` of `taster.toml`.

use serde::{Deserialize, Deserializer};

/// `[history]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct History {
    /// This is the commons' own job: the runs that it imports are trusted, if their commits are on the default branch or releases.
    #[serde(default)]
    pub trusted: bool,
    /// `taster nightly`, and `taster ci` for all but pull requests, ask the registries of the images as with `--online`: level 8 comes from
    /// that alone.
    #[serde(default)]
    pub online: bool,
    /// Steps that a recipe declares as skipped, and that the commons accepts as such: they do not cap its level.
    #[serde(default)]
    pub waive: Vec<Waiver>,
}

/// `[[history.waive]]`: a declared skip that the commons accepts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The recipe.
    pub recipe: String,
    /// The kind of step.
    pub step: crate::record::StepKind,
    /// Why.
    #[serde(deserialize_with = "reason")]
    pub reason: String,
}

/// A waiver is a decision, and decisions have reasons.
fn reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let reason = String::deserialize(deserializer)?;
    if reason.trim().is_empty() {
        return Err(serde::de::Error::custom("it is empty: say why the commons accepts the skip"));
    }
    Ok(reason)
}
