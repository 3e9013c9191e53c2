//! The releases, the newest first, with their notes.

use maud::{Markup, html};

use crate::record::{CatalogueRecipe, CatalogueVersion};
use crate::site::notes;
use crate::site::words::{count, day};

/// Releases that are seen at once.
const NEWEST: usize = 10;

pub(super) fn section(entry: &CatalogueRecipe) -> Markup {
    let (newest, older): (Vec<_>, Vec<_>) =
        entry.versions.iter().rev().enumerate().partition(|(place, _)| *place < NEWEST);
    html! {
        @if entry.versions.is_empty() { p.none { "Nothing has been released yet." } }
        @for (place, version) in newest { (release(version, place == 0)) }
        @if !older.is_empty() {
            details.older { summary { (count(older.len(), "older version")) } @for (_, version) in older { (release(version, false)) } }
        }
        @if !entry.left_out.is_empty() {
            details.older { summary { (count(entry.left_out.len(), "tag")) " that " (if entry.left_out.len() == 1 { "is no version" } else { "are no versions" }) }
                ul { @for out in &entry.left_out { li { code { (out.tag) } ": " (out.reason) } } } }
        }
    }
}

/// What a link to a release ends with.
pub(in crate::site) fn anchor(version: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+') { c } else { '-' };
    format!("v{}", version.chars().map(plain).collect::<String>())
}

fn release(version: &CatalogueVersion, open: bool) -> Markup {
    let app = version.services.get("app");
    html! {
        details.release id=(anchor(&version.version)) open[open] {
            summary {
                strong { (version.version) }
                @if let Some(at) = &version.tagged_at { time datetime=(at) { (day(at)) } }
                @if let Some(app) = app { span.dim { (app.image) ":" (app.tag) } }
            }
            @match &version.release_notes {
                Some(text) if !text.trim().is_empty() => div.notes { (notes::markup(text)) },
                _ => p.dim { "No release note." },
            }
            @if !version.services.is_empty() {
                div.wide { table {
                    thead { tr { th scope="col" { "service" } th scope="col" { "image" } th scope="col" { "tag" } } }
                    tbody { @for (name, service) in &version.services { tr { td { (name) } td { code { (service.image) } } td { code { (service.tag) } } } } }
                } }
            }
            @if !version.annotated { p.dim { "Its tag is lightweight; that of a release should be annotated." } }
            @for warning in &version.warnings { p.dim { (warning) } }
        }
    }
}
