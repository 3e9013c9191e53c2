//! Who answered: the app's own task, or the proxy.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use taster::ingress::ca::Ca;
use taster::ingress::client::{ClientError, Limits};
use taster::ingress::proxy::Timeouts;
use taster::ingress::routes::{RouteTable, Severity};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{
    LOOPBACK, Node, PORT, app, body, mirror, nowhere, plain, project, service, table, text, tls, upstreams, usual,
    usual_table,
};

#[tokio::test]
async fn the_apps_answer_names_service_task_and_router() {
    let node = Node::with_app(&[], mirror().await).await;
    let exchange = node.get("blog.example.com", "/a/b?c=d%20e&f").await;
    assert_eq!(exchange.status, 200);
    assert_eq!(exchange.service.as_deref(), Some("app"));
    assert_eq!(exchange.task.as_deref(), Some("task1"));
    assert_eq!(exchange.router.as_deref(), Some("blog"));
    assert_eq!(exchange.ingress, None);
    assert!(exchange.is_from_app());
    let seen = body(&exchange);
    assert!(seen.starts_with("GET /a/b?c=d%20e&f\n"), "{seen}");
    for line in [
        "host: blog.example.com",
        "x-forwarded-for: 127.0.0.1",
        "x-real-ip: 127.0.0.1",
        "x-forwarded-proto: https",
        "x-forwarded-host: blog.example.com",
        "x-forwarded-port: 443",
    ] {
        assert!(seen.lines().any(|l| l == line), "{line} is missing in\n{seen}");
    }
}

#[tokio::test]
async fn lesson_08_the_proxys_own_404_never_passes_as_the_app() {
    let node = Node::with_app(&[], mirror().await).await;
    let exchange = node.get("other.example.com", "/").await;
    assert_eq!(exchange.status, 404);
    assert_eq!(exchange.ingress.as_deref(), Some("no-route"));
    assert_eq!((&exchange.service, &exchange.task, exchange.is_from_app()), (&None, &None, false));

    let app = app(|_| {
        let mut response = text("not here");
        *response.status_mut() = StatusCode::NOT_FOUND;
        response
    });
    let node = Node::with_app(&[], app.await).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!((exchange.status, exchange.is_from_app()), (404, true));
}

#[tokio::test]
async fn a_404_of_the_proxy_says_which_labels_are_wrong() {
    let table = usual_table(&[("traefik.http.routers.blog.rule", "Host(blog.example.com)")]);
    let node = Node::start(table, upstreams(&[])).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 404);
    assert!(body(&exchange).contains("traefik.http.routers.blog.rule: at character 6"), "{}", body(&exchange));
}

#[tokio::test]
async fn an_app_cannot_spoof_who_answered() {
    let app = app(|_| {
        let mut response = text("I am somebody else");
        for (name, value) in [
            ("x-taster-service", "db"),
            ("x-taster-task", "forged"),
            ("x-taster-router", "forged"),
            ("x-taster-ingress", "no-route"),
        ] {
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    });
    // A middleware of the recipe's own must not do it either.
    let forge = "traefik.http.middlewares.m.headers.customresponseheaders.X-Taster-Ingress";
    let node = Node::with_app(&[("traefik.http.routers.blog.middlewares", "m"), (forge, "no-route")], app.await).await;
    let exchange = node.get("blog.example.com", "/").await;
    let ours: Vec<_> = exchange.headers.iter().filter(|(name, _)| name.starts_with("x-taster-")).collect();
    assert_eq!(ours.len(), 3, "{ours:?}");
    assert_eq!(exchange.service.as_deref(), Some("app"));
    assert_eq!(exchange.task.as_deref(), Some("task1"));
    assert_eq!(exchange.ingress, None);
}

#[tokio::test]
async fn no_task_and_no_reachable_task_are_told_apart() {
    let node = Node::start(usual_table(&[]), upstreams(&[("app", &[])])).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!((exchange.status, exchange.router.as_deref()), (503, Some("blog")));
    assert_eq!(exchange.ingress.as_deref(), Some("no-task: service app has no running task"));

    let gone = nowhere().await;
    node.state.set_upstreams(upstreams(&[("app", &[("gone", gone)])]));
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 502);
    let reason = exchange.ingress.clone().unwrap();
    assert!(reason.starts_with(&format!("unreachable: task gone of service app: {gone}:")), "{reason}");
    assert!(!exchange.is_from_app());
}

