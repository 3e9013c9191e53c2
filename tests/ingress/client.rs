//! The client that looks through the ingress.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::{Request, Response};
use taster::ingress::client::{self, BodyText, ClientError, End, Followed, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{LOOPBACK, Node, app, body, mirror, nowhere, text};

/// An app whose pages are redirects, some of which need a cookie.
fn maze(request: Request<Incoming>) -> Response<http_body_util::Full<bytes::Bytes>> {
    let to = |location: &str| {
        let mut response = text("");
        *response.status_mut() = hyper::StatusCode::FOUND;
        response.headers_mut().insert("location", location.parse().unwrap());
        response
    };
    let cookies = request.headers().get("cookie").map(|c| c.to_str().unwrap().to_owned()).unwrap_or_default();
    match request.uri().path() {
        "/" => to("/login?next=/home"),
        "/login" if !cookies.contains("seen=1") => {
            let mut response = to("/login?again");
            response.headers_mut().append("set-cookie", "seen=1; Path=/; HttpOnly; Secure".parse().unwrap());
            response.headers_mut().append("set-cookie", "lang=de".parse().unwrap());
            response
        }
        "/login" => to("https://www.example.com/welcome"),
        "/welcome" => text(&format!("<title>Hi</title> {} {cookies}", request.headers()["host"].to_str().unwrap())),
        "/away" => to("https://login.elsewhere.org/auth?client=1#x"),
        "/port" => to("https://blog.example.com:8443/"),
        "/plain" => to("http://blog.example.com/welcome"),
        "/loop" => to("/loop"),
        "/none" => {
            let mut response = to("/");
            response.headers_mut().remove("location");
            response
        }
        "/mail" => to("mailto:me@example.com"),
        path => match path.strip_prefix("/count/").and_then(|n| n.parse::<u32>().ok()) {
            Some(n) => to(&format!("{}", n + 1)),
            None => text("?"),
        },
    }
}

async fn node() -> Node {
    let rule = "Host(`blog.example.com`, `www.example.com`)";
    Node::with_app(&[("traefik.http.routers.blog.rule", rule)], app(maze).await).await
}

async fn follow(node: &Node, path: &str) -> Followed {
    let own: BTreeSet<String> = ["blog.example.com", "www.example.com"].map(str::to_owned).into();
    client::follow(node.connect(), "blog.example.com", path, &own, node.ca.pem(), Limits::default()).await.unwrap()
}

#[tokio::test]
async fn redirects_within_the_app_are_followed_with_cookies() {
    let node = node().await;
    let followed = follow(&node, "/").await;
    let urls: Vec<_> = followed.hops.iter().map(|hop| hop.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://blog.example.com/",
            "https://blog.example.com/login?next=/home",
            "https://blog.example.com/login?again"
        ]
    );
    assert_eq!((followed.end, followed.last.status), (End::Answered, 200));
    assert_eq!(followed.last.url, "https://www.example.com/welcome");
    // The cookies belong to the host that set them.
    assert_eq!(body(&followed.last), "<title>Hi</title> www.example.com ");
    assert!(followed.hops.iter().all(client::Exchange::is_from_app));
}

#[tokio::test]
async fn where_a_chain_ends_is_told() {
    let node = node().await;
    for (path, hops, status, end) in [
        ("/welcome", 0, 200, End::Answered),
        ("/away", 0, 302, End::OtherHost("https://login.elsewhere.org/auth?client=1".into())),
        ("/port", 0, 302, End::OtherHost("https://blog.example.com:8443/".into())),
        ("/loop", 0, 302, End::Loop("https://blog.example.com/loop".into())),
        ("/none", 0, 302, End::BadLocation(String::new())),
        ("/mail", 0, 302, End::BadLocation("mailto:me@example.com".into())),
        ("/count/0", 10, 302, End::TooManyHops),
    ] {
        let followed = follow(&node, path).await;
        assert_eq!((followed.hops.len(), followed.last.status, &followed.end), (hops, status, &end), "{path}");
    }
    // To http and back, as a browser goes.
    let followed = follow(&node, "/plain").await;
    let entry: Vec<_> = followed.hops.iter().map(|hop| (hop.url.as_str(), hop.is_from_app())).collect();
    assert_eq!(entry, [("https://blog.example.com/plain", true), ("http://blog.example.com/welcome", false)]);
    assert_eq!((followed.last.url.as_str(), followed.end), ("https://blog.example.com/welcome", End::Answered));
}

