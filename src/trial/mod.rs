//! Trying it: one file for each kind of step; each returns an outcome with evidence.

pub mod answer;
pub mod convergence;
mod data;
mod demands;
mod evidence;
mod install;
mod leftovers;
mod logs;
mod reach;
mod recorder;
mod redeploy;
mod restart;
mod run;
mod session;
mod subject;
mod trouble;

pub use demands::Demand;
pub use run::{Ended, TrialError, TrialOptions, run};
pub use subject::Subject;
pub use trouble::Trouble;
