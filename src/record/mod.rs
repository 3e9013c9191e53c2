//! What gets written down: events, outcomes, `run.json`. Types only, no input or output.
//!
//! Every report is a view of the event log (design.md §3.1), so that a run can be rendered again later, elsewhere, by a job
//! that never saw the run.

mod event;
mod finding;
mod outcome;
mod schema;
mod summary;

pub use event::{Event, Fact, LogHeader, NodeFacts, PlannedStep, Progress, SCHEMA as EVENT_SCHEMA};
pub use finding::{
    Edit, Finding, Fix, Level, LintReport, Place, RecipeFindings, SCHEMA as LINT_SCHEMA, Safety, Silenced, SilencedBy,
    SkippedRule, Span,
};
pub use outcome::{Class, Evidence, Outcome, StepKind, StepResult};
pub use schema::schemas;
pub use summary::{
    CandidateSummary, FindingCounts, ImageDigest, Proof, ProofKind, RunSummary, SCHEMA as SUMMARY_SCHEMA, worst_exit,
};
