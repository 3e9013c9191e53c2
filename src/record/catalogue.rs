//! `catalogue.json`: the scored catalogue. Types only.
//!
//! Nothing in it is invented: what was not tested, or not told, is absent and never zero.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Level as FindingLevel, Place};
use super::outcome::Outcome;
use super::recipes::{Features, Services};
use super::score::{Dimension, Rung, RungDemand, StabilityWeek};
use super::summary::FindingCounts;
use super::upgrade::RequiredStop;

/// The version of the file; readers accept this and the major before.
pub const SCHEMA: &str = "taster.catalogue/1";

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Catalogue {
    /// The version of this format.
    pub schema: String,
    /// The version of taster that wrote it.
    pub taster: String,
    /// The newest commit, tag or run that it knows of. Not when it was built: the same input gives the same bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// What the commons calls its catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The recipes, by name.
    pub recipes: Vec<CatalogueRecipe>,
    /// Repositories that could not be read and have no last good entry, by name.
    pub unreadable: Vec<Unreadable>,
    /// Repositories that are no recipes, by name.
    pub not_recipes: Vec<NotARecipe>,
}

/// One recipe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueRecipe {
    /// Its name: that of its repository.
    pub name: String,
    /// The README's `Category`, as written; may be empty.
    pub category: String,
    /// One line: what the forge says, or the README's first paragraph; may be empty.
    pub description: String,
    /// What the forge tags the repository with (its topics), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The app's own site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// The address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Where the repository is.
    pub repository: RepositoryLinks,
    /// The organisation of a forge that holds it, `https://git.example.coop/recipes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Whether that is a community organisation of the commons; absent when the commons names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub community: Option<bool>,
    /// The file with its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_file: Option<String>,
    /// Named maintainers, as the README's `Maintainer` has them.
    pub maintainers: Vec<String>,
    /// Where the app's image is described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The commit of the default branch that everything but the versions was read from.
    pub commit: String,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<String>,
    /// What the README claims, as written.
    pub features: Features,
    /// Each claim, and whether it was verified.
    pub claims: Vec<Claim>,
    /// The versions, ascending: the last is the latest.
    pub versions: Vec<CatalogueVersion>,
    /// Tags that are not among the versions, and why.
    pub left_out: Vec<LeftOut>,
    /// What was odd and survived.
    pub warnings: Vec<String>,
    /// What the linter found; absent when it did not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lint: Option<LintSummary>,
    /// The level; absent when no run of the default branch's commit or of the latest version is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<LevelReached>,
    /// The stability; absent without a history of runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability: Option<Stability>,
    /// The stability at the end of each week, oldest first; empty without a history of runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stability_over_time: Vec<StabilityWeek>,
    /// Each rung of the ladder of levels, with what satisfied it or what is missing; empty when not tested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<Rung>,
    /// The status by the commons' own scale, as measured, 0 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_status: Option<u8>,
    /// What speaks for the measured status, and what is missing to more; empty when it was not measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status_reasons: Vec<RungDemand>,
    /// Which upgrades were tried; empty when none was.
    pub upgrades: Vec<Hop>,
    /// Versions that an upgrade must not skip, as far as it was tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_stops: Vec<RequiredStop>,
    /// How a backup was proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_proof: Option<String>,
    /// Seconds from the deploy to an answer, in the run that gave the level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<f64>,
    /// Bytes of memory: the sum of what each service held at its own peak, in the run that gave the level; a service that was not
    /// measured is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Bytes on disk, of the images and volumes of all services, in the run that gave the level; a volume counts for each service that
    /// mounts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<u64>,
    /// When the newest run was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_tested: Option<String>,
    /// The runs that are known, the newest first.
    pub runs: Vec<RunLink>,
    /// The entry could not be renewed: it is what was good last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<Trouble>,
}

/// Where a repository is. Credentials in addresses are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepositoryLinks {
    /// The address for `git clone`; empty when none is known.
    pub url: String,
    /// The same over ssh; empty when none is known.
    pub ssh_url: String,
    /// The default branch; empty when none is known.
    pub default_branch: String,
}

/// A version of a recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueVersion {
    /// The tag.
    pub version: String,
    /// Its commit.
    pub commit: String,
    /// When it was tagged; for a lightweight tag, when the commit was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tagged_at: Option<String>,
    /// The tag is an object of its own, as a release's must be.
    pub annotated: bool,
    /// The images of its services.
    pub services: Services,
    /// The release note, Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_notes: Option<String>,
    /// What was odd and survived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A tag that is not among the versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The tag.
    pub tag: String,
    /// Why.
    pub reason: String,
}

