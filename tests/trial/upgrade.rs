//! Upgrades from a release to the candidate, in place, as an operator does them (lessons 1, 5, 7, 23 and 24).

use taster::record::Outcome::{Blocked, Failed, Passed, Skipped};
use taster::record::StepKind::{Redeploy, Restart, Upgrade};

use crate::support::{Recipe, Tried, everything};

/// The demo app with its notes in a volume, a config, and swarm told to roll back.
pub(crate) fn notes(image: &str, version: &str, more: &str) -> String {
    let service = format!(
        "environment:\n  - DOMAIN\n  - DEMO_CONFIG_FILE=/etc/notes.conf\n{more}\
         healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 5\n  start_period: 20s\n\
         configs:\n  - source: conf\n    target: /etc/notes.conf\n\
         volumes:\n  - notes:/data\n"
    );
    let deploy = "update_config:\n  failure_action: rollback\n  monitor: 1s\n";
    let label = format!("        - \"coop-cloud.${{STACK_NAME}}.version={version}\"\n");
    let app = crate::compose::app(&service, deploy, &format!("{}{label}", crate::compose::ROUTE));
    let app = app.replace("taster-demo:2.0", image);
    format!(
        "{app}volumes:\n  notes:\nconfigs:\n  conf:\n    name: ${{STACK_NAME}}_conf_${{CONF_VERSION}}\n    file: notes.conf\n"
    )
}

pub(crate) const SCENARIO: &str = "[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n\n\
                        [[probe]]\nname = \"notes\"\nservice = \"app\"\nrun = \"demo-app list\"\n";

/// A recipe with one release, of version 1.0 of the app.
pub(crate) fn released(name: &str) -> Recipe {
    Recipe::new(name, &notes("taster-demo:1.0", "1.0.0+1.0", ""))
        .file("abra.sh", "export CONF_VERSION=v1\n")
        .file("notes.conf", "title = Notes\n")
        .scenario(SCENARIO)
        .release("1.0.0+1.0")
}

/// The candidate with version 2.0 of the app.
pub(crate) fn candidate(recipe: Recipe, more: &str) -> Recipe {
    recipe.file("compose.yml", notes("taster-demo:2.0", "2.0.0+2.0", more))
}

fn upgrade(recipe: &Recipe) -> Tried {
    recipe.steps(&[Upgrade])
}

#[test]
fn a_good_upgrade_moves_keeps_the_data_and_says_how_long_it_was_away() {
    let tried = candidate(released("upgrades"), "").steps(&[Restart, Redeploy, Upgrade]);
    tried.passed();
    let step = tried.step(Upgrade);
    assert!(step.id.starts_with("upgrade:1.0.0+1.0→") && step.id.ends_with("+changes@default"), "{step:#?}");
    assert!(step.reason.contains("unavailable for") || step.reason.contains("all the time"), "{step:#?}");
    assert!(everything(step).contains("changed: app"), "{step:#?}");
    let images: Vec<&str> = tried.images().iter().map(|image| image.reference.as_str()).collect();
    assert!(images.contains(&"taster-demo:1.0") && images.contains(&"taster-demo:2.0"), "{images:?}");
    assert_eq!((tried.ended.summary.level, tried.ended.summary.level_is_at_least), (3, true));
}

#[test]
fn without_an_earlier_release_there_is_nothing_to_upgrade_and_the_ladder_goes_on() {
    let tried = Recipe::new("first", &crate::compose::routed("", ""))
        .scenario("[ready]\npath = \"/healthz\"\n")
        .steps(&[Restart, Redeploy, Upgrade]);
    let step = tried.step(Upgrade);
    assert_eq!((step.outcome, step.structural), (Skipped, true), "{step:#?}");
    assert_eq!((tried.ended.exit, tried.ended.summary.level), (0, 3));
}

#[test]
fn lesson_01_a_candidate_that_deploys_the_same_is_no_upgrade() {
    let tried = upgrade(&released("the-same").file("README.md", "Only words.\n"));
    let step = tried.step(Upgrade);
    assert_eq!((step.outcome, step.class.as_deref()), (Skipped, Some("same-deployment")), "{step:#?}");
}

#[test]
fn lesson_05_a_rollback_by_swarm_is_a_failed_upgrade_with_the_new_tasks_error() {
    let tried = upgrade(&candidate(released("rolls-back"), "  - DEMO_FAULT=broken-migration\n"));
    let step = tried.step(Upgrade);
    assert_eq!(step.outcome, Failed, "{step:#?}");
    let all = everything(step);
    assert!(all.contains("roll") && all.contains("cannot be migrated"), "{all}");
}

#[test]
fn a_migration_that_loses_a_row_is_caught_by_the_probe() {
    let tried = upgrade(&candidate(released("loses-a-row"), "  - DEMO_FAULT=lossy-migration\n"));
    tried.ended_so(Upgrade, Failed, "data-lost", &["the probe `notes` differs after the upgrade", "before: buy tea"]);
}

