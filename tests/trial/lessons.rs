//! Lessons from the field about runs as such: what was deployed, what was added, what stands beside.

use taster::record::Outcome::{Errored, Failed, Passed};
use taster::record::{Fact, Outcome, StepKind};
use taster::trial::TrialOptions;

use crate::compose::{indented, routed};
use crate::registry::docker;
use crate::support::{Recipe, Tried, program, within};

const HEALTHY: &str =
    "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30";

fn deployed_commits(tried: &Tried) -> Vec<Option<String>> {
    tried.facts(|fact| match fact {
        Fact::Deployed { commit, .. } => vec![commit.clone()],
        _ => Vec::new(),
    })
}

#[test]
fn lesson_02_a_revision_is_what_is_deployed_whatever_is_checked_out() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = taster::demo::recipes::write_all(folder.path()).unwrap().remove(0);
    let any = Recipe::empty("any");
    let mut options = any.options();
    options.path.clone_from(&path);
    // The work tree holds another version, and rubbish beside.
    std::fs::write(path.join("compose.yml"), "services: {}\n").unwrap();
    options.revision = Some("1.0.0+1.0".to_owned());
    let tried = any.run(&options);
    tried.passed();
    let summary = &tried.ended.summary;
    assert_eq!(summary.candidate.version.as_deref(), Some("1.0.0+1.0"));
    assert!(!summary.candidate.dirty);
    assert!(summary.candidate.commit.as_ref().is_some_and(|commit| commit.len() == 40), "{:?}", summary.candidate);
    assert_eq!(deployed_commits(&tried), std::slice::from_ref(&summary.candidate.commit));
    let images: Vec<&str> = tried.images().iter().map(|image| image.reference.as_str()).collect();
    assert_eq!(images, ["taster-demo:1.0"], "the checked-out version was deployed");
}

#[test]
fn lesson_02_uncommitted_changes_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = taster::demo::recipes::write_all(folder.path()).unwrap().remove(0);
    let compose = std::fs::read_to_string(path.join("compose.yml")).unwrap();
    std::fs::write(path.join("compose.yml"), compose.replace("taster-demo:2.0", "taster-demo:1.1")).unwrap();
    let any = Recipe::empty("any");
    let mut options = any.options();
    options.path = path;
    let tried = any.run(&options);
    tried.passed();
    assert!(tried.ended.summary.candidate.dirty);
    assert_eq!(tried.images()[0].reference, "taster-demo:1.1");
}

#[test]
fn lesson_03_a_run_without_a_node_is_no_success() {
    let recipe = Recipe::new("no-node", &routed("", ""));
    let mut options = recipe.options();
    options.plan.steps.clear();
    options.plan.without = vec![(StepKind::Lint, "it needs no node".to_owned())];
    options.node.base = Some("taster-trial/no-such-base:1".to_owned());
    let tried = recipe.run(&options);
    tried.install(Errored, "node", &["there is no image taster-trial/no-such-base:1", "cannot be pulled"]);
    let rest = &tried.ended.summary.steps[1..];
    assert!(rest.len() == 7 && rest.iter().all(|step| step.outcome == Outcome::Blocked), "{rest:#?}");
    assert_eq!((tried.ended.summary.level, tried.ended.summary.outcome), (0, Errored));
}

#[test]
fn lesson_04_what_taster_adds_is_listed_and_touches_nothing_of_the_recipe() {
    let compose = routed("command: [\"serve\"]\nenvironment:\n  - GREETING=hello\nports:\n  - \"8097:8080\"", "");
    let recipe = Recipe::new("adapted", &compose);
    let tried = recipe.install();
    tried.passed();
    let adaptations = tried.facts(|fact| match fact {
        Fact::Adaptation { service, what, why } => vec![(service.as_str(), what.as_str(), why.as_str())],
        _ => Vec::new(),
    });
    let node = tried.ended.summary.node.as_ref().unwrap();
    // The labels by which whatever a run made is found again.
    assert!(adaptations.iter().any(|(service, what, _)| service.is_empty() && what.contains("taster.run=")));
    let of_app: Vec<_> = adaptations.iter().filter(|(service, ..)| !service.is_empty()).collect();
    // Without virtual IPs neither the endpoint mode nor a port of the mesh can be as written; with them nothing is changed.
    assert_eq!(node.endpoint_mode == "dnsrr", !of_app.is_empty(), "{adaptations:?}");
    for (service, what, why) in of_app {
        assert!(*service == "app" && !why.is_empty(), "{service}: {what}: {why}");
        for untouchable in ["image", "command", "config", "environment", "GREETING"] {
            assert!(!what.contains(untouchable), "{what}");
        }
    }
    let project = std::fs::read_to_string(tried.ended.folder.join("deployed/compose.yml")).unwrap();
    let project: serde_json::Value = yaml_serde::from_str(&project).unwrap();
    let app = &project["services"]["app"];
    assert_eq!(app["image"], "taster-demo:2.0");
    assert_eq!(app["command"], serde_json::json!(["serve"]));
    assert_eq!(app["environment"], serde_json::json!({"GREETING": "hello"}));
}

