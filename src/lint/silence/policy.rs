//! What the commons decides: levels, ignores, a baseline.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use globset::{Glob, GlobMatcher};

use super::baseline::{Baseline, Known};
use crate::config;
use crate::lint::rules::{FAMILIES, find};
use crate::record::{Finding, Level};

/// What the commons decides about findings.
#[derive(Debug, Default)]
pub struct Policy {
    levels: BTreeMap<&'static str, Option<Level>>,
    ignores: Vec<Ignore>,
    baseline: Option<Baseline>,
    /// Where all that is written: the file's name, and what it holds.
    file: (String, Arc<[u8]>),
}

#[derive(Debug)]
struct Ignore {
    rule: &'static str,
    /// Where the file names the rule.
    at: Range<usize>,
    recipe: Option<GlobMatcher>,
    path: Option<GlobMatcher>,
    reason: String,
    /// Recipes that it could concern, and in which its rule was judged.
    seen: AtomicUsize,
    /// Findings that it silenced.
    silenced: AtomicUsize,
}

/// A `taster.toml` that cannot be used for the linter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It names a rule that does not exist.
    #[error("`{place}` names the rule `{rule}`, and there is no such rule{}; `taster lint --list` names them all", .meant.map(|id| format!("; did you mean `{id}`?")).unwrap_or_default())]
    NoSuchRule {
        /// The table.
        place: &'static str,
        /// The word.
        rule: String,
        /// The rule that was probably meant.
        meant: Option<&'static str>,
    },
    /// A pattern is none.
    #[error("`[[lint.ignore]]` has the pattern `{pattern}`, which cannot be read: {why}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why not.
        why: String,
    },
    /// A reason is empty.
    #[error("`[[lint.ignore]]` of the rule `{rule}` gives no reason")]
    NoReason {
        /// The rule.
        rule: String,
    },
}

impl Policy {
    /// Reads what `taster.toml` says about the linter.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn new(config: &config::Lint, baseline: Option<Baseline>) -> Result<Self, PolicyError> {
        let mut policy = Self { baseline, ..Self::default() };
        for (word, level) in &config.levels {
            policy.levels.insert(rule("[lint.levels]", word)?, level.level());
        }
        for ignore in &config.ignore {
            if ignore.reason.trim().is_empty() {
                return Err(PolicyError::NoReason { rule: ignore.rule.get_ref().clone() });
            }
            policy.ignores.push(Ignore {
                rule: rule("[[lint.ignore]]", ignore.rule.get_ref())?,
                at: ignore.rule.span(),
                recipe: ignore.recipe.as_deref().map(matcher).transpose()?,
                path: ignore.path.as_deref().map(matcher).transpose()?,
                reason: ignore.reason.clone(),
                seen: AtomicUsize::new(0),
                silenced: AtomicUsize::new(0),
            });
        }
        Ok(policy)
    }

    /// Says where it was read from: what is wrong with the file itself can be shown then ([`unused_ignores`](super::unused_ignores)).
    pub fn written_in(self, name: impl Into<String>, text: &str) -> Self {
        Self { file: (name.into(), text.as_bytes().into()), ..self }
    }

    /// The level that is set for a rule, if one is; `Some(None)` for a rule that is switched off.
    pub(super) fn level(&self, rule: &str) -> Option<Option<Level>> {
        self.levels.get(rule).copied()
    }

    /// Notes that these rules were judged in a recipe: an ignore of one of them had something to do there, if ever.
    pub(super) fn saw(&self, recipe: &str, judged: &BTreeSet<&str>) {
        for ignore in &self.ignores {
            if judged.contains(ignore.rule) && ignore.recipe.as_ref().is_none_or(|glob| glob.is_match(recipe)) {
                ignore.seen.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// What the baseline knows of a recipe.
    pub(super) fn baseline_of(&self, recipe: &str) -> Known {
        self.baseline.as_ref().map(|baseline| baseline.of(recipe)).unwrap_or_default()
    }

    /// Why a finding is silenced, if it is.
    pub(in crate::lint) fn reason(&self, recipe: &str, finding: &Finding) -> Option<String> {
        let file = finding.places.first().map(|place| place.file.as_str());
        let fits = |ignore: &&Ignore| {
            ignore.rule == finding.rule
                && ignore.recipe.as_ref().is_none_or(|glob| glob.is_match(recipe))
                && ignore.path.as_ref().is_none_or(|glob| file.is_some_and(|file| glob.is_match(file)))
        };
        let ignore = self.ignores.iter().find(fits)?;
        ignore.silenced.fetch_add(1, Ordering::Relaxed);
        Some(ignore.reason.clone())
    }

    /// The ignores that could have silenced something in what was judged, and did not.
    pub(super) fn unused(&self) -> impl Iterator<Item = Unused<'_>> {
        let unused =
            |ignore: &&Ignore| ignore.seen.load(Ordering::Relaxed) > 0 && ignore.silenced.load(Ordering::Relaxed) == 0;
        self.ignores.iter().filter(unused).map(|ignore| Unused {
            rule: ignore.rule,
            at: ignore.at.clone(),
            recipe: ignore.recipe.as_ref().map(|glob| glob.glob().glob()),
            path: ignore.path.as_ref().map(|glob| glob.glob().glob()),
        })
    }

    /// The file that it was read from: its name, and what it holds.
    pub(super) fn file(&self) -> &(String, Arc<[u8]>) {
        &self.file
    }
}

/// An ignore that could have silenced something, and did not.
pub(super) struct Unused<'p> {
    pub(super) rule: &'static str,
    /// Where the rule is named.
    pub(super) at: Range<usize>,
    /// The patterns.
    pub(super) recipe: Option<&'p str>,
    pub(super) path: Option<&'p str>,
}

fn rule(place: &'static str, word: &str) -> Result<&'static str, PolicyError> {
    match find(word) {
        Some((_, rule)) => Ok(rule.id),
        None => Err(PolicyError::NoSuchRule { place, rule: word.to_owned(), meant: similar_rule(word) }),
    }
}

/// The rule whose id or name is most like a word, when one is.
pub(super) fn similar_rule(word: &str) -> Option<&'static str> {
    let words = FAMILIES.iter().flat_map(|family| family.rules).flat_map(|rule| [rule.id, rule.name]);
    let scored = words.map(|known| (strsim::jaro_winkler(&word.to_lowercase(), &known.to_lowercase()), known));
    scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

fn matcher(pattern: &str) -> Result<GlobMatcher, PolicyError> {
    let glob = Glob::new(pattern)
        .map_err(|error| PolicyError::Pattern { pattern: pattern.to_owned(), why: error.kind().to_string() })?;
    Ok(glob.compile_matcher())
}
