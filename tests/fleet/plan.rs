//! `taster plan --since`: what a change can affect, and why.

use serde_json::Value;

use crate::repository::Repository;

const BASE: &str = "1.2.0+1.27.2";

fn planned(repository: &Repository) -> Value {
    let ran = repository.run(&["plan", "--since", BASE, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.json()
}

/// The kinds of steps that are tried.
fn tried(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().unwrap().iter().filter(|step| step["tried"] == true);
    steps.map(|step| step["kind"].as_str().unwrap().to_owned()).collect()
}

fn service<'p>(plan: &'p Value, name: &str) -> &'p Value {
    plan["services"].as_array().unwrap().iter().find(|service| service["service"] == name).unwrap()
}

const ALL: [&str; 9] = ["lint", "install", "restart", "redeploy", "backup", "restore", "smoke", "upgrade", "leftovers"];

/// A recipe with a service beside the others: on a network of its own, without state, asked by nobody.
fn with_worker() -> Repository {
    let repository = Repository::new();
    repository.change(
        "compose.yml",
        "  db:\n    image: postgres:16.4\n",
        "  worker:\n    image: redis:7.2.1\n    networks:\n      - alone\n    healthcheck:\n      test: [\"CMD\", \"true\"]\n  db:\n    image: postgres:16.4\n",
    );
    repository.change("compose.yml", "  internal:\n\nvolumes:", "  internal:\n  alone:\n\nvolumes:");
    repository.commit("a worker");
    repository.git(&["tag", "--force", "--annotate", BASE, "--message", "a release"]);
    repository
}

