//! What the app's registry said about newer versions, when somebody asked. Types only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the registry of the app's image had something newer when the run asked it, and since when (level 8).
///
/// Nothing newer: neither `newest` nor `behind_since`, and `dates_known`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upstream {
    /// The image of the service `app`, as the recipe writes it.
    pub image: String,
    /// The newest tag of the same kind (same suffix, same number of parts), when it is newer than the recipe's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// The first day, UTC (RFC 3339 full-date, `2026-05-02`), from which a newer tag of the kind is known to have been there: the earliest
    /// `created` among the newer images. A tag that is built anew gets a later one. Absent when nothing is newer, or no date is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind_since: Option<String>,
    /// Whether that is the whole answer. False when something is newer and no date is known, and when nobody can tell whether something is:
    /// the tag is no version, or the registry does not list the tags.
    pub dates_known: bool,
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { image, newest, behind_since, dates_known } = self;
        match (newest, behind_since) {
            (Some(newest), Some(since)) => write!(f, "{image}: there is {newest}, and something newer since {since}"),
            (Some(newest), None) => write!(f, "{image}: there is {newest}, and nothing tells since when"),
            (None, _) if *dates_known => write!(f, "{image}: nothing newer of its kind"),
            (None, _) => write!(f, "{image}: nobody can tell whether something is newer"),
        }
    }
}
