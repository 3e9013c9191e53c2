//! What the commons decides: levels, ignores, a baseline.

use std::collections::BTreeMap;
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
}

#[derive(Debug)]
struct Ignore {
    rule: &'static str,
    recipe: Option<GlobMatcher>,
    path: Option<GlobMatcher>,
    reason: String,
    /// Recipes that it could concern.
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
                return Err(PolicyError::NoReason { rule: ignore.rule.clone() });
            }
            policy.ignores.push(Ignore {
                rule: rule("[[lint.ignore]]", &ignore.rule)?,
                recipe: ignore.recipe.as_deref().map(matcher).transpose()?,
                path: ignore.path.as_deref().map(matcher).transpose()?,
                reason: ignore.reason.clone(),
                seen: AtomicUsize::new(0),
                silenced: AtomicUsize::new(0),
            });
        }
        Ok(policy)
    }

    /// The level that is set for a rule, if one is; `Some(None)` for a rule that is switched off.
    pub(super) fn level(&self, rule: &str) -> Option<Option<Level>> {
        self.levels.get(rule).copied()
    }

    /// What the baseline knows of a recipe; from now on, ignores count as seen for it.
    pub(super) fn baseline_of(&self, recipe: &str) -> Known {
        for ignore in &self.ignores {
            if ignore.recipe.as_ref().is_none_or(|glob| glob.is_match(recipe)) {
                ignore.seen.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.baseline.as_ref().map(|baseline| baseline.of(recipe)).unwrap_or_default()
    }

    /// Why a finding is silenced, if it is.
    pub(super) fn reason(&self, recipe: &str, finding: &Finding) -> Option<String> {
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

    /// The ignores that could have silenced something in what was judged, and did not, in words.
    pub fn unused(&self) -> Vec<String> {
        let unused = self
            .ignores
            .iter()
            .filter(|ignore| ignore.seen.load(Ordering::Relaxed) > 0 && ignore.silenced.load(Ordering::Relaxed) == 0);
        unused
            .map(|ignore| {
                let of = |word: &str, glob: &Option<GlobMatcher>| {
                    glob.as_ref().map(|glob| format!(", {word} `{}`", glob.glob().glob())).unwrap_or_default()
                };
                format!(
                    "[[lint.ignore]] of {}{}{} silences nothing; remove it",
                    ignore.rule,
                    of("recipe", &ignore.recipe),
                    of("path", &ignore.path)
                )
            })
            .collect()
    }
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
