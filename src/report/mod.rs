//! Views of the event log: terminal, JSON.
