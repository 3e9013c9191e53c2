//! `--online`: a real registry (Debian's `docker-registry`), and answers that a real one gives only to strangers.

use std::collections::BTreeMap;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::command::{json as report, taster};
use crate::fixture::{Case, fixtures};
use crate::images::{Answers, Registry, stranger};

/// The base recipe with these images.
fn with_images(app: &str, db: &str) -> Case {
    let case = Case::make(&fixtures().join("R002/good"));
    let file = case.path().join("compose.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("image: nginx:1.27.2", &format!("image: {app}"));
    std::fs::write(&file, text.replace("image: postgres:16.4", &format!("image: {db}"))).unwrap();
    case
}

/// The findings I405 to I407 in words, standard error, and the exit code.
fn online(case: &Case) -> (Vec<String>, String, i32) {
    let output = taster(&case.path(), &["--online", "--format", "json"]);
    let found = report(&output)["recipes"][0]["findings"].as_array().unwrap().clone();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let found = found.iter().filter(|finding| ["I405", "I406", "I407"].contains(&finding["rule"].as_str().unwrap()));
    let found = found
        .map(|one| {
            format!("{}: {} {}", text(one, "rule"), text(one, "message"), text(one, "did_you_mean")).trim().to_owned()
        })
        .collect();
    (found, String::from_utf8(output.stderr.clone()).unwrap(), output.status.code().unwrap())
}

#[test]
fn a_real_registry_tells_what_is_there_what_it_runs_on_and_what_is_newer() {
    let registry = Registry::start();
    registry.images("tea/pot", "1.27.2", &["amd64", "arm64"]);
    registry.image("tea/db", "16.4", "amd64");
    registry.images("tea/db", "17.1", &["amd64", "arm64"]);
    let at = |image: &str| format!("{}/tea/{image}", registry.address);

    let (found, told, code) = online(&with_images(&at("pot:1.27.2"), &at("db:17.1")));
    assert_eq!((found, told.as_str(), code), (vec![], "", 0));

    let (found, _, code) = online(&with_images(&at("pot:1.27.2"), &at("db:16.4")));
    let (amd64, newer) = (
        format!("I406: the image `{}` of the service `db` is not built for arm64", at("db:16.4")),
        "I407: the image of the service `db` is `16.4`, and there is `17.1`".to_owned(),
    );
    assert_eq!((found, code), (vec![amd64, newer], 0));

    let (found, _, code) = online(&with_images(&at("pot:1.27.3"), &at("none:1")));
    assert_eq!(code, 1);
    let absent = |image: &str, service: &str, meant: &str| {
        format!("I405: the registry has no image `{}`, which the service `{service}` needs {meant}", at(image))
    };
    assert_eq!(found, [absent("pot:1.27.3", "app", "`1.27.2`"), absent("none:1", "db", "").trim().to_owned()]);

    // More tags than one page of this registry holds.
    for number in 0..120 {
        registry.image("tea/many", &format!("1.0.{number}"), "amd64");
    }
    let (found, ..) = online(&with_images(&at("pot:1.27.2"), &at("many:1.0.3")));
    assert!(found.iter().any(|line| line.ends_with("is `1.0.3`, and there is `1.0.119`")), "{found:?}");
}

const OK: &str = "200 OK";
const MANIFEST: &str = "/v2/tea/pot/manifests/1.0.0";
const TAGS: &str = "/v2/tea/pot/tags/list?n=1000";

fn index() -> String {
    json!({"manifests": [{"platform": {"architecture": "amd64"}}, {"platform": {"architecture": "arm64", "variant": "v8"}},
        {"platform": {"architecture": "unknown"}}]})
    .to_string()
}

fn one(status: &'static str, headers: &str, body: &str) -> (&'static str, String, String) {
    (status, headers.to_owned(), body.to_owned())
}

/// What comes of asking this stranger about one image.
fn asked(answers: Answers) -> (Vec<String>, String, i32, Vec<String>) {
    let (address, asked) = stranger(answers);
    let image = format!("{address}/tea/pot:1.0.0");
    let (found, told, code) = online(&with_images(&image, &image));
    let asked = asked.lock().unwrap().clone();
    (found, told.replace(&address, "R"), code, asked)
}

#[test]
fn a_token_is_fetched_pages_are_followed_and_a_short_wait_is_kept() {
    let challenge =
        "WWW-Authenticate: Bearer realm=\"http://{here}/token\",service=\"tea\",scope=\"repository:tea/pot:pull\"\r\n";
    let (found, told, code, asked) = asked(BTreeMap::from([
        (
            MANIFEST,
            vec![
                one("401 Unauthorized", challenge, "{}"),
                one("429 Too Many", "Retry-After: 0\r\n", ""),
                one(OK, "", &index()),
            ],
        ),
        ("/token?service=tea&scope=repository%3Atea%2Fpot%3Apull", vec![one(OK, "", r#"{"token":"abc"}"#)]),
        (TAGS, vec![one(OK, "Link: </v2/tea/pot/tags/list?last=1.0.0>; rel=\"next\"\r\n", r#"{"tags":["1.0.0"]}"#)]),
        ("/v2/tea/pot/tags/list?last=1.0.0", vec![one(OK, "", r#"{"tags":["1.1.0","1.1.0-rc1","nightly"]}"#)]),
    ]));
    assert!(!found.is_empty() && found.iter().all(|line| line.contains("and there is `1.1.0`")), "{found:?} {told}");
    assert_eq!((told.as_str(), code), ("", 0));
    let with_token = asked.iter().filter(|line| line.contains("Bearer abc")).count();
    assert_eq!(with_token, asked.len() - 2, "all but the first question and that for the token: {asked:?}");
}

#[test]
fn what_only_an_account_is_shown_is_an_error_of_its_own() {
    for answers in [
        vec![one("401 Unauthorized", "", "{}")],
        vec![one("403 Forbidden", "", "{}")],
        vec![one("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "{}")],
        vec![one("401 Unauthorized", "WWW-Authenticate: Bearer realm=\"http://{here}/nothing\"\r\n", "{}")],
    ] {
        let whole = format!("{answers:?}");
        let (found, told, code, _) =
            asked(BTreeMap::from([(MANIFEST, answers), ("/nothing", vec![one("401 No", "", "")])]));
        assert!(found[0].contains("to nobody without an account"), "{whole}: {found:?} {told}");
        assert_eq!(code, 1);
    }
}

#[test]
fn a_registry_that_gives_no_answer_is_infrastructure_and_no_finding() {
    let cases: [(Answers, &str); 5] = [
        (
            BTreeMap::from([(MANIFEST, vec![one("429 Too Many", "Retry-After: 3600\r\n", "")])]),
            "R answers no more questions",
        ),
        (BTreeMap::from([(MANIFEST, vec![one("500 Broken", "", "")])]), "does not answer as registries do: HTTP 500"),
        (BTreeMap::from([(MANIFEST, vec![one(OK, "", "<html>")])]), "does not answer as registries do"),
        (BTreeMap::from([(MANIFEST, vec![one(OK, "", &index())]), (TAGS, vec![one(OK, "", "[")])]), "tags/list"),
        (
            BTreeMap::from([(
                MANIFEST,
                vec![one("401 No", "WWW-Authenticate: Bearer realm=\"http://token.example/\"\r\n", "")],
            )]),
            "which is not HTTPS",
        ),
    ];
    for (answers, words) in cases {
        let (found, told, code, _) = asked(answers);
        assert_eq!((found, code), (vec![], 4), "{told}");
        assert!(told.contains(words) && told.contains("not judged is the image R/tea/pot:1.0.0"), "{words}: {told}");
    }
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (found, told, code) = online(&with_images(&format!("{nowhere}/a/b:1"), &format!("{nowhere}/a/c:1")));
    assert_eq!((found, code), (vec![], 4));
    assert!(told.contains("cannot ask the registry") && told.contains("refused"), "{told}");
}

#[test]
fn without_online_nobody_is_asked() {
    let (address, asked) = stranger(BTreeMap::new());
    let case = with_images(&format!("{address}/tea/pot:1.0.0"), "postgres:16.4");
    let output = taster(&case.path(), &["--format", "json"]);
    let skipped = report(&output)["recipes"][0]["skipped"].to_string();
    assert!(skipped.contains("I405") && skipped.contains("nobody asked"), "{skipped}");
    assert_eq!(asked.lock().unwrap().len(), 0);
}
