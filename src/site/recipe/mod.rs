//! The page of a recipe: what was measured, what is missing, what it claims, what was released, how to install it.

mod chart;
mod install;
mod measured;
mod upgrades;
mod versions;

use maud::{Markup, html};

use super::Site;
use super::layout::Page;
use super::levels;
use super::runs::Kept;
use super::words::{is_stable, long_level, safe_link, score};
use crate::record::CatalogueRecipe;
use crate::report::markup::prose;

pub(super) use versions::anchor;

pub(super) fn page(site: &Site, entry: &CatalogueRecipe, kept: &[Kept]) -> String {
    let path = site.names.page(entry);
    let title = format!("{} · {}", entry.name, site.title());
    let picture = entry.runs.iter().flat_map(|run| Kept::pictures(kept, &run.run)).next();
    let main = html! {
        (header(entry))
        @if let Some(trouble) = &entry.stale {
            p.warning role="note" { strong { "Stale. " } "This entry could not be renewed and shows what was good last: " (prose(&trouble.reason)) }
        }
        section.verdict aria-label="Level" { (levels::headline(entry)) (stability(entry)) }
        nav.contents aria-label="On this page" {
            @for (id, name) in sections(entry) { a href={ "#" (id) } { (name) } }
        }
        div.columns {
            div.main {
                (section("ladder", "Level", levels::ladder(entry)))
                (section("stability", "Stability over time", chart::section(entry)))
                (section("upgrades", "Upgrades", upgrades::section(entry, kept)))
                (section("claims", "What it claims, and what holds", measured::claims(entry, kept)))
                (section("versions", "Versions", versions::section(entry)))
                @if entry.lint.is_some() { (section("lint", "What the linter found", measured::lint(entry))) }
                (section("runs", "Last runs", measured::runs(entry, kept)))
            }
            div.aside {
                (section("install", "Install it", install::section(entry)))
                (section("about", "About", measured::about(entry)))
                (section("badge", "Badge", install::badge(site, entry)))
            }
        }
    };
    Page { path: &path, title: &title, description: &description(entry), picture, scripted: false }.render(site, &main)
}

fn sections(entry: &CatalogueRecipe) -> Vec<(&'static str, &'static str)> {
    let mut sections =
        vec![("install", "Install"), ("ladder", "Level"), ("stability", "Stability"), ("upgrades", "Upgrades")];
    sections.extend([("claims", "Claims"), ("versions", "Versions")]);
    sections.extend(entry.lint.is_some().then_some(("lint", "Linter")));
    sections.extend([("runs", "Runs"), ("about", "About")]);
    sections
}

fn section(id: &str, title: &str, content: Markup) -> Markup {
    let heading = format!("{id}-title");
    html! { section id=(id) aria-labelledby=(heading) { h2 id=(heading) { (title) } (content) } }
}

/// One line for who meets a link to the page elsewhere.
fn description(entry: &CatalogueRecipe) -> String {
    let level = entry.level.as_ref().map_or_else(|| "Not tested".to_owned(), long_level);
    match entry.description.as_str() {
        "" => format!("{level}."),
        about => format!("{} {level}.", about.trim_end_matches('.').to_owned() + "."),
    }
}

fn header(entry: &CatalogueRecipe) -> Markup {
    let links = [
        ("App's site", entry.website.as_deref()),
        ("Recipe's repository", Some(entry.repository.url.as_str())),
        ("Image", entry.upstream.as_deref()),
    ];
    html! {
        header.recipe-head {
            p.back { a href="../index.html" { "All recipes" } }
            h1 { (entry.name) @if is_stable(entry) { " " span.pill.good { "stable" } } }
            @if !entry.description.is_empty() { p.lead { (entry.description) } }
            p.tags {
                @if !entry.category.is_empty() { span.category { (entry.category) } }
                @for tag in &entry.tags { " " span.tag { (tag) } }
            }
            p.links {
                @for (name, address) in links {
                    @if let Some(address) = address.and_then(safe_link) { a href=(address) rel="noopener noreferrer" { (name) } " " }
                }
            }
        }
    }
}

/// The stability beside the level.
fn stability(entry: &CatalogueRecipe) -> Markup {
    html! {
        div.measure {
            @match &entry.stability {
                Some(stability) => {
                    p.figure { (score(stability.score)) small { " / 100" } }
                    p { "Stability, between " (score(stability.score)) " and " (score(stability.high)) " from " (super::words::count(stability.observations, "observation")) }
                }
                None => { p.figure.none { "Not tested" } p { "Stability needs a history of runs" } }
            }
        }
    }
}
