//! Where a redirect leads.

use super::Entry;

/// A target of a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub entry: Entry,
    /// In lower case.
    pub host: String,
    /// As written in the URL, when it was.
    pub port: Option<String>,
    /// With its query, without its fragment.
    pub path: String,
}

/// Resolves a `Location` header against the URL it answered (RFC 3986 §5); `None` when it is neither http nor https, or has no
/// host.
pub(super) fn resolve(base: &Location, location: &str) -> Option<Location> {
    let location = location.trim();
    let location = location.split('#').next().unwrap_or_default();
    if let Some(rest) = location.strip_prefix("//") {
        return absolute(base.entry, rest);
    }
    if let Some((scheme, rest)) = location.split_once("://")
        && !scheme.contains(['/', '?'])
    {
        return match scheme.to_ascii_lowercase().as_str() {
            "http" => absolute(Entry::Http, rest),
            "https" => absolute(Entry::Https, rest),
            _ => None,
        };
    }
    let scheme = location.split([':', '/', '?']).next().unwrap_or_default();
    if location.get(scheme.len()..).is_some_and(|rest| rest.starts_with(':')) {
        return None;
    }
    let (old_path, _) = base.path.split_once('?').unwrap_or((&base.path, ""));
    let path = if location.starts_with('/') {
        tidy(location)
    } else if location.is_empty() {
        base.path.clone()
    } else if location.starts_with('?') {
        format!("{old_path}{location}")
    } else {
        let folder = old_path.rfind('/').map_or("/", |end| &old_path[..=end]);
        tidy(&format!("{folder}{location}"))
    };
    Some(Location { path, ..base.clone() })
}

fn absolute(entry: Entry, rest: &str) -> Option<Location> {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let path = if path.starts_with('/') { tidy(path) } else { format!("/{path}") };
    (!host.is_empty()).then(|| Location { entry, host, port: port.map(str::to_owned), path })
}

/// Removes `.` and `..` from the path, and percent-encodes what HTTP cannot carry.
fn tidy(target: &str) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    let mut out = format!("/{}", kept.join("/"));
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    out.bytes()
        .map(|byte| {
            if byte.is_ascii_graphic() && byte != b'"' && byte != b'<' && byte != b'>' {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_resolve_as_in_rfc_3986() {
        let base = Location { entry: Entry::Https, host: "a.example".into(), port: None, path: "/x/y?q=1".into() };
        let to = |location: &str| {
            resolve(&base, location).map(|l| {
                let port = l.port.map(|p| format!(":{p}")).unwrap_or_default();
                format!("{}://{}{port}{}", l.entry.scheme(), l.host, l.path)
            })
        };
        for (location, expected) in [
            ("/login", Some("https://a.example/login")),
            ("login?next=/", Some("https://a.example/x/login?next=/")),
            ("../z", Some("https://a.example/z")),
            ("./", Some("https://a.example/x/")),
            ("../../../z/..", Some("https://a.example/")),
            ("?q=2", Some("https://a.example/x/y?q=2")),
            ("", Some("https://a.example/x/y?q=1")),
            ("#top", Some("https://a.example/x/y?q=1")),
            ("//B.example/p#f", Some("https://b.example/p")),
            ("http://a.example", Some("http://a.example/")),
            ("HTTPS://user@A.example.:8443?x", Some("https://a.example:8443/?x")),
            ("/a b\u{e9}", Some("https://a.example/a%20b%C3%A9")),
            ("/go?to=https://c.example/", Some("https://a.example/go?to=https://c.example/")),
            ("mailto:me@a.example", None),
            ("ftp://a.example/", None),
            ("https:///path", None),
        ] {
            assert_eq!(to(location).as_deref(), expected, "{location}");
        }
    }
}
