//! C002: a set of compose files that the swarm loader refuses.

use crate::compose::{LoadError, Problem};
use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Broken, Draft, Facts, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "C002",
    name: "compose-refused",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every set of compose files that the sample offers loads",
    needs: &[],
    page: page!("C002"),
    check: Check::Recipe(check),
};

fn check(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let mut drafts: Vec<Draft> = Vec::new();
    for set in &facts.broken {
        let Broken::Refused(error) = &set.why else { continue };
        for problem in &error.problems {
            let draft = draft(facts, error, problem);
            // The same file may be part of several sets.
            if !drafts.contains(&draft) {
                drafts.push(draft);
            }
        }
    }
    drafts
}

fn draft(facts: &Facts, error: &LoadError, problem: &Problem) -> Draft {
    let message = match problem.path.as_str() {
        "" => problem.message.clone(),
        path => format!("{path}: {}", problem.message),
    };
    let named = error.sources.get(problem.span.file as usize).map_or("compose.yml", |source| source.path.as_str());
    let draft = Draft::new(message).at(facts.location(named, problem.span.range()), "");
    match &problem.help {
        Some(help) => draft.help(help.clone()),
        None => draft,
    }
}
