//! What labels make of a project, and what is said about those that are wrong.

use taster::compose::project::Network;
use taster::ingress::routes::{Note, NoteCode, RouteTable, Scheme, Severity};

use crate::support::{project, service, table, usual, usual_table};

/// The notes of one kind.
fn notes(table: &RouteTable, code: NoteCode) -> Vec<&Note> {
    table.notes.iter().filter(|note| note.code == code).collect()
}

/// The table has one note of the kind, with the severity, the label, and these words.
#[track_caller]
fn one(table: &RouteTable, code: NoteCode, severity: Severity, label: Option<&str>, words: &str) {
    let found = notes(table, code);
    assert_eq!(found.len(), 1, "{:#?}", table.notes);
    assert_eq!((found[0].severity, found[0].label.as_deref()), (severity, label), "{}", found[0]);
    assert!(found[0].message.contains(words), "{}", found[0]);
}

#[test]
fn a_usual_recipe_with_extra_domains_is_one_clean_router() {
    let rule = "Host(`blog.example.com`, `www.example.com`)";
    let table = usual_table(&[
        ("traefik.http.routers.blog.rule", rule),
        ("coop-cloud.blog_example_com.version", "1.0.0+1.2"),
        ("backupbot.backup", "true"),
    ]);
    let [router] = table.routers.as_slice() else { panic!("{:#?}", table.routers) };
    assert_eq!((router.name.as_str(), router.service.as_str(), router.target.as_str()), ("blog", "app", "blog"));
    assert_eq!(
        (router.port(), router.backends[0].scheme, router.backends[0].attached),
        (Some(8080), Scheme::Http, true)
    );
    assert_eq!((router.priority, router.tls), (43, true));
    assert_eq!(table.hosts().into_iter().collect::<Vec<_>>(), ["blog.example.com", "www.example.com"]);
    // The one remark is that Traefik 3 takes several hosts only in the rule syntax of Traefik 2.
    one(
        &table,
        NoteCode::RuleNotEmulated,
        Severity::Info,
        Some("traefik.http.routers.blog.rule"),
        "rule syntax of Traefik 2",
    );
    assert_eq!(table.notes.len(), 1);
    assert_eq!(usual_table(&[]).notes, []);
}

#[test]
fn keys_are_read_in_any_case_and_lists_with_spaces() {
    let table = table(&project([(
        "app",
        service(&[
            ("Traefik.Enable", "TRUE"),
            ("traefik.HTTP.Routers.Blog.Rule", "Host(`a`)"),
            ("traefik.http.routers.Blog.entryPoints", "web-secure , web"),
            ("traefik.http.routers.Blog.tls", "true"),
            ("traefik.http.services.Blog.loadBalancer.server.port", "80"),
        ]),
    )]));
    assert_eq!(table.routers[0].name, "Blog");
    assert_eq!(table.routers[0].entrypoints, ["web-secure", "web"]);
    assert_eq!(table.notes, []);
}

#[test]
fn labels_at_service_level_are_not_read() {
    let mut app = service(&[]);
    app.labels = usual(&[]).into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let table = table(&project([("app", app)]));
    assert_eq!(table.routers, []);
    one(&table, NoteCode::ServiceLevelLabels, Severity::Warning, Some("traefik.enable"), "under deploy: labels:");
}

#[test]
fn without_enable_nothing_is_routed() {
    let mut labels = usual(&[]);
    labels.retain(|(key, _)| *key != "traefik.enable");
    let silent = table(&project([("app", service(&labels))]));
    assert_eq!(silent.routers, []);
    one(&silent, NoteCode::NotEnabled, Severity::Warning, None, "no traefik.enable=true");
    labels.push(("traefik.enable", "false"));
    let said = table(&project([("app", service(&labels))]));
    assert_eq!((said.routers.len(), said.notes.len()), (0, 0));
    let neither = usual_table(&[("traefik.enable", "yes")]);
    assert_eq!(neither.routers, []);
    one(&neither, NoteCode::BadValue, Severity::Error, Some("traefik.enable"), "'yes' is neither true nor false");
}

#[test]
fn a_service_without_port_is_not_routed() {
    let port = "traefik.http.services.blog.loadbalancer.server.port";
    for labels in
        [usual(&[(port, "")]), usual(&[(port, ""), ("traefik.http.services.blog.loadbalancer.passhostheader", "true")])]
    {
        let table = table(&project([("app", service(&labels))]));
        assert_eq!(table.routers, []);
        one(&table, NoteCode::NoPort, Severity::Error, Some(port), "swarm tells Traefik nothing about ports");
    }
    let mut labels = usual(&[]);
    labels.retain(|(key, _)| *key != port);
    let label = "traefik.http.services.blog_example_com_app.loadbalancer.server.port";
    one(&table(&project([("app", service(&labels))])), NoteCode::NoPort, Severity::Error, Some(label), "no port");
    for bad in ["http", "0", "70000", "-1"] {
        one(&usual_table(&[(port, bad)]), NoteCode::BadValue, Severity::Error, Some(port), "is not a port");
    }
}

