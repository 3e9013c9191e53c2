//! `[history]` of `taster.toml`.

use serde::Deserialize;

/// `[history]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct History {
    /// This is the commons' own job: the runs that it imports are trusted, if their commits are on the default branch or releases.
    #[serde(default)]
    pub trusted: bool,
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
    pub reason: String,
}
