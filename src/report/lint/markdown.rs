//! For comments and pages. What comes from a recipe is quoted as text: it can neither format nor link nor mention anybody.

use std::io::{self, Write};

use super::{advice, counts};
use crate::record::LintReport;

pub(super) fn write(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "**{}** in {} recipe(s)", counts(&report.counts), report.recipes.len())?;
    for recipe in &report.recipes {
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

/// Text in which only our own `…` are code.
fn text(message: &str) -> String {
    if message.matches('`').count() % 2 == 1 {
        return escaped(message);
    }
    let parts = message.split('`').enumerate();
    parts.map(|(number, part)| if number % 2 == 1 { code(part) } else { escaped(part) }).collect()
}

fn code(part: &str) -> String {
    format!("<code>{}</code>", escaped(part))
}

/// Every character that Markdown or HTML gives a meaning to, as a character reference.
fn escaped(part: &str) -> String {
    let mut escaped = String::with_capacity(part.len());
    for c in part.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | ';' | '/' | '-' | '+' | '(' | ')' | '?' | '=' => {
                escaped.push(c);
            }
            c if c.is_control() => escaped.push(' '),
            c if c.is_ascii() => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    // A bare address would become a link.
    escaped.replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_a_recipe_is_text() {
        assert_eq!(text("the service `db` has none"), "the service <code>db</code> has none");
        let nasty = "`</code>|<img src=x>` @everyone [x](https://evil.example) `";
        let shown = text(nasty);
        assert!(!shown.contains(['<', '|', '@', '[', '`', ':']), "{shown}");
        let shown = text("a `x|y\n## z`");
        assert_eq!(shown, "a <code>x&#124;y &#35;&#35; z</code>");
    }
}
