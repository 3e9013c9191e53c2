//! What `taster scan --json` prints. Types only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalogue::Trouble;

/// The version of the format; readers accept this and the major before.
pub const SCHEMA: &str = "taster.scan/1";

/// Every repository that the sources hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScanReport {
    /// The version of this format.
    pub schema: String,
    /// The repositories, by name.
    pub repositories: Vec<Scanned>,
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scanned {
    /// Its name.
    pub name: String,
    /// Where it came from, without credentials.
    pub source: String,
    /// What it is.
    pub state: ScanState,
    /// Why, for everything but a fresh recipe; empty otherwise.
    pub reason: String,
    /// What went wrong, for a stale or unreadable one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// How many versions it has.
    pub versions: usize,
    /// The latest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// Whether the fetch brought anything; absent when nothing was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<bool>,
    /// Tags that name another commit than before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_tags: Vec<String>,
}

/// What a repository is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScanState {
    /// A recipe, freshly read.
    Recipe,
    /// A recipe that could not be renewed: what is known of it is what was good last.
    Stale,
    /// No recipe.
    NotARecipe,
    /// Nobody knows: it could not be read.
    Unreadable,
}
