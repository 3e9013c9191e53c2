//! `taster doctor`: whether recipes can be tested here.

use std::process::ExitCode;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use clap::Args;

use crate::doctor::{self, Check, Diagnosis, Options, Status};

/// Tell whether recipes can be tested here, and what to do if not
///
/// Exits with 4 when nothing can be tested, else with 0.
#[derive(Debug, Args)]
#[command(after_help = "Example: taster doctor --json | jq '.checks[] | select(.status != \"ok\")'")]
pub(super) struct DoctorArguments {
    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
    /// Start no node: faster, and leaves much unknown.
    #[arg(long)]
    no_node: bool,
    /// Let the engine ask no registry.
    #[arg(long)]
    offline: bool,
    /// The image whose registry the engine asks; nothing is pulled.
    #[arg(long, value_name = "IMAGE", default_value = "docker:dind", conflicts_with = "offline")]
    registry_image: String,
}

pub(super) async fn run(arguments: DoctorArguments) -> ExitCode {
    let registry_image = (!arguments.offline).then_some(arguments.registry_image);
    // Hidden by itself where standard error is no terminal.
    let spinner =
        indicatif::ProgressBar::new_spinner().with_message("looking around, a node is started for a moment …");
    spinner.enable_steady_tick(Duration::from_millis(100));
    let diagnosis = doctor::examine(&Options { node: !arguments.no_node, registry_image }).await;
    spinner.finish_and_clear();
    if arguments.json {
        match serde_json::to_string_pretty(&diagnosis) {
            Ok(text) => say!("{text}"),
            Err(error) => {
                return super::fail(&anyhow::Error::new(error).context("cannot write the diagnosis as JSON"), 4);
            }
        }
    } else {
        print(&diagnosis);
    }
    if diagnosis.can_test { ExitCode::SUCCESS } else { ExitCode::from(4) }
}

fn print(diagnosis: &Diagnosis) {
    for check in &diagnosis.checks {
        print_check(check);
    }
    let (colour, verdict) = if diagnosis.can_test {
        (AnsiColor::Green, "Recipes can be tested here.")
    } else {
        (AnsiColor::Red, "Recipes cannot be tested here.")
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    say!("\n{style}{verdict}{style:#}");
}

fn print_check(check: &Check) {
    let colour = match check.status {
        Status::Ok => AnsiColor::Green,
        Status::Warn => AnsiColor::Yellow,
        Status::Bad => AnsiColor::Red,
        Status::Unknown => AnsiColor::Cyan,
    };
    let (style, dim) = (Style::new().fg_color(Some(colour.into())), Style::new().dimmed());
    let word = check.status.word();
    say!("{style}{word:<8}{style:#}{:<13} {}", check.name, indented(&check.found));
    // What is unknown and leaves nothing to do hangs on another check, which says it all.
    if check.status == Status::Unknown && check.to_do.is_empty() {
        return;
    }
    say!("{:22}{dim}means: {}{dim:#}", "", indented(&check.means));
    if !check.to_do.is_empty() {
        say!("{:22}do: {}", "", indented(&check.to_do));
    }
}

/// Further lines of a text stand under its first.
fn indented(text: &str) -> String {
    text.trim().replace('\n', &format!("\n{:22}", ""))
}
