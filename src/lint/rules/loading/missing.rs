//! C003: `COMPOSE_FILE` names a file that is not there.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Broken, Draft, Subject};
use crate::recipe::LookupError;
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "C003",
    name: "compose-file-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every file that COMPOSE_FILE names in the sample exists",
    needs: &[],
    page: page!("C003"),
    check: Check::Recipe(check),
};

fn check(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let missing = facts.broken.iter().filter_map(|set| match &set.why {
        Broken::Missing { file, named_at, error } => Some((file, named_at, error)),
        Broken::Refused(_) => None,
    });
    missing
        .map(|(file, named_at, error)| {
            let message = match named_at {
                Some(_) => format!("`COMPOSE_FILE` names `{file}`, and {}", why(error)),
                None => format!("without a `COMPOSE_FILE`, `{file}` is deployed, and {}", why(error)),
            };
            let at = named_at.clone().unwrap_or_else(|| facts.file(".env.sample"));
            let meant = match error {
                LookupError::NotFound { did_you_mean, .. } => did_you_mean.clone(),
                _ => None,
            };
            Draft::new(message)
                .at(at, "")
                .did_you_mean(meant)
                .help(format!("add `{file}` to the recipe, or take it out of `COMPOSE_FILE`"))
        })
        .collect()
}

fn why(error: &LookupError) -> String {
    match error {
        LookupError::NotFound { .. } => "the recipe has no such file".to_owned(),
        other => other.to_string(),
    }
}
