//! Whether recipes can be tested here: what was found, what it means, and what to do about it.
//!
//! The surest way to know whether a node can be started is to start one, so that is what happens unless it is left out.

use std::time::Duration;

use crate::swarm::engine::connect;
use crate::swarm::facts;

mod check;
mod engine;
mod machine;
mod node;
mod registry;
mod tools;

pub use check::{Check, Diagnosis, Status};

/// How long an engine may take to answer at all.
const ENGINE_PATIENCE: Duration = Duration::from_secs(10);

/// What to look into.
#[derive(Debug, Clone)]
pub struct Options {
    /// Start a node for a moment.
    pub node: bool,
    /// The image whose registry the engine is to ask; `None` asks none.
    pub registry_image: Option<String>,
}

/// Looks into everything. Never fails: what could not be found out says so.
pub async fn examine(options: &Options) -> Diagnosis {
    let tools = tokio::task::spawn_blocking(|| vec![tools::chromium(), tools::git()]);
    let mut checks = examine_engine(options).await;
    checks.extend(tools.await.unwrap_or_default());
    Diagnosis::new(checks)
}

async fn examine_engine(options: &Options) -> Vec<Check> {
    let connected = tokio::time::timeout(ENGINE_PATIENCE, connect()).await;
    let docker = match connected {
        Ok(Ok(docker)) => docker,
        Ok(Err(error)) => return no_engine(engine::silent(&error)),
        Err(_) => return no_engine(engine::hanging(ENGINE_PATIENCE)),
    };
    let facts = match tokio::time::timeout(ENGINE_PATIENCE, facts::engine(&docker)).await {
        Ok(Ok(facts)) => facts,
        Ok(Err(error)) => return no_engine(engine::unintelligible(&error)),
        Err(_) => return no_engine(engine::hanging(ENGINE_PATIENCE)),
    };
    let trial = async {
        if options.node { Some(node::try_one(&docker, options.registry_image.is_none()).await) } else { None }
    };
    let (trial, registry) = tokio::join!(trial, registry::reach(&docker, options.registry_image.as_deref()));
    let mut checks = engine::all(&facts);
    checks.extend(node::checks(&trial, &facts));
    checks.extend(machine::checks(&trial, &facts));
    checks.push(registry);
    checks
}

/// What remains to be said when there is no engine to ask.
fn no_engine(engine: Check) -> Vec<Check> {
    let names = [
        "api",
        "swarm",
        "cgroup",
        "storage",
        "node image",
        "node",
        "capabilities",
        "ip_vs",
        "disk",
        "memory",
        "registry",
    ];
    let unknown = |name| Check::unknown(name, "not asked: no engine answers", "the engine has to answer first", "");
    std::iter::once(engine).chain(names.into_iter().map(unknown)).collect()
}
