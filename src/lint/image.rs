//! Image references, and tags that can be compared (recipe-format.md §3.1).

/// A reference in its parts. Nothing is added to it: no default registry, no `latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageReference<'t> {
    /// Everything before the tag and the digest, the registry included.
    pub name: &'t str,
    /// The tag.
    pub tag: Option<&'t str>,
    /// The digest, `sha256:…`.
    pub digest: Option<&'t str>,
}

impl<'t> ImageReference<'t> {
    /// Takes a reference apart: `registry:5000/name:tag@sha256:…`.
    pub fn parse(text: &'t str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let path = rest.rfind('/').map_or(0, |slash| slash + 1);
        match rest[path..].split_once(':') {
            Some((last, tag)) => Self { name: &rest[..path + last.len()], tag: Some(tag), digest },
            None => Self { name: rest, tag: None, digest },
        }
    }

    /// The last part of the name: `postgres` of `docker.io/library/postgres`.
    pub fn short_name(&self) -> &'t str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }
}

/// A tag that reads like a version: one to three numbers, a `v` before and a suffix behind allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SemverLike<'t> {
    /// The numbers, one to three.
    pub numbers: Vec<u64>,
    /// What follows the first `-`; empty when there is none. Two tags compare only when it is the same (Renovate's docker versioning).
    pub suffix: &'t str,
}

impl<'t> SemverLike<'t> {
    /// Reads a tag. Dates without points (`20191109`), hashes, four parts and words are none.
    pub fn parse(tag: &'t str) -> Option<Self> {
        let (core, suffix) = tag.split_once('-').unwrap_or((tag, ""));
        if core.len() != tag.len() && suffix.is_empty() {
            return None;
        }
        let parts: Vec<&str> = core.strip_prefix('v').unwrap_or(core).split('.').collect();
        // A date, or a build number, written as one number.
        let dated = matches!(parts.as_slice(), [only] if only.len() >= 8);
        let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if dated || parts.len() > 3 || !parts.iter().all(digits) {
            return None;
        }
        let numbers = parts.iter().map(|part| part.parse().ok()).collect::<Option<_>>()?;
        Some(Self { numbers, suffix })
    }

    /// Whether two tags compare: only with the same suffix and number of parts (recipe-format.md §3.1).
    fn is_same_kind(&self, other: &Self) -> bool {
        other.suffix == self.suffix && other.numbers.len() == self.numbers.len()
    }
}

/// The tags of the same kind as `tag` that are newer, the lowest version first; `None` when `tag` does not read like a version, so that none
/// compares with it.
pub fn newer_tags<'t>(tag: &str, tags: &'t [String]) -> Option<Vec<&'t str>> {
    let own = SemverLike::parse(tag)?;
    let is_newer = |other: &SemverLike<'_>| own.is_same_kind(other) && other.numbers > own.numbers;
    let mut newer: Vec<(Vec<u64>, &str)> = tags
        .iter()
        .filter_map(|other| Some((SemverLike::parse(other).filter(is_newer)?.numbers, other.as_str())))
        .collect();
    newer.sort_unstable();
    Some(newer.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let parts = |text| {
            let reference = ImageReference::parse(text);
            (reference.name, reference.tag, reference.digest)
        };
        assert_eq!(parts("nginx"), ("nginx", None, None));
        assert_eq!(parts("nginx:1.27"), ("nginx", Some("1.27"), None));
        assert_eq!(parts("localhost:5000/a/b"), ("localhost:5000/a/b", None, None));
        assert_eq!(parts("r:5/a:2@sha256:ab"), ("r:5/a", Some("2"), Some("sha256:ab")));
        assert_eq!(parts("nginx@sha256:ab"), ("nginx", None, Some("sha256:ab")));
        assert_eq!(parts(""), ("", None, None));
        assert_eq!(ImageReference::parse("docker.io/library/postgres:16").short_name(), "postgres");
    }

    #[test]
    fn the_examples_of_the_format_are_read_as_it_says() {
        for tag in ["5", "2.6", "4.3.5", "v1", "6-alpine", "v6.2.1-alpine-foo", "2024.01.05"] {
            assert!(SemverLike::parse(tag).is_some(), "{tag}");
        }
        let refused = [
            "",
            "${X:-master}",
            "master",
            "7e2f3a1",
            "deadbeef",
            "20191109",
            "3.0.6.0",
            "r1295",
            "version-r1070",
            "1-",
            "1..2",
            "v",
            "1.2-",
        ];
        for tag in refused {
            assert_eq!(SemverLike::parse(tag), None, "{tag}");
        }
        let tag = SemverLike::parse("v6.2.1-alpine-foo").unwrap();
        assert_eq!((tag.numbers, tag.suffix), (vec![6, 2, 1], "alpine-foo"));
        assert_eq!(SemverLike::parse("1.99999999999999999999999"), None, "numbers beyond 64 bits are no versions");
    }

    #[test]
    fn newer_is_only_what_is_of_the_same_kind_the_lowest_first() {
        let tags = ["1.27.10", "1.27.2", "1.27.3", "1.28", "1.28.0-alpine", "2.0.0-rc1", "1.26.9", "latest", "v1.28.0"];
        let tags = tags.map(str::to_owned);
        let newer = |tag| newer_tags(tag, &tags);
        assert_eq!(newer("1.27.2"), Some(vec!["1.27.3", "1.27.10", "v1.28.0"]));
        assert_eq!(newer("1.27.2-alpine"), Some(vec!["1.28.0-alpine"]));
        assert_eq!(newer("1.28.0"), Some(Vec::new()), "`v1.28.0` is the same version");
        assert_eq!((newer("1.27"), newer("2")), (Some(vec!["1.28"]), Some(Vec::new())));
        assert_eq!((newer("latest"), newer("20191109")), (None, None), "what is no version has none that is newer");
    }
}
