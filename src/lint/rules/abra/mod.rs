//! abra's own rules, with its ids, levels and meaning (recipe-format.md §3), judged on the sets that are really deployed.

mod app;
mod catalogue;
mod compose_version;
mod config_versions;
mod env_sample;
mod healthcheck;
mod image_tags;
mod metadata;
mod repository;
mod routing;
mod secret_names;
mod tags;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &compose_version::RULE,
    &healthcheck::RULE,
    &image_tags::UNTAGGED,
    &image_tags::UNSTABLE,
    &image_tags::NOT_SEMVER,
    &catalogue::RULE,
    &metadata::RULE,
    &env_sample::RULE,
    &app::SERVICE,
    &routing::RULE,
    &image_tags::MISSING,
    &config_versions::RULE,
    &repository::RULE,
    &tags::RULE,
    &secret_names::RULE,
    &app::LABELS,
];
