//! A file for each command: arguments in, one library call, one report out.
#![expect(clippy::print_stderr, reason = "the command line is what prints")]

/// Prints a line on standard output. A reader that has gone away (`| head`) is no reason to fail, nor to panic.
macro_rules! say {
    ($($part:tt)*) => { super::write_out(format_args!("{}\n", format_args!($($part)*))) };
}

mod agent;
mod all;
mod catalogue;
mod ci;
mod demo;
mod doctor;
mod hold;
mod history;
mod lint;
mod merge;
mod nightly;
mod node;
mod plan;
mod release;
mod report;
mod rerun;
mod scan;
mod scenario;
mod schema;
mod score;
mod shell;
mod sources;
mod sync;
mod test;
mod trying;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::demo::app;

/// Tastes every recipe before it is served: deploys it on an ephemeral swarm node and tells honestly what came of it.
#[derive(Debug, Parser)]
#[command(name = "taster", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArguments),
    Lint(Box<lint::LintArguments>),
    Test(Box<test::TestArguments>),
    Ci(Box<ci::CiArguments>),
    Scenario(scenario::ScenarioArguments),
    Report(report::ReportArguments),
    Scan(Box<scan::ScanArguments>),
    Catalogue(Box<catalogue::CatalogueArguments>),
    History(history::HistoryArguments),
    Score(score::ScoreArguments),
    Sync(sync::SyncArguments),
    Plan(plan::PlanArguments),
    Release(Box<release::ReleaseArguments>),
    Merge(merge::MergeArguments),
    Nightly(Box<nightly::NightlyArguments>),
    Doctor(doctor::DoctorArguments),
    Node(node::NodeArguments),
    Schema(schema::SchemaArguments),
    Completions(shell::CompletionArguments),
    Man(shell::ManArguments),
    /// What runs inside a node.
    #[command(hide = true)]
    Agent(agent::AgentArguments),
    /// The app of the built-in recipes; it runs inside their containers.
    #[command(hide = true)]
    DemoApp(Box<app::AppArgs>),
}

/// Runs the program.
pub fn main() -> ExitCode {
    // Ring is the only provider that is compiled in; a second installation is the only way to fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Arguments::parse_from(app::command_line(std::env::args_os())).command {
        Command::Demo(arguments) => block_on(demo::run(arguments)),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Test(arguments) => block_on(test::run(*arguments)),
        Command::Ci(arguments) => ci::run(*arguments),
        Command::Scenario(arguments) => scenario::run(&arguments),
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Catalogue(arguments) => catalogue::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Score(arguments) => score::run(&arguments),
        Command::Sync(arguments) => sync::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Release(arguments) => release::run(&arguments),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Nightly(arguments) => block_on(nightly::run(*arguments)),
        Command::Node(arguments) => block_on(node::run(arguments)),
        Command::Report(arguments) => report::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => shell::completions(&arguments, Arguments::command()),
        Command::Man(arguments) => shell::man(&arguments, Arguments::command()),
        Command::Doctor(arguments) => block_on(doctor::run(arguments)),
        Command::Agent(arguments) => block_on(agent::run(arguments)),
        Command::DemoApp(arguments) => app::run(*arguments),
    }
}

fn block_on(command: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(command);
            // A blocked read of standard input must not keep the process alive.
            runtime.shutdown_background();
            code
        }
        Err(error) => fail(&anyhow::Error::new(error).context("cannot start"), 4),
    }
}

/// Writes to standard output, in colours where it has them.
fn write_out(text: std::fmt::Arguments<'_>) {
    // Whoever read it has gone, or the disk is full: the exit code tells what came of the command all the same.
    let _ = anstream::stdout().write_fmt(text);
}

/// Prints an error with its causes, and gives the exit code for it.
fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(code)
}
