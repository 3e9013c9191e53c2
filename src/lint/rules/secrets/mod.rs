//! Rules about secrets and variables.

mod clear;
mod files;
mod names;
mod sample;
mod templates;
mod usage;
mod variables;
mod versions;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &versions::MISMATCH,
    &names::RULE,
    &versions::SECRET_UNSET,
    &sample::SUFFIX,
    &sample::MODIFIER,
    &versions::UNVERSIONED,
    &versions::FROM_FILE,
    &variables::UNDEFINED,
    &versions::CONFIG_UNSET,
    &versions::IMAGE_UNSET,
    &variables::UNUSED,
    &variables::EXPORT_UNUSED,
    &variables::SECRET_UNUSED,
    &clear::UNMOUNTED,
    &templates::SECRET,
    &templates::DRIVER,
    &templates::ENV,
    &clear::CLEAR,
    &clear::DEFAULT,
    &clear::PLAIN,
    &sample::UNREADABLE,
    &versions::CONFIG_UNVERSIONED,
    &sample::STACK_NAME,
    &sample::TYPE,
    &variables::NESTED,
    &files::MISSING,
    &files::EXECUTABLE,
];
