//! How fast the spine is: a node, a deploy, a crash loop, the teardown, the demo. Each figure stands beside a reference of the same run.
//!
//! `cargo bench --profile dev --bench spine [-- ROUNDS]`; needs Docker Engine, its command line and busybox-static.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on may panic, and it prints")]

#[path = "../tests/converge/support.rs"]
#[expect(dead_code, clippy::expect_used, clippy::panic, reason = "the tests use more of it, and may panic")]
mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bollard::Docker;
use jiff::Timestamp;
use support::{IMAGE, Swarm, docker, with_swarm};
use taster::compose::{self, SourceFile};
use taster::run::{RunId, RunLock, lock_domain};
use taster::swarm::deploy::{self, ApplyOptions, DeployOptions, Endpoints, StackSpec};
use taster::swarm::engine;
use taster::swarm::labels::Owner;
use taster::swarm::node::{Cluster, NodeOptions};
use taster::swarm::observe::{Engines, observe};
use taster::trial::convergence::{Params, Verdict};

/// How often a script that deploys with `docker stack deploy` looks whether it is done.
const POLL: Duration = Duration::from_millis(500);

fn main() {
    let rounds = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(5);
    println!("{rounds} rounds of each, medians in seconds; {}", load());
    nodes(rounds);
    with_swarm(0, move |swarm| async move {
        deploys(&swarm, rounds).await;
        crash_loops(&swarm, rounds).await;
    });
    demo();
}

/// A node from nothing to a swarm, and away again; beside it, what `docker run` takes for one empty container on the same engine.
fn nodes(rounds: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut ready, mut gone, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        let host = engine::connect().await.unwrap();
        let id = RunId::new("bench");
        let lock = RunLock::take(&id).unwrap();
        let owner = Owner { run: id.to_string(), domain: lock_domain().unwrap(), scratch: lock.scratch().to_owned() };
        let options = NodeOptions { executable: Some(env!("CARGO_BIN_EXE_taster").into()), ..NodeOptions::default() };
        // The first one builds the image.
        let first = Cluster::start(&host, &owner, &options).await.unwrap();
        let image = first.image.reference.clone();
        first.remove().await.unwrap();
        for _ in 0..rounds {
            let begun = Instant::now();
            let cluster = Cluster::start(&host, &owner, &options).await.unwrap();
            ready.push(begun.elapsed());
            let begun = Instant::now();
            cluster.remove().await.unwrap();
            gone.push(begun.elapsed());
            let image = image.clone();
            empty.push(tokio::task::spawn_blocking(move || run_empty(&image)).await.unwrap());
        }
    });
    let empty = median(empty);
    row("node ready (engine answers, swarm initialised)", median(ready), "docker run of an empty container", empty);
    row("node removed", median(gone), "docker run of an empty container", empty);
}

/// The node image has no shell; the smallest program in it is the init that the engine brings.
fn run_empty(image: &str) -> Duration {
    let begun = Instant::now();
    let mut docker = Command::new("docker");
    docker.args(["run", "--rm", "--network=none", "--entrypoint=/usr/bin/docker-init", image, "--version"]);
    assert!(docker.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    begun.elapsed()
}

/// Three services with healthchecks: ours until the verdict, and the reference until a script that polls sees all replicas.
async fn deploys(swarm: &Swarm, rounds: usize) {
    let services = three_services();
    let (mut ours, mut over, mut reference) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let stack = format!("ours{round}");
        let (took, after_healthy) = deploy_ours(swarm, &stack, &services).await;
        ours.push(took);
        over.push(after_healthy);
        remove(swarm, &stack).await;
        let stack = format!("theirs{round}");
        reference.push(deploy_theirs(swarm, &stack, &services).await);
        remove(swarm, &stack).await;
    }
    let reference = median(reference);
    row(
        "deploy of three services to the verdict",
        median(ours),
        "docker stack deploy and polling every 0.5 s",
        reference,
    );
    row(
        "of that, after the last container was healthy",
        median(over),
        "docker stack deploy and polling every 0.5 s",
        reference,
    );
}

fn three_services() -> String {
    let service = |name: &str| {
        format!(
            "  {name}:\n    image: {IMAGE}\n    command: [\"sleep\", \"1000\"]\n    stop_grace_period: 1s\n    deploy: {{endpoint_mode: dnsrr}}\n    \
             healthcheck: {{test: [\"CMD\", \"true\"], interval: 1s}}\n"
        )
    };
    ["app", "db", "cache"].map(service).concat()
}

