//! Has a stack converged, is it on its way, or will it never get there, and whose fault is that?
//!
//! The judge is a pure state machine: it is fed what `swarm::observe` saw, the time since the deploy and the pressure on the node, and
//! answers with a [`Verdict`]. Whoever drives it looks again at every wake-up of `swarm::observe::changes`, also after it said
//! `Converged`, for as long as it waits for an answer: an app that falls over while it is asked is named then.
//!
//! What it goes by, in the order in which it is asked (the numbers are those of the lessons from the field):
//! - *converged* (10, 11; recipe-format.md §5): every service has all its tasks, of its present specification, running and healthy where
//!   there is a healthcheck; no update is under way; a service with neither healthcheck nor route has been up for its settle time.
//! - *never gets better*: a rejected task (13), a task that no node can take, a command that is not there, an update that was rolled
//!   back (5) or paused halfway, a task that swarm does not start again.
//! - *a crash loop* (12): equal failures, each of a container that started after everything it could wait for was ready.
//! - *time is up* (14, 30): whose fault it is depends on the pressure on the node.

mod cause;
mod crash;
mod facts;
mod failure;
mod health;
mod judge;
mod limits;
mod slots;
mod stuck;
mod timeout;
mod track;
mod waits;
mod words;
#[cfg(test)]
mod tests;

pub use cause::{Cause, Class};
pub use facts::{Facts, FirstHealthy, ServiceFacts};
pub use judge::{Judge, Verdict, Wait};
pub use limits::{Params, Thresholds};
pub use timeout::starved;
