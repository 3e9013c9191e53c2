//! The list of all recipes. It is whole without JavaScript, which searches, filters and sorts it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use maud::{Markup, html};

use super::Site;
use super::layout::Page;
use super::levels;
use super::words::{count, day, fresh, is_stable, latest, level_tone, long_level, score, short_level};
use crate::record::{CatalogueRecipe, Feature, Verdict};

/// Properties that can be filtered by, with their labels.
const PROPERTIES: [(&str, &str); 6] = [
    ("stable", "stable"),
    ("backups", "backups verified"),
    ("sso", "claims single sign-on"),
    ("community", "community operated"),
    ("maintained", "named maintainer"),
    ("renewed", "not stale"),
];

/// Groups of levels that can be filtered by: value, label.
const GROUPS: [(&str, &str); 5] =
    [("5-8", "5 and higher"), ("3-4", "3 and 4"), ("1-2", "1 and 2"), ("0-0", "0"), ("none", "not tested")];

pub(super) fn page(site: &Site) -> String {
    let recipes = sorted(&site.catalogue.recipes);
    let tested = recipes.iter().filter(|entry| entry.level.is_some()).count();
    let stable = recipes.iter().filter(|entry| is_stable(entry)).count();
    let told = format!("{}, {tested} of them tested, {stable} stable", count(recipes.len(), "recipe"));
    let main = html! {
        div.hero {
            h1 { (site.title()) }
            p.lead { (told) @if let Some(at) = &site.catalogue.as_of { ". As of " time datetime=(at) { (day(at)) } } "." }
            @if tested < recipes.len() { p.dim { "What was not tested is marked so: it is neither good nor bad." } }
        }
        div.browse {
            (tools(&recipes))
            section.results aria-labelledby="results-title" {
                h2 #results-title.vh { "Recipes" }
                p #count.dim role="status" aria-live="polite" {}
                p #nothing hidden { "No recipe is like that. " button type="button" { "Show all" } }
                ul #recipes { @for entry in &recipes { (item(site, entry)) } }
                (unreadable(site))
            }
        }
        (levels::explained())
    };
    let description = format!("{}: {told}, each with a measured level.", site.title());
    Page { path: "index.html", title: site.title(), description: &description, picture: None, scripted: true }
        .render(site, &main)
}

/// The best first: level, then stability, then name.
fn sorted(recipes: &[CatalogueRecipe]) -> Vec<&CatalogueRecipe> {
    let mut sorted: Vec<&CatalogueRecipe> = recipes.iter().collect();
    let key = |entry: &CatalogueRecipe| {
        let level = entry.level.as_ref().map_or(-1, |level| i16::from(level.level));
        (level, entry.stability.as_ref().map_or(-1.0, |stability| stability.score))
    };
    sorted.sort_by(|a, b| {
        key(b).partial_cmp(&key(a)).unwrap_or(Ordering::Equal).then_with(|| by_name(a).cmp(&by_name(b)))
    });
    sorted
}

fn by_name(entry: &CatalogueRecipe) -> (String, &str) {
    (entry.name.to_lowercase(), &entry.name)
}

fn tools(recipes: &[&CatalogueRecipe]) -> Markup {
    let mut categories: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in recipes {
        *categories.entry(category(entry)).or_default() += 1;
    }
    let having = |property: &str| recipes.iter().filter(|entry| has(entry).contains(&property)).count();
    let of_group = |group: &str| recipes.iter().filter(|entry| self::group(entry) == group).count();
    html! {
        // Without JavaScript it can do nothing, so it is not there.
        form #tools role="search" hidden {
            p.find {
                label for="q" { "Search" }
                input #q type="search" name="q" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="name, purpose or tag" aria-describedby="keys";
                span #keys.dim { "Press " kbd { "/" } " to search, " kbd { "Esc" } " to clear." }
            }
            p.sort {
                label for="sort" { "Sort by" }
                select #sort name="sort" {
                    option value="level" selected { "level" }
                    option value="stability" { "stability" }
                    option value="name" { "name" }
                    option value="fresh" { "freshness" }
                }
            }
            details #filters open {
                summary { "Filters " span #chosen {} }
                fieldset { legend { "Level" }
                    @for (value, label) in GROUPS { (checkbox("level", value, label, of_group(value))) } }
                fieldset { legend { "Only those" }
                    @for (value, label) in PROPERTIES { (checkbox("has", value, label, having(value))) } }
                fieldset { legend { "Category" }
                    @for (value, count) in &categories { (checkbox("category", value, value, *count)) } }
            }
        }
    }
}

