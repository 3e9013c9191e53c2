//! A real swarm node for one test.

use std::future::Future;
use std::path::PathBuf;

use bollard::Docker;
use taster::run::{RunId, RunLock, lock_domain};
use taster::swarm::engine;
use taster::swarm::labels::Owner;
use taster::swarm::node::{Cluster, NodeOptions};

/// A node's engine, twice: for our client and for the reference's.
#[derive(Clone)]
pub(crate) struct TestNode {
    pub(crate) engine: Docker,
    /// For `docker -H`.
    pub(crate) host: String,
}

/// Runs a test on a fresh node and removes the node, whatever becomes of the test.
pub(crate) fn with_node<F, T>(name: &str, test: F)
where
    F: FnOnce(TestNode) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let host = engine::connect().await.expect("this test needs a Docker Engine");
        let id = RunId::new(name);
        let lock = RunLock::take(&id).unwrap();
        let owner = Owner { run: id.to_string(), domain: lock_domain().unwrap(), scratch: lock.scratch().to_owned() };
        let executable = Some(PathBuf::from(env!("CARGO_BIN_EXE_taster")));
        let cluster = Cluster::start(&host, &owner, &NodeOptions { executable, ..Default::default() }).await.unwrap();
        let manager = cluster.manager();
        let node = TestNode { engine: manager.engine.clone(), host: manager.docker_host() };
        let outcome = tokio::spawn(test(node)).await;
        cluster.remove().await.unwrap();
        if let Err(error) = outcome {
            std::panic::resume_unwind(error.into_panic());
        }
    });
}