#[test]
fn a_rule_that_does_not_parse_is_an_error_with_its_place() {
    let label = "traefik.http.routers.blog.rule";
    let table = usual_table(&[(label, "Host(`blog.example.com`) & Path(`/`)")]);
    assert_eq!(table.routers, []);
    one(&table, NoteCode::BadRule, Severity::Error, Some(label), "at character 26: expected '&&', found a single '&'");
    let table = usual_table(&[(label, "HostRegexp(`[`)")]);
    assert_eq!(table.routers, []);
    one(&table, NoteCode::BadRule, Severity::Error, Some(label), "does not compile");
    one(&usual_table(&[(label, "Host(``)")]), NoteCode::BadRule, Severity::Warning, Some(label), "empty value");
}

#[test]
fn without_a_router_or_a_rule_traefiks_default_applies() {
    let unnamed = table(&project([(
        "app",
        service(&[("traefik.enable", "true"), ("traefik.http.services.x.loadbalancer.server.port", "80")]),
    )]));
    let [router] = unnamed.routers.as_slice() else { panic!("{:#?}", unnamed.notes) };
    assert_eq!((router.name.as_str(), router.text.as_str()), ("blog_example_com_app", "Host(`blog-example-com-app`)"));
    let empty = usual_table(&[("traefik.http.routers.blog.rule", "")]);
    assert_eq!(empty.routers[0].text, "Host(`blog-example-com-app`)");
    let label = "traefik.http.routers.blog.rule";
    one(&empty, NoteCode::DefaultRule, Severity::Warning, Some(label), "Traefik takes its default rule");
}

#[test]
fn a_router_needs_a_service_that_is_defined() {
    let label = Some("traefik.http.routers.blog.service");
    let undefined = usual_table(&[("traefik.http.routers.blog.service", "blgo")]);
    assert_eq!(undefined.routers, []);
    one(&undefined, NoteCode::UndefinedService, Severity::Error, label, "no service 'blgo' is defined");
    let two = usual_table(&[("traefik.http.services.api.loadbalancer.server.port", "9000")]);
    assert_eq!(two.routers, []);
    one(&two, NoteCode::UndefinedService, Severity::Error, label, "the service has api and blog");
    let named = usual_table(&[
        ("traefik.http.services.api.loadbalancer.server.port", "9000"),
        ("traefik.http.routers.blog.service", "api@docker"),
    ]);
    assert_eq!(named.routers[0].port(), Some(9000));
    for provider in ["api@internal", "legacy@file"] {
        let other = usual_table(&[("traefik.http.routers.blog.service", provider)]);
        assert_eq!(other.routers, []);
        one(&other, NoteCode::OtherProvider, Severity::Warning, label, "which is not emulated");
    }
}

#[test]
fn a_router_may_point_to_a_service_of_another_container() {
    let table = table(&project([
        ("app", service(&usual(&[("traefik.http.routers.blog.service", "web")]))),
        (
            "web",
            service(&[
                ("traefik.enable", "true"),
                ("traefik.http.routers.static.rule", "Host(`static.example.com`)"),
                ("traefik.http.routers.static.tls", "true"),
                ("traefik.http.services.web.loadbalancer.server.port", "80"),
            ]),
        ),
    ]));
    let router = table.routers.iter().find(|router| router.name == "blog").unwrap();
    assert_eq!((router.service.as_str(), router.backends[0].service.as_str(), router.port()), ("app", "web", Some(80)));
}

#[test]
fn a_middleware_must_be_defined() {
    let label = Some("traefik.http.routers.blog.middlewares");
    let table = usual_table(&[("traefik.http.routers.blog.middlewares", "redirect")]);
    assert_eq!(table.routers, []);
    one(&table, NoteCode::UndefinedMiddleware, Severity::Error, label, "the middleware 'redirect' is not defined");
    let elsewhere = usual_table(&[("traefik.http.routers.blog.middlewares", "security@file")]);
    assert_eq!(elsewhere.routers.len(), 1);
    one(&elsewhere, NoteCode::OtherProvider, Severity::Info, None, "'security@file' is of the provider 'file'");
    let looped = usual_table(&[
        ("traefik.http.routers.blog.middlewares", "one"),
        ("traefik.http.middlewares.one.chain.middlewares", "two"),
        ("traefik.http.middlewares.two.chain.middlewares", "one"),
    ]);
    assert_eq!(looped.routers, []);
    one(&looped, NoteCode::UndefinedMiddleware, Severity::Error, label, "'one' is part of itself");
}

