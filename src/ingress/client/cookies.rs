//! The least of a cookie jar: many apps set a cookie and redirect, and loop when it does not come back.

/// Cookies of one chain of requests.
#[derive(Debug, Default)]
pub(super) struct Jar {
    held: Vec<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    name: String,
    value: String,
    /// The host that set it, or the domain it named.
    domain: String,
    /// Subdomains get it too.
    wide: bool,
    path: String,
    secure: bool,
}

impl Jar {
    /// Takes a `Set-Cookie` header from a response of `host`. A domain that the host does not belong to is refused.
    pub(super) fn take(&mut self, host: &str, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let mut cookie = Cookie {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            domain: host.to_ascii_lowercase(),
            wide: false,
            path: "/".into(),
            secure: false,
        };
        let mut gone = false;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.to_ascii_lowercase().as_str() {
                "domain" if !value.is_empty() => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    if !belongs(&cookie.domain, &domain) {
                        return;
                    }
                    cookie.domain = domain;
                    cookie.wide = true;
                }
                "path" if value.starts_with('/') => cookie.path = value.to_owned(),
                "secure" => cookie.secure = true,
                "max-age" => gone = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                // The way to delete a cookie is a date in the past, and by custom that is the epoch.
                "expires" => gone |= value.contains("1970"),
                _ => {}
            }
        }
        self.held.retain(|old| {
            old.name != cookie.name || old.domain != cookie.domain || old.wide != cookie.wide || old.path != cookie.path
        });
        if !gone && !cookie.name.is_empty() {
            self.held.push(cookie);
        }
    }

    /// The `Cookie` header for a request; `None` when there is nothing to send.
    pub(super) fn header(&self, host: &str, target: &str, secure: bool) -> Option<String> {
        let path = target.split('?').next().unwrap_or_default();
        let fitting: Vec<String> = self
            .held
            .iter()
            .filter(|cookie| host == cookie.domain || (cookie.wide && belongs(host, &cookie.domain)))
            .filter(|cookie| (secure || !cookie.secure) && below(path, &cookie.path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!fitting.is_empty()).then(|| fitting.join("; "))
    }
}

fn belongs(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_back_only_where_it_belongs() {
        let mut jar = Jar::default();
        jar.take("a.example", "s=1; Path=/app; Secure; HttpOnly");
        jar.take("a.example", "wide=2; Domain=.example");
        jar.take("a.example", "foreign=3; Domain=b.example");
        assert_eq!(jar.header("a.example", "/app/x?q", true).as_deref(), Some("s=1; wide=2"));
        assert_eq!(jar.header("a.example", "/application", true).as_deref(), Some("wide=2"));
        assert_eq!(jar.header("a.example", "/app", false).as_deref(), Some("wide=2"));
        assert_eq!(jar.header("b.example", "/app", true).as_deref(), Some("wide=2"));
        assert_eq!(jar.header("notexample", "/", true), None);
        jar.take("a.example", "s=; Path=/app; Max-Age=0");
        jar.take("a.example", "wide=; Domain=example; expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(jar.header("a.example", "/app", true), None);
    }
}
