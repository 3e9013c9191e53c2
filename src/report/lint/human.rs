//! For people: message, the source lines with their places marked, what to do.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::{
    AnnotationKind, Element, Group, Level as Title, Origin, Renderer, Snippet, normalize_untrusted_str,
};
use anstyle::{AnsiColor, Style};

use super::{advice, counts, path_of};
use crate::lint::Sources;
use crate::record::{Finding, Level, LintReport, Place, RecipeFindings};

/// Lines longer than this, in bytes, are not shown.
const LONGEST_LINE: usize = 2_000;
/// Parts of a file larger than this, in bytes, are not shown.
const LARGEST_PART: usize = 200_000;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn write(report: &LintReport, sources: &[Sources], out: &mut dyn Write) -> io::Result<()> {
    let many = report.recipes.len() > 1;
    let renderer = Renderer::styled();
    let none = Sources::new();
    for (number, recipe) in report.parts().enumerate() {
        let quiet = recipe.findings.is_empty() && recipe.error.is_none();
        if many && !quiet {
            let path = if number < report.recipes.len() { plain(&recipe.path) } else { String::new() };
            writeln!(out, "{BOLD}{}{BOLD:#} {DIM}{path}{DIM:#}", plain(&recipe.recipe))?;
        }
        if let Some(error) = &recipe.error {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            writeln!(out, "{red}not judged{red:#}: {}\n", plain(error))?;
        }
        for finding in &recipe.findings {
            writeln!(out, "{}\n", shown(&renderer, recipe, finding, sources.get(number).unwrap_or(&none)))?;
        }
    }
    summary(report, out)
}

/// The closing lines: how much was found, what was silenced, what was not judged and why.
fn summary(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for skip in report.recipes.iter().flat_map(|recipe| &recipe.skipped) {
        let rules = skipped.entry(skip.reason.as_str()).or_default();
        if !rules.contains(&skip.rule.as_str()) {
            rules.push(&skip.rule);
        }
    }
    for (reason, rules) in skipped {
        writeln!(out, "{DIM}not judged: {}: {}{DIM:#}", rules.join(", "), plain(reason))?;
    }
    let silenced: usize = report.recipes.iter().map(|recipe| recipe.silenced.len()).sum();
    let silenced = if silenced == 0 { String::new() } else { format!(", {silenced} silenced") };
    let recipes = match report.recipes.as_slice() {
        [only] => plain(&only.recipe),
        all => format!("{} recipes", all.len()),
    };
    let unjudged = report.recipes.iter().filter(|recipe| recipe.error.is_some()).count();
    let unjudged = if unjudged == 0 { String::new() } else { format!(", {unjudged} not judged") };
    let color = match (report.counts.error, report.counts.warn) {
        (0, 0) if unjudged.is_empty() => AnsiColor::Green,
        (0, _) if unjudged.is_empty() => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    writeln!(out, "{style}{}{style:#} in {recipes}{silenced}{unjudged}", counts(&report.counts))
}

fn shown(renderer: &Renderer, recipe: &RecipeFindings, finding: &Finding, sources: &Sources) -> String {
    let level = match finding.level {
        Level::Error => Title::ERROR,
        Level::Warn => Title::WARNING,
        Level::Info => Title::INFO,
    };
    let parts = parts(recipe, finding, sources);
    let mut group = Group::with_title(level.primary_title(finding.message.as_str()).id(finding.rule.as_str()));
    for part in &parts {
        group = group.element(part.element());
    }
    for (kind, text) in advice(recipe, finding) {
        let level = if kind == "note" { Title::NOTE } else { Title::HELP };
        let level = if kind == "fix" { level.with_name("fix") } else { level };
        group = group.element(level.message(plain(&text)));
    }
    renderer.render(&[group])
}

/// One file with what is to be marked in it.
struct Part {
    path: String,
    /// Where it is when there is nothing to show.
    line: Option<(usize, usize)>,
    window: Option<Window>,
}

struct Window {
    text: String,
    first_line: usize,
    marks: Vec<(Range<usize>, String, bool)>,
}

impl Part {
    fn element(&self) -> Element<'_> {
        let Some(window) = &self.window else {
            let origin = Origin::path(self.path.as_str());
            return match self.line {
                Some((line, column)) => origin.line(line).char_column(column).into(),
                None => origin.into(),
            };
        };
        let mut snippet = Snippet::source(window.text.as_str()).path(self.path.as_str()).line_start(window.first_line);
        for (range, label, primary) in &window.marks {
            let kind = if *primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let mark = kind.span(range.clone());
            snippet = snippet.annotation(if label.is_empty() { mark } else { mark.label(label.as_str()) });
        }
        snippet.into()
    }
}

/// The places of a finding by their files, the primary place's file first.
fn parts(recipe: &RecipeFindings, finding: &Finding, sources: &Sources) -> Vec<Part> {
    let mut files: Vec<(&Option<String>, &str)> = Vec::new();
    for place in &finding.places {
        if !files.contains(&(&place.release, &place.file)) {
            files.push((&place.release, &place.file));
        }
    }
    let part = |(release, file): (&Option<String>, &str)| {
        let here: Vec<(usize, &Place)> = finding
            .places
            .iter()
            .enumerate()
            .filter(|(_, place)| (&place.release, place.file.as_str()) == (release, file))
            .collect();
        let path = match release {
            Some(release) => format!("{release}:{file}"),
            None if file.starts_with("refs/") => file.to_owned(),
            None => path_of(recipe, file),
        };
        let bytes = sources.get(&(release.clone(), file.to_owned()));
        let line = here.first().and_then(|(_, place)| place.span).map(|span| (span.line, span.column));
        let window = bytes.and_then(|bytes| window(bytes, &here));
        Part { path, line, window }
    };
    files.into_iter().map(part).collect()
}

/// The lines from the first place to the last one, when they can be shown.
fn window(bytes: &[u8], places: &[(usize, &Place)]) -> Option<Window> {
    let spans = || places.iter().filter_map(|(_, place)| place.span);
    let start = line_start(bytes, spans().map(|span| span.start).min()?);
    // A span over several lines is marked on its first line only: the rest tells nothing more.
    let end = spans().map(|span| line_end(bytes, span.start)).max()?;
    let part = bytes.get(start..end)?;
    if part.len() > LARGEST_PART || part.split(|byte| *byte == b'\n').any(|line| line.len() > LONGEST_LINE) {
        return None;
    }
    let mark = if start == 0 && part.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let text = std::str::from_utf8(part.get(mark..)?).ok()?.to_owned();
    let base = start + mark;
    let marks: Vec<(Range<usize>, String, bool)> = places
        .iter()
        .filter_map(|(number, place)| {
            let span = place.span?;
            let to = span.end.min(line_end(bytes, span.start)).max(span.start);
            Some((span.start.saturating_sub(base)..to.saturating_sub(base), place.label.clone(), *number == 0))
        })
        .collect();
    let fits = marks.iter().all(|(range, ..)| text.is_char_boundary(range.start) && text.is_char_boundary(range.end));
    let first_line = spans().map(|span| span.line).min()?;
    fits.then_some(Window { text, first_line, marks })
}

fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes.get(..at).and_then(|before| before.iter().rposition(|byte| *byte == b'\n')).map_or(0, |newline| newline + 1)
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let end = rest.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |newline| from + newline);
    if end > from && bytes.get(end - 1) == Some(&b'\r') { end - 1 } else { end }
}

/// Text of a stranger, without what a terminal would obey.
fn plain(text: &str) -> String {
    normalize_untrusted_str(text)
}
