//! Spec parity: every stack of the corpus, deployed by `docker stack deploy` and by us on the same node, compared field by field.
//!
//! One after the other and under one name, so that published ports and fixed names do not get in each other's way and no name has
//! to be guessed back; in between the node is verified clean. Tasks need not run: specs are what is compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use taster::swarm::deploy::{ApplyOptions, DeployOptions, Endpoints, Keep, StackSpec, apply, leftovers, remove};

use crate::differences::{Deliberate, between, deliberate, leaves};
use crate::node::{TestNode, with_node};
use crate::{observed, project, reference};

const STACK: &str = "parity";

/// A folder of the corpus: its compose files in the order in which they are merged.
struct Case {
    name: String,
    folder: PathBuf,
    files: Vec<String>,
}

fn corpus() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/corpus");
    let mut cases: Vec<_> = std::fs::read_dir(&root)
        .unwrap()
        .map(|entry| {
            let folder = entry.unwrap().path();
            let files =
                std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
            let mut files: Vec<_> =
                files.filter(|file| file.starts_with("compose") && file.ends_with(".yml")).collect();
            files.sort_by_key(|file| (file != "compose.yml", file.clone()));
            Case { name: folder.file_name().unwrap().to_str().unwrap().to_owned(), folder, files }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn environment() -> BTreeMap<String, String> {
    let variables = [
        ("STACK_NAME", STACK),
        ("APP_CONF_VERSION", "v1"),
        ("FROM_DEPLOYER", "from the deployer"),
        ("DOMAIN", "app.example.com"),
        ("EXTRA_DOMAINS", ", `www.example.com`"),
        ("EXTRA", ""),
        ("LETS_ENCRYPT_ENV", "production"),
    ];
    variables.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

/// What the corpus expects to find on the node.
async fn prepare(node: &TestNode) {
    for network in ["proxy", "monitoring"] {
        reference::docker(&node.host, &["network", "create", "--driver", "overlay", network]).await;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deploy/corpus/secrets/token");
    reference::docker(&node.host, &["secret", "create", "parity_password_v1", file]).await;
    reference::docker(&node.host, &["config", "create", "site_wide", file]).await;
}

/// Takes away what belongs to the stack by its label; the external secret of the same prefix stays.
async fn clean(node: &TestNode) {
    let keep = Keep { secrets: true, ..Keep::NOTHING };
    remove(&[&node.engine], STACK, keep).await.unwrap();
    for secret in leftovers(&node.engine, STACK).await.unwrap() {
        if secret.name != "parity_password_v1" {
            node.engine.delete_secret(&secret.id).await.unwrap();
        }
    }
    assert_eq!(leftovers(&node.engine, STACK).await.unwrap().len(), 1);
}

async fn ours(node: &TestNode, case: &Case, options: &DeployOptions) -> BTreeMap<String, Value> {
    let project = project::load(&case.folder, &case.files, &environment());
    let read = |file: &str| std::fs::read(case.folder.join(file));
    let options = DeployOptions { working_directory: Some(case.folder.clone()), ..options.clone() };
    let spec =
        StackSpec::build(&project, STACK, &options, &read).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    apply(&node.engine, &spec, ApplyOptions::default()).await.unwrap_or_else(|error| panic!("{}: {error}", case.name));
    observed::stack(&node.engine, STACK).await
}

async fn theirs(node: &TestNode, case: &Case) -> BTreeMap<String, Value> {
    reference::deploy(&node.host, &case.folder, &case.files, STACK, &environment())
        .await
        .unwrap_or_else(|error| panic!("the reference refuses {}: {error}", case.name));
    observed::stack(&node.engine, STACK).await
}

/// Compares one case, alone on the node; returns how many leaves were compared and the deliberate differences that were met.
async fn compare(
    node: &TestNode,
    case: &Case,
    options: &DeployOptions,
    problems: &mut Vec<String>,
) -> (usize, BTreeSet<Deliberate>) {
    let reference = theirs(node, case).await;
    clean(node).await;
    let ours = ours(node, case, options).await;
    clean(node).await;
    let mut met = BTreeSet::new();
    for difference in between(&reference, &ours) {
        match deliberate(&difference) {
            Some(kind) => drop(met.insert(kind)),
            None => problems.push(format!(
                "{}: {}: reference {}, ours {}",
                case.name, difference.path, difference.reference, difference.ours
            )),
        }
    }
    (leaves(&reference), met)
}

#[test]
fn every_stack_of_the_corpus_is_what_docker_stack_deploy_makes() {
    with_node("deployparity", |node| async move {
        prepare(&node).await;
        let cases = corpus();
        assert!(cases.len() >= 25, "a corpus of {} stacks", cases.len());
        let (mut problems, mut met, mut compared) = (Vec::new(), BTreeSet::new(), 0);
        for case in &cases {
            let (leaves, kinds) = compare(&node, case, &DeployOptions::default(), &mut problems).await;
            assert!(leaves > 5, "{}: nothing was compared", case.name);
            compared += leaves;
            met.extend(kinds);
        }
        println!("{} stacks, {compared} leaves compared", cases.len());
        assert!(problems.is_empty(), "{} differences:\n{}", problems.len(), problems.join("\n"));
        assert!(compared > 1500, "only {compared} leaves were compared");
        assert_eq!(
            met,
            BTreeSet::from([Deliberate::RollbackOfRollback, Deliberate::EmptySettings]),
            "without options nothing else may differ"
        );
    });
}

#[test]
fn the_options_differ_from_the_reference_in_what_they_list_and_in_nothing_else() {
    with_node("deployoptions", |node| async move {
        prepare(&node).await;
        let options = DeployOptions {
            run: Some("run-1".to_owned()),
            endpoints: Endpoints::DnsRoundRobin { why: "test".to_owned() },
            ..DeployOptions::default()
        };
        let (mut problems, mut met) = (Vec::new(), BTreeSet::new());
        for case in
            corpus().iter().filter(|case| ["recipe", "ports", "volumes", "configs"].contains(&case.name.as_str()))
        {
            met.extend(compare(&node, case, &options, &mut problems).await.1);
        }
        assert!(problems.is_empty(), "{} differences:\n{}", problems.len(), problems.join("\n"));
        assert_eq!(met, BTreeSet::from([Deliberate::RunLabel, Deliberate::DnsRoundRobin, Deliberate::DynamicHostPort]));
    });
}

#[test]
fn updates_leave_what_the_updates_of_the_reference_leave() {
    // Every step changes the service `app` of the step before it; what a step no longer has must go, orphans must stay.
    let steps = ["minimal", "recipe", "process", "healthchecks", "recipe", "labels", "labels"];
    with_node("deployupdates", move |node| async move {
        prepare(&node).await;
        let corpus = corpus();
        let cases: Vec<_> = steps.iter().map(|step| corpus.iter().find(|case| case.name == *step).unwrap()).collect();
        let mut reference = Vec::new();
        for case in &cases {
            reference.push(theirs(&node, case).await);
        }
        clean(&node).await;
        for (reference, case) in reference.iter().zip(&cases) {
            let ours = ours(&node, case, &DeployOptions::default()).await;
            let differences = between(reference, &ours);
            assert!(differences.is_empty(), "after {}: {differences:#?}", case.name);
        }
        clean(&node).await;
    });
}
