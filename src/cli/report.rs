//! `taster report`: a kept run, shown again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::report::{KeptRun, RunFormat, write_run};

/// Show a run that was kept: its verdict, as a page, for a pipeline, as a badge
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  taster report                             the newest run, its verdict\n  \
    taster report --format html --out run.html  the newest run as one page\n  taster report .taster/runs/ID --format junit")]
pub(super) struct ReportArguments {
    /// The run's folder, or its id below `--runs`; the newest when absent.
    run: Option<PathBuf>,
    /// How it is shown.
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Format,
    /// Write it to this file instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the folders of runs are.
    #[arg(long, env = "TASTER_RUNS", default_value = ".taster/runs", value_name = "DIR")]
    runs: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The steps and the verdict.
    Human,
    /// run.json.
    Json,
    /// JUnit XML.
    Junit,
    /// For comments and job summaries.
    Markdown,
    /// One page with everything in it.
    Html,
    /// An SVG badge of the level.
    Badge,
}

pub(super) fn run(arguments: &ReportArguments) -> ExitCode {
    match show(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::fail(&error, 2),
    }
}

fn show(arguments: &ReportArguments) -> anyhow::Result<()> {
    let folder = folder(arguments)?;
    let kept = KeptRun::open(&folder)?;
    let format = match arguments.format {
        Format::Human => RunFormat::Human,
        Format::Json => RunFormat::Json,
        Format::Junit => RunFormat::Junit,
        Format::Markdown => RunFormat::Markdown,
        Format::Html => RunFormat::Html,
        Format::Badge => RunFormat::Badge,
    };
    let mut text = Vec::new();
    write_run(format, &kept, &mut text)?;
    match &arguments.out {
        Some(path) => {
            // A file has no colours.
            let plain = anstream::adapter::strip_bytes(&text).into_vec();
            std::fs::write(path, plain).with_context(|| format!("cannot write the report to {}", path.display()))?;
        }
        None => super::write_out(format_args!("{}", String::from_utf8_lossy(&text))),
    }
    Ok(())
}

fn folder(arguments: &ReportArguments) -> anyhow::Result<PathBuf> {
    match &arguments.run {
        Some(run) if run.exists() => Ok(run.clone()),
        Some(run) => Ok(arguments.runs.join(run)),
        None => newest(&arguments.runs).with_context(|| {
            format!("there is no run in {}: make one with `taster test`, or name one", arguments.runs.display())
        }),
    }
}

/// The newest run below a folder: identifiers begin with their time.
fn newest(runs: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(runs).ok()?.flatten().map(|entry| entry.path());
    entries.filter(|path| path.join("events.ndjson").is_file()).max()
}
