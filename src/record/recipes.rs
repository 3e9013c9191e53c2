//! `recipes.json`: the catalogue as the ecosystem's tools read it today (recipe-format.md §4). Types only.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The whole file: entries by the recipe's name, in the order of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Recipes(pub IndexMap<String, RecipeEntry>);

/// One recipe. The order of the fields is the order in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipeEntry {
    /// The README's `Category`, as written.
    pub category: String,
    /// The default branch.
    pub default_branch: String,
    /// One line.
    pub description: String,
    /// What the README claims.
    pub features: Features,
    /// The address of a picture.
    pub icon: String,
    /// The recipe's name.
    pub name: String,
    /// The address of the repository, for `git clone`.
    pub repository: String,
    /// The same over ssh.
    pub ssh_url: String,
    /// The versions, ascending: the last is the latest.
    pub versions: Vec<VersionEntry>,
    /// The app's own site.
    pub website: String,
}

/// What the README's metadata block claims, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Features {
    /// `Backups`.
    pub backups: String,
    /// `Email`.
    pub email: String,
    /// `Healthcheck`.
    pub healthcheck: String,
    /// `Image`.
    pub image: ImageFeature,
    /// `Status`, 0 to 5.
    pub status: u8,
    /// `Tests`.
    pub tests: String,
    /// `SSO`.
    pub sso: String,
}

/// The README's `Image`; empty when it has fewer than three parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageFeature {
    /// Its name.
    pub image: String,
    /// 4 official, 3 semi-official, 2 third-party, 1 own; as written.
    pub rating: String,
    /// Who makes it.
    pub source: String,
    /// Where it is described.
    pub url: String,
}

/// A version: one key, the tag, and its services by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct VersionEntry(pub IndexMap<String, Services>);

/// The images of a version's services, by the service's name in the order of the names.
pub type Services = IndexMap<String, ServiceImage>;

/// The image of a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceImage {
    /// Its name without the default registry and `library/`.
    pub image: String,
    /// Its tag.
    pub tag: String,
}

impl VersionEntry {
    /// A version with its services.
    pub fn new(tag: impl Into<String>, services: Services) -> Self {
        Self(IndexMap::from([(tag.into(), services)]))
    }

    /// The tag; empty for an entry without one, which nobody writes.
    pub fn tag(&self) -> &str {
        self.0.keys().next().map_or("", String::as_str)
    }

    /// The services.
    pub fn services(&self) -> Option<&Services> {
        self.0.values().next()
    }
}
