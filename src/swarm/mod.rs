//! One engine: nodes, images, stack deploy, convergence, exec, volumes, logs, teardown. Observes, never judges.

pub mod deploy;
pub mod engine;
pub mod labels;
pub mod node;
