//! What the sample's values hide: a line that uses a variable may mean the same with them, and something else with others.

use similar::{ChangeTag, TextDiff};

use crate::lint::Facts;

/// The first file of what is deployed as sampled in which a line with a variable differs.
pub(super) fn hidden<'f>(new: &'f Facts, old: &Facts) -> Option<&'f str> {
    let text = |facts: &Facts, path: &str| {
        facts.recipe.tree.get(path).and_then(|file| file.text().map(ToOwned::to_owned)).unwrap_or_default()
    };
    new.sampled()?.name.split(':').find(|path| {
        let (now, then) = (text(new, path), text(old, path));
        now != then
            && TextDiff::from_lines(&then, &now)
                .iter_all_changes()
                .any(|change| change.tag() != ChangeTag::Equal && change.value().contains('$'))
    })
}
