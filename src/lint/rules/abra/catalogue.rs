//! R006: there is a published version.

use crate::lint::rule::{Check, Confidence, FixKind, Need, Rule, page};
use crate::lint::{Draft, Location, Subject};
use crate::record::Level;

pub(super) const RULE: Rule = Rule {
    id: "R006",
    name: "version-unpublished",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "has published catalogue version",
    needs: &[Need::Git],
    page: page!("R006"),
    check: Check::Recipe(check),
};

/// The catalogue is made of the tags: without one at hand, the tags decide.
fn check(subject: &Subject) -> Vec<Draft> {
    let tags = Location::file("refs/tags");
    match &subject.outside.catalogue {
        Some(versions) if versions.is_empty() => vec![
            Draft::new("the catalogue lists no version of this recipe")
                .at(tags, "")
                .help("`abra recipe release` makes one; the catalogue takes it from the tag"),
        ],
        None if subject.candidate.recipe.releases.is_empty() => vec![
            Draft::new("no tag is a recipe version, so the catalogue has nothing to list")
                .at(tags, "")
                .help("tag a release: `git tag -a 1.0.0+<version of the app>`, or let `abra recipe release` do it"),
        ],
        _ => Vec::new(),
    }
}
