//! How `recipes.json` names images (recipe-format.md §4): without the default registry and `library/`.

use crate::lint::ImageReference;
use crate::record::ServiceImage;

/// Names of the default registry.
const DEFAULT_REGISTRY: [&str; 2] = ["docker.io/", "index.docker.io/"];

/// The image of a service; `None` when it has no tag.
pub(super) fn service_image(reference: &str) -> Option<ServiceImage> {
    let parsed = ImageReference::parse(reference.trim());
    let tag = parsed.tag.filter(|tag| !tag.is_empty())?;
    let name = DEFAULT_REGISTRY.iter().find_map(|prefix| parsed.name.strip_prefix(prefix)).unwrap_or(parsed.name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    (!name.is_empty()).then(|| ServiceImage { image: name.to_owned(), tag: tag.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_registry_and_library_are_left_out() {
        let named = |reference: &str| service_image(reference).map(|image| format!("{} {}", image.image, image.tag));
        for (reference, expected) in [
            ("nginx:1.27.2", "nginx 1.27.2"),
            ("docker.io/library/nginx:1.27.2", "nginx 1.27.2"),
            ("docker.io/gitea/gitea:1", "gitea/gitea 1"),
            ("library/nginx:1", "nginx 1"),
            ("ghcr.io/a/b:v1@sha256:ab", "ghcr.io/a/b v1"),
            ("localhost:5000/library/nginx:1", "localhost:5000/library/nginx 1"),
        ] {
            assert_eq!(named(reference).as_deref(), Some(expected), "{reference}");
        }
        for reference in ["nginx", "", "nginx:", "nginx@sha256:ab", ":1"] {
            assert_eq!(named(reference), None, "{reference}");
        }
    }
}
