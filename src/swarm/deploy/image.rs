//! Image references as the reference client sends them.

use std::sync::LazyLock;

use regex::Regex;

/// The grammar of a reference (`distribution/reference`): name, tag, digest.
static REFERENCE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^
        (?P<name>
          (?: (?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/ )?
          [a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*
          (?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*
        )
        (?: : (?P<tag>\w[\w.-]{0,127}) )?
        (?: @ (?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}) )?
        $",
    )
    .ok()
});

/// An image as the reference client puts it into a service: the short form (`docker.io/library/nginx` → `nginx`), with `:latest`
/// when neither tag nor digest is there. What is no reference is left as it is, for the engine to refuse.
pub fn familiar_image(image: &str) -> String {
    let is_id = image.len() == 64 && image.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let Some(found) = REFERENCE.as_ref().filter(|_| !is_id).and_then(|grammar| grammar.captures(image)) else {
        return image.to_owned();
    };
    let name = found.name("name").map_or("", |m| m.as_str());
    let mut familiar = familiar_name(name);
    let (tag, digest) = (found.name("tag"), found.name("digest"));
    match tag {
        Some(tag) => familiar.extend([":", tag.as_str()]),
        None if digest.is_none() => familiar.push_str(":latest"),
        None => {}
    }
    if let Some(digest) = digest {
        familiar.extend(["@", digest.as_str()]);
    }
    familiar
}

fn familiar_name(name: &str) -> String {
    let (domain, path) = match name.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':']) || first == "localhost" || first.chars().any(|c| c.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => ("docker.io", name),
    };
    if domain != "docker.io" && domain != "index.docker.io" {
        return name.to_owned();
    }
    match path.strip_prefix("library/") {
        Some(official) if !official.contains('/') => official.to_owned(),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::familiar_image;

    #[test]
    fn images_are_written_as_the_reference_client_writes_them() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        for (written, sent) in [
            ("nginx", "nginx:latest"),
            ("nginx:1.27", "nginx:1.27"),
            ("docker.io/library/nginx", "nginx:latest"),
            ("index.docker.io/library/nginx:1", "nginx:1"),
            ("docker.io/bitnami/redis:7", "bitnami/redis:7"),
            ("library/nginx", "nginx:latest"),
            ("library/a/b", "library/a/b:latest"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app:v1", "localhost:5000/app:v1"),
            ("ghcr.io/o/app", "ghcr.io/o/app:latest"),
            (&format!("nginx@{digest}"), &format!("nginx@{digest}")),
            (&format!("docker.io/library/nginx:1@{digest}"), &format!("nginx:1@{digest}")),
            (&"0f".repeat(32), &"0f".repeat(32)),
            ("Not A Reference", "Not A Reference"),
            ("", ""),
        ] {
            assert_eq!(familiar_image(written), sent, "{written}");
        }
    }
}