fn checkbox(name: &str, value: &str, label: &str, count: usize) -> Markup {
    html! {
        label.check { input type="checkbox" name=(name) value=(value) disabled[count == 0]; span { (label) } span.dim.number { (count) } }
    }
}

fn category(entry: &CatalogueRecipe) -> &str {
    let category = entry.category.trim();
    if category.is_empty() { "none told" } else { category }
}

fn group(entry: &CatalogueRecipe) -> &'static str {
    match entry.level.as_ref().map(|level| level.level) {
        None => "none",
        Some(0) => "0-0",
        Some(1 | 2) => "1-2",
        Some(3 | 4) => "3-4",
        Some(_) => "5-8",
    }
}

fn has(entry: &CatalogueRecipe) -> Vec<&'static str> {
    let verified =
        |feature| entry.claims.iter().any(|claim| claim.feature == feature && claim.verdict == Verdict::Verified);
    let sso = entry.features.sso.trim().to_ascii_lowercase();
    let all = [
        ("stable", is_stable(entry)),
        ("backups", verified(Feature::Backups)),
        ("sso", sso.starts_with("yes") || sso.starts_with(['1', '2', '3'])),
        ("community", entry.community == Some(true)),
        ("maintained", !entry.maintainers.is_empty()),
        ("renewed", entry.stale.is_none()),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name).collect()
}

fn item(site: &Site, entry: &CatalogueRecipe) -> Markup {
    let stable = is_stable(entry);
    let level = entry.level.as_ref();
    html! {
        li.recipe.stable[stable] data-level=[level.map(|level| level.level)] data-stability=[entry.stability.as_ref().map(|s| score(s.score))]
            data-fresh=[fresh(entry)] data-group=(group(entry)) data-category=(category(entry)) data-has=(has(entry).join(" ")) {
            (token(entry))
            div.what {
                h3 { a href=(site.names.page(entry)) { (entry.name) }
                    @if stable { " " span.pill.good { "stable" } }
                    @if level.is_none() { " " span.pill.idle { "not tested" } }
                    @if entry.stale.is_some() { " " span.pill.unsure { "stale" } } }
                @if !entry.description.is_empty() { p.about { (entry.description) } }
                p.tags { @if !entry.category.trim().is_empty() { span.category { (entry.category) } } @for tag in &entry.tags { " " span.tag { (tag) } } }
            }
            dl.facts {
                div { dt { "Stability" } dd.none[entry.stability.is_none()] {
                    @match &entry.stability { Some(stability) => (score(stability.score)), None => "not tested" } } }
                div { dt { "Version" } dd.none[latest(entry).is_none()] {
                    @match latest(entry) { Some(version) => (version.version), None => "none yet" } } }
                @if let Some(at) = fresh(entry) { div { dt { "Released" } dd { time datetime=(at) { (at) } } } }
            }
        }
    }
}

/// The level as a mark of one glance; words for who cannot see it.
fn token(entry: &CatalogueRecipe) -> Markup {
    html! {
        @match &entry.level {
            Some(level) => p class={ "token l" (level.level) " " (level_tone(Some(level))) } title=(long_level(level)) {
                span.vh { (long_level(level)) } span aria-hidden="true" { (short_level(level)) } },
            None => p.token.none title="Not tested" { span.vh { "Not tested" } span aria-hidden="true" { "?" } },
        }
    }
}

/// Repositories that are in no entry because nothing of them could ever be read.
fn unreadable(site: &Site) -> Markup {
    let unreadable = &site.catalogue.unreadable;
    html! {
        @if !unreadable.is_empty() {
            details.unreadable {
                summary { (count(unreadable.len(), "source")) " could not be read" }
                ul { @for one in unreadable { li { strong { (one.name) } ": " (one.trouble.reason) } } }
            }
        }
    }
}
