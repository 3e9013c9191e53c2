//! Ephemeral nodes: what they are, several of them, and an engine that shares nothing with us but its API.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;

use bollard::Docker;
use taster::run::{RunId, RunLock, lock_domain};
use taster::swarm::engine;
use taster::swarm::labels::Owner;
use taster::swarm::node::{Cluster, Memory, NodeOptions, Rights};
use taster::swarm::reap;

const TASTER: &str = env!("CARGO_BIN_EXE_taster");

struct Bench {
    host: Docker,
    owner: Owner,
    _lock: RunLock,
}

impl Bench {
    async fn new(name: &str) -> Self {
        let id = RunId::new(name);
        let lock = RunLock::take(&id).unwrap();
        let owner = Owner { run: id.to_string(), domain: lock_domain().unwrap(), scratch: lock.scratch().to_owned() };
        Self { host: engine::connect().await.unwrap(), owner, _lock: lock }
    }

    async fn start(&self, options: NodeOptions) -> Cluster {
        let options = NodeOptions { executable: Some(TASTER.into()), ..options };
        Cluster::start(&self.host, &self.owner, &options).await.unwrap()
    }

    async fn end(self, cluster: Cluster) {
        cluster.remove().await.unwrap();
        assert_eq!(reap::left_by(&self.host, &self.owner.run).await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_a_swarm_with_the_least_rights_that_work() {
    let bench = Bench::new("node-one").await;
    let cluster = bench.start(NodeOptions::default()).await;
    let facts = cluster.facts(&bench.owner, Memory::Used).await.unwrap();
    assert_eq!(facts.rights, "least", "a host that needs more says so in `taster doctor`");
    assert_eq!(facts.swarm_nodes, 1);
    assert!(["vip", "dnsrr"].contains(&facts.endpoint_mode.as_str()), "{facts:?}");
    assert_ne!(facts.engine, "");
    let inspected = bench.host.inspect_container(&cluster.manager().name, None).await.unwrap();
    let rights = inspected.host_config.unwrap();
    assert_ne!(rights.privileged, Some(true));
    assert_eq!(rights.cap_add.unwrap(), ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"]);
    // Lesson 29: what most hosts have is there.
    let pressure = cluster.manager().link.pressure().await.unwrap();
    assert!(pressure.disk_free.unwrap() > 0);
    bench.end(cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_come_while_the_engine_starts_and_one_that_is_not_there_does_no_harm() {
    let bench = Bench::new("node-ahead").await;
    let folder = tempfile::tempdir().unwrap();
    taster::demo::prepare(folder.path(), Some(Path::new(TASTER))).await.unwrap();
    let ahead = ["taster-demo:1.0", "taster-demo:2.0", "taster/no-such-image:1"].map(str::to_owned).into();
    let cluster = bench.start(NodeOptions { ahead, ..NodeOptions::default() }).await;
    let engine = &cluster.manager().engine;
    for reference in ["taster-demo:1.0", "taster-demo:2.0"] {
        let id = bench.host.inspect_image(reference).await.unwrap().id.unwrap();
        let begun = std::time::Instant::now();
        while engine.inspect_image(&id).await.is_err() {
            assert!(begun.elapsed().as_secs() < 120, "{reference} does not come");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    bench.end(cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_rights_can_be_asked_for() {
    let bench = Bench::new("node-listed").await;
    let cluster = bench.start(NodeOptions { rights: Some(Rights::Listed), ..NodeOptions::default() }).await;
    assert_eq!(cluster.manager().rights, Rights::Listed);
    bench.end(cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_join_the_manager() {
    let bench = Bench::new("node-three").await;
    let cluster = bench.start(NodeOptions { workers: 2, ..NodeOptions::default() }).await;
    let nodes = cluster.manager().engine.list_nodes(None::<bollard::query_parameters::ListNodesOptions>).await.unwrap();
    let mut ids: Vec<String> = nodes.into_iter().filter_map(|node| node.id).collect();
    let mut known: Vec<String> = cluster.nodes.iter().map(|node| node.swarm_id.clone()).collect();
    ids.sort();
    known.sort();
    assert_eq!(ids, known);
    assert_eq!(ids.len(), 3);
    bench.end(cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_be_made_says_why_and_leaves_nothing() {
    let bench = Bench::new("node-bad").await;
    let options = NodeOptions {
        base: Some("taster/no-such-image:1".into()),
        executable: Some(TASTER.into()),
        ..NodeOptions::default()
    };
    let error = Cluster::start(&bench.host, &bench.owner, &options).await.unwrap_err().to_string();
    assert!(error.contains("taster/no-such-image:1"), "{error}");
    assert_eq!(reap::left_by(&bench.host, &bench.owner.run).await.unwrap(), []);
}

/// As under the standard Forgejo runner: `DOCKER_HOST` names an engine on another file system. Here that is the engine of a node:
/// nothing of this machine can be mounted there, and its containers' addresses are not reachable from here.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_shares_no_paths_with_us_is_enough() {
    let bench = Bench::new("node-far").await;
    let cluster = bench.start(NodeOptions::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let far = cluster.manager().docker_host();
    let demo = taster(dir.path(), &far, &["demo", "demo-notes", "--dir"], &dir.path().join("demo"));
    assert!(demo.contains("1 of 1 recipes got the verdict they deserve"), "{demo}");
    // And the engine's own swarm can be used, when it is asked for by name and is free.
    let recipe = dir.path().join("demo/recipes/demo-notes");
    let adopted = taster(dir.path(), &far, &["test", "--node", "engine", "--step", "install", "--json"], &recipe);
    let summary: taster::record::RunSummary = serde_json::from_str(&adopted).unwrap();
    assert_eq!(summary.node.unwrap().kind, "engine");
    assert_eq!(summary.outcome, taster::record::Outcome::Passed);
    let far = Docker::connect_with_unix(&far, 60, bollard::API_DEFAULT_VERSION).unwrap();
    assert_eq!(reap::runs(&far).await.unwrap().len(), 0, "it is left as it was");
    bench.end(cluster).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swarm_that_others_use_is_left_alone() {
    let bench = Bench::new("node-shared").await;
    let cluster = bench.start(NodeOptions::default()).await;
    let foreign = bollard::models::ServiceSpec {
        name: Some("somebody-elses".into()),
        task_template: Some(bollard::models::TaskSpec {
            container_spec: Some(bollard::models::TaskSpecContainerSpec {
                image: Some("absent:1".into()),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    cluster.manager().engine.create_service(foreign, None).await.unwrap();
    let options = NodeOptions { engine: true, executable: Some(TASTER.into()), ..NodeOptions::default() };
    let error = Cluster::start(&cluster.manager().engine, &bench.owner, &options).await.unwrap_err().to_string();
    assert!(error.contains("somebody-elses") && error.contains("--shared-swarm"), "{error}");
    let alone = Cluster::start(&bench.host, &bench.owner, &options).await.unwrap_err().to_string();
    assert!(alone.contains("not a swarm manager"), "the host's own swarm is never begun: {alone}");
    bench.end(cluster).await;
}

/// Runs taster against the engine `far`, and gives what it printed.
fn taster(locks: &Path, far: &str, arguments: &[&str], last: &Path) -> String {
    let output = Command::new(TASTER)
        .args(arguments)
        .arg(last)
        .current_dir(locks)
        .env("DOCKER_HOST", far)
        .env("TASTER_LOCKS", locks.join("locks"))
        .env("XDG_CACHE_HOME", locks.join("cache"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}