#[test]
fn what_is_not_emulated_is_named() {
    let table = usual_table(&[
        ("traefik.http.routers.blog.middlewares", "limit@docker,auth"),
        ("traefik.http.middlewares.limit.ratelimit.average", "100"),
        ("traefik.http.middlewares.auth.basicauth.users", "me:$apr1$x$y"),
        ("traefik.http.middlewares.cors.headers.accesscontrolallowmethods", "GET"),
        ("traefik.http.services.blog.loadbalancer.sticky.cookie", "true"),
        ("traefik.http.routers.blog.rule", "Host(`a`) && ClientIP(`10.0.0.0/8`)"),
        ("traefik.udp.routers.dns.entrypoints", "dns"),
    ]);
    assert_eq!(table.routers[0].middlewares, ["limit", "auth"]);
    let labels: Vec<_> = table.notes.iter().map(|note| note.label.as_deref().unwrap()).collect();
    for label in [
        "traefik.http.middlewares.limit.ratelimit.average",
        "traefik.http.middlewares.auth.basicauth.users",
        "traefik.http.middlewares.cors.headers.accesscontrolallowmethods",
        "traefik.http.services.blog.loadbalancer.sticky.cookie",
        "traefik.http.routers.blog.rule",
        "traefik.udp.routers.dns.entrypoints",
    ] {
        assert!(labels.contains(&label), "{label} is not among {labels:?}");
    }
    assert!(table.notes.iter().all(|note| note.severity == Severity::Info), "{:#?}", table.notes);
}

#[test]
fn a_label_that_traefik_does_not_know_silences_the_service() {
    for (label, value, words) in [
        ("traefik.http.routers.blog.rul", "Host(`a`)", "a router has no option 'rul': did you mean 'rule'?"),
        ("traefik.http.routers.blog.entrypoint", "web", "did you mean 'entrypoints'?"),
        ("traefik.http.services.blog.loadbalancer.port", "80", "a service has no option 'loadbalancer.port'"),
        ("traefik.http.middlewares.m.stripprefixes.prefixes", "/x", "Traefik has no middleware 'stripprefixes'"),
        ("traefik.http.middlewares.m.stripprefix.prefix", "/x", "the middleware stripprefix has no such option"),
        ("traefik.http.router.blog.rule", "Host(`a`)", "Traefik has no such label"),
    ] {
        let table = usual_table(&[(label, value)]);
        assert_eq!(table.routers, [], "{label}");
        one(&table, NoteCode::UnknownLabel, Severity::Error, Some(label), words);
    }
    for (label, value) in [
        ("traefik.http.routers.blog.priority", "high"),
        ("traefik.http.routers.blog.tls", "on"),
        ("traefik.http.services.blog.loadbalancer.server.scheme", "fcgi"),
        ("traefik.http.services.blog.loadbalancer.passhostheader", "no"),
    ] {
        let table = usual_table(&[(label, value)]);
        assert_eq!(table.routers, [], "{label}");
        one(&table, NoteCode::BadValue, Severity::Error, Some(label), value);
    }
}

#[test]
fn a_refused_middleware_takes_its_routers_along_and_no_others() {
    for (label, value) in [
        ("traefik.http.middlewares.m.redirectregex.regex", "(["),
        ("traefik.http.middlewares.m.redirectscheme.scheme", ""),
        ("traefik.http.middlewares.m.addprefix.prefix", ""),
    ] {
        let unused = usual_table(&[(label, value)]);
        assert_eq!(unused.routers.len(), 1);
        one(&unused, NoteCode::BadValue, Severity::Error, Some(label), "Traefik refuses the middleware");
        let used = usual_table(&[(label, value), ("traefik.http.routers.blog.middlewares", "m")]);
        assert_eq!(used.routers, []);
        assert_eq!(notes(&used, NoteCode::UndefinedMiddleware).len(), 1);
    }
    let two = usual_table(&[
        ("traefik.http.middlewares.m.addprefix.prefix", "/x"),
        ("traefik.http.middlewares.m.stripprefix.prefixes", "/x"),
    ]);
    assert_eq!(notes(&two, NoteCode::BadValue).len(), 1);
}

