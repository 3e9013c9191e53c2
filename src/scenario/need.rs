//! `[needs]`: other recipes that must run beside the one under test.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Another recipe that must run beside this one, as a stack of its own on the same node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// One of its releases, by tag; its files as they lie there when absent.
    #[serde(default)]
    pub at: Option<String>,
    /// Values over those of its own `.env.sample` and scenario.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// Reads them by their recipes' names.
pub(super) fn needs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Need>, D::Error> {
    let needs = BTreeMap::<Name, Need>::deserialize(deserializer)?;
    Ok(needs.into_iter().map(|(Name(name), need)| (name, need)).collect())
}

/// The name of a recipe: a scenario may come from a stranger, and must not lead to other folders.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
            return Err(D::Error::custom(format!(
                "`{name}` is no name of a recipe: letters, digits, `-`, `_` and `.`; where recipes lie is said with --needs"
            )));
        }
        Ok(Self(name))
    }
}
