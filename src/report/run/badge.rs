//! The level as an SVG badge.

use std::io::{self, Write};

use crate::record::{Outcome, RunSummary};
use crate::report::badge::{color, svg};

pub(super) fn write(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    // A run that was not tested says nothing about the recipe, not even level 0.
    let tested = summary.outcome != Outcome::Errored || summary.level > 0;
    let value = match (tested, summary.level_is_at_least) {
        (false, _) => "not tested".to_owned(),
        (true, true) => format!("level {}+", summary.level),
        (true, false) => format!("level {}", summary.level),
    };
    out.write_all(svg("taster", &value, color(tested.then_some(summary.level))).into_string().as_bytes())
}
