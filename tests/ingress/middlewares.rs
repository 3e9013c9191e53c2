//! Middlewares that change an answer.

use crate::support::{Node, app, body, mirror, plain, text, upstreams, usual_table};

/// A node whose router uses the middleware `m` with these options.
async fn with(options: &[(&str, &str)]) -> Node {
    let keys: Vec<String> = options.iter().map(|(key, _)| format!("traefik.http.middlewares.m.{key}")).collect();
    let mut labels: Vec<(&str, &str)> = keys.iter().map(String::as_str).zip(options.iter().map(|(_, v)| *v)).collect();
    labels.push(("traefik.http.routers.blog.middlewares", "m"));
    Node::with_app(&labels, mirror().await).await
}

/// The first line that the app saw, and its `X-Forwarded-Prefix`.
async fn seen(node: &Node, path: &str) -> (String, String) {
    let exchange = node.get("blog.example.com", path).await;
    assert!(exchange.is_from_app(), "{exchange:?}");
    let body = body(&exchange);
    let prefix = body.lines().find_map(|line| line.strip_prefix("x-forwarded-prefix: ")).unwrap_or_default();
    (body.lines().next().unwrap().to_owned(), prefix.to_owned())
}

#[tokio::test]
async fn paths_are_stripped_prefixed_and_replaced() {
    let node = with(&[("stripprefix.prefixes", "/api,/v1")]).await;
    assert_eq!(seen(&node, "/api/x?q=/api").await, ("GET /x?q=/api".into(), "/api".into()));
    assert_eq!(seen(&node, "/v1").await, ("GET /".into(), "/v1".into()));
    assert_eq!(seen(&node, "/apix").await, ("GET /x".into(), "/api".into()));
    assert_eq!(seen(&node, "/other").await, ("GET /other".into(), String::new()));

    let node = with(&[("stripprefixregex.regex", "^/[a-z]+/[0-9]+")]).await;
    assert_eq!(seen(&node, "/foo/12/bar").await, ("GET /bar".into(), "/foo/12".into()));
    assert_eq!(seen(&node, "/Foo/12/bar").await, ("GET /Foo/12/bar".into(), String::new()));

    let node = with(&[("addprefix.prefix", "/app")]).await;
    assert_eq!(seen(&node, "/x?y").await.0, "GET /app/x?y");
    let node = with(&[("replacepath.path", "/only")]).await;
    assert_eq!(seen(&node, "/x?y").await.0, "GET /only?y");
    let node = with(&[("replacepathregex.regex", "^/a/(.*)"), ("replacepathregex.replacement", "/b/$1")]).await;
    assert_eq!(seen(&node, "/a/c").await.0, "GET /b/c");
    // A path that lost its slash stays a path.
    let node = with(&[("replacepathregex.regex", "^/(.*)"), ("replacepathregex.replacement", "$1")]).await;
    assert_eq!(seen(&node, "/evil.example.org/c").await.0, "GET /evil.example.org/c");
}

#[tokio::test]
async fn redirects_answer_as_traefik_does_and_say_who_they_are() {
    let node = with(&[
        ("redirectregex.regex", "^https://blog\\.example\\.com/old/(.*)"),
        ("redirectregex.replacement", "https://blog.example.com/new/${1}"),
        ("redirectregex.permanent", "true"),
    ])
    .await;
    let exchange = node.get("blog.example.com", "/old/a?b").await;
    assert_eq!((exchange.status, exchange.header("location")), (301, Some("https://blog.example.com/new/a?b")));
    assert_eq!(exchange.ingress.as_deref(), Some("redirect: redirectregex"));
    assert_eq!((exchange.router.as_deref(), exchange.is_from_app()), (Some("blog"), false));
    assert!(node.get("blog.example.com", "/new/a").await.is_from_app());

    // To the scheme it already has: it passes.
    let node = with(&[("redirectscheme.scheme", "https")]).await;
    assert!(node.get("blog.example.com", "/").await.is_from_app());

    let mut table = usual_table(&[
        ("traefik.http.routers.plain.rule", "Host(`blog.example.com`)"),
        ("traefik.http.routers.plain.entrypoints", "web"),
        ("traefik.http.routers.plain.middlewares", "m"),
        ("traefik.http.middlewares.m.redirectscheme.scheme", "https"),
        ("traefik.http.middlewares.m.redirectscheme.port", "8443"),
    ]);
    table.entrypoints.redirect_to_https = false;
    let node = Node::start(table, upstreams(&[])).await;
    let response = plain(node.http, "GET", "blog.example.com:80", "/x?y").await;
    assert!(response.starts_with("HTTP/1.1 302"), "{response}");
    assert!(response.contains("location: https://blog.example.com:8443/x?y\r\n"), "{response}");
    assert!(plain(node.http, "PUT", "blog.example.com", "/x").await.starts_with("HTTP/1.1 307"));
}

