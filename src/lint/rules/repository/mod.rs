//! Rules about the repository: tags, release notes, licence, scripts.

mod files;
mod functions;
mod notes;
mod shell;
mod tags;

use crate::lint::rule::Rule;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[
    &tags::VERSION,
    &tags::MESSAGE,
    &notes::NAME,
    &notes::ORPHAN,
    &notes::EMPTY,
    &files::LICENCE,
    &files::RENOVATE,
    &files::TEMPLATE,
    &functions::HOOK,
    &functions::COMMAND,
    &shell::RULE,
    &files::PRIVATE,
];
