//! A run on disk: its folder, its lock, the writer of its log, and who is still alive.
