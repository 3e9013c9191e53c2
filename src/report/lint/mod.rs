//! Views of the linter's report, one file for each format.

pub(super) mod annotations;
mod human;
mod json;
mod junit;
mod markdown;
mod sarif;

use std::io::{self, Write};

use crate::lint::Sources;
use crate::record::{Finding, LintReport, Place, RecipeFindings};

/// How a report is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LintFormat {
    /// For people at a terminal, as a compiler shows it.
    #[default]
    Human,
    /// The report itself, by the schema `lint`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test views.
    Junit,
    /// For comments and pages.
    Markdown,
    /// Lines that Forgejo Actions and GitHub Actions attach to the changed files.
    Annotations,
}

/// Writes a report; `sources` are the files that findings have places in, in the order of [`LintReport::parts`]. Text of the human format is
/// styled: write it through `anstream`, which takes styles away where they are not wanted.
///
/// # Errors
/// Those of the writer.
pub fn write_lint(format: LintFormat, report: &LintReport, sources: &[Sources], out: &mut dyn Write) -> io::Result<()> {
    match format {
        LintFormat::Human => human::write(report, sources, out),
        LintFormat::Json => json::write(report, out),
        LintFormat::Sarif => sarif::write(report, out),
        LintFormat::Junit => junit::write(report, out),
        LintFormat::Markdown => markdown::write(report, out),
        LintFormat::Annotations => annotations::write(report, out),
    }
}

/// A file of a recipe as it can be opened from where taster was started.
fn path_of(recipe: &RecipeFindings, file: &str) -> String {
    match recipe.path.trim_end_matches('/') {
        "." | "" => file.to_owned(),
        path => format!("{}/{file}", path.strip_prefix("./").unwrap_or(path)),
    }
}

/// Whether it is the candidate's own, and a file that can be opened; git's names for tags and files of a release cannot.
fn is_file(place: &Place) -> bool {
    place.release.is_none() && !place.file.starts_with("refs/")
}

/// What is to be done, in lines: what was probably meant, the help, the fix, and the sets when not all show it.
fn advice(recipe: &RecipeFindings, finding: &Finding) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(meant) = &finding.did_you_mean {
        lines.push(("help", format!("did you mean {}?", quoted(meant))));
    }
    if let Some(help) = &finding.help {
        lines.push(("help", help.clone()));
    }
    if let Some(fix) = &finding.fix {
        let flag = match fix.safety {
            crate::record::Safety::Safe => "--fix",
            crate::record::Safety::Unsafe => "--fix=unsafe",
        };
        lines.push(("fix", format!("{}: `taster lint {flag}`", fix.title)));
    }
    if !finding.sets.is_empty() && finding.sets.len() < recipe.sets.len() {
        lines.push(("note", format!("deployed with {}", finding.sets.join(" and with "))));
    }
    lines
}

fn quoted(meant: &str) -> String {
    if meant.contains('`') { meant.to_owned() } else { format!("`{meant}`") }
}

/// `1 error, 2 warnings, 0 infos`.
fn counts(counts: &crate::record::FindingCounts) -> String {
    let of = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let info = if counts.info == 0 { String::new() } else { format!(", {} info", counts.info) };
    format!("{}, {}{info}", of(counts.error, "error"), of(counts.warn, "warning"))
}
