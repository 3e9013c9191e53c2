//! The words of Traefik's labels: which options there are, and how their values are read.
//!
//! The linter judges labels by them, and the ingress makes routes of them. The lists are those of Traefik 2.11 and 3 together, from the
//! reference of its dynamic configuration; Traefik reads keys in any case, they stand here in lower case. An option that another
//! Traefik does not have makes it ignore every label of the service, so what either version has is allowed.

/// What is routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `traefik.http.…`
    Http,
    /// `traefik.tcp.…`
    Tcp,
    /// `traefik.udp.…`
    Udp,
}

impl Protocol {
    /// The protocol of a label, from the second part of its key in lower case.
    pub fn of(part: &str) -> Option<Self> {
        match part {
            "http" => Some(Self::Http),
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            _ => None,
        }
    }
}

/// The options of a router. One that ends with `.` goes on below.
pub fn router_options(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Http => &[
            "rule",
            "rulesyntax",
            "entrypoints",
            "middlewares",
            "service",
            "priority",
            "parentrefs",
            "tls",
            "tls.certresolver",
            "tls.options",
            "tls.domains.",
            "observability.",
        ],
        Protocol::Tcp => &[
            "rule",
            "rulesyntax",
            "entrypoints",
            "middlewares",
            "service",
            "priority",
            "tls",
            "tls.certresolver",
            "tls.options",
            "tls.domains.",
            "tls.passthrough",
        ],
        Protocol::Udp => &["entrypoints", "service"],
    }
}

/// The options of a service. One that ends with `.` goes on below. `weighted`, `mirroring` and `failover` cannot be told by labels.
pub fn service_options(protocol: Protocol) -> &'static [&'static str] {
    match protocol {
        Protocol::Http => &[
            "loadbalancer.server.port",
            "loadbalancer.server.scheme",
            "loadbalancer.server.url",
            "loadbalancer.server.weight",
            "loadbalancer.server.preservepath",
            "loadbalancer.servers.",
            "loadbalancer.passhostheader",
            "loadbalancer.serverstransport",
            "loadbalancer.strategy",
            "loadbalancer.sticky.",
            "loadbalancer.healthcheck.",
            "loadbalancer.passivehealthcheck.",
            "loadbalancer.responseforwarding.",
        ],
        Protocol::Tcp => &[
            "loadbalancer.server.port",
            "loadbalancer.server.tls",
            "loadbalancer.server.weight",
            "loadbalancer.servers.",
            "loadbalancer.serverstransport",
            "loadbalancer.terminationdelay",
            "loadbalancer.proxyprotocol.",
            "loadbalancer.healthcheck.",
        ],
        Protocol::Udp => &["loadbalancer.server.port", "loadbalancer.servers."],
    }
}

/// A kind of middleware.
#[derive(Debug)]
pub struct MiddlewareKind {
    /// Its name, in lower case.
    pub name: &'static str,
    /// Its options. One that ends with `.` goes on below.
    pub options: &'static [&'static str],
}

/// The kinds of middlewares, by name.
pub fn middleware_kinds(protocol: Protocol) -> &'static [MiddlewareKind] {
    match protocol {
        Protocol::Http => HTTP_MIDDLEWARES,
        Protocol::Tcp => TCP_MIDDLEWARES,
        Protocol::Udp => &[],
    }
}

/// The kind of middleware of this name, in lower case.
pub fn middleware_kind(protocol: Protocol, name: &str) -> Option<&'static MiddlewareKind> {
    middleware_kinds(protocol).iter().find(|kind| kind.name == name)
}

