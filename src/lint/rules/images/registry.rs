//! I405 to I407: what registries say about the images.

use crate::lint::rule::{Check, Confidence, FixKind, Need, Rule, page};
use crate::lint::{Draft, ImageReference, Set, Subject, newer_tags};
use crate::record::Level;

use super::written::images;
use crate::lint::{ImageAnswer, Location};

pub(super) const ABSENT: Rule = Rule {
    id: "I405",
    name: "image-absent",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every image is in its registry",
    needs: &[Need::Registries],
    page: page!("I405"),
    check: Check::Set(absent),
};
pub(super) const ARCHITECTURE: Rule = Rule {
    id: "I406",
    name: "image-architecture",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every image is built for amd64 and arm64",
    needs: &[Need::Registries],
    page: page!("I406"),
    check: Check::Set(architecture),
};
pub(super) const NEWER: Rule = Rule {
    id: "I407",
    name: "image-newer",
    level: Level::Info,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "every image has the newest tag of its kind",
    needs: &[Need::Registries],
    page: page!("I407"),
    check: Check::Set(newer),
};

/// The architectures that the commons' servers have.
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// The images that somebody asked a registry for.
fn answers<'s>(
    subject: &'s Subject,
    set: &'s Set,
) -> impl Iterator<Item = (&'s str, &'s str, Location, &'s ImageAnswer)> {
    let known = subject.outside.images.as_deref().unwrap_or_default();
    images(set).filter_map(|(service, text, at)| {
        let answer = known.iter().find(|answer| answer.reference == text)?;
        Some((service, text, at, answer))
    })
}

fn absent(subject: &Subject, set: &Set) -> Vec<Draft> {
    let absent = answers(subject, set).filter(|(.., answer)| !answer.exists);
    absent
        .map(|(service, text, at, answer)| {
            let tag = ImageReference::parse(text).tag.unwrap_or("latest");
            let near = answer.tags.iter().map(|other| (strsim::osa_distance(tag, other), other)).min();
            let meant = near.filter(|(distance, _)| *distance <= 2).map(|(_, other)| format!("`{other}`"));
            let message = if answer.hidden {
                format!("the registry shows the image `{text}` of the service `{service}` to nobody without an account: it is private, or does not exist")
            } else {
                format!("the registry has no image `{text}`, which the service `{service}` needs")
            };
            Draft::new(message)
                .at(at, "")
                .did_you_mean(meant)
                .help("name a tag that is there: no node can pull this one")
        })
        .collect()
}

fn architecture(subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, text, at, answer) in answers(subject, set).filter(|(.., answer)| answer.exists) {
        let has = |wanted: &str| answer.architectures.iter().any(|known| known.split('/').any(|part| part == wanted));
        let missing: Vec<&str> = ARCHITECTURES.into_iter().filter(|wanted| !has(wanted)).collect();
        if !answer.architectures.is_empty() && !missing.is_empty() {
            drafts.push(
                Draft::new(format!(
                    "the image `{text}` of the service `{service}` is not built for {}",
                    missing.join(" and ")
                ))
                .at(at, "")
                .help("say in the README on which machines the recipe runs, or take an image that is built for both"),
            );
        }
    }
    drafts
}

fn newer(subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, text, at, answer) in answers(subject, set).filter(|(.., answer)| answer.exists) {
        let Some(tag) = ImageReference::parse(text).tag else { continue };
        if let Some(name) = newer_tags(tag, &answer.tags).and_then(|newer| newer.last().copied()) {
            drafts.push(
                Draft::new(format!("the image of the service `{service}` is `{tag}`, and there is `{name}`"))
                    .at(at, "")
                    .help("read its release notes, raise the tag, and test the upgrade"),
            );
        }
    }
    drafts
}
