//! `taster completions` and `taster man`: made from the arguments themselves, so that they are never out of step with them.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_complete::Shell;

/// Print what a shell needs to complete taster's arguments
#[derive(Debug, Args)]
#[command(after_help = "Example: taster completions bash > /etc/bash_completion.d/taster")]
pub(super) struct CompletionArguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Write the manual pages
#[derive(Debug, Args)]
#[command(after_help = "Example: taster man /usr/local/share/man/man1")]
pub(super) struct ManArguments {
    /// The folder to write them into.
    dir: PathBuf,
}

pub(super) fn completions(arguments: &CompletionArguments, mut command: Command) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "taster", &mut text);
    super::write_out(format_args!("{}", String::from_utf8_lossy(&text)));
    ExitCode::SUCCESS
}

pub(super) fn man(arguments: &ManArguments, command: Command) -> ExitCode {
    let written =
        std::fs::create_dir_all(&arguments.dir).and_then(|()| clap_mangen::generate_to(command, &arguments.dir));
    match written.with_context(|| format!("cannot write the manual pages to {}", arguments.dir.display())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::fail(&error, 2),
    }
}
