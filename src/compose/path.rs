//! Where in a document something stands: `services.app.ports[0]`.

use std::fmt;

/// A path of keys and list indexes from the document's root, built on the way down without copying.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// This path and one key more.
    pub(crate) fn key<'a>(&'a self, key: &'a str) -> Path<'a> {
        Path::Key(self, key)
    }

    /// This path and one list index more.
    pub(crate) fn index(&self, index: usize) -> Path<'_> {
        Path::Index(self, index)
    }

    /// Whether the path is `pattern`, in which `*` stands for any key and `[]` for any index.
    ///
    /// The reference writes a path as one dotted text, so a key with a dot in it counts as two steps.
    pub(crate) fn matches(&self, pattern: &[&str]) -> bool {
        let (above, parts): (&Path<'_>, Vec<&str>) = match self {
            Path::Root => return pattern.is_empty(),
            Path::Key(above, key) => (above, key.split('.').collect()),
            Path::Index(above, _) => (above, vec!["[]"]),
        };
        let Some(cut) = pattern.len().checked_sub(parts.len()) else { return false };
        let here = pattern[cut..].iter().zip(parts).all(|(&wanted, part)| wanted == "*" || wanted == part);
        here && above.matches(&pattern[..cut])
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Key(Path::Root, key) => f.write_str(key),
            Path::Key(above, key) => write!(f, "{above}.{key}"),
            Path::Index(above, index) => write!(f, "{above}[{index}]"),
        }
    }
}

impl From<&Path<'_>> for String {
    fn from(path: &Path<'_>) -> Self {
        path.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_dot_counts_as_two_steps() {
        let pattern = ["services", "*", "ports", "[]", "target"];
        for (service, fits) in [("app", true), ("app.one", false)] {
            let services = Path::Root.key("services");
            let service = services.key(service);
            let ports = service.key("ports");
            let port = ports.index(3);
            let target = port.key("target");
            assert_eq!(target.matches(&pattern), fits);
            assert!(!port.matches(&pattern));
            assert!(!target.key("more").matches(&pattern));
            assert!(target.to_string().ends_with(".ports[3].target"));
        }
    }
}
