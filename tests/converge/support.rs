//! A node of our own, stacks on it by the reference (`docker stack deploy`), and a loop that looks until there is a verdict.
//!
//! The containers run busybox, because its shell can end in every way that a program can end in.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bollard::Docker;
use taster::run::{RunId, RunLock, lock_domain};
use taster::swarm::engine;
use taster::swarm::labels::Owner;
use taster::swarm::node::{Cluster, NodeOptions};
use taster::swarm::observe::{Engines, Observer, Pressure, StackView, changes, observe};
use taster::trial::convergence::{Cause, Class, Facts, Judge, Params, Verdict};

/// The image of all containers here.
pub(crate) const IMAGE: &str = "converge-busybox:1";

/// Runs a test with a swarm of its own, and removes it whatever comes of the test.
pub(crate) fn with_swarm<F: Future<Output = ()> + Send + 'static>(workers: usize, test: impl FnOnce(Swarm) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let host = engine::connect().await.unwrap();
        // The lock tells the reapers of other runs that this one is alive.
        let id = RunId::new("converge");
        let lock = RunLock::take(&id).unwrap();
        let owner = Owner { run: id.to_string(), domain: lock_domain().unwrap(), scratch: lock.scratch().to_owned() };
        let executable = PathBuf::from(env!("CARGO_BIN_EXE_taster"));
        let options = NodeOptions { workers, executable: Some(executable), ..NodeOptions::default() };
        let cluster = Cluster::start(&host, &owner, &options).await.unwrap();
        let nodes: BTreeMap<String, Docker> =
            cluster.nodes.iter().map(|node| (node.swarm_id.clone(), node.engine.clone())).collect();
        let swarm = Swarm {
            host,
            names: cluster.nodes.iter().map(|node| node.name.clone()).collect(),
            addresses: cluster.nodes.iter().map(|node| node.docker_host()).collect(),
            ids: cluster.nodes.iter().map(|node| node.swarm_id.clone()).collect(),
            engines: Engines::new(cluster.manager().engine.clone(), nodes),
        };
        let tar = busybox();
        for address in &swarm.addresses {
            docker(address, &["import", "-", IMAGE], &tar).await;
        }
        let outcome = tokio::spawn(test(swarm)).await;
        cluster.remove().await.unwrap();
        if let Err(error) = outcome {
            std::panic::resume_unwind(error.into_panic());
        }
    });
}

/// A swarm for one test.
#[derive(Clone)]
pub(crate) struct Swarm {
    pub(crate) host: Docker,
    /// The nodes' containers, the manager first.
    pub(crate) names: Vec<String>,
    pub(crate) ids: Vec<String>,
    addresses: Vec<String>,
    pub(crate) engines: Engines,
}

/// How a wait ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) seconds: f64,
    pub(crate) view: StackView,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn failed(&self, class: Class) -> &Cause {
        match &self.verdict {
            Verdict::Failed(cause) if cause.class == class => cause,
            other => panic!("expected a failure of class {class:?}, got {other:#?}"),
        }
    }

    #[track_caller]
    pub(crate) fn converged(&self) -> &Facts {
        match &self.verdict {
            Verdict::Converged(facts) => facts,
            other => panic!("expected convergence, got {other:#?}"),
        }
    }
}

impl Swarm {
    /// The manager, for `docker -H`.
    pub(crate) fn address(&self) -> &str {
        &self.addresses[0]
    }

    /// Deploys services (the YAML below `services:`) as a stack.
    pub(crate) async fn deploy(&self, stack: &str, services: &str) {
        let file = format!("version: \"3.8\"\nservices:\n{services}\n");
        let arguments = ["stack", "deploy", "--detach=true", "--resolve-image", "never", "-c", "-", stack];
        docker(self.address(), &arguments, file.as_bytes()).await;
    }

    /// Removes the services of a stack, without waiting for their tasks. `docker stack rm` would remove its networks too, and fails when a task is
    /// not quite gone.
    pub(crate) async fn remove(&self, stack: &str) {
        let label = format!("label=com.docker.stack.namespace={stack}");
        let listed = docker(self.address(), &["service", "ls", "--quiet", "--filter", &label], &[]).await;
        let services: Vec<&str> = listed.split_whitespace().collect();
        assert!(!services.is_empty(), "there is no stack {stack}");
        docker(self.address(), &[&["service", "rm"], &services[..]].concat(), &[]).await;
    }

    /// Deploys, and looks until there is a verdict.
    pub(crate) async fn judge(&self, stack: &str, services: &str, names: &[&str]) -> Outcome {
        let mut params = Params::new(Duration::from_secs(240), names.iter().copied());
        params = params.after(&observe(&self.engines, stack).await.unwrap());
        self.deploy(stack, services).await;
        self.watch(stack, params).await
    }

    /// Looks until there is a verdict.
    pub(crate) async fn watch(&self, stack: &str, params: Params) -> Outcome {
        let begun = Instant::now();
        let mut wakes = changes(&self.engines);
        let mut observer = Observer::new(self.engines.clone(), stack);
        let mut judge = Judge::new(params);
        loop {
            let view = observer.observe().await.unwrap();
            let verdict = judge.look(&view, begun.elapsed(), &Pressure::default());
            if !matches!(verdict, Verdict::Waiting(_)) {
                return Outcome { verdict, seconds: begun.elapsed().as_secs_f64(), view };
            }
            wakes.next().await;
        }
    }
}

/// Runs `docker` on a node. Off the runtime's threads: this process itself carries the stream to the node's engine.
pub(crate) async fn docker(address: &str, arguments: &[&str], input: &[u8]) -> String {
    let arguments: Vec<String> =
        ["-H", address].into_iter().chain(arguments.iter().copied()).map(str::to_owned).collect();
    let input = input.to_owned();
    tokio::task::spawn_blocking(move || run_docker(&arguments, &input)).await.unwrap()
}

fn run_docker(arguments: &[String], input: &[u8]) -> String {
    let mut child = Command::new("docker")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the docker CLI is needed by this test");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A file system with busybox and its commands.
fn busybox() -> Vec<u8> {
    let program = ["/usr/bin/busybox", "/bin/busybox"].into_iter().find_map(|path| std::fs::read(path).ok());
    let program = program.expect("these tests need busybox in their containers: apt-get install busybox-static");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(program.len() as u64);
    tar.append_data(&mut header, "bin/busybox", program.as_slice()).unwrap();
    for command in
        ["sh", "sleep", "cat", "echo", "true", "false", "kill", "tail", "touch", "test", "dd", "seq", "env", "date"]
    {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_link(&mut header, format!("bin/{command}"), "busybox").unwrap();
    }
    for folder in ["tmp", "etc", "proc", "dev", "sys"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o777);
        header.set_size(0);
        tar.append_data(&mut header, folder, std::io::empty()).unwrap();
    }
    tar.into_inner().unwrap()
}
