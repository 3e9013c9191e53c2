//! I401 to I404, and I408: images as the compose files name them.

use crate::lint::rule::{Check, Confidence, FixKind, Rule, page};
use crate::lint::{Draft, ImageReference, SemverLike, Set, Subject};
use crate::record::Level;

use crate::lint::Location;
use crate::lint::rules::place;
use crate::recipe::Version;

pub(super) const UPSTREAM: Rule = Rule {
    id: "I401",
    name: "upstream-out-of-step",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "the version label names the tag of the image of app",
    needs: &[],
    page: page!("I401"),
    check: Check::Set(upstream),
};
pub(super) const REFUSED: Rule = Rule {
    id: "I402",
    name: "image-refused",
    level: Level::Error,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every image is a reference that Docker accepts",
    needs: &[],
    page: page!("I402"),
    check: Check::Set(refused),
};
pub(super) const VARIABLE: Rule = Rule {
    id: "I403",
    name: "image-from-variable",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::Unsafe,
    confidence: Confidence::Likely,
    summary: "no image or tag comes from a variable",
    needs: &[],
    page: page!("I403"),
    check: Check::Set(variable),
};
pub(super) const DIFFERENT: Rule = Rule {
    id: "I404",
    name: "image-tags-differ",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Likely,
    summary: "services with the same image have the same tag",
    needs: &[],
    page: page!("I404"),
    check: Check::Set(different),
};

pub(super) const UNNAMED: Rule = Rule {
    id: "I408",
    name: "digest-without-tag",
    level: Level::Warn,
    since: "0.1.0",
    fix: FixKind::None,
    confidence: Confidence::Certain,
    summary: "every image that is pinned by its digest has a tag too",
    needs: &[],
    page: page!("I408"),
    check: Check::Set(unnamed),
};

/// The services with images: name, reference as written, place.
pub(super) fn images(set: &Set) -> impl Iterator<Item = (&str, &str, Location)> {
    let with = set.project().services().filter(|(_, service)| !service.image.is_empty());
    with.map(|(name, service)| (name, service.image.as_str(), place::value(set, &["services", name, "image"])))
}

fn upstream(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let Some(app) = set.project().services.get("app") else { return Vec::new() };
    let key = format!("coop-cloud.{}.version", set.stack);
    let label = set.deploy_labels("app").iter().rev().find(|pair| pair.key == key);
    let Some((label, tag)) = label.zip(ImageReference::parse(&app.image).tag) else { return Vec::new() };
    // A label that is no version is L226's.
    let Ok(version) = Version::parse(label.value.as_deref().unwrap_or_default()) else { return Vec::new() };
    let bare = |text: &str| text.strip_prefix('v').unwrap_or(text).to_owned();
    if bare(version.upstream()) == bare(tag) {
        return Vec::new();
    }
    let (major, minor, patch) = version.numbers();
    vec![
        Draft::new(format!("the version label says that `app` is `{}`, and its image is `{tag}`", version.upstream()))
            .at(label.value_at.clone(), "the version label")
            .at(place::value(set, &["services", "app", "image"]), "the image")
            .did_you_mean(Some(format!("`{major}.{minor}.{patch}+{tag}`")))
            .help("raise the recipe's own number too when the image was the change"),
    ]
}

fn refused(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let refused = images(set).filter_map(|(service, text, at)| Some((service, text, at, fault(text)?)));
    refused
        .map(|(service, text, at, fault)| {
            Draft::new(format!("Docker refuses the image `{text}` of the service `{service}`: {fault}"))
                .at(at, "")
                .help("write `registry/name:tag`, as in `nginx:1.27.2` or `ghcr.io/example/teapot:1.27.2`")
        })
        .collect()
}

