//! G711: shell scripts that do not parse.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Subject};
use crate::recipe::AbraSh;
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "G711",
    name: "shell-syntax",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "shell scripts parse",
    needs: &[],
    page: page!("G711"),
    check: Check::Recipe(check),
};

/// Scripts above this size are an application's own.
const LARGEST: usize = 256 * 1024;

/// Scripts are read by our own grammar, the one for `abra.sh`; none is ever run.
fn check(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let mut drafts = Vec::new();
    for (path, file) in facts.recipe.tree.iter() {
        let Some(text) = file.text().filter(|text| text.len() <= LARGEST && is_script(path, text)) else { continue };
        // Swarm's templates stand where words stand; of equal length, so that places stay.
        let text = blanked(text);
        for problem in AbraSh::parse(&text).problems {
            drafts.push(Draft::new(format!("`{path}`: {}", problem.what)).at(facts.location(path, problem.span), ""));
        }
    }
    drafts
}

fn is_script(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    match text.lines().next().and_then(|first| first.strip_prefix("#!")) {
        Some(program) => {
            let shell = program.split(['/', ' ']).find(|word| matches!(*word, "sh" | "bash" | "dash" | "ash"));
            shell.is_some()
        }
        None => name.ends_with(".sh") || name.ends_with(".sh.tmpl"),
    }
}

fn blanked(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        let Some(length) = rest[at..].find("}}") else { break };
        left.push_str(&rest[..at]);
        left.extend(std::iter::repeat_n('x', length + 2));
        rest = &rest[at + length + 2..];
    }
    left.push_str(rest);
    left
}
