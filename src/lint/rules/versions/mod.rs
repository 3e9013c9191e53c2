//! Rules about what an upgrade from the last release would break.

mod compare;
mod configs;
mod environment;
mod images;
mod numbers;
mod objects;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &configs::RULE,
    &environment::REQUIRED,
    &environment::NEW,
    &environment::SECRET,
    &objects::SERVICE,
    &objects::VOLUME,
    &objects::NETWORK,
    &environment::OVERLAY,
    &environment::DROPPED,
    &images::DATABASE,
    &images::DOWNGRADED,
    &numbers::LABEL,
    &numbers::UNCHANGED,
    &numbers::BACKWARDS,
    &numbers::REUSED,
    &numbers::KIND,
    &numbers::NOTE,
];
