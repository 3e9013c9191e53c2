//! E302: one secret id, two names.

use super::usage::{entry, written};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "E302",
    name: "secret-two-names",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "all files give a secret the same name",
    needs: &[],
    page: page!("E302"),
    check: Check::Recipe(check),
};

/// The files are read as they are written: overlays that no set puts together are compared too, because an operator may.
fn check(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let files = written(facts);
    let mut first: Vec<(&str, &str, crate::lint::Location)> = Vec::new();
    let mut drafts = Vec::new();
    for (path, content) in files {
        let Some(secrets) = content.get("secrets").and_then(|secrets| secrets.as_map()) else { continue };
        for (key, _) in secrets.iter() {
            let Some(name) = entry(content, &["secrets", key, "name"]) else { continue };
            let Some(text) = name.node.as_text() else { continue };
            let at = facts.location(path, name.node.span.range());
            match first.iter().find(|(known, _, _)| *known == key) {
                None => first.push((key, text, at)),
                Some((_, known, _)) if *known == text => {}
                Some((_, known, known_at)) => drafts.push(
                    Draft::new(format!("the secret `{key}` is called `{text}` here and `{known}` in `{}`", known_at.file))
                        .at(at, "this one")
                        .at(known_at.clone(), "and that one")
                        .help("the last file of `COMPOSE_FILE` decides, for the services of all files: use one name, or two ids"),
                ),
            }
        }
    }
    drafts
}
