//! The badge of a recipe: level and stability.

use maud::Markup;

use super::words::{score, short_level};
use crate::record::CatalogueRecipe;
use crate::report::badge::{color, svg};

pub(super) fn badge(entry: &CatalogueRecipe) -> Markup {
    let level = entry.level.as_ref();
    let value = match (level, &entry.stability) {
        (None, _) => "not tested".to_owned(),
        (Some(level), None) => format!("level {}", short_level(level)),
        (Some(level), Some(stability)) => {
            format!("level {} · stability {}", short_level(level), score(stability.score))
        }
    };
    svg("taster", &value, color(level.map(|level| level.level)))
}
