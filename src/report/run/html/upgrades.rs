//! The upgrade map: every release as a stop on a line, and an arc for each way that was tried.

use maud::{Markup, html};

use super::{prose, tone};
use crate::record::{HopKind, TriedHop, UpgradeMap};

/// Between two stops, in the picture's own units.
const STEP: i64 = 120;

/// From the left edge to the first stop.
const MARGIN: i64 = 60;

/// How much higher an arc is for each stop that it reaches further.
const RISE: i64 = 22;

pub(super) fn section(map: &UpgradeMap) -> Markup {
    html! {
        section aria-labelledby="upgrades" {
            h2 #upgrades { "Upgrades" }
            @if map.releases.len() > 2 { (picture(map)) }
            @for stop in &map.required_stops {
                p.warning {
                    "Who comes from " (stop.from) " must stop at " strong { (stop.release) } ": " (stop.fails_at) " cannot be reached at once"
                    @if let Some(service) = &stop.service { ", and the change of " code { (service) } " makes the difference" } "."
                }
            }
            table {
                thead { tr { th { "From" } th { "To" } th { "Outcome" } th { "Took" } th { "Without an answer" } th { "Why it was tried" } } }
                tbody {
                    @for hop in &map.hops {
                        tr {
                            td { (hop.from) } td { (hop.to) }
                            td { span class={ "pill " (tone(hop.outcome)) } { (hop.outcome.word()) } " "
                                @if tone(hop.outcome) != "good" { (prose(&hop.reason)) } }
                            td { @if hop.seconds > 0.0 { (format!("{:.1} s", hop.seconds)) } }
                            td { @if let Some(seconds) = hop.unavailable { (format!("{seconds:.1} s")) } }
                            td { (why(hop.kind)) }
                        }
                    }
                }
            }
        }
    }
}

fn why(kind: HopKind) -> &'static str {
    match kind {
        HopKind::Newest => "the newest release",
        HopKind::Chain => "every release in a row",
        HopKind::Skip => "past other releases",
        HopKind::Search => "to find where a skip fails",
    }
}

/// Ways to the next stop go along the line, others above it; the table below says the same in words.
fn picture(map: &UpgradeMap) -> Markup {
    let at = |name: &str| Some(number(map.releases.iter().position(|release| release == name)?));
    let ways = map.hops.iter().filter_map(|hop| Some((at(&hop.from)?, at(&hop.to)?, hop)));
    // A log may have been written by anybody.
    let ways: Vec<(i64, i64, &TriedHop)> = ways.filter(|(from, to, _)| from < to).collect();
    let longest = ways.iter().map(|(from, to, _)| to - from).max().unwrap_or(1);
    let height = 20 + longest * RISE;
    let width = MARGIN * 2 + STEP * (number(map.releases.len()) - 1);
    let x = |stop: i64| MARGIN + STEP * stop;
    let label = format!("{} upgrades between {} releases", map.hops.len(), map.releases.len());
    html! {
        div.map {
            svg viewBox={ "0 0 " (width) " " (height + 40) } width=(width) role="img" aria-label=(label) {
                @for (from, to, hop) in &ways {
                    // The middle of such a curve is half as high as the point that bends it.
                    @let bend = if to - from == 1 { height } else { height - (to - from) * RISE * 2 };
                    @let middle = i64::midpoint(x(*from), x(*to));
                    path class={ "way " (tone(hop.outcome)) }
                        d={ "M" (x(*from)) " " (height) " Q" (middle) " " (bend) " " (x(*to)) " " (height) } {
                        title { (hop.from) " → " (hop.to) ": " (hop.outcome.word()) }
                    }
                }
                @for (stop, release) in map.releases.iter().enumerate() {
                    @let is_stop = map.required_stops.iter().any(|stop| stop.release == *release) || map.declared_stops.contains(release);
                    circle class=(if is_stop { "stop needed" } else { "stop" }) cx=(x(number(stop))) cy=(height) r="6" {}
                    text x=(x(number(stop))) y=(height + 26) text-anchor="middle" { (release) }
                }
            }
        }
    }
}

fn number(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX / (STEP * 4))
}
