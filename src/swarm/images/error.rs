//! Why an image is not on the node (lesson 30).

/// Why an image is not on the node.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The reference is none.
    #[error("`{reference}` is not an image reference: {reason}")]
    Malformed {
        /// The reference.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The registry knows no such image, or hides it.
    #[error("the image {reference} does not exist in its registry, or is not public: {reason}")]
    NotFound {
        /// The reference.
        reference: String,
        /// What the registry said.
        reason: String,
    },
    /// There is none for this architecture.
    #[error("the image {reference} is not built for {wanted}: {reason}")]
    OtherArchitecture {
        /// The reference.
        reference: String,
        /// The node's architecture.
        wanted: String,
        /// What there is.
        reason: String,
    },
    /// The registry allows no more pulls for now.
    #[error("the registry of {reference} allows no more pulls for now: {reason}")]
    RateLimited {
        /// The reference.
        reference: String,
        /// What the registry said.
        reason: String,
    },
    /// No registry was reached.
    #[error("the image {reference} is not on this engine, and its registry cannot be reached: {reason}")]
    Unreachable {
        /// The reference.
        reference: String,
        /// What the engine said.
        reason: String,
    },
    /// There is no room for it.
    #[error("there is no room for the image {reference}: {reason}")]
    NoSpace {
        /// The reference.
        reference: String,
        /// What the engine said.
        reason: String,
    },
    /// It could not be moved to a node.
    #[error("the image {reference} cannot be copied into the node: {reason}")]
    Copy {
        /// The reference.
        reference: String,
        /// What the engine said.
        reason: String,
    },
}

impl ImageError {
    /// The image at fault.
    pub fn reference(&self) -> &str {
        match self {
            Self::Malformed { reference, .. }
            | Self::NotFound { reference, .. }
            | Self::OtherArchitecture { reference, .. }
            | Self::RateLimited { reference, .. }
            | Self::Unreachable { reference, .. }
            | Self::NoSpace { reference, .. }
            | Self::Copy { reference, .. } => reference,
        }
    }

    /// What a failed pull was, from the words of engine and registry.
    pub(super) fn of_pull(reference: &str, wanted: &str, reason: String) -> Self {
        let reference = reference.to_owned();
        let words = reason.to_lowercase();
        let any = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
        if any(&["toomanyrequests", "rate limit", "too many requests"]) {
            Self::RateLimited { reference, reason }
        } else if any(&["no space left"]) {
            Self::NoSpace { reference, reason }
        } else if any(&["no matching manifest", "does not match the specified platform"]) {
            Self::OtherArchitecture { reference, wanted: wanted.to_owned(), reason }
        } else if any(&["invalid reference", "invalid repository", "invalid tag"]) {
            Self::Malformed { reference, reason }
        } else if any(&[
            "manifest unknown",
            "not found",
            "access denied",
            "does not exist",
            "name unknown",
            "unauthorized",
        ]) && !any(&["no such host", "dial tcp", "lookup "])
        {
            Self::NotFound { reference, reason }
        } else {
            Self::Unreachable { reference, reason }
        }
    }

    /// What a failed copy was.
    pub(super) fn of_copy(reference: &str, reason: String) -> Self {
        // An engine's words begin with a small letter, the system's with a capital.
        if reason.to_lowercase().contains("no space left") {
            Self::NoSpace { reference: reference.to_owned(), reason }
        } else {
            Self::Copy { reference: reference.to_owned(), reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lesson_30_what_a_pull_failed_of_is_told_apart() {
        let of = |reason: &str| ImageError::of_pull("nginx:1", "amd64", reason.to_owned());
        assert!(matches!(of("manifest for nginx:1 not found: manifest unknown"), ImageError::NotFound { .. }));
        assert!(matches!(of("pull access denied for x, repository does not exist"), ImageError::NotFound { .. }));
        assert!(matches!(of("toomanyrequests: You have reached your pull rate limit"), ImageError::RateLimited { .. }));
        assert!(matches!(
            of("no matching manifest for linux/amd64 in the manifest list"),
            ImageError::OtherArchitecture { .. }
        ));
        assert!(matches!(of("Get https://r/v2/: dial tcp: lookup r: no such host"), ImageError::Unreachable { .. }));
        assert!(matches!(of("write /var/lib/docker/x: no space left on device"), ImageError::NoSpace { .. }));
        assert!(matches!(of("invalid reference format"), ImageError::Malformed { .. }));
    }

    #[test]
    fn a_full_disk_is_told_apart_whoever_says_it() {
        for words in ["write /x: no space left on device", "cannot make /x: No space left on device (os error 28)"] {
            assert!(matches!(ImageError::of_copy("nginx:1", words.to_owned()), ImageError::NoSpace { .. }), "{words}");
        }
        assert!(matches!(ImageError::of_copy("nginx:1", "unexpected EOF".to_owned()), ImageError::Copy { .. }));
    }
}
