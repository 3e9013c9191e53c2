//! Findings that were there before: a report of an earlier day (`taster lint --format json`) as it was written.
//!
//! A finding is known by recipe, rule, file and message, and as often as it was there: lines may move, and a second one of its kind
//! is new.

use std::collections::BTreeMap;

use crate::record::{Finding, LINT_SCHEMA, LintReport};

/// Known findings by recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    recipes: BTreeMap<String, Known>,
}

/// Known findings of one recipe, each with how often it may still come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    findings: BTreeMap<(String, String, String), usize>,
}

impl Baseline {
    /// Reads a report.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let report: LintReport = serde_json::from_str(text)
            .map_err(|error| format!("it is no report of `taster lint --format json`: {error}"))?;
        if report.schema != LINT_SCHEMA {
            return Err(format!("it has the schema `{}`, and `{LINT_SCHEMA}` is needed", report.schema));
        }
        let mut baseline = Self::default();
        for recipe in report.recipes {
            let known = baseline.recipes.entry(recipe.recipe).or_default();
            for finding in &recipe.findings {
                *known.findings.entry(key(finding)).or_default() += 1;
            }
            // What a baseline silenced when it was written is known too.
            for silenced in recipe.silenced.iter().filter(|one| one.by == crate::record::SilencedBy::Baseline) {
                *known.findings.entry(key(&silenced.finding)).or_default() += 1;
            }
        }
        Ok(baseline)
    }

    pub(super) fn of(&self, recipe: &str) -> Known {
        self.recipes.get(recipe).cloned().unwrap_or_default()
    }
}

impl Known {
    /// Whether a finding is known; it is used up then.
    pub(super) fn take(&mut self, finding: &Finding) -> bool {
        match self.findings.get_mut(&key(finding)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }
}

/// The findings that are not among the known ones, or come more often than there.
pub fn new_findings<'f>(known: &[Finding], found: &'f [Finding]) -> Vec<&'f Finding> {
    let mut left = Known::default();
    for finding in known {
        *left.findings.entry(key(finding)).or_default() += 1;
    }
    found.iter().filter(|finding| !left.take(finding)).collect()
}

fn key(finding: &Finding) -> (String, String, String) {
    let file = finding.places.first().map(|place| place.file.clone()).unwrap_or_default();
    (finding.rule.clone(), file, finding.message.clone())
}