#[test]
fn a_service_must_be_on_traefiks_network() {
    let mut app = service(&usual(&[]));
    app.networks = [("internal".to_owned(), None)].into();
    let lost = table(&project([("app", app.clone())]));
    assert!(!lost.routers[0].backends[0].attached);
    one(
        &lost,
        NoteCode::NotAttached,
        Severity::Error,
        None,
        "not attached to the network 'proxy' (its networks: blog_example_com_internal)",
    );

    // A network that is only called proxy, and belongs to the stack.
    let mut own = project([("app", service(&usual(&[])))]);
    own.networks.insert("proxy".into(), Network::default());
    assert_eq!(notes(&table(&own), NoteCode::NotAttached).len(), 1);
    own.networks.insert("proxy".into(), Network { name: "proxy".into(), external: true, ..Network::default() });
    assert_eq!(table(&own).notes, []);

    for label in ["traefik.docker.network", "traefik.swarm.network"] {
        assert_eq!(usual_table(&[(label, "proxy")]).notes, []);
        let elsewhere = usual_table(&[(label, "other")]);
        one(&elsewhere, NoteCode::NotAttached, Severity::Error, Some(label), "not attached to the network 'other'");
    }
    app.deploy.labels.insert("traefik.docker.network".into(), "blog_example_com_internal".into());
    let inside = table(&project([("app", app)]));
    one(
        &inside,
        NoteCode::NotAttached,
        Severity::Error,
        Some("traefik.docker.network"),
        "to which Traefik is not attached",
    );
}

#[test]
fn routers_that_collide_are_named() {
    let same = usual_table(&[
        ("traefik.http.routers.copy.rule", "Host(`blog.example.com`)"),
        ("traefik.http.routers.copy.tls", "true"),
    ]);
    one(
        &same,
        NoteCode::SameRule,
        Severity::Warning,
        Some("traefik.http.routers.copy.rule"),
        "the router 'blog' has the same rule",
    );
    let apart = usual_table(&[
        ("traefik.http.routers.copy.rule", "Host(`blog.example.com`)"),
        ("traefik.http.routers.copy.entrypoints", "web"),
    ]);
    assert_eq!(notes(&apart, NoteCode::SameRule), Vec::<&Note>::new());

    let clash = table(&project([
        ("app", service(&usual(&[]))),
        ("db", service(&usual(&[("traefik.http.routers.blog.rule", "Host(`b`)")]))),
    ]));
    assert_eq!(clash.routers, []);
    let severities: Vec<_> =
        notes(&clash, NoteCode::Conflict).iter().map(|n| (n.service.as_str(), n.severity)).collect();
    assert_eq!(severities, [("db", Severity::Warning), ("db", Severity::Error)]);
}

#[test]
fn tls_and_entry_points_that_do_not_fit_are_named() {
    let mut labels = usual(&[]);
    labels.retain(|(key, _)| !key.contains(".tls"));
    let bare = table(&project([("app", service(&labels))]));
    one(&bare, NoteCode::Tls, Severity::Warning, Some("traefik.http.routers.blog.tls"), "does not answer HTTPS");
    let point = "traefik.http.routers.blog.entrypoints";
    one(
        &usual_table(&[(point, "web")]),
        NoteCode::Tls,
        Severity::Warning,
        Some("traefik.http.routers.blog.tls"),
        "never matches",
    );
    one(
        &usual_table(&[(point, "matrix")]),
        NoteCode::UnknownEntryPoint,
        Severity::Warning,
        Some(point),
        "'matrix' is not served here",
    );
}

#[test]
fn tcp_routers_are_read_for_the_ports_they_need() {
    let tcp = |more: &[(&str, &str)]| {
        let mut labels = vec![
            ("traefik.enable", "true"),
            ("traefik.tcp.routers.ssh.rule", "HostSNI(`*`)"),
            ("traefik.tcp.routers.ssh.entrypoints", "gitea-ssh"),
            ("traefik.tcp.services.ssh.loadbalancer.server.port", "2222"),
        ];
        labels.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
        labels.extend_from_slice(more);
        table(&project([("app", service(&labels))]))
    };
    let good = tcp(&[]);
    assert_eq!((good.routers.len(), good.notes.len()), (0, 0), "{:#?}", good.notes);
    let router = &good.tcp_routers[0];
    assert_eq!((router.name.as_str(), router.service.as_str(), router.backends[0].port), ("ssh", "app", 2222));
    let named = tcp(&[("traefik.tcp.routers.ssh.rule", "HostSNI(`a.b`)")]);
    one(&named, NoteCode::Tls, Severity::Warning, Some("traefik.tcp.routers.ssh.tls"), "needs TLS");
    let bad = tcp(&[("traefik.tcp.routers.ssh.rule", "HostSNI(*)")]);
    assert_eq!(bad.tcp_routers, []);
    one(&bad, NoteCode::BadRule, Severity::Error, Some("traefik.tcp.routers.ssh.rule"), "at character 9");
    let portless = tcp(&[("traefik.tcp.services.ssh.loadbalancer.server.port", "")]);
    assert_eq!((portless.tcp_routers.len(), notes(&portless, NoteCode::NoPort).len()), (0, 1));
    let lost = tcp(&[("traefik.tcp.routers.ssh.service", "shh")]);
    assert_eq!((lost.tcp_routers.len(), notes(&lost, NoteCode::UndefinedService).len()), (0, 1));
}
