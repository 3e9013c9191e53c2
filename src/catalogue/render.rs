//! The files as text: the same input gives the same bytes.

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::record::{Catalogue, Recipes};

/// `recipes.json` as the ecosystem's own tool writes it: four spaces, and `<`, `>`, `&` escaped (recipe-format.md §4 [M]).
pub fn recipes_json(recipes: &Recipes) -> String {
    let mut text = String::new();
    for character in indented(recipes, b"    ").chars() {
        match character {
            // They stand inside strings only, where the escape means the same.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            other => text.push(other),
        }
    }
    text
}

/// `catalogue.json`.
pub fn catalogue_json(catalogue: &Catalogue) -> String {
    indented(catalogue, b"  ")
}

#[expect(
    clippy::expect_used,
    reason = "these types hold text, numbers, lists and maps by text only, and memory takes every byte"
)]
fn indented<T: Serialize>(value: &T, indent: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(indent));
    value.serialize(&mut serializer).expect("plain data");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}
