//! Which upgrades hold, as a picture: releases from the newest to the oldest, an edge for each upgrade that was tried.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::record::{CatalogueRecipe, Hop, Outcome};
use crate::report::markup::prose;
use crate::site::runs::Kept;
use crate::site::words::{count, outcome_tone};

/// Releases that are shown though no upgrade of theirs was tried.
const NEWEST: usize = 6;
/// Rows of the picture: more say nothing to anybody.
const MOST: usize = 40;
/// The distance of two rows, of two edges that pass rows, and of the picture's border.
const ROW: usize = 38;
const LANE: usize = 22;
const BORDER: usize = 18;
/// The longest name in the picture, in characters.
const NAME: usize = 34;

pub(super) fn section(entry: &CatalogueRecipe, kept: &[Kept]) -> Markup {
    let rows = rows(entry);
    html! {
        @if entry.upgrades.is_empty() {
            p.none { "Not tested: no upgrade of this recipe was tried." }
        } @else {
            p { (summary(entry)) }
        }
        @if rows.len() > 1 {
            (picture(entry, &rows))
            p.keys { span.key.passed { "passed" } " " span.key.failed { "failed" } " " span.key.untried { "not tested" }
                @if !entry.required_stops.is_empty() { " " span.key.stop { "required stop" } } }
        }
        @if !entry.required_stops.is_empty() {
            ul { @for stop in &entry.required_stops {
                li { "Stop at " strong { (stop.release) } ": the upgrade from " (stop.from) " straight to " (stop.fails_at) " failed, by way of it both steps passed." }
            } }
        }
        @if !entry.upgrades.is_empty() {
            details { summary { "As a table" }
                div.wide { table {
                    thead { tr { th scope="col" { "from" } th scope="col" { "to" } th scope="col" { "result" } th scope="col" { "why" } th scope="col" { "run" } } }
                    tbody { @for hop in &entry.upgrades { tr {
                        td { (hop.from) } td { (hop.to) }
                        td { span class={ "pill " (outcome_tone(hop.outcome)) } { (hop.outcome.word()) } }
                        td { (prose(&hop.reason)) }
                        td { @match Kept::report(kept, &hop.run) {
                            Some(path) => a href={ "../" (path) } { (hop.run) },
                            None => code { (hop.run) },
                        } }
                    } } }
                } }
            }
        }
    }
}

fn summary(entry: &CatalogueRecipe) -> String {
    let of = |outcome| entry.upgrades.iter().filter(|hop| hop.outcome == outcome).count();
    format!(
        "{} tried: {} passed, {} failed.",
        count(entry.upgrades.len(), "upgrade"),
        of(Outcome::Passed),
        of(Outcome::Failed)
    )
}

/// The names in the picture, the newest first: every one that an upgrade was tried from or to, and the newest releases.
fn rows(entry: &CatalogueRecipe) -> Vec<&str> {
    let tried: BTreeSet<&str> = entry.upgrades.iter().flat_map(|hop| [hop.from.as_str(), hop.to.as_str()]).collect();
    let releases: Vec<&str> = entry.versions.iter().rev().map(|version| version.version.as_str()).collect();
    let shown = releases.iter().enumerate().filter(|(place, name)| *place < NEWEST || tried.contains(*name));
    let shown: Vec<&str> = shown.map(|(_, name)| *name).collect();
    // What is no release is newer than all: the default branch.
    let branch = tried.iter().copied().filter(|name| !releases.contains(name));
    branch.chain(shown).take(MOST).collect()
}

/// An upgrade between two rows.
struct Edge<'e> {
    hop: &'e Hop,
    /// The row of the older end, and of the newer one, which is the smaller number.
    from: usize,
    to: usize,
    /// How far left it passes the rows between; 0 for neighbours.
    lane: usize,
}

