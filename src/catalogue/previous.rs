//! The catalogue that was published before: what must not get lost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::build::recipe_entry;
use crate::record::{
    CATALOGUE_SCHEMA, Catalogue, CatalogueRecipe, CatalogueVersion, RecipeEntry, Recipes, RepositoryLinks,
};

/// What was published before.
#[derive(Debug, Clone, Default)]
pub struct Previous {
    /// `recipes.json`.
    pub recipes: Recipes,
    /// The recipes of `catalogue.json`, by name; empty when only `recipes.json` is known.
    pub scored: BTreeMap<String, CatalogueRecipe>,
}

/// Why an earlier catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot use the earlier catalogue {}: {why}; without it nobody can tell whether a recipe got lost: mend it, or move it away to begin anew",
    file.display()
)]
pub struct PreviousError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl Previous {
    /// Reads the earlier catalogue in a folder; empty when there is none.
    ///
    /// # Errors
    /// When a file is there and cannot be used.
    pub fn in_folder(folder: &Path) -> Result<Previous, PreviousError> {
        let recipes = folder.join("recipes.json");
        let mut previous = Previous::default();
        if recipes.exists() {
            previous.recipes = parse(&recipes)?;
        }
        let scored = folder.join("catalogue.json");
        if scored.exists() {
            previous.scored = entries(&scored, parse(&scored)?)?;
        }
        Ok(previous)
    }

    /// Reads a `recipes.json` or a `catalogue.json`, whichever it is; with a `recipes.json` the `catalogue.json` beside it too.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn in_file(file: &Path) -> Result<Previous, PreviousError> {
        let value: serde_json::Value = parse(file)?;
        let failed = |error: serde_json::Error| PreviousError { file: file.to_owned(), why: error.to_string() };
        // In recipes.json every value is an entry.
        if value.get("schema").is_some_and(serde_json::Value::is_string) {
            let scored = entries(file, serde_json::from_value(value).map_err(failed)?)?;
            let recipes = scored.values().map(|recipe| (recipe.name.clone(), recipe_entry(recipe)));
            return Ok(Previous { recipes: Recipes(recipes.collect()), scored });
        }
        let recipes = serde_json::from_value(value).map_err(failed)?;
        let beside = file.with_file_name("catalogue.json");
        let scored = match file.file_name().is_some_and(|name| name == "recipes.json") && beside.exists() {
            true => entries(&beside, parse(&beside)?)?,
            false => BTreeMap::new(),
        };
        Ok(Previous { recipes, scored })
    }

    /// The last good entry of a recipe.
    pub(super) fn last_good(&self, name: &str) -> Option<CatalogueRecipe> {
        self.scored.get(name).cloned().or_else(|| self.recipes.0.get(name).map(from_recipes_json))
    }

    /// Whether a recipe of this name was published.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.recipes.0.contains_key(name) || self.scored.contains_key(name)
    }
}

/// The recipes of a `catalogue.json`, by name.
fn entries(file: &Path, catalogue: Catalogue) -> Result<BTreeMap<String, CatalogueRecipe>, PreviousError> {
    if catalogue.schema != CATALOGUE_SCHEMA {
        let why = format!("its format is `{}`, and {CATALOGUE_SCHEMA} is needed", catalogue.schema);
        return Err(PreviousError { file: file.to_owned(), why });
    }
    Ok(catalogue.recipes.into_iter().map(|recipe| (recipe.name.clone(), recipe)).collect())
}

fn parse<T: serde::de::DeserializeOwned>(file: &Path) -> Result<T, PreviousError> {
    let failed = |why: String| PreviousError { file: file.to_owned(), why };
    let bytes = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}

/// `recipes.json` knows less; what it does not know is absent.
fn from_recipes_json(entry: &RecipeEntry) -> CatalogueRecipe {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let version = |version: &crate::record::VersionEntry| CatalogueVersion {
        version: version.tag().to_owned(),
        annotated: true,
        services: version.services().cloned().unwrap_or_default(),
        ..CatalogueVersion::default()
    };
    CatalogueRecipe {
        name: entry.name.clone(),
        category: entry.category.clone(),
        description: entry.description.clone(),
        website: some(&entry.website),
        icon: some(&entry.icon),
        repository: RepositoryLinks {
            url: entry.repository.clone(),
            ssh_url: entry.ssh_url.clone(),
            default_branch: entry.default_branch.clone(),
        },
        features: entry.features.clone(),
        versions: entry.versions.iter().map(version).collect(),
        ..CatalogueRecipe::default()
    }
}