#[tokio::test]
async fn a_refused_task_is_passed_over_and_the_others_take_turns() {
    let (one, two, gone) = (mirror().await, mirror().await, nowhere().await);
    let tasks = [("one", one), ("gone", gone), ("two", two)];
    let node = Node::start(usual_table(&[]), upstreams(&[("app", &tasks)])).await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        let exchange = node.get("blog.example.com", "/").await;
        assert_eq!(exchange.status, 200);
        seen.push(exchange.task.unwrap());
    }
    assert_eq!(seen, ["one", "two", "two", "one", "two", "two"]);
}

#[tokio::test]
async fn a_slow_app_is_a_timeout_with_a_reason_and_a_slow_upload_is_not() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let hold = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let timeouts = Timeouts { response: Duration::from_millis(700), ..Timeouts::default() };
    let impatient = |at| Node::with_timeouts(usual_table(&[]), upstreams(&[("app", &[("task1", at)])]), timeouts);
    let node = impatient(at).await;
    let begun = Instant::now();
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 504);
    let reason = exchange.ingress.unwrap();
    assert_eq!(reason, "timeout: task task1 of service app: no response within 700ms");
    assert!(begun.elapsed() < Duration::from_secs(3));
    hold.abort();

    // 1.2 s of upload, longer than the 0.7 s that a silent app gets.
    let (at, _) = crate::streams::sink().await;
    let node = impatient(at).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    stream.write_all(b"POST /up HTTP/1.1\r\nhost: blog.example.com\r\ncontent-length: 12\r\n\r\n").await.unwrap();
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(b"x").await.unwrap();
    }
    let mut head = vec![0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&head), "HTTP/1.1 200");
}

#[tokio::test]
async fn an_app_that_breaks_off_is_named() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            drop(stream.read(&mut buffer).await);
        }
    });
    let node = Node::with_app(&[], at).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 502);
    assert!(exchange.ingress.clone().unwrap().starts_with("broken: task task1 of service app: "), "{exchange:?}");

    // Broken off in the middle of the body: the client must not take it for whole.
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            drop(stream.read(&mut buffer).await);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await);
        }
    });
    let node = Node::with_app(&[], at).await;
    let error = node.try_get("blog.example.com", "/", Limits::default()).await.unwrap_err();
    assert!(matches!(error, ClientError::Http { .. }), "{error}");
}

#[tokio::test]
async fn the_plain_entry_point_redirects_before_any_router() {
    let node = Node::with_app(&[], mirror().await).await;
    let response = plain(node.http, "GET", "blog.example.com:8000", "/x?y=1").await;
    assert!(response.starts_with("HTTP/1.1 301"), "{response}");
    assert!(response.contains("location: https://blog.example.com/x?y=1\r\n"), "{response}");
    assert!(response.contains("x-taster-ingress: redirect: the entry point redirects to https"), "{response}");
    assert!(plain(node.http, "POST", "blog.example.com", "/x").await.starts_with("HTTP/1.1 308"));
}

#[tokio::test]
async fn requests_that_cannot_be_forwarded_are_refused() {
    let node = Node::with_app(&[], mirror().await).await;
    for (request, status) in [
        ("CONNECT blog.example.com:443 HTTP/1.1\r\nHost: blog.example.com:443\r\nConnection: close\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\n\r\n", "400"),
        ("OPTIONS * HTTP/1.1\r\nHost: blog.example.com\r\nConnection: close\r\n\r\n", "200"),
        ("GET https://blog.example.com/x HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n", "200"),
        ("nonsense\r\n\r\n", "400"),
    ] {
        let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        drop(stream.read_to_end(&mut response).await);
        let response = String::from_utf8_lossy(&response);
        assert_eq!(response.split(' ').nth(1), Some(status), "{request}{response}");
    }
}

#[tokio::test]
async fn a_router_without_tls_answers_only_on_the_plain_entry_point() {
    let mut table = table(&project([(
        "app",
        service(&[
            ("traefik.enable", "true"),
            ("traefik.http.routers.blog.rule", "Host(`blog.example.com`)"),
            ("traefik.http.services.blog.loadbalancer.server.port", "8080"),
        ]),
    )]));
    table.entrypoints.redirect_to_https = false;
    let node = Node::start(table, upstreams(&[("app", &[("task1", mirror().await)])])).await;
    assert_eq!(node.get("blog.example.com", "/").await.ingress.as_deref(), Some("no-route"));
    let response = plain(node.http, "GET", "blog.example.com:8000", "/x").await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    for line in ["x-forwarded-proto: http\n", "x-forwarded-port: 8000\n", "x-forwarded-host: blog.example.com:8000\n"] {
        assert!(response.contains(line), "{line}{response}");
    }
}

