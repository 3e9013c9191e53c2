//! Healthy, and does it answer? Only the app itself counts (lessons 8 and 9; design.md §3.3, *Answering*).

use taster::record::{Fact, Outcome::Failed};

use crate::compose::{ROUTE, app, faulty, indented, routed};
use crate::support::{Recipe, Tried, everything};

/// A healthcheck that passes at once: the trial then need not wait for the app to become ready.
const HEALTHY: &str =
    "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30\n";

fn planted(fault: &str) -> String {
    routed(&format!("environment:\n  - DEMO_FAULT={fault}\n{HEALTHY}"), "")
}

/// It passed, but weakly: good enough for level 1 and for no more.
#[track_caller]
fn weak(tried: &Tried, words: &[&str]) {
    let install = tried.passed();
    assert!(install.weak, "the answer counts as strong: {install:#?}");
    let all = everything(install);
    for word in words {
        assert!(all.contains(word), "no {word:?} in {all}");
    }
}

#[test]
fn a_page_is_a_strong_answer_of_a_known_task() {
    let tried = Recipe::new("page", &routed("", "")).install();
    let install = tried.passed();
    assert!(!install.weak && everything(install).contains("200 (strong)"), "{install:#?}");
    let from = tried.facts(|fact| match fact {
        Fact::Answer { from, .. } => vec![from.clone()],
        _ => Vec::new(),
    });
    assert!(from.iter().flatten().any(|from| from.starts_with("app ")), "{from:?}");
}

#[test]
fn lesson_08_a_port_at_which_nothing_listens_is_not_answered_by_the_proxy() {
    let compose = app(HEALTHY, "", &ROUTE.replace("port=8080", "port=9999"));
    let tried = Recipe::new("wrong-port", &compose).install();
    let words = ["502 from the proxy, not from the app", "loadbalancer.server.port"];
    tried.install(Failed, "no-answer", &words);
}

#[test]
fn lesson_08_a_path_that_no_router_takes_is_not_the_apps_404() {
    let routes = ROUTE.replace("rule=Host(`${DOMAIN}`)", "rule=Host(`${DOMAIN}`) && PathPrefix(`/only`)");
    let recipe =
        Recipe::new("elsewhere", &app(HEALTHY, "", &routes)).scenario("[ready]\npath = \"/other\"\nstatus = 404\n");
    recipe.install().install(Failed, "no-answer", &["404 from the proxy, not from the app"]);
}

#[test]
fn lesson_09_an_app_that_answers_500_has_not_answered() {
    let tried = Recipe::new("broken", &planted("status:500")).install();
    tried.install(Failed, "no-answer", &["answers 500", "GET / 500", "app's log"]);
}

#[test]
fn lesson_09_a_blank_page_is_no_answer() {
    Recipe::new("blank", &planted("blank")).install().install(Failed, "no-answer", &["200, and the page is blank"]);
}

#[test]
fn lesson_09_a_redirect_to_another_host_is_weak() {
    let tried = Recipe::new("away", &planted("redirect:https://login.example.com/")).install();
    weak(&tried, &["a redirect to another host: https://login.example.com/"]);
}

#[test]
fn in_full_lesson_09_a_page_that_forbids_is_weak() {
    weak(&Recipe::new("forbids", &planted("forbidden")).install(), &["403"]);
}

#[test]
fn in_full_lesson_09_the_apps_own_404_is_weak() {
    weak(&Recipe::new("own-404", &planted("status:404")).install(), &["404"]);
}

#[test]
fn lesson_09_ready_names_path_status_and_content() {
    let ready = |text: &str| {
        Recipe::new("ready", &routed(HEALTHY, "")).scenario(&format!("[ready]\n{text}\nwithin = \"2s\"\n"))
    };
    let page = ready("path = \"/healthz\"\nstatus = 200").install();
    assert!(!page.passed().weak, "a declared answer is strong");
    let tried = ready("path = \"/no/such/page\"").install();
    tried.install(Failed, "no-answer", &["/no/such/page", "404 where [ready] wants 2xx"]);
    let tried = ready("path = \"/\"\nstatus = 204").install();
    tried.install(Failed, "no-answer", &["200 where [ready] wants 204"]);
    let tried = ready("path = \"/\"\ncontains = \"Welcome to nginx\"").install();
    tried.install(Failed, "no-answer", &["does not contain `Welcome to nginx`"]);
}

/// Labels that lead nowhere are told before a node is started.
#[track_caller]
fn told_at_once(name: &str, labels: &str, words: &[&str]) {
    let said = Recipe::new(name, &app("", "", labels)).taster(&[]);
    said.expect(1, words).expect(1, &["FAILED", "deploy: labels:"]);
    assert!(!said.text.contains("engine "), "a node was started:\n{}", said.text);
}

#[test]
fn an_undefined_middleware_is_named() {
    let labels = format!("{ROUTE}{}", indented("- \"traefik.http.routers.${STACK_NAME}.middlewares=nobody\"", 8));
    told_at_once("middleware", &labels, &["middleware", "nobody"]);
}

#[test]
fn in_full_a_rule_that_cannot_be_read_is_named() {
    let labels = ROUTE.replace("Host(`${DOMAIN}`)", "Host(`${DOMAIN}`");
    told_at_once("bad-rule", &labels, &["rule", "Host(`bad-rule.test`"]);
}

#[test]
fn a_service_without_a_port_is_named() {
    let labels: String = ROUTE.lines().filter(|line| !line.contains("port=")).map(|line| format!("{line}\n")).collect();
    told_at_once("no-port", &labels, &["port"]);
}

