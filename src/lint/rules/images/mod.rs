//! Rules about images.

pub(super) mod pin;
mod registry;
mod written;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &written::UPSTREAM,
    &written::REFUSED,
    &written::VARIABLE,
    &written::DIFFERENT,
    &registry::ABSENT,
    &registry::ARCHITECTURE,
    &registry::NEWER,
    &written::UNNAMED,
];
