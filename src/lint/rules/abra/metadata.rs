//! R007: the metadata block of the README is filled in.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, Subject};
use crate::record::Level;

/// The fields that abra looks at.
const ASKED: [&str; 6] = ["Category", "Backups", "Email", "Healthcheck", "Image", "SSO"];

pub(super) const RULE: Rule = Rule {
    id: "R007",
    name: "metadata-incomplete",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "README.md metadata filled in",
    needs: &[],
    page: page!("R007"),
    check: Check::Recipe(check),
};

fn check(subject: &Subject) -> Vec<Draft> {
    let facts = &subject.candidate;
    let help = "write `<!-- metadata -->`, a line `* **Category**: Apps` for each field, `<!-- endmetadata -->`";
    let Some(readme) = &facts.recipe.readme else {
        return vec![Draft::new("there is no README.md with metadata").at(facts.file("README.md"), "").help(help)];
    };
    let Some(metadata) = &readme.metadata else {
        return vec![Draft::new("the README has no metadata block").at(facts.file("README.md"), "").help(help)];
    };
    let mut drafts = Vec::new();
    for name in ASKED {
        let draft = match metadata.field(name) {
            None => Draft::new(format!("`{name}` is missing from the metadata"))
                .at(facts.line("README.md", metadata.line), "not in this block"),
            Some(field) if field.value.is_empty() => {
                Draft::new(format!("`{name}` is empty")).at(facts.line("README.md", field.line), "")
            }
            Some(field) if name == "Image" && metadata.image().is_none() => {
                Draft::new("`Image` has fewer than three parts, and counts as empty")
                    .at(facts.location("README.md", field.span.clone()), "")
                    .help("write a name, a rating and a source: [`nginx`](https://hub.docker.com/_/nginx), 4, upstream")
            }
            Some(_) => continue,
        };
        drafts.push(draft);
    }
    drafts
}
