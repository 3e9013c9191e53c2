//! Where a finding points when the key that it is about may be missing.

use crate::lint::{Location, Set};

/// The last place where the key at a path is written; the nearest key above it when it is not written.
pub(super) fn key(set: &Set, path: &[&str]) -> Location {
    (1..=path.len())
        .rev()
        .find_map(|length| set.last(&path[..length]))
        .map_or_else(|| set.whole_file(), |found| found.key)
}

/// The last place where the value at a path is written; the nearest key above it when it is not written.
pub(super) fn value(set: &Set, path: &[&str]) -> Location {
    set.last(path).map_or_else(|| key(set, path), |found| found.value)
}
