//! What another image means: upstream's own numbers are all that is known of it, and they are taken at their word.

use crate::lint::{ImageReference, SemverLike};
use crate::record::BumpKind;

/// How one reference differs from the other; `None` when they are the same.
pub fn bump(old: &ImageReference<'_>, new: &ImageReference<'_>) -> Option<BumpKind> {
    if old.name != new.name {
        return Some(BumpKind::OtherImage);
    }
    match (old.tag, new.tag) {
        (old_tag, new_tag) if old_tag == new_tag => (old.digest != new.digest).then_some(BumpKind::Digest),
        (Some(old), Some(new)) => Some(of_tags(old, new)),
        _ => Some(BumpKind::Unknown),
    }
}

/// Of two different tags.
pub(super) fn of_tags(old: &str, new: &str) -> BumpKind {
    let (Some(old), Some(new)) = (SemverLike::parse(old), SemverLike::parse(new)) else { return BumpKind::Unknown };
    let at = |tag: &SemverLike<'_>, place: usize| tag.numbers.get(place).copied().unwrap_or_default();
    if at(&old, 0) != at(&new, 0) {
        BumpKind::Major
    } else if at(&old, 1) != at(&new, 1) {
        BumpKind::Minor
    } else {
        BumpKind::Patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bump_is_told_by_what_differs() {
        let kind = |old, new| bump(&ImageReference::parse(old), &ImageReference::parse(new));
        assert_eq!(kind("nginx:1.27.2", "nginx:1.27.2"), None);
        assert_eq!(kind("nginx:1.27.2@sha256:aa", "nginx:1.27.2@sha256:bb"), Some(BumpKind::Digest));
        assert_eq!(kind("nginx:1.27.2", "nginx:1.27.2@sha256:bb"), Some(BumpKind::Digest), "now it is pinned");
        assert_eq!(kind("nginx:1.27.2@sha256:aa", "nginx:1.27.3@sha256:bb"), Some(BumpKind::Patch));
        assert_eq!(kind("nginx:1.27.2", "nginx:1.28.0"), Some(BumpKind::Minor));
        assert_eq!(kind("nginx:1.27.2-alpine", "nginx:v2-alpine"), Some(BumpKind::Major));
        assert_eq!(kind("nginx:stable", "nginx:1.28.0"), Some(BumpKind::Unknown));
        assert_eq!(kind("nginx", "nginx:1.28.0"), Some(BumpKind::Unknown));
        assert_eq!(kind("nginx:1", "caddy:1"), Some(BumpKind::OtherImage));
    }
}
