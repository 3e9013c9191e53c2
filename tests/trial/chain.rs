//! The whole way from the oldest release to the candidate, past releases, and back.

use taster::record::Outcome::{Failed, Passed};
use taster::record::StepKind::{Rollback, Smoke, Upgrade};
use taster::record::{HopKind, StepResult, UpgradeMap};

use crate::smoke::browsers_started;
use crate::support::{Recipe, Tried, everything};
use crate::upgrade::{SCENARIO, notes};

/// A recipe with these releases (version of the recipe, version of the app, more for the service), and a candidate with version 2.0.
fn recipe(name: &str, releases: &[(&str, &str, &str)], candidate: &str) -> Recipe {
    let mut recipe = Recipe::new(name, "")
        .file("abra.sh", "export CONF_VERSION=v1\n")
        .file("notes.conf", "title = Notes\n")
        .scenario(SCENARIO);
    for (version, app, more) in releases {
        let compose = notes(&format!("taster-demo:{app}"), &format!("{version}+{app}"), more);
        recipe = recipe.file("compose.yml", compose).release(&format!("{version}+{app}"));
    }
    recipe.file("compose.yml", notes("taster-demo:2.0", "2.0.0+2.0", candidate))
}

fn whole_way(recipe: &Recipe) -> Tried {
    let mut options = recipe.options();
    options.plan.steps = vec![Upgrade];
    options.plan.chain = true;
    recipe.run(&options)
}

fn map(tried: &Tried) -> &UpgradeMap {
    tried.ended.summary.upgrade_map.as_ref().expect("a map")
}

#[track_caller]
fn hop<'a>(tried: &'a Tried, way: &str) -> &'a StepResult {
    let steps = &tried.ended.summary.steps;
    let id = format!("upgrade:{way}");
    steps.iter().find(|step| step.id.starts_with(&id)).unwrap_or_else(|| panic!("no {id} in {steps:#?}"))
}

/// Something else in every release, so that there is something to upgrade.
const ONE: &str = "  - RELEASE=one\n";
const TWO: &str = "  - RELEASE=two\n";

#[test]
fn every_release_in_a_row_and_past_others_keeps_the_data_and_makes_the_map() {
    let tried = whole_way(&recipe(
        "goes-all-the-way",
        &[("1.0.0", "1.0", ONE), ("1.1.0", "1.0", TWO), ("1.2.0", "1.1", "")],
        "",
    ));
    tried.passed();
    let map = map(&tried);
    let kinds: Vec<HopKind> = map.hops.iter().map(|hop| hop.kind).collect();
    assert_eq!(kinds, [HopKind::Chain, HopKind::Chain, HopKind::Newest, HopKind::Skip], "{map:#?}");
    assert!(map.hops.iter().all(|hop| hop.outcome == Passed && hop.seconds > 0.0 && hop.unavailable.is_some()));
    assert_eq!((map.releases.len(), map.releases[0].as_str()), (4, "1.0.0+1.0"));
    assert!(map.required_stops.is_empty());
    let installs = tried.facts(|fact| match fact {
        taster::record::Fact::Progress(progress) if progress.text.starts_with("installing ") => vec![&progress.text],
        _ => Vec::new(),
    });
    assert_eq!(installs, ["installing 1.0.0+1.0"], "each install is paid once");
}

#[test]
fn a_migration_that_works_only_from_the_release_before_makes_a_required_stop() {
    let releases = [("1.0.0", "1.0", ONE), ("1.1.0", "1.0", TWO), ("1.2.0", "1.1", ONE), ("1.3.0", "1.1", TWO)];
    let recipe = recipe("needs-a-stop", &releases, "  - DEMO_FAULT=adjacent-migration\n");
    let tried = whole_way(&recipe);
    let last = hop(&tried, "1.3.0+1.1→");
    assert_eq!((last.outcome, last.hop), (Passed, Some(HopKind::Newest)), "{last:#?}");
    let skip = tried.ended.summary.steps.iter().find(|step| step.hop == Some(HopKind::Skip)).expect("a skip");
    assert_eq!((skip.outcome, skip.class.as_deref()), (Failed, Some("required-stop")), "{skip:#?}");
    let all = everything(skip);
    for words in
        ["1.3.0+1.1 is a required stop", "the change of app makes the difference", "too old", "[upgrade] stops"]
    {
        assert!(all.contains(words), "no {words:?} in {all}");
    }
    let map = map(&tried);
    let stop = &map.required_stops[0];
    assert_eq!(
        (stop.release.as_str(), stop.from.as_str(), stop.service.as_deref()),
        ("1.3.0+1.1", "1.0.0+1.0", Some("app"))
    );
    let searched = map.hops.iter().filter(|hop| hop.kind == HopKind::Search).count();
    assert_eq!(searched, 2, "of five stops no more than the logarithm is tried: {map:#?}");
    assert_eq!((tried.ended.exit, tried.ended.summary.steps.len()), (1, 6));
}

