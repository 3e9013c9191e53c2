//! `taster scan`: mirror repositories and list the recipes among them.

use std::process::ExitCode;

use clap::Args;

use super::sources::{Settings, SourceArguments};
use crate::catalogue::scan_report;
use crate::record::{ScanReport, ScanState, Scanned};
use crate::report::count;

/// Mirror the repositories of a commons, and list which are recipes
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  taster scan https://git.coopcloud.tech/coop-cloud   all of an organisation\n  \
    taster scan ~/.abra/recipes                          a folder of checkouts\n  taster scan --offline --json                         the sources of taster.toml, from their mirrors\n\n\
    Exit codes: 0 fine, 2 usage or configuration, 3 no recipe was found, 4 infrastructure, 5 something is stale, unreadable or was moved.")]
pub(super) struct ScanArguments {
    /// Organisations, folders, addresses of repositories, or files with a list of these; those of taster.toml when absent.
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Print the report as JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: SourceArguments,
}

pub(super) fn run(arguments: &ScanArguments) -> ExitCode {
    let settings = match Settings::read(&arguments.sources, &arguments.common) {
        Ok(settings) => settings,
        Err(error) => return super::fail(&error, 2),
    };
    let readings = match settings.readings(false) {
        Ok(readings) => readings,
        Err(error) => return super::fail(&error, 4),
    };
    let report = scan_report(&readings);
    if arguments.json {
        match serde_json::to_string_pretty(&report) {
            Ok(json) => say!("{json}"),
            Err(error) => return super::fail(&error.into(), 4),
        }
    } else {
        for repository in &report.repositories {
            say!("{}", line(repository));
        }
        eprintln!("{}", totals(&report));
    }
    ExitCode::from(code(&report))
}

fn line(repository: &Scanned) -> String {
    let name = &repository.name;
    let versions = match (repository.versions, &repository.latest) {
        (0, _) | (_, None) => "no version".to_owned(),
        (1, Some(latest)) => format!("1 version, {latest}"),
        (many, Some(latest)) => format!("{many} versions, the latest is {latest}"),
    };
    let mut line = match repository.state {
        ScanState::Recipe => format!("{name}: {versions}"),
        ScanState::Stale => format!("{name}: STALE, {versions}: {}", repository.reason),
        ScanState::NotARecipe => format!("{name}: no recipe: {}", repository.reason),
        ScanState::Unreadable => format!("{name}: UNREADABLE: {}", repository.reason),
    };
    for tag in &repository.moved_tags {
        line.push_str(&format!("; its remote moved the tag {tag}"));
    }
    line
}

fn totals(report: &ScanReport) -> String {
    let of = |state| report.repositories.iter().filter(|repository| repository.state == state).count();
    format!(
        "{}: {}, {} stale, {} without a recipe, {} unreadable",
        count(report.repositories.len(), "repository"),
        count(of(ScanState::Recipe), "recipe"),
        of(ScanState::Stale),
        of(ScanState::NotARecipe),
        of(ScanState::Unreadable)
    )
}

fn code(report: &ScanReport) -> u8 {
    let any = |state| report.repositories.iter().any(|repository| repository.state == state);
    let moved = report.repositories.iter().any(|repository| !repository.moved_tags.is_empty());
    if any(ScanState::Stale) || any(ScanState::Unreadable) || moved {
        5
    } else if !any(ScanState::Recipe) {
        3
    } else {
        0
    }
}
