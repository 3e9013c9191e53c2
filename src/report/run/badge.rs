//! The level as an SVG badge: no fonts, scripts or addresses from elsewhere.

use std::io::{self, Write};

use crate::record::{Outcome, RunSummary};

/// The width of a character of the badge's text, in the unit of the picture.
const CHARACTER: usize = 7;

pub(super) fn write(summary: &RunSummary, out: &mut dyn Write) -> io::Result<()> {
    // A run that was not tested says nothing about the recipe, not even level 0.
    let tested = summary.outcome != Outcome::Errored || summary.level > 0;
    let value = match (tested, summary.level_is_at_least) {
        (false, _) => "not tested".to_owned(),
        (true, true) => format!("level {}+", summary.level),
        (true, false) => format!("level {}", summary.level),
    };
    let color = match summary.level {
        _ if !tested => "#6b6b6b",
        0 => "#b3261e",
        1 | 2 => "#a15c00",
        3 | 4 => "#5d6b00",
        _ => "#1b6e3c",
    };
    let (left, right) = ("taster".len() * CHARACTER + 10, value.len() * CHARACTER + 10);
    let width = left + right;
    let (middle_left, middle_right) = (left / 2, left + right / 2);
    write!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="taster: {value}"><title>taster: {value}</title><clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath><g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3b3b3b"/><rect x="{left}" width="{right}" height="20" fill="{color}"/></g><g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="{middle_left}" y="14">taster</text><text x="{middle_right}" y="14">{value}</text></g></svg>"##
    )?;
    writeln!(out)
}
