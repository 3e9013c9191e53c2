//! The recipe's pages in a real browser, through a node's ingress.

use std::path::PathBuf;

use taster::browser::is_one_colour;
use taster::record::{Fact, Outcome, StepKind, StepResult};

use crate::compose::{ROUTE, app, faulty, routed};
use crate::support::{Recipe, Tried, everything};

const SMOKE: [StepKind; 1] = [StepKind::Smoke];

/// The files of a step's evidence of a kind.
fn files(tried: &Tried, step: &StepResult, kind: &str) -> Vec<PathBuf> {
    let pieces = step.evidence.iter().filter(|piece| piece.kind == kind);
    pieces.filter_map(|piece| piece.file.as_ref()).map(|file| tried.ended.folder.join(file)).collect()
}

/// How often a look had to start a browser and to wait for it.
pub(crate) fn browsers_started(tried: &Tried) -> usize {
    let started = tried.facts(|fact| match fact {
        Fact::Progress(progress) if progress.text == "starting a browser" => vec![()],
        _ => Vec::new(),
    });
    started.len()
}

/// The one screenshot of a step, which shows something; kept where `TASTER_SHOTS` says.
#[track_caller]
fn screenshot(tried: &Tried, step: &StepResult) -> Vec<u8> {
    let shots = files(tried, step, "screenshot");
    let png = std::fs::read(shots.first().expect("a screenshot")).unwrap();
    if let Some(folder) = std::env::var_os("TASTER_SHOTS") {
        let name = format!("{}.png", std::thread::current().name().unwrap().replace("::", "-"));
        std::fs::write(PathBuf::from(folder).join(name), &png).unwrap();
    }
    png
}

#[test]
fn an_ordinary_front_page_passes_with_its_artefacts() {
    let recipe = Recipe::new("ordinary", &routed("", ""));
    let tried = recipe.steps(&[StepKind::Redeploy, StepKind::Smoke]);
    tried.passed();
    assert_eq!(browsers_started(&tried), 0, "it had started while the step before waited");
    let step = tried.step(StepKind::Smoke);
    assert!(!step.flaky && step.reason.contains("https://ordinary.test/ shows “Notes, notebook"), "{step:#?}");
    assert!(!is_one_colour(&screenshot(&tried, step)).unwrap());
    let network = std::fs::read_to_string(&files(&tried, step, "network")[0]).unwrap();
    assert!(network.contains("\"service\":\"app\"") && network.contains("\"status\":200"), "{network}");
    assert!(files(&tried, step, "console")[0].exists());
    let pages = tried.facts(|fact| match fact {
        Fact::Page { url, status, faults, .. } => vec![(url.as_str(), *status, faults.len())],
        _ => Vec::new(),
    });
    assert_eq!(pages, [("https://ordinary.test/", Some(200), 0)]);
}

#[test]
fn a_script_that_is_not_there_fails_and_is_named() {
    let recipe = Recipe::new("script", &faulty("broken-script"));
    let tried = recipe.steps(&SMOKE);
    let step = tried.ended_so(
        StepKind::Smoke,
        Outcome::Failed,
        "failed-request",
        &["https://script.test/missing.js (Script): 404"],
    );
    assert!(!is_one_colour(&screenshot(&tried, step)).unwrap());
}

#[test]
fn a_page_whose_script_fails_is_blank() {
    let recipe = Recipe::new("blank", &faulty("blank-script"));
    let tried = recipe.steps(&SMOKE);
    // Without a browser it cannot be told from a page.
    assert_eq!(tried.step(StepKind::Install).outcome, Outcome::Passed);
    let step = tried.ended_so(
        StepKind::Smoke,
        Outcome::Failed,
        "blank-page",
        &["notebook is not defined", "uncaught-exception"],
    );
    assert!(is_one_colour(&screenshot(&tried, step)).unwrap());
}

#[test]
fn what_passes_at_the_second_look_is_flaky() {
    let tried = Recipe::new("flaky", &faulty("broken-script-once")).steps(&SMOKE);
    let step = tried.step(StepKind::Smoke);
    assert_eq!((step.outcome, step.flaky), (Outcome::Passed, true), "{step:#?}");
    assert!(everything(step).contains("first-look: https://flaky.test/: failed-request"), "{step:#?}");
    assert_eq!(files(&tried, step, "screenshot").len(), 2);
}

const SECRET: &str = "secrets:\n  - admin_pw\nenvironment:\n  - DEMO_PASSWORD_FILE=/run/secrets/admin_pw\n";