/// Version 1.0 of the app on data that a later version has migrated: it runs on, and cannot be started again.
fn cannot_start_again(name: &str, update: &str) -> Tried {
    let service = format!("{HEALTHY}\nvolumes:\n  - notes:/data");
    let compose =
        format!("{}volumes:\n  notes:\n", routed(&service, &format!("update_config:\n{}", indented(update, 2))));
    let scenario = "[[seed]]\nservice = \"app\"\nrun = \"demo-app dump /data/dump.json\"\n\n\
                    [[seed]]\nservice = \"app\"\nrun = \"demo-app --app-version 2.0 restore /data/dump.json\"\n";
    let recipe = Recipe::new(name, &compose.replace("taster-demo:2.0", "taster-demo:1.0")).scenario(scenario);
    let tried = recipe.steps(&[StepKind::Restart]);
    assert_eq!(tried.step(StepKind::Install).outcome, Passed, "{:#?}", tried.step(StepKind::Install));
    tried
}

#[test]
fn lesson_05_a_rollback_is_a_failure_with_the_new_tasks_error() {
    let tried = cannot_start_again("rolls-back", "failure_action: rollback\nmonitor: 5s");
    tried.ended_so(
        StepKind::Restart,
        Failed,
        "rolled-back",
        &["swarm rolled its update back", "exits with 1", "schema"],
    );
}

#[test]
fn lesson_11_a_paused_update_is_not_waited_for() {
    let tried = cannot_start_again("pauses", "failure_action: pause\nmonitor: 5s");
    let step = tried.step(StepKind::Restart);
    assert_eq!(step.outcome, Failed, "{step:#?}");
    assert!(["update-paused", "crash-loop"].contains(&step.class.as_deref().unwrap()), "{step:#?}");
    assert!(crate::support::everything(step).contains("schema"), "{step:#?}");
    assert!(step.seconds < 60.0, "it took {} s of the 120 s that the recipe has", step.seconds);
}

#[test]
fn lesson_10_running_replicas_are_no_convergence_while_an_update_goes_on() {
    let deploy = "replicas: 3\nupdate_config:\n  parallelism: 1\n  delay: 1s\n  monitor: 1s\n  order: stop-first";
    let tried = Recipe::new("rolling", &routed(HEALTHY, deploy)).steps(&[StepKind::Restart]);
    // Each answer has its replica's own title, so that only convergence is looked at here.
    let step = tried.step(StepKind::Restart);
    assert!(step.outcome == Passed || step.class.as_deref() == Some("answer-changed"), "{step:#?}");
    let mut restarting = false;
    let started: std::collections::BTreeSet<&str> = tried
        .facts(|fact| match fact {
            Fact::StepStarted { id } if id.starts_with("restart") => vec!["now"],
            Fact::Task { task, state, .. } if state == "running" => vec![task.as_str()],
            _ => Vec::new(),
        })
        .into_iter()
        .filter(|found| {
            restarting |= *found == "now";
            restarting && *found != "now"
        })
        .collect();
    assert_eq!(started.len(), 3, "all replicas are replaced before the step goes on: {started:?}");
}

#[test]
fn lesson_25_stack_names_are_short_whatever_the_recipe_is_called() {
    let secret = "the_password_of_the_database"; // 28 characters, as real recipes have
    let compose = format!(
        "{}secrets:\n  {secret}:\n    external: true\n    name: ${{STACK_NAME}}_{secret}_${{SECRET_{}_VERSION}}\n",
        routed(&format!("secrets:\n  - {secret}"), ""),
        secret.to_uppercase()
    );
    let name = "a-recipe-with-a-name-that-goes-on-and-on-for-sixty-characters";
    let sample = format!("DOMAIN=x.example.com\nSECRET_{}_VERSION=v1  # length=16\n", secret.to_uppercase());
    Recipe::new(name, &compose).file(".env.sample", sample).install().passed();
}

