//! Trying it: one file for each kind of step; each returns an outcome with evidence.

pub mod convergence;
