//! `taster agent`: what runs inside a node. Hidden: only taster itself starts it.

use std::process::ExitCode;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(super) struct AgentArguments {
    /// What to be.
    role: Role,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// The first process of a node.
    Init,
    /// The driver's counterpart, over standard input and output.
    Serve,
}

pub(super) async fn run(arguments: AgentArguments) -> ExitCode {
    let result = match arguments.role {
        Role::Init => tokio::task::spawn_blocking(crate::agent::init::run).await.unwrap_or_else(|e| Err(e.into())),
        Role::Serve => crate::agent::serve::run().await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::fail(&error, 4),
    }
}
