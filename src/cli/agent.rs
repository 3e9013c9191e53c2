//! `taster agent`: what runs inside a node. Hidden: only taster itself starts it.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct AgentArguments {
    /// What to be.
    role: Role,
    /// Where the probe connects to.
    #[arg(required_if_eq("role", "probe-connect"))]
    address: Option<Ipv4Addr>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// The first process of a node.
    Init,
    /// The first process of a container on an engine that was there before us.
    Guest,
    /// The driver's counterpart, over standard input and output.
    Serve,
    /// A container that is only there.
    Idle,
    /// One end of the probe of virtual IPs.
    ProbeListen,
    /// The other end.
    ProbeConnect,
}

pub(super) async fn run(arguments: AgentArguments) -> ExitCode {
    let result = match arguments.role {
        Role::Init => tokio::task::spawn_blocking(crate::agent::init::run).await.unwrap_or_else(|e| Err(e.into())),
        Role::Guest => tokio::task::spawn_blocking(crate::agent::init::guest).await.unwrap_or_else(|e| Err(e.into())),
        Role::Serve => crate::agent::serve::run().await,
        Role::Idle => std::future::pending().await,
        Role::ProbeListen => crate::agent::probe::listen().await,
        // Clap has made sure that there is an address.
        Role::ProbeConnect => crate::agent::probe::connect(arguments.address.unwrap_or(Ipv4Addr::LOCALHOST)).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::fail(&error, 4),
    }
}
