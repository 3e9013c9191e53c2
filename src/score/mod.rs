//! Levels and stability: pure functions of recorded results.
