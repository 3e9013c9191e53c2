//! Ways to a repository: ssh as git knows it, https with a certificate that is trusted or not, and an API that wants a token.

use std::os::unix::fs::PermissionsExt;

use crate::commons::{Commons, Ran, root};
use crate::server::Server;

fn commons() -> Commons {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    commons
}

fn state(ran: &Ran) -> (i32, String, String) {
    let told: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_default();
    let first = &told["repositories"][0];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (ran.code, text(&first["state"]), text(&first["trouble"]["class"]))
}

/// An ssh that reaches only this machine: it notes what it was called with and runs the command for the other side here.
fn ssh(commons: &Commons) -> String {
    let script = commons.path("ssh");
    let text = format!(
        "#!/bin/sh\necho \"$@\" >> {log}\nwhile :; do case \"$1\" in -o|-p|-i) shift 2;; -*) shift;; *) break;; esac; done\nshift\nexec sh -c \"$*\"\n",
        log = commons.path("called").display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    format!("{} -i mine", script.display())
}

#[test]
fn ssh_addresses_of_both_forms_go_through_the_ssh_that_git_would_take() {
    let commons = commons();
    let command = ssh(&commons);
    let path = root(&commons).join("blog");
    for source in [
        format!("ssh://git@forge.example.coop:2222{}", path.display()),
        format!("git@forge.example.coop:{}", path.display()),
    ] {
        let ran = commons.taster_with(&["scan", &source, "--json"], &[("GIT_SSH_COMMAND", &command)]);
        assert_eq!(state(&ran), (0, "recipe".to_owned(), String::new()), "{source}: {ran:?}");
        let called = std::fs::read_to_string(commons.path("called")).unwrap();
        std::fs::remove_file(commons.path("called")).unwrap();
        assert!(called.contains("-i mine") && called.contains("forge.example.coop"), "{called}");
        assert!(!source.starts_with("ssh://") || called.contains("2222"), "{called}");
        let again = commons.taster_with(&["scan", &source, "--json"], &[("GIT_SSH_COMMAND", &command)]);
        assert!(again.out.contains("\"renewed\": false"), "{again:?}");
        std::fs::remove_file(commons.path("called")).unwrap();
    }
}

#[test]
fn an_ssh_that_refuses_is_told_and_asks_nobody() {
    let commons = commons();
    // Nothing listens there, and no prompt may hold it up.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ran = commons.taster(&["scan", &format!("ssh://git@127.0.0.1:{port}/recipes/blog.git"), "--json"]);
    let (code, state, class) = state(&ran);
    assert_eq!((code, state.as_str()), (5, "unreadable"), "{ran:?}");
    assert_eq!(class, "network", "{ran:?}");
    assert!(!ran.out.contains("variant"), "ssh was asked, with the port: {ran:?}");
}

#[test]
fn https_is_fetched_with_a_certificate_that_is_trusted_and_only_with_it() {
    let commons = commons();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let tls = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let server = Server::start_tls(&root(&commons), tls);
    server.set(|state| state.listed = vec!["blog".to_owned()]);
    std::fs::write(commons.path("ca.pem"), made.cert.pem()).unwrap();
    let trusted = commons.path("ca.pem").display().to_string();
    let one = format!("{}/recipes/blog.git", server.url);
    let organisation = format!("{}/recipes", server.url);
    let named = commons.taster(&["scan", &format!("{}/recipes/error-404-401.git", server.url), "--json"]);
    assert_eq!(state(&named).2, "network", "a number in the name is no answer of the server: {named:?}");
    let ran = commons.taster(&["scan", &one, "--json"]);
    assert_eq!(state(&ran), (5, "unreadable".to_owned(), "network".to_owned()), "nobody vouches for it: {ran:?}");
    for source in [&one, &organisation] {
        let ran = commons.taster_with(&["scan", source, "--json"], &[("SSL_CERT_FILE", &trusted)]);
        assert_eq!(state(&ran), (0, "recipe".to_owned(), String::new()), "{source}: {ran:?}");
    }
}

#[test]
fn a_forge_that_wants_a_token_gets_it_and_nobody_else_does() {
    let commons = commons();
    let server = Server::start(&root(&commons));
    server.set(|state| {
        state.listed = vec!["blog".to_owned()];
        state.demands = Some("s3cret-t0ken".to_owned());
    });
    let source = format!("{}/recipes", server.url);
    let without = commons.taster(&["scan", &source, "--json"]);
    assert_eq!(state(&without), (5, "unreadable".to_owned(), "auth".to_owned()), "{without:?}");
    assert!(without.out.contains("set TASTER_FORGE_TOKEN"), "{without:?}");
    let wrong = commons.taster_with(&["scan", &source, "--json"], &[("TASTER_FORGE_TOKEN", "other")]);
    assert_eq!(state(&wrong).2, "auth", "{wrong:?}");
    server.set(|state| state.tokens.clear());
    let token = [("TASTER_FORGE_TOKEN", "s3cret-t0ken")];
    let ran = commons.taster_with(&["catalogue", "--source", &source, "--out", "out"], &token);
    assert_eq!(ran.code, 0, "{ran:?}");
    server.set(|state| {
        assert!(!state.tokens.is_empty());
        assert!(state.tokens.iter().all(|(path, _)| path.starts_with("/api/")), "only listings: {:?}", state.tokens);
        state.tokens.clear();
    });
    // Whose token is it, when there are two forges?
    let both = [("TASTER_FORGE_TOKEN", "s3cret-t0ken")];
    let ran = commons.taster_with(&["scan", &source, "http://localhost:1/recipes", "--json"], &both);
    assert_eq!(ran.code, 5, "{ran:?}");
    server.set(|state| assert_eq!(state.tokens, [], "it went to a forge that it may not be meant for"));
    for file in ["out/catalogue.json", "out/recipes.json"] {
        assert!(!std::fs::read_to_string(commons.path(file)).unwrap().contains("s3cret"), "{file}");
    }
}
