//! From what was read to the two catalogues.

use std::collections::BTreeMap;

use super::claims::claims;
use super::previous::Previous;
use super::read::{Outcome, Reading};
use super::runs::Runs;
use crate::config;
use crate::mirror::Place;
use crate::record::{
    CATALOGUE_SCHEMA, Catalogue, CatalogueRecipe, NotARecipe, RecipeEntry, Recipes, Trouble, TroubleClass, Unreadable,
    VersionEntry,
};
use crate::score::measured_status;

/// Both catalogues, and what went wrong.
#[derive(Debug, Clone, Default)]
pub struct Built {
    /// `catalogue.json`.
    pub catalogue: Catalogue,
    /// `recipes.json`.
    pub recipes: Recipes,
    /// Recipes whose remote moved a tag, with the tags.
    pub moved: BTreeMap<String, Vec<String>>,
}

impl Built {
    /// Whether every entry is fresh and every repository was read.
    pub fn is_whole(&self) -> bool {
        self.moved.is_empty()
            && self.catalogue.unreadable.is_empty()
            && self.catalogue.recipes.iter().all(|recipe| recipe.stale.is_none())
    }
}

/// Makes the catalogues. What could not be read keeps its last good entry: what is remembered of it, or what `previous` has.
pub fn build(readings: Vec<Reading>, previous: &Previous, runs: &Runs, settings: &config::Catalogue) -> Built {
    let mut built = Built::default();
    let mut recipes: BTreeMap<String, (CatalogueRecipe, String)> = BTreeMap::new();
    let catalogue = &mut built.catalogue;
    for Reading { place, outcome, trouble } in readings {
        if !place.moved.is_empty() {
            built.moved.insert(place.name.clone(), place.moved.clone());
        }
        let (mut entry, stale) = match (outcome, trouble) {
            (Some(Outcome::NotARecipe { name, reason, .. }), None) => {
                catalogue.not_recipes.push(NotARecipe { name, source: place.source, reason });
                continue;
            }
            (Some(Outcome::Recipe(entry)), trouble) => (*entry, trouble),
            (_, Some(trouble)) => match previous.last_good(&place.name) {
                Some(entry) => (entry, Some(trouble)),
                None => {
                    catalogue.unreadable.push(Unreadable { name: place.name, source: place.source, trouble });
                    continue;
                }
            },
            (None, None) => continue,
        };
        if let Some((_, first)) = recipes.get(&entry.name) {
            let reason = format!(
                "another repository of the name `{}` came first ({first}); the catalogue has one recipe of each name, so \
                 rename one, or list only one as a source",
                entry.name
            );
            let trouble = Trouble { class: TroubleClass::Duplicate, reason };
            catalogue.unreadable.push(Unreadable { name: entry.name, source: place.source, trouble });
            continue;
        }
        entry.stale = stale;
        about(&mut entry, &place, settings);
        scored(&mut entry, runs);
        recipes.insert(entry.name.clone(), (entry, place.source));
    }
    catalogue.schema = CATALOGUE_SCHEMA.to_owned();
    catalogue.taster = env!("CARGO_PKG_VERSION").to_owned();
    catalogue.title.clone_from(&settings.title);
    catalogue.url.clone_from(&settings.url);
    catalogue.recipes = recipes.into_values().map(|(entry, _)| entry).collect();
    catalogue.unreadable.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    catalogue.not_recipes.sort_by(|a, b| (&a.name, &a.source).cmp(&(&b.name, &b.source)));
    catalogue.as_of = as_of(&catalogue.recipes);
    let entries = catalogue.recipes.iter().map(|recipe| (recipe.name.clone(), recipe_entry(recipe)));
    built.recipes = Recipes(entries.collect());
    built
}

/// Puts into an entry all that comes from runs.
pub(super) fn scored(entry: &mut CatalogueRecipe, runs: &Runs) {
    runs.apply(entry);
    let run = runs.current(entry);
    entry.claims = claims(entry, run.as_ref());
    let measured = run.and_then(|run| measured_status(&run.steps, &entry.claims, &entry.features.image.rating));
    if let Some(measured) = measured {
        entry.measured_status = Some(measured.status);
        entry.status_reasons = measured.reasons;
    }
}

/// What the forge tells wins over what the files tell; what neither tells stays as it is.
fn about(entry: &mut CatalogueRecipe, place: &Place, settings: &config::Catalogue) {
    let about = &place.about;
    let text = |target: &mut String, told: &str| {
        if !told.is_empty() {
            told.clone_into(target);
        }
    };
    let optional = |target: &mut Option<String>, told: &str| {
        if !told.is_empty() {
            *target = Some(told.to_owned());
        }
    };
    text(&mut entry.description, &about.description);
    text(&mut entry.repository.url, &about.url);
    text(&mut entry.repository.ssh_url, &about.ssh_url);
    text(&mut entry.repository.default_branch, &about.default_branch);
    if !about.tags.is_empty() {
        entry.tags.clone_from(&about.tags);
        entry.tags.sort();
        entry.tags.dedup();
    }
    optional(&mut entry.website, &about.website);
    optional(&mut entry.icon, &about.icon);
    optional(&mut entry.organisation, &about.organisation);
    entry.community = match (&entry.organisation, settings.community.as_slice()) {
        (_, []) => None,
        (None, _) => Some(false),
        (Some(organisation), community) => Some(community.iter().any(|known| same_address(known, organisation))),
    };
}

fn same_address(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

/// The newest time that is known; times are in one format, so their texts compare.
pub(super) fn as_of(recipes: &[CatalogueRecipe]) -> Option<String> {
    let times = recipes.iter().flat_map(|recipe| {
        let own = [&recipe.committed_at, &recipe.last_tested].into_iter().flatten();
        own.chain(recipe.versions.iter().filter_map(|version| version.tagged_at.as_ref()))
    });
    times.max().cloned()
}

/// The entry of `recipes.json`.
pub(super) fn recipe_entry(recipe: &CatalogueRecipe) -> RecipeEntry {
    let versions = recipe.versions.iter();
    RecipeEntry {
        category: recipe.category.clone(),
        default_branch: recipe.repository.default_branch.clone(),
        description: recipe.description.clone(),
        features: recipe.features.clone(),
        icon: recipe.icon.clone().unwrap_or_default(),
        name: recipe.name.clone(),
        repository: recipe.repository.url.clone(),
        ssh_url: recipe.repository.ssh_url.clone(),
        versions: versions
            .map(|version| VersionEntry::new(version.version.clone(), version.services.clone()))
            .collect(),
        website: recipe.website.clone().unwrap_or_default(),
    }
}
