//! `taster schema`: the JSON Schemas of what taster writes, and of the scenario that it reads.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::record::schemas;
use crate::scenario::Scenario;

/// Print the JSON Schema of what taster writes and reads: `run` (run.json), `event` (a line of events.ndjson), `lint` (taster lint --format json), `scan` (taster scan --json), `recipes` and `catalogue` (taster catalogue), `scenario` (tests/taster.toml of a recipe)
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster schema run                     on standard output\n  taster schema --dir catalogue-schema  all of them, as files"
)]
pub(super) struct SchemaArguments {
    /// Which one; all names, when absent.
    name: Option<String>,
    /// Write all of them into this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &SchemaArguments) -> ExitCode {
    match show(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::fail(&error, 2),
    }
}

fn show(arguments: &SchemaArguments) -> anyhow::Result<()> {
    let mut schemas = schemas();
    schemas.push(("scenario", Scenario::schema()));
    if let Some(dir) = &arguments.dir {
        for (name, schema) in &schemas {
            let path = dir.join(format!("{name}.json"));
            std::fs::write(&path, format!("{schema:#}\n"))
                .map_err(|error| anyhow::anyhow!("cannot write {}: {error}", path.display()))?;
        }
        return Ok(());
    }
    let names: Vec<&str> = schemas.iter().map(|(name, _)| *name).collect();
    let Some(wanted) = &arguments.name else {
        say!("{}", names.join("\n"));
        return Ok(());
    };
    match schemas.iter().find(|(name, _)| name == wanted) {
        Some((_, schema)) => say!("{schema:#}"),
        None => anyhow::bail!("there is no schema `{wanted}`; there are: {}", names.join(", ")),
    }
    Ok(())
}
