//! `--fix` and `--diff`.

use std::fmt::Write as _;

use similar::TextDiff;

use crate::lint::{self, Fixed, Options, Outside, Target};
use crate::record::Safety;

/// What became of the fixes of one recipe.
#[derive(Default)]
pub(super) struct Fixes {
    /// The changes as a patch.
    pub(super) patch: String,
    /// What to tell, in lines.
    pub(super) told: Vec<String>,
    /// Why they could not be written.
    pub(super) error: Option<String>,
}

/// Fixes a recipe; with `only_show` nothing is written.
pub(super) fn fix(target: &Target, outside: &Outside, options: &Options, most: Safety, only_show: bool) -> Fixes {
    let mut fixes = Fixes::default();
    // A recipe that cannot be read is reported when it is judged.
    let Ok(subject) = lint::open(target, outside.clone(), options) else { return fixes };
    let fixed = lint::fix(&subject, options, most);
    fixes.patch = patch(&fixed);
    let name = &subject.candidate.recipe.name;
    let done = if only_show { "would fix" } else { "fixed" };
    fixes.told.extend(fixed.made.iter().map(|(rule, title)| format!("{name}: {done} {rule}: {title}")));
    fixes.told.extend(fixed.refused.iter().map(|(what, why)| format!("{name}: did not fix {what}: {why}")));
    if !only_show && let Err(error) = fixed.write_to(&target.path) {
        fixes.error = Some(error.to_string());
    }
    fixes
}

pub(in crate::cli) fn patch(fixed: &Fixed) -> String {
    let mut patch = String::new();
    for (path, file) in &fixed.files {
        let old = file.before.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let new = String::from_utf8_lossy(&file.after);
        let (from, to) =
            (if file.before.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() }, format!("b/{path}"));
        // Writing to a string cannot fail.
        let _ = write!(patch, "{}", TextDiff::from_lines(&*old, &*new).unified_diff().header(&from, &to));
    }
    patch
}
