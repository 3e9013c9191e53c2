//! What a registry says about an image.

use serde::Deserialize;

/// What a registry says about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Whether it is there.
    pub presence: Presence,
    /// Processor architectures that it is built for, by Docker's names, a variant behind a `/`: `amd64`, `arm/v7`. Empty when that
    /// cannot be told.
    pub architectures: Vec<String>,
    /// All tags of its repository, as many as the registry shows.
    pub tags: Vec<String>,
    /// Whether these were all of its pages.
    pub tags_are_whole: bool,
}

/// Whether an image is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Exists,
    /// The registry has no such tag, digest or repository.
    Absent,
    /// The registry shows it to nobody without an account: it is not public, or does not exist.
    Hidden,
}

/// A manifest, of one image or of one for each platform.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    /// Of a list: one entry for each platform.
    #[serde(default)]
    pub(super) manifests: Vec<ListEntry>,
    /// Of one image: where its configuration is.
    pub(super) config: Option<Descriptor>,
    /// Of the oldest kind of manifest.
    pub(super) architecture: Option<String>,
}

impl Manifest {
    /// Of a list: the digest of the entry for amd64, else of the first that is for a platform; `None` for the manifest of one image.
    pub(super) fn one_platform(&self) -> Option<String> {
        let runs = |entry: &&ListEntry| entry.platform.as_ref().is_some_and(|platform| platform.name().is_some());
        let is_amd64 = |entry: &&ListEntry| entry.platform.as_ref().is_some_and(|of| of.architecture == "amd64");
        let entry = self.manifests.iter().find(is_amd64).or_else(|| self.manifests.iter().find(runs))?;
        entry.digest.clone()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct ListEntry {
    pub(super) platform: Option<Platform>,
    pub(super) digest: Option<String>,
}

/// What the configuration of an image tells of its making.
#[derive(Debug, Deserialize)]
pub(super) struct Built {
    /// When, RFC 3339; some builders leave it out.
    pub(super) created: Option<String>,
}

/// A platform; a configuration of an image has the same two keys.
#[derive(Debug, Deserialize)]
pub(super) struct Platform {
    pub(super) architecture: String,
    pub(super) variant: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Descriptor {
    pub(super) digest: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct TagList {
    /// `null` for a repository whose tags were all deleted.
    pub(super) tags: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) token: Option<String>,
    pub(super) access_token: Option<String>,
}

impl Platform {
    /// Its architecture; `None` for what is no image that runs, such as an attestation.
    pub(super) fn name(&self) -> Option<String> {
        let known = self.architecture != "unknown" && !self.architecture.is_empty();
        known.then(|| match self.variant.as_deref() {
            Some(variant) if !variant.is_empty() => format!("{}/{variant}", self.architecture),
            _ => self.architecture.clone(),
        })
    }
}

/// What a `WWW-Authenticate: Bearer …` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) service: Option<String>,
    pub(super) scope: Option<String>,
}

impl Challenge {
    /// Reads the header; `None` for another scheme than Bearer.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        // A comma may stand in a value: `scope="repository:a:pull,push"`.
        while let Some((key, behind)) = rest.split_once('=') {
            let (value, behind) = match behind.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => behind.split_once(',').unwrap_or((behind, "")),
            };
            match key.trim_matches([' ', ',']).to_ascii_lowercase().as_str() {
                "realm" => value.clone_into(&mut challenge.realm),
                "service" => challenge.service = Some(value.to_owned()),
                "scope" => challenge.scope = Some(value.to_owned()),
                _ => {}
            }
            rest = behind;
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_real_registries_are_read() {
        let text =
            r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        let challenge = Challenge::parse(text).unwrap();
        assert_eq!(challenge.realm, "https://auth.example/token");
        assert_eq!(challenge.service.as_deref(), Some("registry.example"));
        assert_eq!(challenge.scope.as_deref(), Some("repository:a/b:pull,push"));
        let bare = Challenge::parse("bearer realm=https://a/t, service=x").unwrap();
        assert_eq!((bare.realm.as_str(), bare.service.as_deref()), ("https://a/t", Some("x")));
        for none in ["", "Basic realm=\"x\"", "Bearer", "Bearer realm=\"x", "Bearer service=\"x\""] {
            assert_eq!(Challenge::parse(none), None, "{none}");
        }
    }
}
