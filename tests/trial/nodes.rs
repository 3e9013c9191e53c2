//! More than one node; ports; what nodes are like (lesson 27).

use taster::record::Outcome::Failed;
use taster::run::{RunId, RunLock, lock_domain};
use taster::swarm::labels::Owner;
use taster::swarm::node::{Cluster, NodeOptions};

use crate::compose::{app, routed};
use crate::support::{Recipe, everything, program, within};

const HEALTHY: &str =
    "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30";

#[test]
fn a_task_on_a_worker_converges_answers_and_is_heard() {
    let service = format!("{HEALTHY}\nvolumes:\n  - notes:/data");
    let compose = routed(&service, "placement:\n  constraints: [\"node.role == worker\"]");
    let recipe = Recipe::new("on-worker", &format!("{compose}volumes:\n  notes:\n"));
    let mut options = recipe.options();
    options.node.workers = 1;
    // What lies on the worker goes as well.
    options.plan.steps.push(taster::record::StepKind::Leftovers);
    let tried = recipe.run(&options);
    let install = tried.passed();
    assert!(!install.weak && everything(install).contains("200 (strong)"), "{install:#?}");
    assert_eq!(tried.ended.summary.node.as_ref().unwrap().swarm_nodes, 2);
    let logs = std::fs::read_dir(tried.ended.folder.join("logs")).unwrap();
    let logs: Vec<String> = logs.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert!(logs.iter().any(|log| log.contains("listening on")), "the log of a task on a worker: {logs:?}");
}

#[test]
fn a_placement_that_no_node_fulfils_is_named() {
    let compose = routed("", "placement:\n  constraints: [\"node.role == worker\"]");
    let tried = Recipe::new("no-worker", &compose).install();
    tried.install(Failed, "unschedulable", &["no node may run it", "deploy.placement"]);
}

#[test]
fn a_published_port_must_take_connections() {
    let port = |target: u16| format!("{HEALTHY}\nports:\n  - target: {target}\n    published: 8095\n    mode: host");
    Recipe::new("listens", &app(&port(8080), "", "")).install().passed();
    let tried = Recipe::new("deaf", &app(&port(8081), "", "")).install();
    tried.install(Failed, "port-refused", &["app: nothing takes connections at its port 8081", "listening on http://"]);
}

#[test]
fn lesson_27_networks_have_room_for_more_tasks_than_a_24_has_addresses() {
    within(async {
        let id = RunId::new("room");
        let lock = RunLock::take(&id).unwrap();
        let owner = Owner { run: id.to_string(), domain: lock_domain().unwrap(), scratch: lock.scratch().to_owned() };
        let host = taster::swarm::engine::connect().await.unwrap();
        let options = NodeOptions { executable: Some(program().into()), ..NodeOptions::default() };
        let cluster = Cluster::start(&host, &owner, &options).await.unwrap();
        let node = cluster.manager().docker_host();
        let on_node = |arguments: &[&str]| {
            let mut all = vec!["-H", node.as_str()];
            all.extend(arguments);
            let output = std::process::Command::new("docker").args(all).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        on_node(&["network", "create", "--driver", "overlay", "proxy"]);
        let subnet = on_node(&["network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", "proxy"]);
        cluster.remove().await.unwrap();
        let length: u8 = subnet.rsplit('/').next().unwrap().parse().unwrap_or_else(|_| panic!("no subnet: {subnet}"));
        assert!(length <= 23, "{subnet} has room for 254 tasks at most");
    });
}
