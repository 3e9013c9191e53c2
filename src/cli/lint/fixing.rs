//! `--fix` and `--diff`.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use similar::TextDiff;

use super::Judged;
use crate::lint::{self, Fixed, Options, Outside, Target};
use crate::record::{Finding, Safety};

/// What became of the fixes of one recipe.
#[derive(Default)]
pub(super) struct Fixes {
    /// The changes as a patch.
    pub(super) patch: String,
    /// What to tell, in lines.
    pub(super) told: Vec<String>,
    /// Why they could not be written.
    pub(super) error: Option<String>,
    /// What could not be judged, so that nothing is known about fixes.
    pub(super) unread: Option<Judged>,
}

/// The folder that the paths in patches start from.
pub(super) enum SeenFrom {
    /// Where taster was started, because all recipes lie there.
    Here(PathBuf),
    /// The root, because some lie elsewhere.
    Root,
}

/// From where the recipes can all be seen.
pub(super) fn seen_from(targets: &[Target]) -> SeenFrom {
    match std::env::current_dir() {
        Ok(here) if targets.iter().all(|target| absolute(&target.path).starts_with(&here)) => SeenFrom::Here(here),
        _ => SeenFrom::Root,
    }
}

/// A path from the root. Links are only followed where `..` would mean something else without.
fn absolute(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if whole.components().any(|part| part == Component::ParentDir) {
        return whole.canonicalize().unwrap_or(whole);
    }
    whole
}

/// Fixes a recipe; when a patch is wanted, nothing is written, and its paths start where it says.
pub(super) fn fix(
    target: &Target,
    outside: &Outside,
    options: &Options,
    most: Safety,
    patch_from: Option<&SeenFrom>,
) -> Fixes {
    let mut fixes = Fixes::default();
    let linted = lint::lint(target, outside.clone(), options);
    let Some(subject) = &linted.subject else {
        // Without a patch it is judged again afterwards, and reported then.
        if patch_from.is_some() {
            let why = linted.report.error.clone();
            let why = why.or_else(|| linted.report.findings.first().map(|finding| finding.message.clone()));
            fixes.told.push(format!("error: {}", why.unwrap_or_else(|| "it cannot be judged".to_owned())));
            fixes.unread = Some(Judged::from(linted));
        }
        return fixes;
    };
    let fixed = lint::fix(subject, options, most);
    let name = &subject.candidate.recipe.name;
    let done = if patch_from.is_some() { "would fix" } else { "fixed" };
    fixes.told.extend(fixed.made.iter().map(|(rule, title)| format!("{name}: {done} {rule}: {title}")));
    fixes.told.extend(fixed.refused.iter().map(|(what, why)| format!("{name}: did not fix {what}: {why}")));
    match patch_from {
        Some(from) => {
            fixes.patch = patch(&fixed, &folder_of(target, from));
            fixes.told.extend(left(&linted.report.findings, &fixed, most).map(|line| format!("{name}: {line}")));
        }
        None => fixes.error = fixed.write_to(&target.path).err().map(|error| error.to_string()),
    }
    fixes
}

/// What a patch leaves: said when it is empty, or when more could be fixed.
fn left(findings: &[Finding], fixed: &Fixed, most: Safety) -> Option<String> {
    let offered = findings.iter().filter_map(|finding| finding.fix.as_ref());
    let more = offered.filter(|fix| fix.safety > most && !fix.edits.is_empty()).count();
    let without = findings.iter().filter(|finding| finding.fix.is_none()).count();
    let mut parts = Vec::new();
    if fixed.files.is_empty() {
        parts.push(if most == Safety::Safe { "nothing to fix safely" } else { "nothing to fix" }.to_owned());
    }
    if more > 0 {
        parts.push(format!("{more} more with --fix=unsafe"));
    }
    if fixed.files.is_empty() && without > 0 {
        parts.push(format!("{without} without a fix, which `taster lint` shows"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The folder of a recipe as a patch names it: empty, or with a slash at its end.
fn folder_of(target: &Target, from: &SeenFrom) -> String {
    let whole = absolute(&target.path);
    let base = match from {
        SeenFrom::Here(here) => here.as_path(),
        SeenFrom::Root => Path::new("/"),
    };
    let folder = whole.strip_prefix(base).unwrap_or(&whole).to_string_lossy();
    match folder.trim_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}

/// Changes as a patch; `folder` is what stands before the path of each file.
pub(in crate::cli) fn patch(fixed: &Fixed, folder: &str) -> String {
    let mut patch = String::new();
    for (path, file) in &fixed.files {
        let old = file.before.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let new = String::from_utf8_lossy(&file.after);
        let from = if file.before.is_some() { format!("a/{folder}{path}") } else { "/dev/null".to_owned() };
        let to = format!("b/{folder}{path}");
        // Writing to a string cannot fail.
        let _ = write!(patch, "{}", TextDiff::from_lines(&*old, &*new).unified_diff().header(&from, &to));
    }
    patch
}
