//! What to try with a recipe: the file format, discovery, the plan.

mod check;
mod file;
mod known;
mod need;
mod page;
mod plan;
mod route;
mod scaffold;
mod skip;

pub use check::{Surroundings, Written};
pub use file::{
    Edge, Limits, MARK, PATH_IN_RECIPE, Probe, Ready, Scenario, ScenarioError, Seed, Upgrade, Variant, command,
};
pub use known::built_in;
pub use need::Need;
pub use page::{Page, PageStep, Template, Value};
pub use plan::{DEFAULT_VARIANT, GUESSED, Known, Plan, PlanOptions, is_guess, plan};
pub use route::{CANDIDATE, Route, RouteError};
pub use scaffold::scaffold;
pub use skip::Skips;