const fn kind(name: &'static str, options: &'static [&'static str]) -> MiddlewareKind {
    MiddlewareKind { name, options }
}

const TCP_MIDDLEWARES: &[MiddlewareKind] =
    &[kind("inflightconn", &["amount"]), kind("ipallowlist", &["sourcerange"]), kind("ipwhitelist", &["sourcerange"])];

const HTTP_MIDDLEWARES: &[MiddlewareKind] = &[
    kind("addprefix", &["prefix"]),
    kind("basicauth", &["users", "usersfile", "realm", "removeheader", "headerfield"]),
    kind(
        "buffering",
        &[
            "maxrequestbodybytes",
            "memrequestbodybytes",
            "maxresponsebodybytes",
            "memresponsebodybytes",
            "retryexpression",
        ],
    ),
    kind("chain", &["middlewares"]),
    kind("circuitbreaker", &["expression", "checkperiod", "fallbackduration", "recoveryduration", "responsecode"]),
    kind(
        "compress",
        &["excludedcontenttypes", "includedcontenttypes", "minresponsebodybytes", "encodings", "defaultencoding"],
    ),
    kind("contenttype", &["autodetect"]),
    kind("digestauth", &["users", "usersfile", "realm", "removeheader", "headerfield"]),
    kind(
        "encodedcharacters",
        &[
            "allowencodedslash",
            "allowencodedbackslash",
            "allowencodednullcharacter",
            "allowencodedsemicolon",
            "allowencodedpercent",
            "allowencodedquestionmark",
            "allowencodedhash",
        ],
    ),
    kind("errors", &["status", "statusrewrites.", "service", "query"]),
    kind(
        "forwardauth",
        &[
            "address",
            "tls.",
            "trustforwardheader",
            "authresponseheaders",
            "authresponseheadersregex",
            "authrequestheaders",
            "addauthcookiestoresponse",
            "headerfield",
            "forwardbody",
            "maxbodysize",
            "preservelocationheader",
            "preserverequestmethod",
        ],
    ),
    kind("grpcweb", &["alloworigins"]),
    kind(
        "headers",
        &[
            "customrequestheaders.",
            "customresponseheaders.",
            "accesscontrolallowcredentials",
            "accesscontrolallowheaders",
            "accesscontrolallowmethods",
            "accesscontrolalloworigin",
            "accesscontrolalloworiginlist",
            "accesscontrolalloworiginlistregex",
            "accesscontrolexposeheaders",
            "accesscontrolmaxage",
            "addvaryheader",
            "allowedhosts",
            "hostsproxyheaders",
            "sslproxyheaders.",
            "stsseconds",
            "stsincludesubdomains",
            "stspreload",
            "forcestsheader",
            "framedeny",
            "customframeoptionsvalue",
            "contenttypenosniff",
            "browserxssfilter",
            "custombrowserxssvalue",
            "contentsecuritypolicy",
            "contentsecuritypolicyreportonly",
            "publickey",
            "referrerpolicy",
            "permissionspolicy",
            "isdevelopment",
            "featurepolicy",
            "sslredirect",
            "ssltemporaryredirect",
            "sslhost",
            "sslforcehost",
        ],
    ),
    kind("inflightreq", &["amount", "sourcecriterion."]),
    kind("ipallowlist", &["sourcerange", "ipstrategy.", "rejectstatuscode"]),
    kind("ipwhitelist", &["sourcerange", "ipstrategy."]),
    kind("passtlsclientcert", &["pem", "info.", "ignorechain"]),
    kind("plugin", &[]),
    kind("ratelimit", &["average", "period", "burst", "sourcecriterion.", "redis."]),
    kind("redirectregex", &["regex", "replacement", "permanent"]),
    kind("redirectscheme", &["scheme", "port", "permanent"]),
    kind("replacepath", &["path"]),
    kind("replacepathregex", &["regex", "replacement"]),
    kind("retry", &["attempts", "initialinterval"]),
    kind("stripprefix", &["prefixes", "forceslash"]),
    kind("stripprefixregex", &["regex"]),
];

/// Whether a field (the rest of a label's key in lower case) is one of these options: `tls.domains[0].main` is `tls.domains.`.
pub fn is_option(options: &[&str], field: &str) -> bool {
    let plain = without_indices(field);
    options.iter().any(|option| match option.strip_suffix('.') {
        Some(above) => plain.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        None => plain == *option,
    })
}

/// A field without the numbers of items: `users[0]` is an item of `users`.
pub fn without_indices(field: &str) -> String {
    let mut plain = String::with_capacity(field.len());
    for (number, part) in field.split('[').enumerate() {
        plain += match part.split_once(']') {
            Some((_, rest)) if number > 0 => rest,
            _ => part,
        };
    }
    plain
}

/// A Boolean as Go's `strconv.ParseBool` reads it.
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A list separated by commas; empty items fall out.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_what_goes_on_below_are_options() {
        let router = router_options(Protocol::Http);
        for known in ["rule", "entrypoints[0]", "tls", "tls.domains[0].main", "observability.metrics"] {
            assert!(is_option(router, known), "{known}");
        }
        for unknown in ["rules", "tls.certresolvers", "tls.domain", "observabilityx", "tls.passthrough", ""] {
            assert!(!is_option(router, unknown), "{unknown}");
        }
        let service = service_options(Protocol::Http);
        assert!(is_option(service, "loadbalancer.servers[0].port") && is_option(service, "loadbalancer.sticky.cookie"));
        assert!(!is_option(service, "loadbalancer.server.ports") && !is_option(service, "loadbalancer"));
        assert!(is_option(router_options(Protocol::Tcp), "tls.passthrough"));
    }

    #[test]
    fn kinds_stand_in_order_and_options_in_lower_case() {
        for protocol in [Protocol::Http, Protocol::Tcp, Protocol::Udp] {
            let kinds = middleware_kinds(protocol);
            assert!(kinds.is_sorted_by_key(|kind| kind.name));
            let words = kinds.iter().flat_map(|kind| kind.options.iter().chain([&kind.name]));
            let words = words.chain(router_options(protocol)).chain(service_options(protocol));
            assert!(words.into_iter().all(|word| *word == word.to_lowercase()));
        }
        assert!(
            middleware_kind(Protocol::Http, "plugin").is_some() && middleware_kind(Protocol::Tcp, "retry").is_none()
        );
    }
}
