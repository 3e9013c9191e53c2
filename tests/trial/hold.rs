//! A run that is held with everything in place, and one that is tried again.

use std::sync::{Arc, Mutex};

use taster::record::StepKind::{Install, Redeploy, Restart, Upgrade};
use taster::trial::{Held, Hold, When};

use crate::compose::{faulty, routed};
use crate::support::{Recipe, docker};
use crate::upgrade::{candidate, released};

/// Each time that a run was held, with what the engine of its node said.
type Seen = Arc<Mutex<Vec<(Held, String)>>>;

/// Holds, and keeps which services the engine of the node lists meanwhile.
fn looking(when: When) -> (Hold, Seen) {
    asking(when, vec!["service", "ls", "--format", "{{.Name}}"])
}

/// Holds, and keeps what the engine of the node answers meanwhile.
fn asking(when: When, question: Vec<&'static str>) -> (Hold, Seen) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let hold = Hold::new(when, move |held| {
        let (kept, question) = (kept.clone(), question.clone());
        async move {
            let said = docker(&[&["-H", held.docker_host.as_str()], &question[..]].concat());
            kept.lock().unwrap().push((held, said));
        }
    });
    (hold, seen)
}

#[test]
fn a_run_is_held_at_its_end_with_the_stack_in_place_and_removed_afterwards() {
    let recipe = Recipe::new("held", &routed("", ""));
    let (hold, seen) = looking(When::AtEnd);
    let mut options = recipe.options();
    options.hold = hold;
    let tried = recipe.run(&options);
    tried.passed();
    let seen = seen.lock().unwrap();
    let (held, listed) = &seen[0];
    assert_eq!((held.failed.as_ref(), listed.trim()), (None, "held_test_app"), "{held:?}");
    assert_eq!(held.container.as_ref().map(|(service, _)| service.as_str()), Some("app"));
    let gone = docker(&["ps", "-aq", "--filter", &format!("label=taster.run={}", tried.ended.summary.run)]);
    assert_eq!(gone.trim(), "", "the node goes once nobody looks any more");
}

#[test]
fn a_member_of_ours_keeps_the_network_of_the_proxy_on_the_node() {
    let recipe = candidate(released("stays"), "");
    let members = "{{range .Containers}}{{.Name}} {{end}}";
    let (hold, seen) = asking(When::AtEnd, vec!["network", "inspect", "proxy", "--format", members]);
    let mut options = recipe.options();
    // Time enough for it to come, and a stack that is lost with everything.
    options.plan.steps = vec![Install, Restart, Redeploy, Upgrade];
    options.hold = hold;
    recipe.run(&options).passed();
    let seen = seen.lock().unwrap();
    let members: Vec<&str> = seen[0].1.split_whitespace().collect();
    assert!(members.contains(&"taster-member-proxy"), "{members:?}");
    assert!(members.iter().any(|name| name.starts_with("stays_test_app.1.")), "{members:?}");
}

#[test]
fn a_run_is_held_where_it_fails_and_the_rest_is_blocked() {
    let recipe = Recipe::new("held-failed", &faulty("exit:3"));
    let (hold, seen) = looking(When::AtFailure);
    let mut options = recipe.options();
    options.plan.steps = vec![Install, Restart];
    options.hold = hold;
    let tried = recipe.run(&options);
    assert_eq!(tried.step(Restart).class.as_deref(), Some("blocked"));
    let seen = seen.lock().unwrap();
    assert_eq!((seen.len(), seen[0].0.failed.as_deref()), (1, Some("install@default")));
    assert_eq!(seen[0].1.trim(), "held-failed_test_app");
}

#[test]
fn the_program_keeps_the_node_until_its_input_ends_and_tries_a_run_again() {
    let recipe = Recipe::new("kept", &faulty("exit:3"));
    let kept = recipe.taster(&["--step", "install", "--keep"]);
    kept.expect(1, &["export DOCKER_HOST=unix://", "docker stack ps --no-trunc kept_test", "press Enter"]);
    let runs = recipe.path().parent().unwrap().join("runs");
    let run = std::fs::read_dir(&runs).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    let recipe = recipe.file("compose.yml", routed("", ""));
    let again = recipe.taster(&["--rerun", &run, "--failed"]);
    again.expect(0, &["were not committed", "plan  install", "PASSED"]);
    recipe.taster(&["--rerun", "nonsense"]).expect(2, &["there is no run nonsense"]);
    let passed = std::fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).max();
    recipe.taster(&["--rerun", &passed.unwrap(), "--failed"]).expect(2, &["nothing to try again"]);
}
