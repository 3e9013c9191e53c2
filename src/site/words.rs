//! What the catalogue's values are called on the pages. What was not tested is said, and never shown as zero.

use crate::record::{CatalogueRecipe, CatalogueVersion, LevelReached, Outcome, RunLink, Verdict};

pub(super) use crate::report::count;

/// From this stability on a recipe is called stable: the threshold of level 8 (design.md §3.3).
pub(super) const STABLE: f64 = 80.0;

/// Whether the history of runs says that a recipe is stable.
pub(super) fn is_stable(entry: &CatalogueRecipe) -> bool {
    entry.stability.as_ref().is_some_and(|stability| stability.score >= STABLE)
}

/// `2026-11-20` of `2026-11-20T10:11:12Z`.
pub(super) fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

/// A score as people read it. It is cut, not rounded: 79.9 is not 80.
pub(super) fn score(score: f64) -> String {
    format!("{:.0}", score.clamp(0.0, 100.0).floor())
}

/// `4` or `4+`.
pub(super) fn short_level(level: &LevelReached) -> String {
    format!("{}{}", level.level, if level.at_least { "+" } else { "" })
}

/// `Level 4` or `At least level 4`.
pub(super) fn long_level(level: &LevelReached) -> String {
    words_of(level.level, level.at_least)
}

/// The same of a run.
pub(super) fn run_level(run: &RunLink) -> String {
    words_of(run.level, run.at_least)
}

fn words_of(level: u8, at_least: bool) -> String {
    if at_least { format!("At least level {level}") } else { format!("Level {level}") }
}

/// The class of colours of a level.
pub(super) fn level_tone(level: Option<&LevelReached>) -> &'static str {
    match level.map(|level| level.level) {
        None => "idle",
        Some(0) => "bad",
        Some(1 | 2) => "unsure",
        Some(3 | 4) => "fair",
        Some(_) => "good",
    }
}

/// The class of colours of an outcome.
pub(super) fn outcome_tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "good",
        Outcome::Failed => "bad",
        Outcome::Errored | Outcome::Blocked => "unsure",
        Outcome::Skipped => "idle",
    }
}

/// The outcome of a run in words; an error is not the recipe's.
pub(super) fn outcome_word(outcome: Outcome) -> &'static str {
    if outcome == Outcome::Errored { "not tested" } else { outcome.word() }
}

pub(super) fn verdict_tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "good",
        Verdict::Contradicted => "bad",
        Verdict::Unverified => "idle",
    }
}

/// The newest version.
pub(super) fn latest(entry: &CatalogueRecipe) -> Option<&CatalogueVersion> {
    entry.versions.last()
}

/// When something was released last; without a release, when something was committed last.
pub(super) fn fresh(entry: &CatalogueRecipe) -> Option<&str> {
    let tagged = entry.versions.iter().filter_map(|version| version.tagged_at.as_deref()).max();
    tagged.or(entry.committed_at.as_deref()).map(day)
}

/// A size in the unit that people read.
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

/// Where a link may lead: to the web, or to write a mail. Any other address (`javascript:`) is no link.
pub(super) fn safe_link(address: &str) -> Option<&str> {
    let parsed = url::Url::parse(address).ok()?;
    matches!(parsed.scheme(), "https" | "http" | "mailto").then_some(address)
}
