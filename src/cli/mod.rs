//! A file for each command: arguments in, one library call, one report out.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::demo;

/// Tastes every recipe before it is served: deploys it on an ephemeral swarm node and tells honestly what came of it.
#[derive(Debug, Parser)]
#[command(name = "taster", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The app of the built-in recipes; it runs inside their containers.
    #[command(hide = true)]
    DemoApp(demo::app::AppArgs),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse_from(demo::app::command_line(std::env::args_os()));
    match arguments.command {
        Command::DemoApp(arguments) => demo::app::run(arguments),
    }
}
