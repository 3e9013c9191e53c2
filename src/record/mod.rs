//! What gets written down: events, outcomes, `run.json`. Types only, no input or output.
