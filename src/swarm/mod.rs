//! One engine: nodes, images, stack deploy, convergence, exec, volumes, logs, teardown. Observes, never judges.

pub mod deploy;
pub mod engine;
pub mod exec;
pub mod facts;
pub mod freeze;
pub mod images;
pub mod labels;
pub mod logs;
pub mod node;
pub mod observe;
pub mod reap;
