//! `taster node`: an ephemeral swarm to play with.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::run::{RunId, RunLock, lock_domain};
use crate::swarm::engine;
use crate::swarm::labels::Owner;
use crate::swarm::node::{Cluster, NodeOptions};

/// Start, list and remove ephemeral swarm nodes
#[derive(Debug, Args)]
pub(super) struct NodeArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a swarm node and keep it until Ctrl-C
    Up {
        /// Workers beside the manager.
        #[arg(long, default_value_t = 0)]
        workers: usize,
    },
}

pub(super) async fn run(arguments: NodeArguments) -> ExitCode {
    let Command::Up { workers } = arguments.command;
    match up(workers).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::fail(&error, 4),
    }
}

async fn up(workers: usize) -> anyhow::Result<()> {
    let begun = Instant::now();
    let host = engine::connect().await?;
    let id = RunId::new("node");
    let lock = RunLock::take(&id).context("cannot take the run's lock")?;
    let owner = Owner { run: id.to_string(), domain: lock_domain()?, scratch: lock.scratch().to_owned() };
    let cluster = Cluster::start(&host, &owner, &NodeOptions { workers, ..Default::default() }).await?;
    let facts = cluster.facts(&owner).await?;
    eprintln!(
        "ready in {:.1} s: engine {}, {} rights, {} node(s)",
        begun.elapsed().as_secs_f64(),
        facts.engine,
        facts.rights,
        facts.swarm_nodes
    );
    println!("export DOCKER_HOST={}", cluster.manager().docker_host());
    tokio::signal::ctrl_c().await?;
    let begun = Instant::now();
    cluster.remove().await?;
    eprintln!("removed in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}