async fn deploy_ours(swarm: &Swarm, stack: &str, services: &str) -> (Duration, Duration) {
    let file = SourceFile::new("compose.yml", format!("version: \"3.8\"\nservices:\n{services}").into_bytes());
    let begun = Instant::now();
    let loaded = compose::load(&[file], &|_| None, &|_| Err(String::new())).unwrap();
    let options = DeployOptions {
        endpoints: Endpoints::DnsRoundRobin { why: "as the reference".to_owned() },
        ..DeployOptions::default()
    };
    let spec = StackSpec::build(&loaded.project, stack, &options, &|_| Ok(Vec::new())).unwrap();
    deploy::apply(swarm.engines.manager(), &spec, ApplyOptions { prune: false, force: false }).await.unwrap();
    let outcome = swarm.watch(stack, Params::new(Duration::from_secs(120), ["app", "db", "cache"])).await;
    let took = begun.elapsed();
    let verdict_at = Timestamp::now();
    assert!(matches!(outcome.verdict, Verdict::Converged(_)), "{:?}", outcome.verdict);
    let healthy_at = last_healthy(&swarm.engines, stack).await;
    (took, Duration::try_from(healthy_at.duration_until(verdict_at)).unwrap_or_default())
}

/// When the first good check of the last container ended.
async fn last_healthy(engines: &Engines, stack: &str) -> Timestamp {
    let view = observe(engines, stack).await.unwrap();
    let mut latest = Timestamp::MIN;
    for task in view.services.iter().flat_map(|service| &service.tasks) {
        let (Some(node), Some(container)) = (&task.node_id, &task.container_id) else { continue };
        let engine: &Docker = engines.node(node).unwrap();
        let inspected = engine.inspect_container(container, None).await.unwrap();
        let checks = inspected.state.unwrap().health.unwrap().log.unwrap();
        let good = checks.iter().find(|check| check.exit_code == Some(0)).unwrap();
        latest = latest.max(Timestamp::from_nanosecond(good.end.unwrap().unix_timestamp_nanos()).unwrap());
    }
    latest
}

async fn deploy_theirs(swarm: &Swarm, stack: &str, services: &str) -> Duration {
    let begun = Instant::now();
    swarm.deploy(stack, services).await;
    loop {
        let listed = docker(swarm.address(), &["stack", "services", "--format", "{{.Replicas}}", stack], &[]).await;
        let replicas: Vec<&str> = listed.lines().collect();
        if replicas.len() == 3 && replicas.iter().all(|replicas| *replicas == "1/1") {
            return begun.elapsed();
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn remove(swarm: &Swarm, stack: &str) {
    swarm.remove(stack).await;
    while !docker(swarm.address(), &["ps", "--quiet", "--all", "--filter", "name=_"], &[]).await.is_empty() {
        tokio::time::sleep(POLL).await;
    }
}

/// A program that exits at once, from the deploy to the verdict; the reference is swarm's own delay between two tries.
async fn crash_loops(swarm: &Swarm, rounds: usize) {
    let mut named = Vec::new();
    for round in 0..rounds.min(3) {
        let stack = format!("crash{round}");
        let services = format!(
            "  app:\n    image: {IMAGE}\n    command: [\"sh\", \"-c\", \"echo no; exit 1\"]\n    deploy: {{endpoint_mode: dnsrr}}\n"
        );
        let outcome = swarm.judge(&stack, &services, &["app"]).await;
        assert!(matches!(outcome.verdict, Verdict::Failed(_)), "{:?}", outcome.verdict);
        named.push(Duration::from_secs_f64(outcome.seconds));
        remove(swarm, &stack).await;
    }
    row("crash loop named", median(named), "swarm's own delay between two tries", Duration::from_secs(5));
}

/// `taster demo`, whole.
fn demo() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let mut taster = Command::new(env!("CARGO_BIN_EXE_taster"));
    taster.arg("demo").current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = taster.status().unwrap();
    row(&format!("taster demo ({status})"), begun.elapsed(), "its limit", Duration::from_secs(90));
}

fn row(what: &str, took: Duration, reference: &str, beside: Duration) {
    let (took, beside) = (took.as_secs_f64(), beside.as_secs_f64());
    println!("{what:<58} {took:>7.2} s   {:>5.2} × {reference} ({beside:.2} s)", took / beside);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load at the start: {}", text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}