#[tokio::test]
async fn an_app_that_ignores_the_forwarded_scheme_is_seen_to_loop() {
    let app = app(|_| {
        let mut response = text("");
        *response.status_mut() = hyper::StatusCode::MOVED_PERMANENTLY;
        response.headers_mut().insert("location", "http://blog.example.com/".parse().unwrap());
        response
    });
    let node = Node::with_app(&[], app.await).await;
    let followed = follow(&node, "/").await;
    assert_eq!(followed.end, End::Loop("https://blog.example.com/".into()));
    assert_eq!(followed.hops.len(), 1);
}

#[tokio::test]
async fn bodies_are_bounded_and_described() {
    let page = app(|request| match request.uri().path() {
        "/long" => text(&"x".repeat(5000)),
        "/blank" => {
            let mut response = text("<html><head><script>var x = 1</script></head><body></body></html>");
            response.headers_mut().insert("content-type", "text/html".parse().unwrap());
            response
        }
        _ => text(" \n"),
    })
    .await;
    let node = Node::with_app(&[], page).await;
    for (limit, kept, truncated) in [(4999, 4999, true), (5000, 5000, false), (0, 0, true), (9000, 5000, false)] {
        let limits = Limits { body: limit, ..Limits::default() };
        let exchange = node.try_get("blog.example.com", "/long", limits).await.unwrap();
        assert_eq!((exchange.body.len(), exchange.truncated), (kept, truncated), "{limit}");
    }
    assert_eq!(node.get("blog.example.com", "/blank").await.text(), BodyText::HtmlWithoutText);
    assert_eq!(node.get("blog.example.com", "/").await.text(), BodyText::Empty);
    assert_eq!(node.get("blog.example.com", "/long").await.text(), BodyText::Present);
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit_or_the_deadline() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                assert!(stream.read(&mut buffer).await.unwrap() > 0);
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
                while stream.write_all(b"drip ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        }
    });
    let node = Node::with_app(&[], at).await;
    let limits = Limits { body: 50, ..Limits::default() };
    let exchange = node.try_get("blog.example.com", "/", limits).await.unwrap();
    assert_eq!((exchange.body.len(), exchange.truncated), (50, true));
    let begun = Instant::now();
    let limits = Limits { total: Duration::from_millis(400), ..Limits::default() };
    let error = node.try_get("blog.example.com", "/", limits).await.unwrap_err();
    assert_eq!(error.to_string(), "https://blog.example.com/: not done within 400ms, while reading the body");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn failures_say_how_far_it_got() {
    let node = Node::with_app(&[], mirror().await).await;
    let gone = nowhere().await;
    let nobody = |_| TcpStream::connect(gone);
    let error = client::get(nobody, "a.example.com", "/", node.ca.pem(), Limits::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("https://a.example.com/: cannot connect to the ingress: "), "{error}");
    // The plain listener where TLS is expected.
    let http = node.http;
    let error = client::get(|_| TcpStream::connect(http), "a.example.com", "/", node.ca.pem(), Limits::default())
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Tls { .. }), "{error}");
    let error = client::get(node.connect(), "not a host", "/", node.ca.pem(), Limits::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Target(..)), "{error}");
    let error =
        client::get(node.connect(), "a.example.com", "no path", node.ca.pem(), Limits::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Target(..)), "{error}");
    let error = client::get(node.connect(), "a.example.com", "/", "no pem", Limits::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Ca(..)), "{error}");
}
