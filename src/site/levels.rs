//! What each level means, in words for who chooses an app, and what is missing to the next one.

use maud::{Markup, html};

use super::words::{level_tone, long_level};
use crate::record::CatalogueRecipe;
use crate::report::markup::prose;
use crate::score::LEVEL_NAMES;

/// What a recipe of the level does, in one sentence each (design.md §3.3).
const MEANINGS: [&str; 9] = [
    "Nobody could install it: no variant came up healthy and answered.",
    "It comes up healthy and answers in at least one of its variants.",
    "It comes up in every variant that it declares, and a restart or a second deploy changes nothing.",
    "An upgrade from the release before, with the old settings and secrets, keeps the data.",
    "A backup brought the data back after everything had been deleted.",
    "The linter finds no error in its files.",
    "A community organisation holds it, and it has a licence.",
    "Every upgrade of the chain, the way back and the pages in a browser work, and nothing even warrants a warning.",
    "It has a named maintainer, follows its upstream, and has stayed good for a year.",
];

/// The explanation of all levels, for the list.
pub(super) fn explained() -> Markup {
    html! {
        section #levels aria-labelledby="levels-title" {
            h2 #levels-title { "What the levels mean" }
            p { "A level is measured, not claimed: each recipe is installed, upgraded, backed up, lost and restored on a machine of its own. "
                "Each level includes all below it. A " strong { "+" } " means " em { "at least" } ": more could not be measured yet. "
                strong { "Not tested" } " says nothing about a recipe, neither good nor bad." }
            ol.meanings start="0" {
                @for (level, (name, meaning)) in (0_u8..).zip(LEVEL_NAMES.iter().zip(MEANINGS)) {
                    li { span class={ "token small l" (level) } aria-hidden="true" { (level) }
                        div { strong { span.vh { "Level " (level) ": " } (name) } p { (meaning) } } }
                }
            }
            h2 #stability-title { "What the stability means" }
            p { "A number from 0 to 100 from the history of runs, not from one run: how surely the recipe installs, upgrades, backs up and serves its pages. "
                "It is the cautious end of what the results allow, so few results give a low number: trust is earned. From 80 on a recipe is marked "
                span.pill.good { "stable" } "." }
        }
    }
}

/// The level of a recipe and what is missing to the next one.
pub(super) fn headline(entry: &CatalogueRecipe) -> Markup {
    html! {
        @match &entry.level {
            Some(level) => {
                @let name = LEVEL_NAMES.get(usize::from(level.level)).copied().unwrap_or_default();
                p class={ "token big l" (level.level) } aria-hidden="true" { (level.level) @if level.at_least { sup { "+" } } }
                div {
                    h2 { (long_level(level)) ": " (name) }
                    @if let Some(missing) = missing(entry) { p.missing { (missing) } }
                }
            }
            None => {
                p.token.big.none aria-hidden="true" { "?" }
                div {
                    h2 { "Not tested" }
                    p.missing { "No run of this recipe's newest version is known, so nothing is said about it: neither good nor bad." }
                }
            }
        }
    }
}

/// What is missing to the next level; `None` on top of the ladder, and for what was not tested.
fn missing(entry: &CatalogueRecipe) -> Option<Markup> {
    let level = entry.level.as_ref()?;
    let next = usize::from(level.level) + 1;
    let name = LEVEL_NAMES.get(next)?;
    Some(html! {
        "To level " (next) ", " em { (name) } ": "
        @if !level.missing.is_empty() { (prose(&level.missing)) }
        @else if next == 6 && entry.community == Some(false) { "no community organisation holds it." }
        @else if next == 6 && entry.licence_file.is_none() { "it has no licence." }
        @else if next == 8 && entry.maintainers.is_empty() { "it has no named maintainer." }
        @else if level.at_least { "not measured yet." }
        @else { "see its last run." }
    })
}

/// The rungs, with what was reached.
pub(super) fn ladder(entry: &CatalogueRecipe) -> Markup {
    let reached = entry.level.as_ref();
    html! {
        ol.ladder {
            @for (number, (name, meaning)) in LEVEL_NAMES.iter().zip(MEANINGS).enumerate().skip(1) {
                @let (state, word) = match reached {
                    None => ("idle", "not tested"),
                    Some(level) if number <= usize::from(level.level) => (level_tone(reached), "reached"),
                    Some(level) if number == usize::from(level.level) + 1 && !level.at_least => ("bad", "missing"),
                    Some(level) if number == usize::from(level.level) + 1 => ("idle", "not measured"),
                    Some(_) => ("idle", ""),
                };
                li class=(state) {
                    span.number { (number) }
                    div { strong { (name) } p { (meaning) } }
                    span.state { (word) }
                }
            }
        }
    }
}