#[test]
fn in_full_past_a_declared_stop_nothing_is_tried() {
    let releases = [("1.0.0", "1.0", ONE), ("1.1.0", "1.1", "")];
    let scenario = format!("{SCENARIO}[upgrade]\nstops = [\"1.1.0+1.1\"]\n");
    let recipe = recipe("declares", &releases, "  - DEMO_FAULT=adjacent-migration\n").scenario(&scenario);
    let tried = whole_way(&recipe);
    tried.passed();
    assert_eq!(map(&tried).declared_stops, ["1.1.0+1.1"]);
    let unknown = recipe.scenario("[upgrade]\nfrom = \"7.0.0+7\"\n").taster(&["--step", "upgrade"]);
    unknown.expect(2, &["[upgrade] from names 7.0.0+7", "1.0.0+1.0, 1.1.0+1.1"]);
}

#[test]
fn in_full_lesson_23_the_chain_goes_on_once_the_operator_has_set_what_a_release_needs() {
    let needs = "  - RELEASE=two\n  - TITLE=${TITLE:?set a title}\n";
    let recipe = recipe("goes-on", &[("1.0.0", "1.0", ONE)], "")
        .file(".env.sample", "TYPE=goes-on\nDOMAIN=goes-on.example.com\nTITLE=Notes\n")
        .file("compose.yml", notes("taster-demo:1.0", "1.1.0+1.0", needs))
        .release("1.1.0+1.0")
        .file("compose.yml", notes("taster-demo:2.0", "2.0.0+2.0", needs));
    let tried = whole_way(&recipe);
    let first = hop(&tried, "1.0.0+1.0→1.1.0");
    assert_eq!((first.outcome, first.class.as_deref()), (Failed, Some("needs-new-environment")), "{first:#?}");
    assert_eq!(hop(&tried, "1.1.0+1.0→").outcome, Passed);
}

#[test]
fn in_full_what_operators_do_on_the_way_is_done() {
    let needs = "  - TITLE=${TITLE:?set a title}\n";
    let scenario = format!(
        "{SCENARIO}[upgrade.edges.candidate]\nenv = {{ TITLE = \"Notes\" }}\n\
        before = [{{ service = \"app\", run = \"demo-app health\" }}]\nafter = [{{ service = \"app\", run = \"demo-app health\" }}]\n"
    );
    let recipe = recipe("edges", &[("1.0.0", "1.0", "")], needs)
        .scenario(&scenario)
        .file(".env.sample", "TYPE=edges\nDOMAIN=edges.example.com\nTITLE=Notes\n");
    let tried = recipe.steps(&[Upgrade]);
    tried.passed();
    let recipe = recipe.scenario(&scenario.replace(
        "after = [{ service = \"app\", run = \"demo-app health\"",
        "after = [{ service = \"app\", run = \"demo-app nonsense\"",
    ));
    recipe.steps(&[Upgrade]).ended_so(
        Upgrade,
        Failed,
        "upgrade-step",
        &["after the upgrade, `demo-app nonsense` in app"],
    );
}

#[track_caller]
fn back(name: &str, release: (&str, &str, &str)) -> Tried {
    let tried = recipe(name, &[release], "").steps(&[Rollback]);
    assert_eq!(tried.step(Upgrade).outcome, Passed, "{:#?}", tried.step(Upgrade));
    tried
}

#[test]
fn a_rollback_that_is_refused_loses_nothing() {
    let tried = back("back-refuses", ("1.0.0", "1.0", ""));
    tried.passed();
    let said = everything(tried.step(Rollback));
    assert!(said.contains("refuses the newer data") && said.contains("schema 3"), "{said}");
}

#[test]
fn a_rollback_that_corrupts_is_a_failure() {
    let tried = back("back-corrupts", ("1.0.0", "1.0", "  - DEMO_FAULT=forgets-newer\n"));
    tried.ended_so(Rollback, Failed, "rollback-corrupts", &["1.0.0+1.0", "buy tea"]);
}

