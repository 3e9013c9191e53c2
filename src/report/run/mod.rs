//! Views of a run that was kept, one file for each format. What a recipe or an app said is text in all of them.

mod badge;
mod comment;
mod html;
mod junit;
mod kept;
mod markdown;

use std::io::Write;

use crate::report::verdict;

pub use comment::{CommentFacts, comment, refusal};
pub use kept::{KeptRun, RunReportError};

/// How a run is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunFormat {
    /// The steps and the verdict, for people at a terminal.
    #[default]
    Human,
    /// The summary, by the schema `run`.
    Json,
    /// JUnit XML, for test views.
    Junit,
    /// For comments and job summaries.
    Markdown,
    /// One page with everything in it, screenshots and logs too.
    Html,
    /// The level as an SVG badge.
    Badge,
}

/// Writes a report of the run. Text of the human format is styled: write it through `anstream`, which takes styles away where they are
/// not wanted.
///
/// # Errors
/// Those of the writer, and of files of the run that cannot be read.
pub fn write_run(format: RunFormat, run: &KeptRun, out: &mut dyn Write) -> Result<(), RunReportError> {
    match format {
        RunFormat::Human => {
            for step in &run.summary.steps {
                writeln!(out, "{}", super::live::step_line(step))?;
            }
            write!(out, "{}", verdict(&run.summary, &run.folder))?;
        }
        RunFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &run.summary).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        RunFormat::Junit => junit::write(run, out)?,
        RunFormat::Markdown => markdown::write(run, out)?,
        RunFormat::Html => html::write(run, out)?,
        RunFormat::Badge => badge::write(&run.summary, out)?,
    }
    Ok(())
}

/// The verdict in one word, for the formats without colours.
fn word(summary: &crate::record::RunSummary) -> &'static str {
    use crate::record::Outcome;
    match summary.outcome {
        Outcome::Passed if summary.steps.iter().any(|step| step.flaky) => "passed, but flaky",
        Outcome::Errored => "not tested",
        outcome => outcome.word(),
    }
}

/// `level 3`, or `at least level 3` where more was not measured.
fn level_words(summary: &crate::record::RunSummary) -> String {
    if summary.level_is_at_least {
        format!("at least level {}", summary.level)
    } else {
        format!("level {}", summary.level)
    }
}
