//! One entry of a published catalogue made anew, after a release of that recipe. Every other entry stays as it was published.

use super::build::{Built, as_of, build, recipe_entry};
use super::previous::Previous;
use super::read::{Outcome, Reading};
use super::runs::Runs;
use crate::config;
use crate::mirror::About;
use crate::record::{Catalogue, CatalogueRecipe};

/// What a forge told about a recipe when the catalogue was published: a checkout does not know it.
pub fn published_about(entry: &CatalogueRecipe) -> About {
    About {
        url: entry.repository.url.clone(),
        ssh_url: entry.repository.ssh_url.clone(),
        default_branch: entry.repository.default_branch.clone(),
        description: entry.description.clone(),
        tags: entry.tags.clone(),
        website: entry.website.clone().unwrap_or_default(),
        icon: entry.icon.clone().unwrap_or_default(),
        organisation: entry.organisation.clone().unwrap_or_default(),
    }
}

/// Takes over what only the folders of runs told when the catalogue was published: whoever releases one recipe does not have them. Where there
/// is a history, it decides which of these runs count, and the links say where more about them is.
fn remember(entry: &mut CatalogueRecipe, published: &Catalogue) {
    let Some(known) = published.recipes.iter().find(|known| known.name == entry.name) else { return };
    entry.runs.clone_from(&known.runs);
    entry.last_tested.clone_from(&known.last_tested);
    entry.upgrades.clone_from(&known.upgrades);
    entry.required_stops.clone_from(&known.required_stops);
}

/// Puts what was read of one recipe into a published catalogue.
pub fn renew(
    published: &Catalogue,
    previous: &Previous,
    reading: Reading,
    runs: &Runs,
    settings: &config::Catalogue,
) -> Built {
    let mut reading = reading;
    if let Some(Outcome::Recipe(entry)) = &mut reading.outcome {
        remember(entry, published);
    }
    let mut built = build(vec![reading], previous, runs, settings);
    let renewed = std::mem::take(&mut built.catalogue.recipes);
    let is_renewed = |name: &str| renewed.iter().any(|recipe| recipe.name == name);
    let mut catalogue = Catalogue { taster: built.catalogue.taster.clone(), ..published.clone() };
    catalogue.recipes.retain(|recipe| !is_renewed(&recipe.name));
    catalogue.unreadable.retain(|other| !is_renewed(&other.name));
    catalogue.not_recipes.retain(|other| !is_renewed(&other.name));
    catalogue.unreadable.append(&mut built.catalogue.unreadable);
    catalogue.not_recipes.append(&mut built.catalogue.not_recipes);
    catalogue.recipes.extend(renewed);
    catalogue.recipes.sort_by(|a, b| a.name.cmp(&b.name));
    catalogue.as_of = as_of(&catalogue.recipes);
    let entries = catalogue.recipes.iter().map(|recipe| (recipe.name.clone(), recipe_entry(recipe)));
    built.recipes.0 = entries.collect();
    built.catalogue = catalogue;
    built
}
