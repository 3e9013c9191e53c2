//! R014: tags are annotated.

use crate::lint::rule::{Check, Confidence, FixKind, Need, Rule, page};
use crate::lint::{Draft, Location, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "R014",
    name: "tag-lightweight",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "only annotated tags used for recipe version",
    needs: &[Need::Git],
    page: page!("R014"),
    check: Check::Recipe(check),
};

/// abra looks at every tag, not only at those that are versions.
fn check(subject: &Subject) -> Vec<Draft> {
    let recipe = &subject.candidate.recipe;
    let releases = recipe.releases.iter().filter(|release| !release.annotated).map(|release| &release.tag);
    let others = recipe.other_tags.iter().filter(|tag| !tag.annotated).map(|tag| &tag.name);
    releases
        .chain(others)
        .map(|tag| {
            Draft::new(format!("the tag `{tag}` is lightweight, and abra takes only annotated ones"))
                .at(Location::file(format!("refs/tags/{tag}")), "")
                .help(format!(
                    "make it again: `git tag -f -a {tag} -m 'chore: publish {tag} release' '{tag}^{{}}'`, and push it with `--force`"
                ))
        })
        .collect()
}
