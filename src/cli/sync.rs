//! `taster sync`: the version label after a bump.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::lint::fixing::patch;
use crate::lint::Target;
use crate::sync::{Raise, SyncError, Synced, sync};

/// Bring a recipe in step after a bump: the version label, versions of changed configs, release/next
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  taster sync                  the recipe here, after Renovate bumped an image\n  \
    taster sync --diff           what would change\n  taster sync --minor path     this part of the version, whatever the change looks like\n\n\
    The part that rises, compared with the newest release: major when operators must act or upstream's first number changed, minor for upstream's second\n\
    number or a new service, else patch. The part after `+` is the tag of the image of `app`. What is in step is left alone, so a job that commits\n\
    what this changed and runs again stops there.\n\n\
    Exit codes: 0 files were changed (or would be), 1 the recipe cannot be brought in step, 2 usage or configuration, 4 a file cannot be written, 6 nothing was due.")]
pub(super) struct SyncArguments {
    /// The recipe's folder.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Operators must act.
    #[arg(long, group = "raise")]
    major: bool,
    /// A new feature.
    #[arg(long, group = "raise")]
    minor: bool,
    /// A bump or a fix.
    #[arg(long, group = "raise")]
    patch: bool,
    /// Compare with this release, instead of the newest one.
    #[arg(long, value_name = "VERSION")]
    since: Option<String>,
    /// Print the changes as a patch on standard output, and write nothing.
    #[arg(long)]
    diff: bool,
    /// Print what was done as JSON on standard output.
    #[arg(long, conflicts_with = "diff")]
    json: bool,
    /// What the commons decides; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &SyncArguments) -> ExitCode {
    let options = match super::lint::commons(arguments.config.as_deref(), None) {
        Ok(options) => crate::lint::Options { since: arguments.since.clone(), ..options },
        Err(error) => return super::fail(&error, 2),
    };
    let raise = match arguments {
        SyncArguments { major: true, .. } => Some(Raise::Major),
        SyncArguments { minor: true, .. } => Some(Raise::Minor),
        SyncArguments { patch: true, .. } => Some(Raise::Patch),
        _ => None,
    };
    let target = Target { path: arguments.path.clone(), revision: None };
    let synced = match sync(&target, raise, &options) {
        Ok(synced) => synced,
        Err(error @ (SyncError::Recipe(_) | SyncError::Previous(_))) => return super::fail(&error.into(), 2),
        Err(error) => return super::fail(&error.into(), 1),
    };
    if !arguments.diff
        && let Err(error) = synced.fixed.write_to(&arguments.path)
    {
        return super::fail(&error.into(), 4);
    }
    tell(arguments, &synced);
    ExitCode::from(if synced.fixed.files.is_empty() { 6 } else { 0 })
}

fn tell(arguments: &SyncArguments, synced: &Synced) {
    let Synced { recipe, release, version, raise, because, fixed } = synced;
    if arguments.json {
        let done: Vec<&str> = fixed.made.iter().map(|(_, title)| title.as_str()).collect();
        let files: Vec<&String> = fixed.files.keys().collect();
        let told = json!({
            "recipe": recipe, "release": release, "version": version, "raise": raise.map(Raise::word),
            "because": because, "done": done, "files": files,
        });
        say!("{told:#}");
    }
    if arguments.diff {
        super::write_out(format_args!("{}", patch(fixed, "")));
    }
    match raise {
        None => eprintln!("{recipe}: nothing that is deployed differs from {release}"),
        Some(raise) => {
            eprintln!("{recipe}: {release} → {version}, {}", raise.word());
            because.iter().for_each(|why| eprintln!("  {why}"));
        }
    }
    let done = if arguments.diff { "would" } else { "did" };
    fixed.made.iter().for_each(|(_, title)| eprintln!("{recipe}: {done} {title}"));
    if fixed.files.is_empty() && raise.is_some() {
        eprintln!("{recipe}: everything is in step");
    }
}