#[test]
fn in_full_an_app_beside_the_proxys_network_is_named() {
    let recipe = Recipe::new("beside", &routed("networks:\n  - default", ""));
    recipe.taster(&[]).expect(1, &["not attached to the network 'proxy'"]);
}

#[test]
fn in_full_a_router_that_answers_no_tls_is_named() {
    let labels = ROUTE.replace("tls=true", "tls=false");
    let tried = Recipe::new("no-tls", &app(HEALTHY, "", &labels)).install();
    tried.install(Failed, "no-answer", &["no-route", "`.tls=true`"]);
}

#[test]
fn an_app_without_any_route_is_watched_and_passes() {
    let tried = Recipe::new("no-route", &app("", "", "")).install();
    let install = tried.passed();
    assert!(install.reason.contains("no route to ask at"), "{}", install.reason);
    assert!(tried.seconds_to_verdict() >= 10.0, "watched for {} s only", tried.seconds_to_verdict());
}

#[test]
fn an_app_that_falls_over_while_it_is_watched_is_named() {
    let recipe =
        Recipe::new("falls", &faulty("exit:7@6")).scenario("[ready]\npath = \"/no/such/page\"\nwithin = \"100s\"\n");
    let tried = recipe.install();
    tried.install(Failed, "crash-loop", &["exits with 7", "lived 6"]);
    assert!(tried.seconds_to_verdict() < 60.0, "patience was waited out: {}", tried.seconds_to_verdict());
    // Each life has its log, whatever swarm forgets.
    let logs = std::fs::read_dir(tried.ended.folder.join("logs")).unwrap();
    let texts: Vec<String> = logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap()).collect();
    let last_words = texts.iter().filter(|text| text.contains("exiting with code 7")).count();
    assert!(last_words >= 2, "{texts:?}");
}

#[test]
fn behind_a_password_of_traefiks_the_app_itself_is_asked() {
    let auth = "        - \"traefik.http.middlewares.${STACK_NAME}-auth.basicauth.users=me:$$apr1$$x$$y\"\n        \
                - \"traefik.http.routers.${STACK_NAME}.middlewares=${STACK_NAME}-auth\"\n";
    let install = Recipe::new("password", &app(HEALTHY, "", &format!("{ROUTE}{auth}"))).install();
    assert!(everything(install.passed()).contains("200 (strong)"));
    let blank = Recipe::new(
        "password-blank",
        &app(&format!("environment:\n  - DEMO_FAULT=blank\n{HEALTHY}"), "", &format!("{ROUTE}{auth}")),
    );
    blank.install().install(Failed, "no-answer", &["the page is blank"]);
}

#[test]
fn in_full_ready_replaces_the_question_to_its_host_and_no_other() {
    let second = "        - \"traefik.http.routers.other.rule=Host(`other.example.com`)\"\n        \
                  - \"traefik.http.routers.other.entrypoints=web-secure\"\n        \
                  - \"traefik.http.routers.other.tls=true\"\n        \
                  - \"traefik.http.routers.other.service=other\"\n        \
                  - \"traefik.http.services.other.loadbalancer.server.port=9999\"\n        \
                  - \"traefik.http.routers.${STACK_NAME}.service=${STACK_NAME}\"\n";
    let recipe = Recipe::new("two-hosts", &app(HEALTHY, "", &format!("{ROUTE}{second}")))
        .scenario("[ready]\npath = \"/healthz\"\nhost = \"two-hosts.test\"\n");
    recipe.install().install(Failed, "no-answer", &["https://other.example.com/", "502 from the proxy"]);
}

#[test]
fn an_app_that_calls_its_own_url_finds_itself() {
    let compose = routed(&format!("environment:\n  - DEMO_CALL=http://${{DOMAIN}}/healthz\n{HEALTHY}"), "");
    let recipe =
        Recipe::new("calls", &compose).scenario("[ready]\npath = \"/call\"\ncontains = \"\\\"status\\\":30\"\n");
    recipe.install().passed();
}

#[test]
fn an_app_that_calls_its_own_https_url_trusts_the_certificate_and_that_is_told() {
    let compose = routed(&format!("environment:\n  - DEMO_CALL=https://${{DOMAIN}}/healthz\n{HEALTHY}"), "");
    let scenario = "[ready]\npath = \"/call\"\ncontains = \"\\\"status\\\":200\"\n";
    let tried = Recipe::new("calls-https", &compose).scenario(scenario).install();
    tried.passed();
    let told = tried.facts(|fact| match fact {
        Fact::Adaptation { what, .. } => vec![what.clone()],
        _ => Vec::new(),
    });
    assert!(told.iter().any(|what| what.contains("/etc/ssl/certs/ca-certificates.crt")), "{told:?}");
}

#[test]
fn in_full_a_trust_store_that_the_recipe_brings_itself_is_left_alone() {
    let compose = routed(
        &format!(
            "environment:\n  - DEMO_CALL=https://${{DOMAIN}}/healthz\n{HEALTHY}\nvolumes:\n  - certs:/etc/ssl/certs"
        ),
        "",
    );
    let compose = format!("{compose}volumes:\n  certs:\n");
    let scenario = "[ready]\npath = \"/call\"\ncontains = \"\\\"status\\\":200\"\nwithin = \"5s\"\n";
    let tried = Recipe::new("own-trust", &compose).scenario(scenario).install();
    tried.install(Failed, "no-answer", &["GET /call 502"]);
}
