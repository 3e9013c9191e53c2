//! What a swarm's engines say about a stack, as plain data, and a wake-up whenever it may have changed.
//!
//! Nothing here judges: the words "failed" or "healthy" are the engine's own. Whoever judges (`trial::convergence`) gets a
//! [`StackView`], which can as well be written by hand in a test.

mod changes;
mod engines;
mod mentions;
mod observer;
mod parse;
mod pressure;
mod view;
mod wire;

pub use changes::{Changes, Wake, changes};
pub use engines::Engines;
pub use mentions::mentioned_in;
pub use observer::{ObserveError, Observer, observe};
pub use pressure::{Pressure, Stall};
pub use view::{
    Address, HealthStatus, HealthView, Healthcheck, Mode, NodeView, PortView, Probe, RestartCondition, RestartPolicy,
    ServiceView, StackView, TaskState, TaskView, UpdateState, UpdateView,
};