#[test]
fn in_full_a_rollback_that_works_shows_all_data() {
    let tried = back("back-works", ("1.0.0", "2.0", ONE));
    tried.passed();
    assert!(
        everything(tried.step(Rollback)).contains("works: 1.0.0+2.0 runs again with all data"),
        "{:#?}",
        tried.step(Rollback)
    );
}

#[test]
fn in_full_a_page_that_is_blank_after_the_upgrade_is_seen() {
    let blank = recipe("goes-blank", &[("1.0.0", "1.0", "")], "  - DEMO_FAULT=blank-migration\n");
    let tried = blank.steps(&[Smoke, Upgrade]);
    assert_eq!(tried.step(Smoke).outcome, Passed, "a fresh install is well: {:#?}", tried.step(Smoke));
    let step = tried.step(Upgrade);
    assert_eq!(step.outcome, Failed, "{step:#?}");
    assert!(everything(step).contains("a page that was well before the upgrade is not any more"), "{step:#?}");
    let pairs = step.evidence.iter().filter(|piece| piece.kind == "before-after").count();
    assert_eq!(pairs, 1, "{step:#?}");
    let good = recipe("stays-well", &[("1.0.0", "1.0", "")], "");
    let tried = good.steps(&[Smoke, Upgrade]);
    tried.passed();
    assert!(tried.step(Upgrade).evidence.iter().any(|piece| piece.kind == "before-after"));
}

#[test]
fn a_page_is_found_again_when_the_candidate_takes_the_ports_of_the_ingress() {
    let recipe = recipe("takes-ports", &[("1.0.0", "1.0", "")], "");
    let volumes = "    volumes:\n      - notes:/data\n";
    let ports = "    ports:\n      - target: 8080\n        published: 80\n        mode: host\n";
    let compose = notes("taster-demo:2.0", "2.0.0+2.0", "").replace(volumes, &format!("{volumes}{ports}"));
    let tried = recipe.file("compose.yml", compose).steps(&[Smoke, Upgrade]);
    tried.passed();
    assert!(tried.step(Upgrade).evidence.iter().any(|piece| piece.kind == "before-after"));
    assert_eq!(browsers_started(&tried), 3, "each time the ingress is elsewhere");
}

#[test]
fn a_login_that_breaks_with_the_upgrade_is_seen() {
    let with_login = |compose: String| {
        let environment = "      - DOMAIN\n";
        let compose =
            compose.replace(environment, "      - DOMAIN\n      - DEMO_PASSWORD_FILE=/run/secrets/admin_pw\n");
        let volumes = "    volumes:\n      - notes:/data\n";
        let compose = compose.replace(volumes, &format!("{volumes}    secrets:\n      - admin_pw\n"));
        format!(
            "{compose}secrets:\n  admin_pw:\n    external: true\n    name: ${{STACK_NAME}}_admin_pw_${{SECRET_ADMIN_PW_VERSION}}\n"
        )
    };
    let scenario = format!(
        "{SCENARIO}[[page]]\npath = \"/login\"\nsteps = [\n  {{ fill = \"Password\", with = \"{{secret:admin_pw}}\" }},\n  \
         {{ click = \"Log in\" }},\n  {{ expect = \"Welcome\" }},\n]\n"
    );
    let recipe = recipe("locks-out", &[], "")
        .file(".env.sample", "TYPE=locks-out\nDOMAIN=locks-out.example.com\nSECRET_ADMIN_PW_VERSION=v1\n")
        .scenario(&scenario)
        .file("compose.yml", with_login(notes("taster-demo:1.0", "1.0.0+1.0", "")))
        .release("1.0.0+1.0")
        .file("compose.yml", with_login(notes("taster-demo:2.0", "2.0.0+2.0", "  - DEMO_FAULT=login-migration\n")));
    let tried = recipe.steps(&[Smoke, Upgrade]);
    assert_eq!(tried.step(Smoke).outcome, Passed, "{:#?}", tried.step(Smoke));
    let step = tried.step(Upgrade);
    // A page that takes too long is not held against a recipe on a machine without time to spare.
    assert!(step.outcome == Failed || step.class.as_deref() == Some("starved"), "{step:#?}");
    let all = everything(step);
    assert!(all.contains("was well before the upgrade") && all.contains("That is not the password"), "{step:#?}");
    assert_eq!(browsers_started(&tried), 1, "one browser serves all looks of a run");
}
