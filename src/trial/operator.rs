//! What an operator has of a recipe: an `.env`, made from the sample of the release that they installed, and the secrets that were
//! generated then.

use std::collections::BTreeMap;

use crate::recipe::{EnvFile, Recipe};

/// What an operator has of a recipe.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Their `.env`, a copy of a sample.
    pub env: EnvFile,
    /// The values of their secrets, by the secrets' real names.
    pub secrets: BTreeMap<String, Vec<u8>>,
    /// Values that they have set since, as release notes told them.
    pub set: BTreeMap<String, String>,
}

impl Operator {
    /// One who makes an app of this recipe now.
    pub fn new(recipe: &Recipe) -> Self {
        let env = recipe.env_sample.clone().unwrap_or_else(|| EnvFile::parse(""));
        Self { env, secrets: BTreeMap::new(), set: BTreeMap::new() }
    }

    /// The same operator after they took over the sample of another release.
    #[must_use]
    pub fn with_sample_of(&self, recipe: &Recipe) -> Self {
        Self { env: Self::new(recipe).env, ..self.clone() }
    }
}

/// The variables that are new in a sample or have another value there, as `NAME=value`, in the order of the newer sample.
pub(super) fn differences(older: &EnvFile, newer: &EnvFile) -> Vec<(String, String)> {
    let none = BTreeMap::new();
    let known: BTreeMap<String, String> = older.effective(&none).into_iter().collect();
    newer.effective(&none).into_iter().filter(|(name, value)| known.get(name) != Some(value)).collect()
}
