//! `taster node`: ephemeral swarms to play with, and what runs have left.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::run::{RunId, RunLock, lock_domain};
use crate::swarm::engine;
use crate::swarm::labels::Owner;
use crate::swarm::node::{Cluster, Memory, NodeOptions};
use crate::swarm::reap;

/// Start, list and remove ephemeral swarm nodes
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster node up --workers 2   a swarm of three; the address of its engine is printed\n  \
    taster node ls               every run that has something on the engine\n  taster node rm               what dead runs left behind"
)]
pub(super) struct NodeArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a swarm and keep it until Ctrl-C; its engine's address is printed for `export`.
    #[command(
        after_help = "Examples:\n  taster node up               a swarm of one node\n  taster node up --workers 2   a swarm of three\n\n\
        It prints `export DOCKER_HOST=…`: with that line in another terminal, `docker` speaks with the new swarm."
    )]
    Up {
        /// Workers beside the manager.
        #[arg(long, default_value_t = 0, value_name = "N")]
        workers: usize,
        /// An image with an engine to make nodes from.
        #[arg(long, env = "TASTER_NODE_IMAGE", value_name = "IMAGE")]
        node_image: Option<String>,
    },
    /// List the runs that have something on the engine.
    Ls,
    /// Remove what dead runs left behind; with names, what those runs have, dead or alive.
    Rm {
        /// Runs, as `ls` names them.
        runs: Vec<String>,
    },
}

pub(super) async fn run(arguments: NodeArguments) -> ExitCode {
    let done = match arguments.command {
        Command::Up { workers, node_image } => up(workers, node_image).await,
        Command::Ls => list().await,
        Command::Rm { runs } => remove(&runs).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::fail(&error, 4),
    }
}

async fn up(workers: usize, base: Option<String>) -> anyhow::Result<()> {
    let begun = Instant::now();
    let host = engine::connect().await?;
    for remnant in reap::reap(&host).await?.removed {
        eprintln!("removed {} {} of the dead run {}", remnant.kind, remnant.name, remnant.run);
    }
    let id = RunId::new("node");
    let lock = RunLock::take(&id).context("cannot take the run's lock")?;
    let owner = Owner { run: id.to_string(), domain: lock_domain()?, scratch: lock.scratch().to_owned() };
    let options = NodeOptions { workers, base, ..NodeOptions::default() };
    // Whenever Ctrl-C comes, what was made by then goes again.
    let kept = tokio::select! {
        kept = keep(&host, &owner, &options, begun) => kept,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    let begun = Instant::now();
    let left = reap::remove_run(&host, &owner.run).await?;
    kept?;
    anyhow::ensure!(left.is_empty(), "could not remove {left:?}");
    eprintln!("removed in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Starts the swarm and keeps it.
async fn keep(host: &bollard::Docker, owner: &Owner, options: &NodeOptions, begun: Instant) -> anyhow::Result<()> {
    let cluster = Cluster::start(host, owner, options).await?;
    let ready = begun.elapsed().as_secs_f64();
    let facts = cluster.facts(owner, Memory::Used).await?;
    eprintln!(
        "ready in {ready:.1} s: engine {}, {} rights, {}, {} node(s); Ctrl-C removes it",
        facts.engine, facts.rights, facts.endpoint_mode, facts.swarm_nodes
    );
    say!("export DOCKER_HOST={}", cluster.manager().docker_host());
    cluster.manager().link.ended().await;
    anyhow::bail!("the node ended")
}

async fn list() -> anyhow::Result<()> {
    let host = engine::connect().await?;
    for (run, remnants) in reap::runs(&host).await? {
        let kinds: Vec<String> = remnants
            .iter()
            .map(|remnant| format!("{} {}", remnant.kind, remnant.name.chars().take(12).collect::<String>()))
            .collect();
        let state = match remnants.first().map(reap::Remnant::liveness) {
            Some(crate::run::Liveness::Alive) => "alive",
            Some(crate::run::Liveness::Dead) => "dead",
            _ => "of another machine",
        };
        say!("{run}  {state}  {}", kinds.join(", "));
    }
    Ok(())
}

async fn remove(runs: &[String]) -> anyhow::Result<()> {
    let host = engine::connect().await?;
    let reaped = reap::reap(&host).await?;
    for failure in &reaped.failures {
        eprintln!("warning: {failure}");
    }
    for remnant in reaped.removed {
        say!("removed {} {} of the dead run {}", remnant.kind, remnant.name, remnant.run);
    }
    for run in runs {
        let there = reap::left_by(&host, run).await?;
        if there.is_empty() {
            let known: Vec<String> = reap::runs(&host).await?.into_keys().collect();
            let known = if known.is_empty() { "no run has any".to_owned() } else { known.join(", ") };
            anyhow::bail!("nothing on the engine belongs to a run `{run}` (there: {known})");
        }
        for remnant in &there {
            say!("removing {} {} of the run {run}", remnant.kind, remnant.name);
        }
        let left = reap::remove_run(&host, run).await?;
        anyhow::ensure!(left.is_empty(), "could not remove {left:?}");
    }
    Ok(())
}
