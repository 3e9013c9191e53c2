//! R015: names of secrets are short.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Set, Subject};
use crate::record::Level;

/// The longest key of a secret that abra lets pass, in characters.
const LONGEST: usize = 12;

pub(super) const RULE: Rule = Rule {
    id: "R015",
    name: "secret-name-long",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "long secret names",
    needs: &[],
    page: page!("R015"),
    check: Check::Set(check),
};

fn check(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let long = set.project().secrets.keys().filter(|key| key.chars().count() > LONGEST);
    long.filter_map(|key| {
        let found = set.first(&["secrets", key])?;
        let length = key.chars().count();
        Some(
            Draft::new(format!("the secret `{key}` has a name of {length} characters, and {LONGEST} are the most"))
                .at(found.key, "")
                .help(
                    "Docker takes names of 64 characters, and the stack's name is a part of it: choose a shorter one",
                ),
        )
    })
    .collect()
}