fn with_password(name: &str, scenario: &str) -> Recipe {
    let compose = routed(SECRET, "")
        + "secrets:\n  admin_pw:\n    external: true\n    name: ${STACK_NAME}_admin_pw_${SECRET_ADMIN_PW_VERSION}\n";
    let env = format!("TYPE={name}\nDOMAIN={name}.example.com\nUSER_NAME=ann\nSECRET_ADMIN_PW_VERSION=v1\n");
    Recipe::new(name, &compose).file(".env.sample", env).scenario(scenario)
}

#[test]
fn declared_pages_are_walked_through_with_secrets_that_nothing_shows() {
    let recipe = with_password(
        "login",
        "[[page]]\npath = \"/login\"\ntitle = \"Admin\"\nsteps = [\n  { fill = \"Password\", with = \"{secret:admin_pw}\" },\n  \
         { click = \"Log in\" },\n  { expect = \"Welcome, administrator\" },\n]\n\
         [[page]]\ncontains = \"ann drinks tea\"\nsteps = [\n  { fill = \"A note\", with = \"{env:USER_NAME} drinks tea\" },\n  { click = \"Keep\" },\n]\n",
    );
    let tried = recipe.steps(&SMOKE);
    tried.passed();
    let step = tried.step(StepKind::Smoke);
    assert_eq!(files(&tried, step, "screenshot").len(), 2);
    screenshot(&tried, step);
}

#[test]
fn a_login_that_fails_is_told_with_its_step() {
    let recipe = with_password(
        "wrong",
        "[[page]]\npath = \"/login\"\nsteps = [\n  { fill = \"Password\", with = \"guess\" },\n  { click = \"Log in\" },\n  { expect = \"Welcome\" },\n]\n",
    );
    let words = ["step 3 { expect = \"Welcome\" }", "That is not the password."];
    let tried = recipe.steps(&SMOKE);
    // A step that cannot be done is a matter of time, and says nothing on a machine that has none to spare (design.md §3.2).
    let starved = tried.step(StepKind::Smoke).class.as_deref() == Some("starved");
    let (outcome, class) = if starved { (Outcome::Errored, "starved") } else { (Outcome::Failed, "step-failed") };
    let step = tried.ended_so(StepKind::Smoke, outcome, class, &words);
    assert!(step.reason.contains("step-failed"), "{step:#?}");
    screenshot(&tried, step);
}

#[test]
fn a_value_that_the_recipe_does_not_have_is_told_before_a_node_is_started() {
    let scenario = "[[page]]\nsteps = [{ fill = \"x\", with = \"{secret:admin_password}\" }]\n";
    let said = with_password("value", scenario).taster(&["--step", "smoke"]);
    said.expect(1, &["{secret:admin_password}", "admin_pw"]);
    assert!(!said.text.contains("least rights"), "a node was started:\n{}", said.text);
    let scenario = "[[page]]\nhost = \"other.test\"\n";
    with_password("host", scenario).taster(&["--step", "smoke"]).expect(1, &["other.test", "host.test"]);
}

#[test]
fn lesson_08_an_app_without_a_route_has_no_page_to_look_at() {
    let tried = Recipe::new("unrouted", &app("", "", "")).steps(&SMOKE);
    let step = tried.step(StepKind::Smoke);
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Skipped, Some("no-web-route")), "{step:#?}");
    assert_eq!(tried.ended.exit, 0);
}

#[test]
fn in_full_a_front_page_that_says_no_is_no_page_to_look_at_unless_it_is_declared() {
    let forbidden = routed("environment:\n  - DEMO_FAULT=forbidden", "");
    let tried = Recipe::new("closed", &forbidden).steps(&SMOKE);
    let step = tried.step(StepKind::Smoke);
    assert_eq!((step.outcome, step.class.as_deref()), (Outcome::Skipped, Some("no-page")), "{step:#?}");
    assert!(step.reason.contains("403") && step.advice.as_ref().unwrap().contains("[[page]]"), "{step:#?}");
    let tried = Recipe::new("declared", &forbidden).scenario("[[page]]\npath = \"/\"\n").steps(&SMOKE);
    tried.ended_so(StepKind::Smoke, Outcome::Failed, "page-error", &["answers 403"]);
}

#[test]
fn without_a_chromium_it_is_errored_and_says_how_to_get_one() {
    let recipe = Recipe::new("bare", &app("", "", ROUTE));
    // What PATH leads to decides; the nodes need nothing of it.
    recipe.install().passed();
    let path = recipe.path();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_taster"))
        .args(["test", "--step", "smoke", "--runs"])
        .arg(path.parent().unwrap().join("runs"))
        .arg(&path)
        .env("TASTER_CHROMIUM", "/no/such/chromium")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{text}");
    for words in ["TASTER_CHROMIUM names /no/such/chromium", "apt-get install chromium"] {
        assert!(text.contains(words), "no {words:?} in:\n{text}");
    }
}