#[test]
fn lesson_07_a_release_that_no_longer_installs_is_a_finding_and_no_fault_of_the_candidate() {
    let broken = Recipe::new("broken-before", &notes("taster-demo:1.0", "1.0.0+1.0", "  - DEMO_FAULT=exit:1\n"))
        .file("abra.sh", "export CONF_VERSION=v1\n")
        .file("notes.conf", "title = Notes\n")
        .release("1.0.0+1.0");
    let tried = upgrade(&candidate(broken, ""));
    let step = tried.step(Upgrade);
    assert_eq!((step.outcome, step.class.as_deref()), (Blocked, Some("predecessor-broken")), "{step:#?}");
    assert_eq!(tried.ended.exit, 3, "what was planned was not tested");
    assert!(step.reason.contains("does not install any more") && step.reason.contains("exits with 1"), "{step:#?}");
}

#[test]
fn lesson_23_a_new_variable_without_a_default_breaks_every_operator_and_is_named() {
    let recipe = candidate(released("needs-title"), "  - TITLE=${TITLE:?set a title}\n")
        .file(".env.sample", "TYPE=needs-title\nDOMAIN=needs-title.example.com\nTITLE=Notes\n");
    let words = ["own .env is not enough", "TITLE=Notes", "no release note names any of them", "${NAME:-value}"];
    upgrade(&recipe).ended_so(Upgrade, Failed, "needs-new-environment", &words);
}

#[test]
fn lesson_23_a_value_that_came_with_the_candidates_scenario_is_no_operators() {
    let scenario = format!("[env]\nTITLE = \"Notes\"\n\n{SCENARIO}");
    let recipe = candidate(released("hides"), "  - TITLE=${TITLE:?set a title}\n")
        .file(".env.sample", "TYPE=hides\nDOMAIN=hides.example.com\nTITLE=\n")
        .scenario(&scenario);
    upgrade(&recipe).ended_so(Upgrade, Failed, "needs-new-environment", &["set a title"]);
}

#[test]
fn in_full_lesson_23_a_release_note_that_tells_of_the_variable_is_seen() {
    let recipe = candidate(released("tells"), "  - TITLE=${TITLE:?set a title}\n")
        .file(".env.sample", "TYPE=tells\nDOMAIN=tells.example.com\nTITLE=Notes\n")
        .file("release/next", "Set TITLE before you upgrade.\n");
    upgrade(&recipe).ended_so(Upgrade, Failed, "needs-new-environment", &["the release notes name TITLE"]);
}

#[test]
fn lesson_24_a_changed_config_without_a_new_version_is_refused_and_explained() {
    let recipe = candidate(released("same-config-name"), "").file("notes.conf", "title = Other notes\n");
    let tried = upgrade(&recipe);
    tried.ended_so(Upgrade, Failed, "immutable-config", &["conf_v1", "CONF_VERSION"]);
}

#[test]
fn a_volume_of_another_name_loses_the_data_and_orphans_the_old_one() {
    let recipe = candidate(released("renames"), "");
    let compose = std::fs::read_to_string(recipe.path().join("compose.yml")).unwrap();
    let compose = compose.replace("notes:/data", "papers:/data").replace("  notes:\n", "  papers:\n");
    let tried = upgrade(&recipe.file("compose.yml", compose));
    tried.ended_so(Upgrade, Failed, "data-lost", &["the probe `notes` differs", "buy tea"]);
}

#[test]
fn in_full_secrets_are_kept_and_a_secret_that_needs_a_new_variable_is_named() {
    let secret = |compose: String, name: &str| {
        let compose = compose.replace(
            "    volumes:\n      - notes:/data\n",
            &format!("    volumes:\n      - notes:/data\n    secrets:\n      - {name}\n"),
        );
        format!(
            "{compose}secrets:\n  {name}:\n    external: true\n    name: ${{STACK_NAME}}_{name}_${{SECRET_{}_VERSION}}\n",
            name.to_uppercase()
        )
    };
    let recipe = released("new-secret");
    let recipe = candidate(recipe, "");
    let compose = std::fs::read_to_string(recipe.path().join("compose.yml")).unwrap();
    let recipe = recipe
        .file("compose.yml", secret(compose, "pepper"))
        .file(".env.sample", "TYPE=new-secret\nDOMAIN=new-secret.example.com\nSECRET_PEPPER_VERSION=v1\n");
    let tried = upgrade(&recipe);
    tried.ended_so(Upgrade, Failed, "needs-new-environment", &["pepper", "SECRET_PEPPER_VERSION=v1"]);
}

#[test]
fn the_release_to_upgrade_from_can_be_chosen_and_must_exist() {
    let recipe = candidate(released("chooses"), "").release("2.0.0+2.0").file("README.md", "Words.\n");
    let said = recipe.taster(&["--step", "upgrade", "--from", "3.0.0+3.0"]);
    said.expect(2, &["3.0.0+3.0 is no release", "1.0.0+1.0, 2.0.0+2.0"]);
    let said = recipe.taster(&["--at", "1.0.0+1.0", "--from", "2.0.0+2.0"]);
    said.expect(2, &["2.0.0+2.0 is not older than the candidate (1.0.0+1.0)"]);
    let mut options = recipe.options();
    options.plan.steps = vec![Upgrade];
    options.from = Some("1.0.0+1.0".to_owned());
    let tried = recipe.run(&options);
    assert_eq!(tried.step(Upgrade).outcome, Passed, "{:#?}", tried.step(Upgrade));
    assert!(tried.step(Upgrade).id.contains("1.0.0+1.0→"));
}