/// A claim of the README.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// What it is about.
    pub feature: Feature,
    /// What is claimed, as written.
    pub claimed: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What the verdict rests on; empty for an unverified claim.
    pub reason: String,
    /// The run that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Feature {
    /// The score as a whole.
    Status,
    /// The image, and who makes it.
    Image,
    /// A healthcheck.
    Healthcheck,
    /// Backups.
    Backups,
    /// Sending mail.
    Email,
    /// Tests.
    Tests,
    /// Single sign-on.
    Sso,
}

impl Feature {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "Status",
            Self::Image => "Image",
            Self::Healthcheck => "Healthcheck",
            Self::Backups => "Backups",
            Self::Email => "Email",
            Self::Tests => "Tests",
            Self::Sso => "Single sign-on",
        }
    }
}

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A run showed it.
    Verified,
    /// The files or a run show the contrary.
    Contradicted,
    /// Nothing speaks for it or against it.
    Unverified,
}

impl Verdict {
    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Contradicted => "contradicted",
            Self::Unverified => "unverified",
        }
    }
}

/// What the linter found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintSummary {
    /// How many findings of which level.
    pub counts: FindingCounts,
    /// The findings.
    pub findings: Vec<LintFinding>,
}

/// One finding, in short; `taster lint` tells all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintFinding {
    /// The rule's id.
    pub rule: String,
    /// The rule's name.
    pub name: String,
    /// How much it weighs.
    pub level: FindingLevel,
    /// What is wrong.
    pub message: String,
    /// The first place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// A level, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LevelReached {
    /// 0 to 8.
    pub level: u8,
    /// More could not be measured: the level is at least this.
    pub at_least: bool,
    /// What is missing to the next one, in words; empty when that was not measured.
    pub missing: String,
    /// The run.
    pub run: String,
    /// The commit that was tested.
    pub commit: String,
    /// The version that was tested, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// The stability, 0 to 100.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stability {
    /// The score: the lower end of what is believed.
    pub score: f64,
    /// The middle of what is believed.
    pub median: f64,
    /// The upper end.
    pub high: f64,
    /// How many observations it rests on.
    pub observations: usize,
    /// What it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<StabilityDimension>,
}

/// One part of stability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StabilityDimension {
    /// Which one.
    pub dimension: Dimension,
    /// Its weight; 0 when it does not apply.
    pub weight: f64,
    /// How many observations it rests on.
    pub observations: usize,
    /// Its own lower end, 0 to 100.
    pub low: f64,
    /// Its own upper end, 0 to 100.
    pub high: f64,
}

/// An upgrade from a version to another that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hop {
    /// From this version.
    pub from: String,
    /// To this version or candidate.
    pub to: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in one line; empty for a plain pass.
    pub reason: String,
    /// The run.
    pub run: String,
}

/// A run that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunLink {
    /// Its identifier.
    pub run: String,
    /// When it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The commit that was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The version that was tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The worst outcome of its steps.
    pub outcome: Outcome,
    /// The level that it proves.
    pub level: u8,
    /// More could not be measured.
    pub at_least: bool,
    /// Its folder, relative to the folder of runs; empty when only the history knows the run.
    pub path: String,
    /// Its screenshots, relative to that folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub screenshots: Vec<String>,
}

/// A repository that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unreadable {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub source: String,
    /// What is wrong.
    pub trouble: Trouble,
}

/// Why a repository could not be read, or not be renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trouble {
    /// The stable name of the cause.
    pub class: TroubleClass,
    /// What was attempted, why it failed and what to do next.
    pub reason: String,
}

/// The stable name of a cause of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TroubleClass {
    /// The server asks for credentials, or refuses them.
    Auth,
    /// There is no such repository.
    NotFound,
    /// The server could not be reached, or broke off.
    Network,
    /// It took too long.
    Timeout,
    /// It is larger than the commons allows.
    Huge,
    /// Its data is damaged.
    Corrupt,
    /// It has branches or tags, and the default branch is not among them.
    NoBranch,
    /// It was a recipe, and nothing is in it now.
    Empty,
    /// Another repository of the same name came first.
    Duplicate,
    /// There is no mirror of it, and `--offline` forbids making one.
    Offline,
    /// A tag of a release names another commit than before.
    MovedTag,
    /// The machine refused.
    Machine,
}

impl TroubleClass {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::NotFound => "not-found",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Huge => "huge",
            Self::Corrupt => "corrupt",
            Self::NoBranch => "no-branch",
            Self::Empty => "empty",
            Self::Duplicate => "duplicate",
            Self::Offline => "offline",
            Self::MovedTag => "moved-tag",
            Self::Machine => "machine",
        }
    }
}

/// A repository that is no recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotARecipe {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub source: String,
    /// Why it is none.
    pub reason: String,
}
