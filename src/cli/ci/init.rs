//! `taster ci init`: the workflows in a recipe's repository.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use similar::TextDiff;

use crate::ci::init::{InitError, Pins, Target, Written, prepare, write};

/// Write the workflows into a recipe's repository: pull requests, Renovate, releases, all pinned by digest
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster ci init --digest sha256:… --ref COMMIT --history URL   Forgejo Actions, into the recipe here\n  \
    taster ci init --system drone --digest sha256:… --history URL .drone.yml\n  taster ci init … --diff   only what would change\n\n\
    A second time it changes nothing; with another digest it brings its own files up to date. What somebody changed is left alone unless --force\n\
    is given. Renovate's configuration, where there is one, gets taster's author into gitIgnoredAuthors. Nothing is committed.\n\n\
    Exit codes: 0 files were written (with --diff: would be), 2 usage, or files that were changed by hand, 4 a file cannot be written, 6 nothing was due."
)]
pub(super) struct InitArguments {
    /// The recipe's folder.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The system that runs the jobs.
    #[arg(long, value_enum, default_value = "forgejo", value_name = "SYSTEM")]
    system: System,
    /// The digest of taster's image.
    #[arg(long, value_name = "sha256:…")]
    digest: String,
    /// The commit of taster's repository whose workflows are called, for Forgejo and Gitea.
    #[arg(long = "ref", value_name = "COMMIT")]
    commit: Option<String>,
    /// The git address of the commons' history of trusted runs: how the base stood, and whether a commit may be released.
    #[arg(long, value_name = "URL")]
    history: String,
    /// A copy of taster's image somewhere else.
    #[arg(long, value_name = "NAME")]
    image: Option<String>,
    /// Write over files that were changed by hand.
    #[arg(long)]
    force: bool,
    /// Print the changes as a patch on standard output, and write nothing.
    #[arg(long)]
    diff: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum System {
    Forgejo,
    Gitea,
    Drone,
    Woodpecker,
}

pub(super) fn run(arguments: &InitArguments) -> ExitCode {
    let target = match arguments.system {
        System::Forgejo => Target::Forgejo,
        System::Gitea => Target::Gitea,
        System::Drone => Target::Drone,
        System::Woodpecker => Target::Woodpecker,
    };
    let pins = Pins {
        digest: arguments.digest.clone(),
        image: arguments.image.clone(),
        commit: arguments.commit.clone(),
        history: arguments.history.clone(),
    };
    if !arguments.path.is_dir() {
        let error = anyhow::anyhow!("{} is no folder: name the recipe's", arguments.path.display());
        return super::super::fail(&error, 2);
    }
    // What would be written is shown even where somebody changed files.
    let written = match prepare(&arguments.path, target, &pins, arguments.force || arguments.diff) {
        Ok(written) => written,
        Err(error) => return failed(error),
    };
    if arguments.diff {
        for Written { path, before, after } in &written {
            let old = before.as_deref().unwrap_or_default();
            let from = if before.is_some() { format!("a/{path}") } else { "/dev/null".to_owned() };
            let diff = TextDiff::from_lines(old, after.as_str());
            super::super::write_out(format_args!("{}", diff.unified_diff().header(&from, &format!("b/{path}"))));
        }
    } else {
        if let Err(error) = write(&arguments.path, &written) {
            return failed(error);
        }
        for one in &written {
            super::super::write_out(format_args!("wrote {}\n", one.path));
        }
    }
    ExitCode::from(if written.is_empty() { 6 } else { 0 })
}

fn failed(error: InitError) -> ExitCode {
    let code = if matches!(error, InitError::Io { .. }) { 4 } else { 2 };
    super::super::fail(&error.into(), code)
}
