//! T803: ignores of `taster.toml` that silence nothing. Only when all recipes were judged is known which.

use std::sync::Arc;

use crate::lint::engine::{Lines, Options, Sources};
use crate::lint::rules::linter::CONFIG_UNUSED as RULE;
use crate::record::{Finding, Place, RecipeFindings};

/// What is to be said about `taster.toml` itself after recipes were judged by these options: the ignores that silenced nothing, though their
/// rules were judged in recipes that they concern; with the file, for whoever shows it. `None` when there is nothing to say.
pub fn unused_ignores(options: &Options) -> Option<(RecipeFindings, Sources)> {
    let policy = &options.policy;
    let level = super::level(&RULE, policy, options.rules_as_of.as_deref())?;
    let (file, bytes) = policy.file();
    let lines = Lines::of(bytes);
    let finding = |unused: super::policy::Unused<'_>| {
        let only = |word: &str, glob: Option<&str>| glob.map(|glob| format!(", {word} `{glob}`")).unwrap_or_default();
        let (recipe, path) = (only("recipe", unused.recipe), only("path", unused.path));
        let span = Some(lines.span(bytes, unused.at));
        Finding {
            rule: RULE.id.to_owned(),
            name: RULE.name.to_owned(),
            level,
            message: format!("this ignore of {}{recipe}{path} silences nothing in what was judged", unused.rule),
            places: vec![Place { file: file.clone(), release: None, span, label: String::new() }],
            sets: Vec::new(),
            help: Some("remove it, unless a recipe needs it that was not judged now".to_owned()),
            did_you_mean: None,
            fix: None,
        }
    };
    let findings: Vec<Finding> = policy.unused().map(finding).collect();
    if findings.is_empty() {
        return None;
    }
    let report = RecipeFindings::of(file.clone(), ".".to_owned(), findings);
    Some((report, Sources::from([((None, file.clone()), Arc::clone(bytes))])))
}
