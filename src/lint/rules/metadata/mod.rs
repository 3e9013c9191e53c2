//! Rules about the metadata in the README.

mod block;
mod claims;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &claims::HEALTHCHECK,
    &claims::BACKUPS,
    &block::MAINTAINER,
    &block::CATEGORY,
    &claims::IMAGE,
    &block::SCALE,
    &claims::STATUS,
    &claims::FEATURES,
    &block::UNKNOWN,
];
