//! `release/next`: what operators read before they upgrade. A line for each image that changed; what a maintainer wrote stays.

use super::kind::{Bump, Changes};
use crate::lint::Facts;
use crate::record::{Edit, Fix, Safety};

const FILE: &str = "release/next";

/// The edit that makes the note name every image that changed; `None` when it does.
pub(super) fn edit(facts: &Facts, changes: &Changes) -> Option<Fix> {
    let bytes = facts.recipe.tree.entry(FILE).map(|file| file.bytes.to_vec()).unwrap_or_default();
    // A note that is no text is the maintainer's business.
    let text = String::from_utf8(bytes).ok()?;
    let mut edits: Vec<Edit> = Vec::new();
    let mut added = String::new();
    for bump in &changes.bumps {
        let wanted = line(bump);
        if text.lines().any(|known| known.trim_end() == wanted) {
            continue;
        }
        // The line of an earlier bump in the same release.
        let begins = begin(bump);
        let mut start = 0;
        let earlier = text.split_inclusive('\n').find_map(|known| {
            let at = start;
            start += known.len();
            known.starts_with(&begins).then_some((at, at + known.trim_end().len()))
        });
        match earlier {
            Some((start, end)) => edits.push(Edit { file: FILE.to_owned(), start, end, replacement: wanted }),
            None => added.push_str(&format!("{wanted}\n")),
        }
    }
    if !added.is_empty() {
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let end = text.len();
        edits.push(Edit { file: FILE.to_owned(), start: end, end, replacement: format!("{gap}{added}") });
    }
    (!edits.is_empty()).then(|| Fix {
        title: format!("name what changed in `{FILE}`"),
        safety: Safety::Safe,
        edits,
        changes: Vec::new(),
    })
}

fn begin(bump: &Bump) -> String {
    format!("- {}: {} {} → ", bump.service, bump.name, bump.old)
}

fn line(bump: &Bump) -> String {
    format!("{}{}", begin(bump), bump.new)
}
