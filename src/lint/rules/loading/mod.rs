//! What keeps a recipe from being judged: files that do not load.

mod compose;
mod missing;
mod unreadable;

use crate::lint::rule::Rule;

pub(in crate::lint) use unreadable::finding as unreadable;

/// The family's rules.
pub(super) const RULES: &[&Rule] = &[&unreadable::RULE, &compose::RULE, &missing::RULE];
