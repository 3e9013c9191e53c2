//! The fix of R003, R004 and I403: an image gets the tag that is meant, where that can be known.

use crate::lint::rules::place;
use crate::lint::{ImageReference, SemverLike, Set, Subject};
use crate::recipe::Version;
use crate::record::{Edit, Fix, Safety};

/// Gives an image without a tag, or with `latest`, the tag that is known: from the version label, the last release, another service
/// with the same image, or else the newest one that its registry has. Somebody should look at it: another program may run afterwards.
pub(in crate::lint::rules) fn tagged(subject: &Subject, set: &Set, service: &str) -> Option<Fix> {
    let text = set.project().services.get(service)?.image.as_str();
    let image = ImageReference::parse(text);
    let tag = known(subject, set, service, image.name, text)?;
    let digest = image.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
    let pinned = format!("{}:{tag}{digest}", image.name);
    let written = Written::find(subject, set, service).filter(|written| written.text == text)?;
    Some(Fix {
        title: format!("pin the image of the service `{service}` to `{tag}`"),
        safety: Safety::Unsafe,
        edits: vec![written.replaced(pinned)],
        changes: vec![format!("services.{service}.image")],
    })
}

/// Writes an image that depends on variables out, as the sample makes it. Somebody should look at it: operators may have another one.
pub(super) fn written_out(subject: &Subject, set: &Set, service: &str) -> Option<Fix> {
    let text = set.project().services.get(service)?.image.as_str();
    SemverLike::parse(ImageReference::parse(text).tag?)?;
    let written = Written::find(subject, set, service)?;
    Some(Fix {
        title: format!("pin the image of the service `{service}` to `{text}`"),
        safety: Safety::Unsafe,
        edits: vec![written.replaced(text.to_owned())],
        changes: Vec::new(),
    })
}

/// The image of a service as it stands in its file, without quotes.
struct Written<'t> {
    file: String,
    start: usize,
    text: &'t str,
}

impl<'t> Written<'t> {
    /// `None` when it is not written on one line.
    fn find(subject: &'t Subject, set: &Set, service: &str) -> Option<Self> {
        let at = place::value(set, &["services", service, "image"]);
        let whole = subject.candidate.written(&at);
        let bare = ['"', '\''].iter().find_map(|quote| whole.strip_prefix(*quote)?.strip_suffix(*quote));
        let text = bare.unwrap_or(whole);
        let plain = !text.is_empty() && !text.contains(['"', '\'', '\\', '\n', '\r', ' ', '#']);
        plain.then_some(Self { file: at.file, start: at.range?.start + usize::from(bare.is_some()), text })
    }

    fn replaced(&self, replacement: String) -> Edit {
        Edit { file: self.file.clone(), start: self.start, end: self.start + self.text.len(), replacement }
    }
}

fn known(subject: &Subject, set: &Set, service: &str, name: &str, text: &str) -> Option<String> {
    let semver = |tag: &&str| SemverLike::parse(tag).is_some();
    let of_service = |set: &Set, service: &str| -> Option<String> {
        let other = ImageReference::parse(&set.project().services.get(service)?.image);
        other.tag.filter(semver).filter(|_| other.name == name).map(str::to_owned)
    };
    let label = || {
        let key = format!("coop-cloud.{}.version", set.stack);
        let value = set.project().services.get("app").filter(|_| service == "app")?.deploy.labels.get(&key)?;
        let version = Version::parse(value).ok()?;
        Some(version.upstream().to_owned()).filter(|tag| semver(&tag.as_str()))
    };
    let released = || of_service(subject.previous().ok()??.sampled()?, service);
    let beside = || {
        let others = set.project().services().filter(|(_, other)| other.image != text && other.image.starts_with(name));
        others.map(|(other, _)| other).find_map(|other| of_service(set, other))
    };
    let in_registry = || {
        let answers = subject.outside.images.as_deref()?;
        let answer = answers.iter().find(|answer| answer.reference == text)?;
        let versions = answer.tags.iter().filter_map(|tag| Some((SemverLike::parse(tag)?, tag)));
        // The more numbers a tag has, the less it moves.
        let exact = versions.filter(|(version, _)| version.suffix.is_empty());
        exact.max_by_key(|(version, _)| (version.numbers.len(), version.numbers.clone())).map(|(_, tag)| tag.clone())
    };
    label().or_else(released).or_else(beside).or_else(in_registry)
}
