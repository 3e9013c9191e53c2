//! Where an image is: which registry, which repository, which manifest.

use std::net::IpAddr;

use url::Url;

use super::RegistryError;

/// Where Docker looks for images whose name has no registry.
const HUB: &str = "registry-1.docker.io";

/// An image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The registry's root, with a `/` at its end.
    pub(super) root: Url,
    /// The repository, `library/nginx`.
    pub(super) repository: String,
    /// The tag, or the digest where there is one: that is what is pulled.
    pub(super) manifest: String,
}

impl Place {
    /// Reads a reference as Docker does (distribution/reference): the first part is a registry when it has a `.`, a `:`, or is `localhost`.
    pub(super) fn of(reference: &str) -> Result<Self, RegistryError> {
        let malformed = |why: &str| RegistryError::Malformed { reference: reference.to_owned(), why: why.to_owned() };
        let (rest, digest) = match reference.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (reference, None),
        };
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].split_once(':') {
            Some((short, tag)) => (&rest[..last + short.len()], tag),
            None => (rest, "latest"),
        };
        let (host, repository) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
            Some(_) => (HUB, name.to_owned()),
            None => (HUB, format!("library/{name}")),
        };
        let (host, repository) = match host {
            "docker.io" | "index.docker.io" if repository.contains('/') => (HUB, repository),
            "docker.io" | "index.docker.io" => (HUB, format!("library/{repository}")),
            host => (host, repository),
        };
        let plain = |text: &str, more: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        let manifest = digest.unwrap_or(tag);
        if !plain(&repository, "._-/") || repository.split('/').any(|part| part.trim_matches('.').is_empty()) {
            return Err(malformed("its name has characters that no repository has"));
        }
        if !plain(manifest, "._-:") || manifest.trim_matches('.').is_empty() {
            return Err(malformed("its tag has characters that no tag has"));
        }
        if !plain(host, ".-:[]") {
            return Err(malformed("its registry is no host name"));
        }
        // Docker speaks HTTP without encryption to the loopback alone, unless its configuration says otherwise.
        let root = |scheme: &str| Url::parse(&format!("{scheme}://{host}/")).ok();
        let root = match root("https") {
            Some(url) if is_loopback(&url) => root("http"),
            url => url,
        };
        let root = root.filter(|url| url.path() == "/").ok_or_else(|| malformed("its registry is no host name"))?;
        Ok(Self { root, repository, manifest: manifest.to_owned() })
    }

    /// The registry as people write it.
    pub(super) fn host(&self) -> String {
        authority(&self.root)
    }

    /// A URL of the repository: `tags/list`, `manifests/1.27`.
    pub(super) fn url(&self, what: &str) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("/v2/{}/{what}", self.repository));
        url
    }
}

/// The host of a URL, with its port where that is not the scheme's own.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_where_docker_pulls_them_from() {
        let parts = |text| {
            let place = Place::of(text).unwrap();
            (place.root.to_string(), place.repository, place.manifest)
        };
        let of = |root: &str, repository: &str, manifest: &str| {
            (root.to_owned(), repository.to_owned(), manifest.to_owned())
        };
        let hub = format!("https://{HUB}/");
        assert_eq!(parts("nginx"), of(&hub, "library/nginx", "latest"));
        assert_eq!(parts("docker.io/nginx:1"), of(&hub, "library/nginx", "1"));
        assert_eq!(parts("a/b:1@sha256:ab"), of(&hub, "a/b", "sha256:ab"));
        assert_eq!(parts("ghcr.io/a/b:v1"), of("https://ghcr.io/", "a/b", "v1"));
        assert_eq!(parts("127.0.0.1:5000/a"), of("http://127.0.0.1:5000/", "a", "latest"));
        assert_eq!(parts("localhost/a:1"), of("http://localhost/", "a", "1"));
        assert_eq!(parts("r.example:5000/a:1"), of("https://r.example:5000/", "a", "1"));
        for bad in ["", "a b", "a:b?c", "r.example/../x:1", "r.example/a:1#x", "u@r.example/a", "r.example:x/a", "a:.."]
        {
            assert!(Place::of(bad).is_err(), "{bad}: {:?}", Place::of(bad));
        }
    }
}
