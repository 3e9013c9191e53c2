//! Workflow commands, `::error file=…::message`, as Forgejo Actions and GitHub Actions read them from a job's output.

use std::io::{self, Write};

use super::{advice, is_file, path_of};
use crate::record::{Level, LintReport};

pub(super) fn write(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    for recipe in report.parts() {
        if let Some(error) = &recipe.error {
            writeln!(out, "::error title={}::{}", property(&recipe.recipe), data(error))?;
        }
        for finding in &recipe.findings {
            let command = match finding.level {
                Level::Error => "error",
                Level::Warn => "warning",
                Level::Info => "notice",
            };
            let mut properties = Vec::new();
            if let Some(place) = finding.places.first().filter(|place| is_file(place)) {
                properties.push(format!("file={}", property(&path_of(recipe, &place.file))));
                if let Some(span) = &place.span {
                    properties.push(format!("line={},endLine={}", span.line, span.end_line));
                    // Columns are only understood within one line.
                    if span.line == span.end_line {
                        properties.push(format!("col={},endColumn={}", span.column, span.end_column));
                    }
                }
            }
            properties.push(format!("title={}", property(&format!("{} {}", finding.rule, finding.name))));
            let mut message = finding.message.clone();
            for (kind, text) in advice(recipe, finding) {
                message.push_str(&format!("\n{kind}: {text}"));
            }
            writeln!(out, "::{command} {}::{}", properties.join(","), data(&message))?;
        }
    }
    Ok(())
}

pub(in crate::report) fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    // An older form of commands is found in the middle of a line too; and logs of jobs are shown in terminals.
    let text = text.replace("##[", "## [");
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

pub(in crate::report) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_cannot_smuggle_in_a_command_of_its_own() {
        assert_eq!(data("100 %\n::set-env name=x::y"), "100 %25%0A::set-env name=x::y");
        assert_eq!(property("a,b:c\n"), "a%2Cb%3Ac%0A");
        assert_eq!(data("\u{1b}[31m"), "\u{fffd}[31m");
        assert_eq!(data("x ##[set-env]y"), "x ## [set-env]y");
    }
}
