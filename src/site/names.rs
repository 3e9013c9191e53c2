//! What the files of a recipe are called.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::record::CatalogueRecipe;

/// The longest name of a file without its ending, in bytes; file systems take 255.
const LONGEST: usize = 100;

/// The names of all recipes as parts of paths and of addresses.
pub(super) struct Names<'c> {
    by_recipe: BTreeMap<&'c str, String>,
}

impl<'c> Names<'c> {
    pub(super) fn of(recipes: &'c [CatalogueRecipe]) -> Self {
        let mut taken = BTreeMap::<String, usize>::new();
        for recipe in recipes {
            *taken.entry(recipe.name.to_ascii_lowercase()).or_default() += 1;
        }
        let named = recipes.iter().map(|recipe| {
            // `Blog` and `blog` are one file on some machines.
            let alone = taken.get(&recipe.name.to_ascii_lowercase()) == Some(&1);
            (recipe.name.as_str(), part(&recipe.name, alone))
        });
        Self { by_recipe: named.collect() }
    }

    fn of_recipe(&self, entry: &CatalogueRecipe) -> String {
        self.by_recipe.get(entry.name.as_str()).cloned().unwrap_or_else(|| part(&entry.name, false))
    }

    pub(super) fn page(&self, entry: &CatalogueRecipe) -> String {
        format!("recipes/{}.html", self.of_recipe(entry))
    }

    pub(super) fn badge(&self, entry: &CatalogueRecipe) -> String {
        format!("badges/{}.svg", self.of_recipe(entry))
    }
}

/// A name that is a part of a path on every system and needs no escape in an address. Recipes have such names nearly always; another one
/// keeps what it can and gets a mark of its own.
fn part(name: &str, alone: bool) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if alone && !name.is_empty() && name.len() <= LONGEST && !name.starts_with('.') && name.chars().all(plain) {
        return name.to_owned();
    }
    let kept: String = name.chars().filter(|c| plain(*c) && *c != '.').take(LONGEST - 12).collect();
    format!("{kept}~{}", mark(name.as_bytes()))
}

/// Ten characters of a hash.
pub(super) fn mark(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(5).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder_nor_meet_another() {
        assert_eq!(part("backup-bot-two", true), "backup-bot-two");
        assert_eq!(part("../../etc/passwd", true), "etcpasswd~3754d6cb3a");
        for odd in ["", ".", "..", "a/b", "ä", "a b", "<x>", "a\\b", &"x".repeat(300)] {
            let part = part(odd, true);
            assert!(part.contains('~') && !part.starts_with('.') && part.len() <= LONGEST, "{odd}: {part}");
            assert!(part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c)), "{odd}: {part}");
        }
        let recipes = ["Blog", "blog"].map(|name| CatalogueRecipe { name: name.to_owned(), ..Default::default() });
        let names = Names::of(&recipes);
        assert!(!names.page(&recipes[0]).eq_ignore_ascii_case(&names.page(&recipes[1])));
    }
}
