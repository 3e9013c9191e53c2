//! R008: there is a sample of the app's environment.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "R008",
    name: "env-sample-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: ".env.sample provided",
    needs: &[],
    page: page!("R008"),
    check: Check::Recipe(check),
};

fn check(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    if facts.recipe.env_sample.is_some() {
        return Vec::new();
    }
    let elsewhere = facts.recipe.tree.iter().map(|(path, _)| path).find(|path| path.ends_with("/.env.sample"));
    let draft = Draft::new("there is no `.env.sample`, so no app can be made from this recipe");
    vec![match elsewhere {
        Some(path) => {
            draft.at(facts.file(path), "abra looks for it in the root").help(format!("move `{path}` to the root"))
        }
        None => draft.at(facts.file(".env.sample"), "").help("add one: `TYPE=<recipe>`, `DOMAIN=<recipe>.example.com`"),
    }]
}