#[test]
fn the_kind_of_a_bump_and_what_the_service_keeps_are_told() {
    for (from, to, name, kind) in [
        ("nginx:1.27.2", "nginx:1.27.3", "app", "patch"),
        ("nginx:1.27.2", "nginx:1.28.0", "app", "minor"),
        ("postgres:16.4", "postgres:17.0", "db", "major"),
        ("postgres:16.4", "postgres:16.4@sha256:aa", "db", "digest"),
        ("postgres:16.4", "pgvector:16.4", "db", "other-image"),
        ("postgres:16.4", "postgres:bookworm", "db", "unknown"),
    ] {
        let repository = Repository::new();
        repository.change("compose.yml", from, to);
        let plan = planned(&repository);
        let service = service(&plan, name);
        assert_eq!(service["bump"]["kind"], kind, "{plan:#}");
        assert!(!service["state"].as_array().unwrap().is_empty(), "both keep state: {service}");
        assert_eq!(tried(&plan), ALL, "a service with state that others reach: everything is tried");
        let upgrade = plan["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "upgrade").unwrap();
        assert!(upgrade["because"][0].as_str().unwrap().contains(from), "{upgrade}");
    }
}

#[test]
fn a_service_that_neither_keeps_state_nor_is_visited_needs_no_restore_and_no_browser() {
    let repository = with_worker();
    repository.change("compose.yml", "redis:7.2.1", "redis:7.2.2");
    let plan = planned(&repository);
    assert_eq!(tried(&plan), ["lint", "install", "restart", "redeploy", "upgrade", "leftovers"], "{plan:#}");
    let worker = service(&plan, "worker");
    assert_eq!((worker["state"].as_array().unwrap().len(), worker.get("reaches")), (0, None), "{worker}");
    // On a network with the others it may change what they keep, and what visitors see.
    repository.change("compose.yml", "      - alone\n", "      - internal\n");
    let plan = planned(&repository);
    assert_eq!(tried(&plan), ALL);
    assert_eq!(service(&plan, "worker")["reaches"], serde_json::json!(["worker", "app"]));
}

#[test]
fn words_alone_deploy_nothing() {
    let repository = Repository::new();
    repository.change("README.md", "Pours tea.", "Pours more tea.");
    repository.write("release/next", "- a note\n");
    let plan = planned(&repository);
    assert_eq!(tried(&plan), ["lint"], "{plan:#}");
    let install = plan["steps"].as_array().unwrap().iter().find(|step| step["kind"] == "install").unwrap();
    assert_eq!(install["because"][0], "nothing that is deployed differs");
    let files: Vec<&str> =
        plan["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(files, ["README.md", "release/next"]);
}

#[test]
fn nothing_is_due_when_no_file_differs_and_that_is_not_fine() {
    let ran = Repository::new().run(&["plan", "--since", BASE]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(ran.out.contains("no file differs"), "{ran:?}");
}

#[test]
fn what_only_the_backup_bot_reads_is_tried_by_a_backup() {
    let repository = Repository::new();
    repository.change("compose.yml", "postgres.path=backup.sql", "postgres.path=other.sql");
    assert_eq!(tried(&planned(&repository)), ["lint", "backup", "restore"]);
}

#[test]
fn the_version_label_alone_is_what_an_upgrade_must_arrive_at() {
    let repository = Repository::new();
    repository.change("compose.yml", "version=1.2.0+1.27.2", "version=1.2.1+1.27.2");
    assert_eq!(tried(&planned(&repository)), ["lint", "upgrade"]);
}

#[test]
fn what_else_decides_how_it_runs_is_seen() {
    for (file, from, to) in [
        // The content of a config, though its name is the same (lesson 24).
        ("nginx.conf.tmpl", "{", "# changed\n{"),
        // A secret of another length, which no compose file shows.
        (".env.sample", "length=32", "length=64"),
        // A function that an operator runs.
        ("abra.sh", "rm -rf /var/cache/teapot/*", "rm -rf /var/cache/teapot"),
        ("abra.sh", "NGINX_CONF_VERSION=v3", "NGINX_CONF_VERSION=v4"),
        ("compose.yml", "LOG_LEVEL:-info", "LOG_LEVEL:-debug}${LOG_LEVEL"),
        ("compose.yml", "interval: 10s", "interval: 11s"),
        ("compose.yml", "  internal:\n\nvolumes:", "  internal:\n    driver_opts:\n      a: b\n\nvolumes:"),
    ] {
        let repository = Repository::new();
        repository.change(file, from, to);
        let tried = tried(&planned(&repository));
        for step in ["install", "upgrade", "restore"] {
            assert!(tried.iter().any(|tried| tried == step), "{file}: {to}: {tried:?}");
        }
    }
    // A comment in the sample is none of it.
    let repository = Repository::new();
    repository.change(".env.sample", "# Seconds that", "# The seconds that");
    assert_eq!(tried(&planned(&repository)), ["lint"]);
}

#[test]
fn an_overlay_concerns_the_variants_that_use_it() {
    let repository = Repository::new();
    repository.write(
        "tests/taster.toml",
        "[variants.smtp]\ncompose = [\"compose.yml\", \"compose.smtp.yml\"]\n[variants.plain]\ncompose = [\"compose.yml\"]\n",
    );
    repository.commit("a scenario");
    let smtp = repository.read("compose.smtp.yml");
    repository.write("compose.smtp.yml", &format!("{smtp}# more\n"));
    let ran = repository.run(&["plan", "--since", "HEAD", "--json"]);
    let plan = ran.json();
    let of =
        |name: &str| plan["variants"].as_array().unwrap().iter().find(|one| one["variant"] == name).unwrap().clone();
    assert_eq!((&of("smtp")["tried"], &of("plain")["tried"]), (&true.into(), &false.into()), "{plan:#}");
    assert_eq!(tried(&plan), ["lint"], "what is sampled is as it was");
    let change: taster::record::ChangePlan = serde_json::from_value(plan).unwrap();
    let options = taster::plan::options(&change).unwrap();
    assert!(options.variants == ["smtp"] && options.steps.len() == 2, "{options:?}");
    // A change of the scenario itself is a change of everything that it says.
    repository.commit("more");
    repository.change("tests/taster.toml", "[variants.plain]", "[variants.bare]");
    assert_eq!(tried(&repository.run(&["plan", "--since", "HEAD", "--json"]).json()), ALL);
}

#[test]
fn every_reason_is_told_in_words_without_control_characters() {
    let repository = Repository::new();
    repository.change("compose.yml", "nginx:1.27.2", "nginx:1.28.0");
    repository.write("evil\u{1b}[31m.txt", "x");
    let ran = repository.run(&["plan", "--since", BASE, "--explain"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in
        ["nginx:1.27.2 → nginx:1.28.0, minor", "keeps state in uploads", "visitors reach it", "only tried with --full"]
    {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
}

#[test]
fn what_cannot_be_compared_is_told_and_is_no_pass() {
    let repository = Repository::new();
    let ran = repository.run(&["plan", "--since", "9.9.9+9"]);
    assert!(ran.code == 2 && ran.err.contains("cannot compare with `9.9.9+9`"), "{ran:?}");
    repository.change("compose.yml", "services:", "services: [");
    let ran = repository.run(&["plan", "--since", BASE, "--json"]);
    assert_eq!(tried(&ran.json()), ALL, "what does not load may be anything");
    let ran = repository.run(&["plan"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_base_that_moved_on_is_no_part_of_the_change() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "words"]);
    repository.change("README.md", "Pours tea.", "Pours more tea.");
    repository.commit("words");
    let head = repository.git(&["rev-parse", "HEAD"]);
    repository.git(&["checkout", "--quiet", "main"]);
    let began = repository.git(&["rev-parse", "HEAD"]);
    repository.change("compose.yml", "nginx:1.27.2", "nginx:1.28.0");
    repository.commit("a bump on the branch that the change is for");
    let ran = repository.run(&["plan", "--since", "main", "--at", &head, "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let plan = ran.json();
    assert_eq!(tried(&plan), ["lint"], "the image is nothing that this change touches: {plan:#}");
    assert_eq!((&plan["base"], &plan["base_commit"]), (&"main".into(), &began.clone().into()), "{plan:#}");
    let ran = repository.run(&["plan", "--since", "main", "--at", &head]);
    assert!(ran.out.contains("the base has moved on to") && ran.out.contains(&began[..10]), "{ran:?}");
    // A release beside the branch: compared is the commit from which both came.
    repository.git(&["checkout", "--quiet", "--detach", &began]);
    repository.write("release/next", "- a note\n");
    repository.commit("a release beside the branch");
    repository.git(&["tag", "--annotate", "1.2.1+1.27.2", "--message", "a release"]);
    repository.git(&["checkout", "--quiet", "main"]);
    let plan = repository.run(&["plan", "--since", "1.2.1+1.27.2", "--json"]).json();
    assert_eq!(plan["base_commit"], began.as_str(), "{plan:#}");
}

#[test]
fn what_only_an_overlay_deploys_concerns_its_variants() {
    let variants = "[variants.smtp]\ncompose = [\"compose.yml\", \"compose.smtp.yml\"]\n[variants.plain]\ncompose = [\"compose.yml\"]\n";
    let smtp = |repository: &Repository| -> Vec<String> {
        let plan = repository.run(&["plan", "--since", "HEAD", "--json"]).json();
        let tried = plan["variants"].as_array().unwrap().iter().filter(|one| one["tried"] == true);
        tried.map(|one| one["variant"].as_str().unwrap().to_owned()).collect()
    };
    let repository = Repository::new();
    repository.write("tests/taster.toml", variants);
    repository.write("msmtp.conf.tmpl", "a\n");
    let overlay = repository.read("compose.smtp.yml");
    repository.write("compose.smtp.yml", &format!("{overlay}\nconfigs:\n  msmtp:\n    file: ./msmtp.conf.tmpl\n"));
    repository.write("abra.sh", &format!("{}export MSMTP_VERSION=v1\n", repository.read("abra.sh")));
    repository.commit("an overlay with a file of its own");
    repository.write("msmtp.conf.tmpl", "b\n");
    assert_eq!(smtp(&repository), ["smtp"], "the overlay names the file");
    repository.git(&["checkout", "--quiet", "."]);
    repository.change("abra.sh", "MSMTP_VERSION=v1", "MSMTP_VERSION=v2");
    assert_eq!(smtp(&repository), ["smtp"], "the name of the overlay's config comes from there");
    repository.git(&["checkout", "--quiet", "."]);
    repository.change("README.md", "Pours tea.", "Pours more tea.");
    assert_eq!(smtp(&repository), [""; 0], "words concern no variant");
}

#[test]
fn a_line_whose_meaning_the_scenario_sets_is_seen() {
    let change = |scenario: &str| {
        let repository = Repository::new();
        repository.write("tests/taster.toml", scenario);
        repository.commit("a scenario");
        // With the sample's values nothing differs: it knows no such variable.
        repository.change("compose.yml", "DB_HOST=db", "DB_HOST=db${TEAPOT_FAR-}");
        tried(&repository.run(&["plan", "--since", "HEAD", "--json"]).json())
    };
    assert_eq!(change("[env]\nTEAPOT_FAR = \".far\"\n"), ALL);
    assert_eq!(change("[ready]\npath = \"/\"\n"), ["lint"]);
}

#[test]
fn every_step_that_is_left_out_has_its_reason_in_the_plan_of_the_run() {
    use taster::record::StepKind;
    let repository = Repository::new();
    repository.change("compose.yml", "postgres.path=backup.sql", "postgres.path=other.sql");
    let change: taster::record::ChangePlan = serde_json::from_value(planned(&repository)).unwrap();
    let options = taster::plan::options(&change).unwrap();
    assert_eq!(options.steps, [StepKind::Lint, StepKind::Backup, StepKind::Restore]);
    let without = |kind| options.without.iter().find(|(without, _)| *without == kind).map(|(_, why)| why.as_str());
    assert_eq!(without(StepKind::Smoke), Some("visitors reach no service that differs"));
    assert_eq!(without(StepKind::Rollback), Some("only tried with --full"));
    assert_eq!(without(StepKind::Install), None, "a backup rests on it");
    repository.git(&["checkout", "--quiet", "."]);
    repository.change("README.md", "Pours tea.", "Pours more tea.");
    let change: taster::record::ChangePlan = serde_json::from_value(planned(&repository)).unwrap();
    let options = taster::plan::options(&change).unwrap();
    assert!(
        options
            .without
            .iter()
            .any(|(kind, why)| *kind == StepKind::Install && why == "nothing that is deployed differs")
    );
}
