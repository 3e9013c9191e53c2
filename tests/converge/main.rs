//! Convergence on real nodes: every fault planted, and what is said of it (lessons 5 and 10 to 15).

mod faults;
mod observing;
mod reaching;
mod support;
mod updates;
