//! What changed, as an Atom feed (RFC 4287): releases, and levels that rose or fell from run to run.

use maud::{Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::Site;
use super::notes;
use super::words::{latest, run_level};
use crate::record::{CatalogueRecipe, Outcome, RunLink};
use crate::report::markup::xml;

/// A reader asks again before so much has happened.
const MOST: usize = 100;

/// One change.
struct Change {
    at: String,
    /// What never changes about it.
    key: String,
    title: String,
    page: String,
    /// HTML.
    content: String,
}

pub(super) fn feed(site: &Site) -> String {
    let mut changes: Vec<Change> = site.catalogue.recipes.iter().flat_map(|entry| of_recipe(site, entry)).collect();
    changes.sort_by(|a, b| (&b.at, &a.key).cmp(&(&a.at, &b.key)));
    changes.truncate(MOST);
    // A feed must say when it changed; one of nothing has never changed.
    let updated = site.catalogue.as_of.as_deref().unwrap_or("1970-01-01T00:00:00Z");
    let place = |path: &str| site.absolute(path).unwrap_or_else(|| path.to_owned());
    let feed = html! {
        (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
        feed xmlns="http://www.w3.org/2005/Atom" {
            id { (uuid(&format!("feed {}", site.title()))) }
            title { (xml(site.title())) }
            updated { (xml(updated)) }
            author { name { (xml(site.title())) } }
            generator version=(env!("CARGO_PKG_VERSION")) { "taster" }
            // In XML every element is closed.
            link rel="alternate" type="text/html" href=(xml(&place("index.html"))) {}
            @if let Some(own) = site.absolute("feed.xml") { link rel="self" type="application/atom+xml" href=(xml(&own)) {} }
            "\n"
            @for change in &changes { (markup(change, &place(&change.page))) "\n" }
        }
        "\n"
    };
    feed.into_string()
}

fn markup(change: &Change, address: &str) -> Markup {
    html! {
        entry {
            id { (uuid(&change.key)) }
            title { (xml(&change.title)) }
            updated { (xml(&change.at)) }
            link rel="alternate" type="text/html" href=(xml(address)) {}
            content type="html" { (xml(&change.content)) }
        }
    }
}

fn of_recipe(site: &Site, entry: &CatalogueRecipe) -> Vec<Change> {
    let page = site.names.page(entry);
    let releases = entry.versions.iter().enumerate().filter_map(|(number, version)| {
        let note = version.release_notes.as_deref().map(|note| notes::markup(note).into_string());
        let app =
            version.services.get("app").map(|app| html! { p { "app runs " (app.image) ":" (app.tag) } }.into_string());
        let word = if number == 0 { "a new recipe, version" } else { "version" };
        Some(Change {
            at: version.tagged_at.clone()?,
            key: format!("release {} {}", entry.name, version.version),
            title: format!("{}: {word} {}", entry.name, version.version),
            page: format!("{page}#{}", super::recipe::anchor(&version.version)),
            content: [app, note].into_iter().flatten().collect(),
        })
    });
    // A run that broke off for a reason of ours says nothing about the recipe.
    let told: Vec<&RunLink> = entry.runs.iter().filter(|run| run.outcome != Outcome::Errored).collect();
    let levels: Vec<Change> =
        told.windows(2).filter_map(|pair| level_change(entry, pair.first()?, pair.last()?, &page)).collect();
    let stale = entry.stale.iter().filter_map(|trouble| {
        let at = entry.committed_at.clone().or_else(|| latest(entry)?.tagged_at.clone())?;
        Some(Change {
            key: format!("stale {} {}", entry.name, trouble.class.word()),
            title: format!("{}: could not be renewed", entry.name),
            page: page.clone(),
            content: html! { p { (trouble.reason) } }.into_string(),
            at,
        })
    });
    releases.chain(levels).chain(stale).collect()
}

/// Two runs in a row that prove different levels. One that proves at least so much says nothing against the one before.
fn level_change(entry: &CatalogueRecipe, newer: &RunLink, older: &RunLink, page: &str) -> Option<Change> {
    let rose = newer.level > older.level;
    if !rose && (newer.at_least || newer.level == older.level) {
        return None;
    }
    let words = |run: &RunLink| run_level(run).to_lowercase();
    Some(Change {
        at: newer.at.clone()?,
        key: format!("level {} {}", entry.name, newer.run),
        title: format!("{}: {} to {}", entry.name, if rose { "rose" } else { "fell" }, words(newer)),
        page: format!("{page}#runs"),
        content: html! { p { "It was " (words(older)) " before." } }.into_string(),
    })
}

/// An identifier that stays the same wherever the feed is published (RFC 9562, version 8).
fn uuid(key: &str) -> String {
    let mut hex: String = Sha256::digest(key.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    hex.replace_range(12..13, "8");
    hex.replace_range(16..17, "a");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}
