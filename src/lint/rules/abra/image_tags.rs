//! R003, R004, R005 and R011: images and their tags.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::rules::images::pin;
use crate::lint::{Draft, ImageReference, Location, SemverLike, Set, Subject};
use crate::record::Level;

pub(super) const UNTAGGED: Rule = Rule {
    id: "R003",
    name: "image-untagged",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Unsafe,
    confidence: Confidence::Certain,
    summary: "all images use a tag",
    needs: &[],
    page: page!("R003"),
    check: Check::Set(untagged),
};

pub(super) const UNSTABLE: Rule = Rule {
    id: "R004",
    name: "image-tag-unstable",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Unsafe,
    confidence: Confidence::Certain,
    summary: "no unstable tags",
    needs: &[],
    page: page!("R004"),
    check: Check::Set(unstable),
};

pub(super) const NOT_SEMVER: Rule = Rule {
    id: "R005",
    name: "image-tag-not-semver",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "tags use semver-like format",
    needs: &[],
    page: page!("R005"),
    check: Check::Set(not_semver),
};

pub(super) const MISSING: Rule = Rule {
    id: "R011",
    name: "image-missing",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "all services have images",
    needs: &[],
    page: page!("R011"),
    check: Check::Set(missing),
};

/// The services that have an image: name, reference, where it is written.
fn images(set: &Set) -> impl Iterator<Item = (&str, ImageReference<'_>, Location)> {
    set.project().services().filter(|(_, service)| !service.image.is_empty()).map(|(name, service)| {
        let at = set.last(&["services", name, "image"]).map_or_else(|| set.service_at(name), |found| found.value);
        (name, ImageReference::parse(&service.image), at)
    })
}

fn untagged(subject: &Subject, set: &Set) -> Vec<Draft> {
    let bare = images(set).filter(|(_, image, _)| image.tag.is_none() && image.digest.is_none());
    bare.map(|(service, image, at)| {
        let draft = Draft::new(format!("the image `{}` of the service `{service}` has no tag", image.name))
            .at(at, "")
            .help("name the version that you tested, as in `nginx:1.27.2`");
        Draft { fix: pin::tagged(subject, set, service), ..draft }
    })
    .collect()
}

fn unstable(subject: &Subject, set: &Set) -> Vec<Draft> {
    let drafts = images(set).filter_map(|(service, image, at)| {
        let message = match image.tag {
            None if image.digest.is_none() => {
                format!("the image `{}` of the service `{service}` has no tag, which means `latest`", image.name)
            }
            Some("latest") => {
                format!("the image of the service `{service}` is whatever `latest` is on the day of the deploy")
            }
            _ => return None,
        };
        let draft = Draft::new(message).at(at, "").help("name the version that you tested, as in `nginx:1.27.2`");
        Some(Draft { fix: pin::tagged(subject, set, service), ..draft })
    });
    drafts.collect()
}

fn not_semver(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let odd = images(set).filter(|(_, image, _)| match image.tag {
        Some(tag) => SemverLike::parse(tag).is_none(),
        None => image.digest.is_none(),
    });
    odd.map(|(service, image, at)| {
        let message = match image.tag {
            Some(tag) => format!("the tag `{tag}` of the service `{service}` does not read like a version"),
            None => format!("the image of the service `{service}` has no tag that could read like a version"),
        };
        Draft::new(message)
            .at(at, "")
            .help("take a tag of one to three numbers (`5`, `2.6`, `v4.3.5-alpine`), so that upgrades can be told from downgrades")
    })
    .collect()
}

fn missing(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let without = set.project().services().filter(|(_, service)| service.image.is_empty());
    without
        .map(|(name, _)| {
            Draft::new(format!("the service `{name}` has no image"))
                .at(set.service_at(name), "no `image:` in this service")
                .help("swarm builds nothing: name an image that a registry has")
        })
        .collect()
}
