//! `[catalogue]` of `taster.toml`: what a commons publishes, and from where.

use serde::Deserialize;

/// `[catalogue]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Catalogue {
    /// What the commons calls its catalogue.
    #[serde(default)]
    pub title: Option<String>,
    /// Where it is published, for absolute links.
    #[serde(default)]
    pub url: Option<String>,
    /// Where recipes come from: organisations (`https://forge/name`), addresses of repositories, folders, lists of these.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Community organisations: what they hold is operated by a community (level 6).
    #[serde(default)]
    pub community: Vec<String>,
    /// Repositories of these names are not looked at, though a source lists them.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// The largest repository that is mirrored, in megabytes; 500 when absent.
    #[serde(default)]
    pub largest_megabytes: Option<u64>,
    /// How long mirroring one repository may take, in seconds; 300 when absent.
    #[serde(default)]
    pub fetch_seconds: Option<u64>,
}
