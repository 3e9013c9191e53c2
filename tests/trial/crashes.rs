//! Containers that end again and again: each named for what it is, in seconds (lessons 12 and 13).

use taster::record::Outcome::{self, Errored, Failed};
use taster::record::StepKind;

use crate::compose::{app, faulty, routed};
use crate::registry::Image;
use crate::support::Recipe;

#[test]
fn lesson_12_a_crash_loop_with_exit_code_1_is_named_with_its_last_words() {
    let tried = Recipe::new("exit-one", &faulty("exit:1")).install();
    tried.install(Failed, "crash-loop", &["app", "exits with 1", "fault: cannot go on, exiting with code 1"]);
}

#[test]
fn lesson_12_a_service_that_exits_with_0_again_and_again_is_told_how_to_be_a_job() {
    let tried = Recipe::new("exit-zero", &faulty("exit:0")).install();
    tried.install(Failed, "exits-zero", &["exits with 0", "replicated-job"]);
}

#[test]
fn lesson_12_memory_beyond_the_limit_is_named_with_the_limit() {
    let compose = routed("environment:\n  - DEMO_FAULT=oom", "resources:\n  limits:\n    memory: 48M");
    let tried = Recipe::new("oom", &compose).install();
    tried.install(Failed, "out-of-memory", &["48 MiB", "about to use all the memory"]);
}

#[test]
fn lesson_12_a_segmentation_fault_is_named_by_its_signal() {
    let tried = Recipe::new("segv", &faulty("segv")).install();
    tried.install(Failed, "killed-by-signal", &["SIGSEGV"]);
}

#[test]
fn in_full_lesson_12_another_signal_is_named_as_a_shell_tells_it() {
    let tried = Recipe::new("sigabrt", &faulty("exit:134")).install();
    tried.install(Failed, "killed-by-signal", &["SIGABRT"]);
    let tried = Recipe::new("sigkill", &faulty("exit:137")).install();
    tried.install(Failed, "killed-by-signal", &["SIGKILL"]);
}

#[test]
fn lesson_13_a_command_that_the_image_does_not_have_is_named_at_once() {
    let tried = Recipe::new("no-command", &routed("entrypoint: [\"/no/such/program\"]", "")).install();
    tried.install(Failed, "command-not-found", &["/no/such/program"]);
}

#[test]
fn lesson_13_two_services_on_one_host_port_are_told_of_the_clash() {
    let port = "ports:\n  - target: 8080\n    published: 8099\n    mode: host";
    let compose =
        format!("{}  other:\n    image: taster-demo:2.0\n{}", app(port, "", ""), crate::compose::indented(port, 4));
    let tried = Recipe::new("port-clash", &compose).install();
    tried.install(Failed, "port-in-use", &["host-mode port", "two services need two ports"]);
}

#[test]
fn lesson_12_an_app_that_exits_until_its_database_is_up_passes() {
    // The database takes its time; the app is started, fails and is started again meanwhile.
    let compose = format!(
        "{}  db:\n    image: taster-demo:2.0\n    environment:\n      - DEMO_FAULT=slow-boot:5\n    deploy:\n      restart_policy:\n        delay: 500ms\nvolumes:\n  notes:\n",
        routed(
            "environment:\n  - DEMO_NEEDS=db:8080\nvolumes:\n  - notes:/data",
            "update_config:\n  failure_action: rollback"
        )
    );
    let tried = Recipe::new("patient", &compose).steps(&[StepKind::Restart]);
    // Replaced together with its database it ends as well, and swarm turns its update back: no fault of the recipe either.
    let restart = tried.step(StepKind::Restart);
    assert_eq!(restart.outcome, Outcome::Passed, "{restart:#?}");
    assert!(restart.evidence.iter().any(|piece| piece.kind == "start-order"), "{restart:#?}");
    let install = tried.step(StepKind::Install);
    assert_eq!(install.outcome, Outcome::Passed, "{install:#?}");
    let app = install.evidence.iter().find(|piece| piece.text.starts_with("app: ")).unwrap();
    assert!(app.text.contains("failed on the way"), "the app did not fail before the database was up: {}", app.text);
}

#[test]
fn lesson_12_an_app_whose_database_never_comes_is_named_with_what_it_misses() {
    let tried = Recipe::new("no-database", &routed("environment:\n  - DEMO_NEEDS=nobody:5432", "")).install();
    tried.install(Failed, "crash-loop", &["nobody:5432", "exits with 1"]);
}

#[test]
fn lesson_30_a_full_disk_of_the_node_is_not_the_recipes_fault() {
    let recipe = Recipe::new("disk-full", &routed("", ""));
    let mut options = recipe.options();
    // Swarm's own log takes 128 MiB; there is no room for the image beside it.
    options.node.disk = Some(150 << 20);
    recipe.run(&options).install(Errored, "disk-full", &["no space left", "taster-demo:2.0"]);
    // The one that has no room is named, and not the one that comes first.
    let small = Image::foreign("taster-aaa:1", if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
    let beside = format!("{}  aside:\n    image: {}\n", routed("", ""), small.0);
    let two = Recipe::new("disk-full-of-one", &beside);
    let mut options_of_two = two.options();
    options_of_two.node.disk = options.node.disk;
    two.run(&options_of_two).install(Errored, "disk-full", &["no space left", "no room for the image taster-demo:2.0"]);
    options.node.disk = Some(24 << 20);
    recipe.run(&options).install(Errored, "disk-full", &["no space left", "begin a swarm"]);
}
