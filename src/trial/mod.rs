//! Trying it: one file for each kind of step; each returns an outcome with evidence.

pub mod answer;
mod availability;
mod backup;
mod converge;
pub mod convergence;
mod costs;
mod data;
mod demands;
mod evidence;
mod fit;
mod flow;
mod guess;
mod install;
mod leftovers;
mod lint;
mod logs;
mod operator;
mod reach;
mod recorder;
mod redeploy;
mod restart;
mod run;
mod session;
pub mod smoke;
mod subject;
mod trouble;
mod upgrade;
mod variant;

pub use demands::Demand;
pub use fit::{first_scenario, misfits};
pub use operator::Operator;
pub use run::{Ended, TrialError, TrialOptions, run};
pub use subject::Subject;
pub use trouble::Trouble;
