//! For comments and pages. What comes from a recipe is quoted as text: it can neither format nor link nor mention anybody.

use std::io::{self, Write};

use super::super::markup::{markdown as text, markdown_code as code};
use super::{advice, counts};
use crate::record::LintReport;

pub(super) fn write(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "**{}** in {} recipe(s)", counts(&report.counts), report.recipes.len())?;
    for recipe in report.parts() {
        if recipe.findings.is_empty() && recipe.error.is_none() && report.recipes.len() > 1 {
            continue;
        }
        writeln!(out, "\n## {}\n", text(&recipe.recipe))?;
        if let Some(error) = &recipe.error {
            writeln!(out, "Not judged: {}", text(error))?;
            continue;
        }
        if recipe.findings.is_empty() {
            writeln!(out, "Nothing found.")?;
        } else {
            writeln!(out, "| | rule | where | what |\n|---|---|---|---|")?;
        }
        for finding in &recipe.findings {
            let place = finding.places.first().map(|place| code(&place.to_string())).unwrap_or_default();
            let mut what = text(&finding.message);
            for (kind, line) in advice(recipe, finding) {
                what.push_str(&format!("<br>*{kind}:* {}", text(&line)));
            }
            writeln!(out, "| {} | {} | {place} | {what} |", finding.level.word(), code(&finding.rule))?;
        }
        if !recipe.silenced.is_empty() {
            writeln!(out, "\n{} more silenced.", recipe.silenced.len())?;
        }
    }
    Ok(())
}
