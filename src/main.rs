//! The `taster` program.

fn main() {}
