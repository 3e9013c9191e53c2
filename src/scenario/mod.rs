//! What to try with a recipe: the file format, discovery, the plan.

mod file;
mod page;
mod plan;
mod route;

pub use file::{Edge, Limits, PATH_IN_RECIPE, Probe, Ready, Scenario, ScenarioError, Seed, Upgrade, Variant, command};
pub use page::{Page, PageStep, Template, Value};
pub use plan::{DEFAULT_VARIANT, Known, Plan, PlanOptions, plan};
pub use route::{CANDIDATE, Route, RouteError};
