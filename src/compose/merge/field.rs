//! How single fields are merged.

use std::collections::BTreeMap;
use std::time::Duration;

/// Something that a later file's value is merged into.
pub(super) trait Merge {
    /// Merges a later value in.
    fn merge(&mut self, from: Self);
}

impl Merge for bool {
    fn merge(&mut self, from: Self) {
        replace(self, from);
    }
}

impl Merge for Duration {
    fn merge(&mut self, from: Self) {
        replace(self, from);
    }
}

/// A later value replaces an earlier one, unless it is empty, zero or false.
pub(super) fn replace<T: Default + PartialEq>(into: &mut T, from: T) {
    if from != T::default() {
        *into = from;
    }
}

/// Two optional values become one; when both are there, they are merged.
pub(super) fn unite<T: Merge>(into: &mut Option<T>, from: Option<T>) {
    match (into.as_mut(), from) {
        (Some(into), Some(from)) => into.merge(from),
        (None, from) => *into = from,
        (Some(_), None) => {}
    }
}

/// A later list is put behind an earlier one.
pub(super) fn append<T>(into: &mut Vec<T>, from: Vec<T>) {
    into.extend(from);
}

/// A later value replaces an earlier one, unless the later is empty or missing and the earlier is not.
pub(super) fn replace_pairs(into: &mut BTreeMap<String, Option<String>>, from: BTreeMap<String, Option<String>>) {
    for (key, value) in from {
        let empty = |value: &Option<String>| value.as_deref().is_none_or(str::is_empty);
        if !empty(&value) || into.get(&key).is_none_or(empty) {
            into.insert(key, value);
        }
    }
}

/// Unites two lists by a key and sorts them by it; within the earlier file too, the last item with a key wins.
///
/// `written` tells whether the earlier file has the list at all: if not, the later list is taken as it is.
pub(super) fn by_key<T, K: Ord>(into: &mut Vec<T>, written: &mut bool, from: Vec<T>, key: impl Fn(&T) -> K) {
    if *written {
        let items = std::mem::take(into).into_iter().chain(from);
        let united: BTreeMap<K, T> = items.map(|item| (key(&item), item)).collect();
        *into = united.into_values().collect();
    } else {
        *written = !from.is_empty();
        *into = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_by_key_are_sorted_and_the_last_wins() {
        let mut list = vec![(3, "a"), (1, "b"), (3, "c")];
        by_key(&mut list, &mut true, vec![(1, "d")], |item| item.0);
        assert_eq!(list, [(1, "d"), (3, "c")]);
        let mut list = Vec::new();
        let mut written = false;
        by_key(&mut list, &mut written, vec![(3, "a"), (1, "b")], |item: &(i32, &str)| item.0);
        assert_eq!((list, written), (vec![(3, "a"), (1, "b")], true));
    }

    #[test]
    fn empty_pairs_replace_only_empty_ones() {
        let pairs = |pairs: &[(&str, Option<&str>)]| -> BTreeMap<String, Option<String>> {
            pairs.iter().map(|&(key, value)| (key.to_owned(), value.map(str::to_owned))).collect()
        };
        let mut into = pairs(&[("A", Some("1")), ("B", Some("")), ("C", None), ("D", Some("1"))]);
        replace_pairs(
            &mut into,
            pairs(&[("A", Some("")), ("B", None), ("C", Some("")), ("D", Some("2")), ("E", None)]),
        );
        assert_eq!(into, pairs(&[("A", Some("1")), ("B", None), ("C", Some("")), ("D", Some("2")), ("E", None)]));
    }
}