#[tokio::test]
async fn hop_by_hop_and_forged_headers_do_not_pass() {
    let node = Node::with_app(&[], mirror().await).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    stream
        .write_all(
            b"GET / HTTP/1.1\r\nHost: blog.example.com\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nTE: trailers\r\n\
              Keep-Alive: timeout=5\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: gopher\r\nX-Real-Ip: 9.9.9.9\r\nX-Forwarded-Prefix: /9.9.9.9\r\n\
              X-Taster-Task: forged\r\nX-Kept: yes\r\nX-Kept: twice\r\n\r\n",
        )
        .await
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    for absent in ["x-secret", "te:", "keep-alive", "9.9.9.9", "gopher", "forged", "\nconnection:"] {
        let (_, seen) = response.split_once("\r\n\r\n").unwrap();
        assert!(!seen.contains(absent), "{absent} in {response}");
    }
    assert!(response.contains("x-kept: yes\nx-kept: twice"), "{response}");
}

#[tokio::test]
async fn http2_is_offered_and_served() {
    let node = Node::with_app(&[], mirror().await).await;
    let stream = tls(&node.ca, node.https, "blog.example.com", &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://blog.example.com/two").body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_2));
    assert_eq!(response.headers()["x-taster-task"], "task1");
    let seen = response.into_body().collect().await.unwrap().to_bytes();
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.starts_with("GET /two\n"), "{seen}");
    assert!(seen.contains("host: blog.example.com"), "{seen}");
}

#[tokio::test]
async fn apps_that_speak_h2c_or_tls_are_reached() {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let h2c = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(|request: Request<hyper::body::Incoming>| async move {
                let seen = format!("{:?} {} {:?}", request.version(), request.uri(), request.headers());
                Ok::<_, std::convert::Infallible>(text(&seen))
            });
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
        }
    });
    let scheme = "traefik.http.services.blog.loadbalancer.server.scheme";
    let node = Node::with_app(&[(scheme, "h2c")], h2c).await;
    let seen = body(&node.get("blog.example.com", "/x?y").await);
    assert!(seen.starts_with("HTTP/2.0 http://blog.example.com/x?y "), "{seen}");
    assert!(seen.contains("x-forwarded-proto"), "{seen}");

    // An app with a certificate of its own making: another node's ingress, which routes by the host it is given.
    let app = Node::with_app(&[], mirror().await).await;
    let node = Node::with_app(&[(scheme, "https")], app.https).await;
    let exchange = node.get("blog.example.com", "/secret").await;
    assert_eq!((exchange.status, exchange.task.as_deref()), (200, Some("task1")));
    assert!(body(&exchange).starts_with("GET /secret\n"), "{exchange:?}");
    // And one that speaks no TLS where TLS is wanted.
    let node = Node::with_app(&[(scheme, "https")], mirror().await).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 502);
    assert!(exchange.ingress.clone().unwrap().contains("TLS: "), "{exchange:?}");
}

#[tokio::test]
async fn the_host_header_can_be_withheld() {
    let app = mirror().await;
    let node = Node::with_app(&[("traefik.http.services.blog.loadbalancer.passhostheader", "false")], app).await;
    let seen = body(&node.get("blog.example.com", "/").await);
    assert!(seen.contains(&format!("\nhost: {app}")), "{seen}");
    assert!(seen.contains("x-forwarded-host: blog.example.com"), "{seen}");
}