/// Edges, the short ones innermost; two that would lie upon each other get lanes of their own.
fn edges<'e>(entry: &'e CatalogueRecipe, rows: &[&str]) -> Vec<Edge<'e>> {
    let row = |name: &str| rows.iter().position(|known| *known == name);
    let tried =
        entry.upgrades.iter().filter_map(|hop| Some(Edge { hop, from: row(&hop.from)?, to: row(&hop.to)?, lane: 0 }));
    let mut edges: Vec<Edge> = tried.filter(|edge| edge.from > edge.to).collect();
    edges.sort_by_key(|edge| (edge.from - edge.to, edge.to));
    for index in 0..edges.len() {
        let (placed, rest) = edges.split_at_mut(index);
        let Some(edge) = rest.first_mut().filter(|edge| edge.from - edge.to > 1) else { continue };
        let meets = |other: &Edge| other.lane > 0 && other.to < edge.from && edge.to < other.from;
        let taken: BTreeSet<usize> = placed.iter().filter(|other| meets(other)).map(|other| other.lane).collect();
        edge.lane = (1..).find(|lane| !taken.contains(lane)).unwrap_or(1);
    }
    edges
}

fn picture(entry: &CatalogueRecipe, rows: &[&str]) -> Markup {
    let edges = edges(entry, rows);
    let lanes = edges.iter().map(|edge| edge.lane).max().unwrap_or(0);
    let column = BORDER + lanes * LANE;
    let longest = rows.iter().map(|name| name.chars().count().min(NAME)).max().unwrap_or(0);
    let stops: BTreeSet<&str> = entry.required_stops.iter().map(|stop| stop.release.as_str()).collect();
    let width = column + 22 + longest.max(12) * 9 + if stops.is_empty() { 0 } else { 120 } + BORDER;
    let height = 2 * BORDER + (rows.len() - 1) * ROW;
    let y = |row: usize| BORDER + row * ROW;
    html! {
        figure.map {
            svg viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) role="img" aria-labelledby="map-name" {
                title #map-name {
                    "Which upgrades hold: "
                    @if entry.upgrades.is_empty() { "none was tried." } @else { (summary(entry)) " Each is in the table below." }
                }
                @for row in 0..rows.len() - 1 {
                    @if !edges.iter().any(|edge| edge.lane == 0 && edge.to == row) {
                        line.edge.untried x1=(column) x2=(column) y1=(y(row)) y2=(y(row + 1)) {}
                    }
                }
                @for edge in &edges {
                    @let class = if edge.hop.outcome == Outcome::Passed { "edge passed" } else { "edge failed" };
                    @let (top, bottom) = (y(edge.to), y(edge.from));
                    @let left = column - edge.lane * LANE;
                    @let middle = (top + bottom) / 2;
                    @if edge.lane == 0 { line class=(class) x1=(column) x2=(column) y1=(bottom) y2=(top) {} }
                    @else { path class=(class) d={ "M" (column) " " (bottom) " C" (left) " " (bottom) " " (left) " " (bottom) " " (left) " " (bottom - ROW / 2)
                        " L" (left) " " (top + ROW / 2) " C" (left) " " (top) " " (left) " " (top) " " (column) " " (top) } {} }
                    // Colour alone would not do.
                    @if edge.hop.outcome == Outcome::Passed { path.arrow d={ "M" (left - 5) " " (middle + 4) " L" (left) " " (middle - 4) " L" (left + 5) " " (middle + 4) } {} }
                    @else { path.cross d={ "M" (left - 5) " " (middle - 5) " l10 10 m0 -10 l-10 10" } {} }
                }
                @for (row, name) in rows.iter().enumerate() {
                    @let stop = stops.contains(name);
                    @if stop { circle.stop cx=(column) cy=(y(row)) r="10" {} }
                    circle.node cx=(column) cy=(y(row)) r="6" {}
                    text x=(column + 20) y=(y(row) + 5) { (shortened(name)) @if stop { tspan.stop-word { "  required stop" } } @if name.chars().count() > NAME { title { (name) } } }
                }
            }
        }
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(std::iter::once('…')).collect()
}
