//! What gets written down: events, outcomes, `run.json`, the catalogue. Types only, no input or output.
//!
//! Every report is a view of the event log (design.md §3.1), so that a run can be rendered again later, elsewhere, by a job
//! that never saw the run.

mod catalogue;
mod event;
mod finding;
mod history;
mod night;
mod outcome;
mod plan;
mod recipes;
mod cost;
mod scan;
mod schema;
mod score;
mod summary;
mod upgrade;
mod upstream;

pub use catalogue::{
    Catalogue, CatalogueRecipe, CatalogueVersion, Claim, Feature, Hop, LeftOut, LevelReached, LintFinding, LintSummary,
    NotARecipe, RepositoryLinks, RunLink, SCHEMA as CATALOGUE_SCHEMA, Stability, StabilityDimension, Trouble,
    TroubleClass, Unreadable, Verdict,
};
pub use cost::ServiceCosts;
pub use event::{Event, Fact, LogHeader, NodeFacts, PlannedStep, Progress, SCHEMA as EVENT_SCHEMA};
pub use finding::{
    Edit, Finding, Fix, Level, LintReport, Place, RecipeFindings, SCHEMA as LINT_SCHEMA, Safety, Silenced, SilencedBy,
    SkippedRule, Span,
};
pub use history::{HistoryLine, HistoryStep, SCHEMA as HISTORY_SCHEMA, Trust};
pub use night::{NightReport, NightStage, SCHEMA as NIGHT_SCHEMA};
pub use outcome::{Class, DECLARED, Evidence, Outcome, StepKind, StepResult};
pub use plan::{
    BumpKind, CHANGE_SCHEMA, Change, ChangePlan, ChangedFile, ChangedService, DueRecipe, DueWhy, FLEET_SCHEMA,
    FleetRecipe, FleetReport, FleetResult, ImageBump, PlannedRecipe, SCHEMA as PLAN_SCHEMA, Shard, ShardPlan,
    StepReason, VariantReason,
};
pub use recipes::{Features, ImageFeature, RecipeEntry, Recipes, ServiceImage, Services, VersionEntry};
pub use scan::{SCHEMA as SCAN_SCHEMA, ScanReport, ScanState, Scanned};
pub use schema::schemas;
pub use score::{
    Dimension, DimensionDetail, Ladder, MeasuredStatus, Observation, RecipeScore, Rung, RungDemand, RungState,
    SCHEMA as SCORE_SCHEMA, ScoreReport, SetAside, StabilityDetail, StabilityWeek,
};
pub use summary::{
    CandidateSummary, FindingCounts, ImageDigest, Proof, ProofKind, RunSummary, SCHEMA as SUMMARY_SCHEMA, worst_exit,
};
pub use upgrade::{HopKind, PlannedHop, RequiredStop, TriedHop, UpgradeMap};
pub use upstream::Upstream;