#[tokio::test]
async fn head_keeps_its_length_and_has_no_body() {
    let app = app(|request| {
        assert_eq!(request.method(), Method::HEAD);
        Response::builder().header("content-length", "5").body(Full::default()).unwrap()
    });
    let node = Node::with_app(&[], app.await).await;
    let mut stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    stream.write_all(b"HEAD / HTTP/1.1\r\nhost: blog.example.com\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.contains("content-length: 5\r\n") && response.ends_with("\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn a_service_off_traefiks_network_does_not_answer() {
    let mut lost = service(&usual(&[]));
    lost.networks = [("internal".to_owned(), None)].into();
    let table = table(&project([("app", lost)]));
    let node = Node::start(table, upstreams(&[("app", &[("task1", mirror().await)])])).await;
    let exchange = node.get("blog.example.com", "/").await;
    assert_eq!(exchange.status, 504);
    assert_eq!(exchange.ingress.as_deref(), Some("not-attached: service app is not on Traefik's network"));
}

#[tokio::test]
async fn routes_can_be_replaced_while_it_serves() {
    let node = Node::with_app(&[], mirror().await).await;
    assert_eq!(node.get("blog.example.com", "/").await.status, 200);
    node.state.set_routes(usual_table(&[("traefik.http.routers.blog.rule", "Host(`new.example.com`)")])).unwrap();
    assert_eq!(node.get("blog.example.com", "/").await.ingress.as_deref(), Some("no-route"));
    assert_eq!(node.get("new.example.com", "/").await.status, 200);
}

#[tokio::test]
async fn higher_priority_and_longer_rules_win() {
    let at = mirror().await;
    let services: [(&'static str, &str); 3] =
        [("app", "Host(`h`)"), ("api", "Host(`h`) && PathPrefix(`/api`)"), ("top", "Host(`h`)")];
    let project = project(services.map(|(name, rule)| {
        let key = |field: &str| format!("traefik.http.routers.{name}.{field}");
        let mut labels = vec![
            ("traefik.enable".to_owned(), "true".to_owned()),
            (key("rule"), rule.to_owned()),
            (key("tls"), "true".to_owned()),
            (format!("traefik.http.services.{name}.loadbalancer.server.port"), PORT.to_string()),
        ];
        if name == "top" {
            labels.push((key("priority"), "1000".into()));
            labels.retain(|(label, _)| *label != key("rule"));
            labels.push((key("rule"), "Host(`h`) && Path(`/api/top`)".into()));
        }
        let labels: Vec<_> = labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        (name, service(&labels))
    }));
    let all = upstreams(&[("app", &[("a", at)]), ("api", &[("b", at)]), ("top", &[("c", at)])]);
    let table = table(&project);
    assert_eq!(
        table.routers.iter().map(|r| (r.name.as_str(), r.priority)).collect::<Vec<_>>(),
        [("top", 1000), ("api", 31), ("app", 9)]
    );
    let node = Node::start(table, all).await;
    for (path, service) in [("/", "app"), ("/api/x", "api"), ("/apix", "api"), ("/api/top", "top"), ("/Api", "app")] {
        assert_eq!(node.get("h", path).await.service.as_deref(), Some(service), "{path}");
    }
}

#[tokio::test]
async fn the_table_survives_its_way_to_the_agent() {
    let table = usual_table(&[
        ("traefik.http.routers.blog.rule", "(Host(`a`) || HostRegexp(`^b$`)) && !PathPrefix(`/no`)"),
        ("traefik.http.routers.blog.middlewares", "s,h"),
        ("traefik.http.middlewares.s.stripprefix.prefixes", "/x"),
        ("traefik.http.middlewares.h.headers.framedeny", "true"),
        ("traefik.tcp.routers.git.rule", "HostSNI(`*`)"),
        ("traefik.tcp.services.git.loadbalancer.server.port", "22"),
    ]);
    assert_eq!(table.notes.iter().filter(|n| n.severity == Severity::Error).count(), 0, "{:?}", table.notes);
    assert_eq!((table.routers.len(), table.tcp_routers.len(), table.middlewares.len()), (1, 1, 2));
    let json = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<RouteTable>(&json).unwrap(), table);
}

#[tokio::test]
async fn another_ca_is_not_trusted_and_names_are_certified() {
    let node = Node::with_app(&[], mirror().await).await;
    let stranger = Ca::generate().unwrap();
    let error =
        taster::ingress::client::get(node.connect(), "blog.example.com", "/", stranger.pem(), Limits::default())
            .await
            .unwrap_err();
    assert!(matches!(error, ClientError::Tls { .. }), "{error}");

    // The same key signs every name, and the name is the one that was asked for.
    let stream = tls(&node.ca, node.https, "blog.example.com", &[b"http/1.1"]).await;
    let first = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let stream = tls(&node.ca, node.https, "Blog.Example.com", &[b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap()[0], first, "the certificate is cached");
    let stream = tls(&node.ca, node.https, "other.example.com", &[b"http/1.1"]).await;
    assert_ne!(stream.get_ref().1.peer_certificates().unwrap()[0], first);
}