#[tokio::test]
async fn headers_are_set_and_removed_both_ways() {
    let app = app(|request| {
        let mut response = text(&format!("{:?}", request.headers()));
        response.headers_mut().insert("server", "secret/1".parse().unwrap());
        response.headers_mut().insert("x-frame-options", "ALLOWALL".parse().unwrap());
        response
    });
    let node = Node::with_app(
        &[
            ("traefik.http.routers.blog.middlewares", "m"),
            ("traefik.http.middlewares.m.headers.customrequestheaders.X-Script-Name", "/blog"),
            ("traefik.http.middlewares.m.headers.customrequestheaders.User-Agent", ""),
            ("traefik.http.middlewares.m.headers.customrequestheaders.X-Forwarded-Proto", "gemini"),
            ("traefik.http.middlewares.m.headers.customrequestheaders.Host", "inner.example.com"),
            ("traefik.http.middlewares.m.headers.customresponseheaders.Server", ""),
            ("traefik.http.middlewares.m.headers.customresponseheaders.X-Robots-Tag", "none, noindex"),
            ("traefik.http.middlewares.m.headers.frameDeny", "true"),
            ("traefik.http.middlewares.m.headers.contentSecurityPolicy", "default-src 'self'"),
            ("traefik.http.middlewares.m.headers.stsSeconds", "100"),
            ("traefik.http.middlewares.m.headers.stsIncludeSubdomains", "true"),
        ],
        app.await,
    )
    .await;
    let exchange = node.get("blog.example.com", "/").await;
    let seen = body(&exchange);
    for part in ["\"x-script-name\": \"/blog\"", "\"x-forwarded-proto\": \"gemini\"", "\"host\": \"inner.example.com\""]
    {
        assert!(seen.contains(part), "{part} in {seen}");
    }
    assert!(!seen.contains("user-agent"), "{seen}");
    for (name, value) in [
        ("server", None),
        ("x-robots-tag", Some("none, noindex")),
        ("x-frame-options", Some("DENY")),
        ("content-security-policy", Some("default-src 'self'")),
        ("strict-transport-security", Some("max-age=100; includeSubDomains")),
    ] {
        assert_eq!(exchange.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn basicauth_answers_401_itself() {
    let node = with(&[("basicauth.users", "me:$2y$05$x"), ("basicauth.realm", "the \"pantry\"")]).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 401);
    assert_eq!(exchange.header("www-authenticate"), Some("Basic realm=\"the \\\"pantry\\\"\""));
    assert_eq!(exchange.ingress.as_deref(), Some("unauthorised: basicauth"));
    assert!(!exchange.is_from_app());
}

#[tokio::test]
async fn a_chain_applies_in_order() {
    let node = Node::with_app(
        &[
            ("traefik.http.routers.blog.middlewares", "all@docker"),
            ("traefik.http.middlewares.all.chain.middlewares", "strip,add"),
            ("traefik.http.middlewares.strip.stripprefix.prefixes", "/a"),
            ("traefik.http.middlewares.add.addprefix.prefix", "/b"),
        ],
        mirror().await,
    )
    .await;
    assert_eq!(seen(&node, "/a/x").await.0, "GET /b/x");
}
