//! What to try with a recipe: the file format, discovery, the plan.

mod file;
mod plan;

pub use file::{Limits, PATH_IN_RECIPE, Probe, Ready, Scenario, ScenarioError, Seed, command};
pub use plan::{Plan, PlanOptions, plan};
