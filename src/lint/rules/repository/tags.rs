//! G701 and G702: tags beyond R014.

use crate::lint::rule::{Check, Confidence, FixKind, Need, Rule, page};
use crate::lint::{Draft, Location, Subject};
use crate::record::Level;

pub(super) const VERSION: Rule = Rule {
    id: "G701",
    name: "tag-not-version",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "tags that look like versions are recipe versions",
    needs: &[Need::Git],
    page: page!("G701"),
    check: Check::Recipe(version),
};

pub(super) const MESSAGE: Rule = Rule {
    id: "G702",
    name: "tag-message-odd",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the newest tag says what it publishes",
    needs: &[Need::Git],
    page: page!("G702"),
    check: Check::Recipe(message),
};

fn version(subject: &Subject) -> Vec<Draft> {
    let recipe = &subject.candidate.recipe;
    // An application's own repository that doubles as a recipe has tags of the application: only a recipe that has none of its own, or
    // tags that nearly are versions, tell.
    let numbered = |name: &str| name.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit());
    let own = |name: &str| recipe.releases.is_empty() || name.contains('+');
    recipe
        .other_tags
        .iter()
        .filter(|tag| numbered(&tag.name) && own(&tag.name))
        .map(|tag| {
            Draft::new(format!("the tag `{}` is no version of a recipe: {}", tag.name, tag.why))
                .at(Location::file(format!("refs/tags/{}", tag.name)), "")
                .help("no operator is offered it; tag the commit again, as `x.y.z+<tag of the app's image>`")
        })
        .collect()
}

fn message(subject: &Subject) -> Vec<Draft> {
    let newest = subject.candidate.recipe.releases.iter().next_back().filter(|release| release.annotated);
    let Some(release) = newest else { return Vec::new() };
    let wanted = format!("chore: publish {} release", release.tag);
    if release.message.lines().next() == Some(wanted.as_str()) {
        return Vec::new();
    }
    vec![
        Draft::new(format!("the message of the tag `{}` is not `{wanted}`", release.tag))
            .at(Location::file(format!("refs/tags/{}", release.tag)), "")
            .help("releases carry it, so that it tells them from tags made by hand"),
    ]
}
