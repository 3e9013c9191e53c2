//! Stability over time as a picture: the score, and up to where it may lie.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::record::{CatalogueRecipe, StabilityWeek};
use crate::site::words::{STABLE, count, day, score};

/// The picture's size and the place of the plot in it, in its own unit.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;

pub(super) fn section(entry: &CatalogueRecipe) -> Markup {
    let points = points(&entry.stability_over_time);
    html! {
        @match (&entry.stability, points.as_slice()) {
            (None, []) => p.none { "Not tested: there is no history of runs." },
            (Some(stability), []) => p {
                "Now " strong { (score(stability.score)) } ", the middle of what is believed is " (score(stability.median)) ", the upper end "
                (score(stability.high)) ", from " (count(stability.observations, "observation")) ". How it came there is not recorded."
            },
            (_, points) => { (picture(points)) (told(entry, points)) }
        }
    }
}

/// A point in the plot.
struct Point<'e> {
    x: f64,
    of: &'e StabilityWeek,
}

/// The points whose time can be read, in order, between both ends of the plot.
fn points(history: &[StabilityWeek]) -> Vec<Point<'_>> {
    let time = |day: &str| Some(day.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second());
    let mut timed: Vec<(i64, &StabilityWeek)> =
        history.iter().filter(|point| is_score(point)).filter_map(|point| Some((time(&point.week)?, point))).collect();
    timed.sort_by_key(|(at, _)| *at);
    let (Some((first, _)), Some((last, _))) = (timed.first(), timed.last()) else { return Vec::new() };
    let (first, span) = (*first, (last - first) as f64);
    let plot = WIDTH - LEFT - RIGHT;
    let place = |at: i64| if span > 0.0 { (at - first) as f64 / span } else { 0.5 };
    timed.iter().map(|(at, of)| Point { x: LEFT + plot * place(*at), of }).collect()
}

fn is_score(point: &StabilityWeek) -> bool {
    [point.value, point.low, point.high].iter().all(|value| value.is_finite())
}

fn y(score: f64) -> f64 {
    TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - score.clamp(0.0, 100.0) / 100.0)
}

fn line<'p>(points: impl Iterator<Item = (f64, f64)> + 'p) -> String {
    points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

fn picture(points: &[Point]) -> Markup {
    let upper = points.iter().map(|point| (point.x, y(point.of.high)));
    let lower = points.iter().rev().map(|point| (point.x, y(point.of.value)));
    let band = line(upper.chain(lower));
    let scores = line(points.iter().map(|point| (point.x, y(point.of.value))));
    let ends = [(points.first(), LEFT, "start"), (points.last().filter(|_| points.len() > 1), WIDTH - RIGHT, "end")];
    html! {
        figure.chart {
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby="chart-name" {
                title #chart-name { "Stability over time, from 0 to 100; the same in the table below" }
                @for mark in [0.0, 20.0, 40.0, 60.0, 80.0, 100.0] {
                    line class=(if mark == STABLE { "grid stable" } else { "grid" }) x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y(mark)) y2=(y(mark)) {}
                    text x=(LEFT - 6.0) y=(y(mark) + 4.0) text-anchor="end" { (mark) }
                }
                text.mark x=(LEFT + 4.0) y=(y(STABLE) - 4.0) { "stable from here" }
                polygon.band points=(band) {}
                polyline.score points=(scores) {}
                @for point in points {
                    circle.point cx=(format!("{:.1}", point.x)) cy=(format!("{:.1}", y(point.of.value))) r="3" {
                        title { (day(&point.of.week)) ": " (score(point.of.value)) }
                    }
                }
                @for (point, x, anchor) in ends {
                    @if let Some(point) = point { text x=(x) y=(HEIGHT - 8.0) text-anchor=(anchor) { (day(&point.of.week)) } }
                }
            }
            figcaption { span.key { "stability" } " " span.key.upto { "how much more it may be" } }
        }
    }
}

/// The same in words and numbers.
fn told(entry: &CatalogueRecipe, points: &[Point]) -> Markup {
    html! {
        @if let Some(stability) = &entry.stability {
            p { "Now " strong { (score(stability.score)) } " (up to " (score(stability.high)) "), from " (count(stability.observations, "observation")) "." }
        }
        details { summary { "As a table" }
            div.wide { table {
                thead { tr { th scope="col" { "week" } th scope="col" { "stability" } th scope="col" { "upper end" } } }
                tbody { @for point in points.iter().rev() {
                    tr { td { (day(&point.of.week)) } td { (score(point.of.value)) } td { (score(point.of.high)) } }
                } }
            } }
        }
    }
}
