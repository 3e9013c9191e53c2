//! Guessed variants: overlays that neither the sample nor a declared variant uses. They inform, and never count (design.md §3.3).

use std::collections::BTreeSet;

use super::trouble::Trouble;
use crate::recipe::{Recipe, compose_files, is_compose_file};
use crate::record::Outcome;
use crate::scenario::{GUESSED, Scenario, Variant};

/// A variant for each overlay of the recipe that nothing uses, by name: on top of what the sample chooses, with the options that the sample has
/// commented out and the overlay asks for.
pub(super) fn variants(recipe: &Recipe, scenario: &Scenario) -> Vec<(String, Variant)> {
    let sampled =
        recipe.env_sample.as_ref().map_or_else(|| vec!["compose.yml".to_owned()], |sample| sample.compose_files());
    let chosen = match scenario.env.get("COMPOSE_FILE") {
        Some(files) => compose_files(&[("COMPOSE_FILE".to_owned(), files.clone())]),
        None => sampled,
    };
    let declared = scenario.variants.values().flat_map(|variant| {
        let own =
            variant.env.get("COMPOSE_FILE").map(|files| compose_files(&[("COMPOSE_FILE".to_owned(), files.clone())]));
        own.into_iter().flatten().chain(variant.compose.iter().cloned())
    });
    let used: BTreeSet<String> =
        chosen.iter().cloned().chain(declared).map(|path| path.trim_start_matches("./").to_owned()).collect();
    let is_overlay =
        |path: &str| is_compose_file(path) && !matches!(path, "compose.yml" | "compose.yaml") && !used.contains(path);
    let overlays = recipe.tree.iter().filter(|(path, _)| !path.contains('/') && is_overlay(path));
    overlays
        .map(|(path, file)| {
            let name = path.trim_start_matches("compose.").rsplit_once('.').map_or(path, |(name, _)| name);
            let compose = chosen.iter().cloned().chain([path.to_owned()]).collect();
            let text = String::from_utf8_lossy(&file.bytes);
            let asks = |name: &str| text.contains(&format!("${{{name}")) || text.contains(&format!("${name}"));
            let options = recipe.env_sample.iter().flat_map(|sample| {
                sample.options.iter().filter(|option| sample.entry(&option.name).is_none() && asks(&option.name))
            });
            let env = options
                .filter(|option| option.name != "COMPOSE_FILE")
                .map(|option| (option.name.clone(), option.value.clone()))
                .collect();
            (format!("{GUESSED}{name}"), Variant { compose, env })
        })
        .collect()
}

/// That a guess does not install is news, and no failure of the recipe: nobody said that it would.
pub(super) fn informs(trouble: Trouble) -> Trouble {
    if trouble.outcome != Outcome::Failed {
        return trouble;
    }
    let reason = format!("as taster guesses it, it does not install: {}", trouble.reason);
    Trouble { outcome: Outcome::Skipped, class: "guessed".to_owned(), reason, ..trouble }.with(
        "guess",
        "an overlay that neither .env.sample nor a [variants] of tests/taster.toml names; it counts for no level",
    )
}
