//! JSON Schemas of what taster publishes, generated from the types (design.md §2, `catalogue-schema/`).

use schemars::schema_for;
use serde_json::Value;

use super::catalogue::Catalogue;
use super::event::Event;
use super::finding::LintReport;
use super::history::HistoryLine;
use super::night::NightReport;
use super::plan::{ChangePlan, FleetReport, ShardPlan};
use super::recipes::Recipes;
use super::scan::ScanReport;
use super::score::ScoreReport;
use super::summary::RunSummary;

/// Every schema by the name of its file, without the ending.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("catalogue", schema_for!(Catalogue).to_value()),
        ("change", schema_for!(ChangePlan).to_value()),
        ("event", schema_for!(Event).to_value()),
        ("fleet", schema_for!(FleetReport).to_value()),
        ("history", schema_for!(HistoryLine).to_value()),
        ("lint", schema_for!(LintReport).to_value()),
        ("night", schema_for!(NightReport).to_value()),
        ("plan", schema_for!(ShardPlan).to_value()),
        ("recipes", schema_for!(Recipes).to_value()),
        ("run", schema_for!(RunSummary).to_value()),
        ("scan", schema_for!(ScanReport).to_value()),
        ("score", schema_for!(ScoreReport).to_value()),
    ]
}