#[test]
fn lessons_26_and_28_two_recipes_side_by_side_share_neither_names_nor_ports() {
    let port = "ports:\n  - target: 8080\n    published: 8096\n    mode: host";
    let compose = routed(&format!("{HEALTHY}\n{port}"), "");
    let one = Recipe::new("side-one", &compose);
    let compose = compose.replace("healthcheck:", "environment:\n      - DEMO_FAULT=forbidden\n    healthcheck:");
    let other = Recipe::new("side-other", &compose);
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| other.install());
        (one.install(), other.join().unwrap())
    });
    // Each is answered by its own `app`: one shows its page, the other forbids.
    assert!(!one.passed().weak, "{:#?}", one.passed());
    assert!(other.passed().weak, "{:#?}", other.passed());
}

#[test]
fn lesson_31_a_run_works_on_its_own_tree() {
    let compose = format!(
        "{}configs:\n  conf:\n    file: notes.conf\n",
        routed(
            "environment:\n  - DEMO_CONFIG_FILE=/etc/notes.conf\nconfigs:\n  - source: conf\n    target: /etc/notes.conf",
            ""
        )
    );
    let recipe = Recipe::new("own-tree", &compose).file("notes.conf", "title = As it was\n");
    let path = recipe.path();
    // Somebody else changes the checkout while the run is under way.
    let meddle = move |event: &taster::record::Event| {
        if matches!(event.fact, Fact::Node(_)) {
            std::fs::write(path.join("compose.yml"), "rubbish").unwrap();
            std::fs::write(path.join("notes.conf"), "rubbish\n").unwrap();
        }
    };
    let tried = recipe.run_told(&recipe.options(), vec![Box::new(meddle)]);
    assert!(tried.passed().reason.contains("As it was"), "{}", tried.passed().reason);
}

/// A container that looks like a run's, and goes with this value.
struct Remnant(String);

impl Remnant {
    fn of(run: &str, domain: &str) -> Self {
        let (run, domain) = (format!("taster.run={run}"), format!("taster.domain={domain}"));
        Self(docker(&["create", "--label", &run, "--label", &domain, "taster-demo:2.0"]))
    }

    fn is_there(&self) -> bool {
        std::process::Command::new("docker").args(["inspect", &self.0]).output().unwrap().status.success()
    }
}

impl Drop for Remnant {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker").args(["rm", "--force", &self.0]).output();
    }
}

#[test]
fn lesson_32_the_janitor_removes_what_dead_runs_left_and_leaves_live_ones_alone() {
    within(taster::demo::prepare(tempfile::tempdir().unwrap().path(), Some(program()))).unwrap();
    let live = taster::run::RunId::new("live");
    let lock = taster::run::RunLock::take(&live).unwrap();
    let domain = taster::run::lock_domain().unwrap();
    let dead = Remnant::of(taster::run::RunId::new("dead").as_str(), &domain);
    let alive = Remnant::of(live.as_str(), &domain);
    // Another machine's run, whose lock cannot be seen from here: its node is about to be started.
    let elsewhere = Remnant::of(taster::run::RunId::new("far").as_str(), "another-machine");
    let foreign = docker(&["create", "--label", "taster.dev=trialtests", "taster-demo:2.0"]);
    let foreign = Remnant(foreign);
    Recipe::new("janitor", &routed("", "")).install().passed();
    assert!(!dead.is_there(), "what a dead run left is still there");
    assert!(alive.is_there(), "an object of a live run was removed");
    assert!(elsewhere.is_there(), "a container that another machine is about to start was removed");
    assert!(foreign.is_there(), "an object that is not ours was removed");
    drop(lock);
    Recipe::new("janitor", &routed("", "")).install().passed();
    assert!(!alive.is_there(), "once its process has ended, it is a dead run too");
}

#[test]
fn a_run_that_spends_its_time_is_not_held_against_the_recipe() {
    let recipe = Recipe::new("budget", &routed("environment:\n  - DEMO_FAULT=slow-boot:60", ""));
    let recipe = recipe.scenario("[limits]\nrun = \"8s\"\n");
    let options = TrialOptions { ..recipe.options() };
    recipe.run(&options).install(Errored, "run-budget", &["the run's time of 8 s is spent", "[limits] run"]);
}
