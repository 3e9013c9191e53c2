//! R013: the recipe's repository is where operators look for it.

use crate::lint::rule::{Check, Confidence, FixKind, Need, Rule, page};
use crate::lint::{Draft, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "R013",
    name: "repository-missing",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "git.coopcloud.tech repo exists",
    needs: &[Need::Repository],
    page: page!("R013"),
    check: Check::Recipe(check),
};

fn check(subject: &Subject) -> Vec<Draft> {
    match subject.outside.repository {
        None | Some(200) => Vec::new(),
        Some(status) => {
            let name = &subject.candidate.recipe.name;
            let organisation = subject.outside.organisation.as_deref().unwrap_or("the organisation");
            vec![
                Draft::new(format!("{organisation} has no repository `{name}`: it answers with HTTP status {status}"))
                    .help("push the recipe there, or lint it under its real name"),
            ]
        }
    }
}
