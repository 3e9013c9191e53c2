//! The registry: every family, and in each family's list one line for each rule.

mod abra;
mod images;
mod labels;
pub(super) mod linter;
pub(super) mod loading;
mod metadata;
mod place;
mod repository;
mod secrets;
mod swarm;
mod versions;

use super::rule::{Family, Rule};

/// All rules, by family.
pub const FAMILIES: &[Family] = &[
    Family { name: "loading", prefix: "C0", rules: loading::RULES },
    Family { name: "abra", prefix: "R0", rules: abra::RULES },
    Family { name: "swarm", prefix: "S1", rules: swarm::RULES },
    Family { name: "labels", prefix: "L2", rules: labels::RULES },
    Family { name: "secrets", prefix: "E3", rules: secrets::RULES },
    Family { name: "images", prefix: "I4", rules: images::RULES },
    Family { name: "versions", prefix: "V5", rules: versions::RULES },
    Family { name: "metadata", prefix: "M6", rules: metadata::RULES },
    Family { name: "repository", prefix: "G7", rules: repository::RULES },
    Family { name: "linter", prefix: "T8", rules: linter::RULES },
];

/// A rule, and its family, by its id or name; capital letters do not matter.
pub fn find(word: &str) -> Option<(&'static Family, &'static Rule)> {
    FAMILIES.iter().find_map(|family| {
        let rule = family.rules.iter().find(|rule| rule.id.eq_ignore_ascii_case(word) || rule.name == word)?;
        Some((family, *rule))
    })
}