/// What is wrong with a reference by the grammar of distribution/reference.
fn fault(text: &str) -> Option<&'static str> {
    let image = ImageReference::parse(text);
    let (first, path) = match image.name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':']) || first == "localhost" || first.chars().any(|c| c.is_ascii_uppercase()) =>
        {
            (Some(first), rest)
        }
        _ => (None, image.name),
    };
    let host = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
    let part = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(part.chars().next())
            && edge(part.chars().next_back())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
    };
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.contains(char::is_whitespace) {
        Some("there is a space in it")
    } else if path.chars().any(|c| c.is_ascii_uppercase()) {
        Some("the name may have no capital letters")
    } else if first.is_some_and(|first| !first.chars().all(host)) || !path.split('/').all(part) {
        Some("the name may have only small letters, digits, and single `.`, `_`, `-` and `/` between them")
    } else if image.tag.is_some_and(str::is_empty) {
        Some("the tag is empty")
    } else if image.tag.is_some_and(|tag| {
        !tag.starts_with(word) || !tag.chars().all(|c| word(c) || ".-".contains(c)) || tag.len() > 128
    }) {
        Some("the tag may have only letters, digits, `_`, `.` and `-`, 128 at most")
    } else if image.digest.is_some_and(|digest| {
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        hex.len() != 64 || !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }) {
        Some("the digest must be `sha256:` and 64 hexadecimal digits")
    } else {
        None
    }
}

fn variable(subject: &Subject, set: &Set) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (service, _, _) in images(set) {
        let path = format!("services.{service}.image");
        for used in set.loaded.variables.iter().filter(|used| used.path == path) {
            let mut draft = Draft::new(format!("the image of the service `{service}` depends on the variable `{}`", used.name))
                .at(set.location(used.span), "")
                .help("write the reference out: the version label, the catalogue and Renovate cannot follow what an operator has in `.env`");
            draft.fix = super::pin::written_out(subject, set, service);
            drafts.push(draft);
        }
    }
    drafts
}

fn different(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let all: Vec<_> = images(set).map(|(service, text, at)| (service, ImageReference::parse(text), at)).collect();
    let mut drafts = Vec::new();
    for (index, (service, image, at)) in all.iter().enumerate() {
        let comparable = |other: &ImageReference<'_>| {
            let numbers = |tag: Option<&str>| {
                tag.and_then(|tag| SemverLike::parse(tag).map(|tag| (tag.suffix.to_owned(), tag.numbers)))
            };
            match (numbers(image.tag), numbers(other.tag)) {
                // Other suffixes are other programs: `28-fpm` beside `28-apache`.
                (Some(a), Some(b)) => a.0 == b.0 && a.1 != b.1,
                _ => false,
            }
        };
        let other = all[..index].iter().find(|(_, other, _)| other.name == image.name && comparable(other));
        if let Some((first, other, there)) = other {
            drafts.push(
                Draft::new(format!(
                    "the services `{first}` and `{service}` run `{}` in two versions: `{}` and `{}`",
                    image.name,
                    other.tag.unwrap_or_default(),
                    image.tag.unwrap_or_default()
                ))
                .at(at.clone(), "one version")
                .at(there.clone(), "another")
                .help("raise them together"),
            );
        }
    }
    drafts
}

fn unnamed(_subject: &Subject, set: &Set) -> Vec<Draft> {
    let bare = images(set).filter(|(_, text, _)| {
        let image = ImageReference::parse(text);
        image.digest.is_some() && image.tag.is_none()
    });
    bare.map(|(service, _, at)| {
        Draft::new(format!(
            "the image of the service `{service}` has a digest and no tag, so nobody can tell its version"
        ))
        .at(at, "")
        .help("name both: `nginx:1.27.2@sha256:…` is pulled by its digest, and the catalogue and Renovate read the tag")
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_docker_takes_and_refuses() {
        let hex = "0123456789abcdef".repeat(4);
        let pinned = format!("nginx:1@sha256:{hex}");
        for good in
            ["nginx", "nginx:1.27", "a/b_c:1", "ghcr.io/a/b-c.d:v1_x", "localhost:5000/a", "a__b", "REG/a:1", &pinned]
        {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["Nginx", "nginx:", "nginx:-1", "a//b", "-a", "a:b:c", "nginx 1", "a@sha256:12", "a/B:1"] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}
