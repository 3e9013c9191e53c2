//! What is wrong with a compose file, where, and what to do about it.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::source::{SourceFile, Span, position};

/// Nobody reads more problems than this, or more warnings, of one set of files.
pub(crate) const MOST_PROBLEMS: usize = 200;

/// One thing that is wrong, or worth a warning, at a place in a compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the recipe's root.
    pub file: String,
    /// The bytes in that file.
    pub span: Span,
    /// The line, counted from one.
    pub line: usize,
    /// The column in characters, counted from one.
    pub column: usize,
    /// The path in the document, for example `services.app.ports[0]`; empty for the document itself.
    pub path: String,
    /// What is wrong: a sentence without a final stop.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// Why a set of compose files could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot load the compose files: {}", summary(.problems))]
pub struct LoadError {
    /// What is wrong, in the order in which it was found; never empty, and at most 200.
    pub problems: Vec<Problem>,
    /// The files that were loaded, for [`LoadError::render`].
    pub sources: Vec<SourceFile>,
}

fn summary(problems: &[Problem]) -> String {
    match problems {
        [] => "unknown reason".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first}, and {} more", rest.len()),
    }
}

impl LoadError {
    /// All problems as a compiler shows them: message, source lines with the place marked, help.
    pub fn render(&self, color: bool) -> String {
        render(&self.problems, &self.sources, Severity::Error, color)
    }
}

/// How a problem is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The project cannot be loaded.
    Error,
    /// The project loads, but probably not as its author meant.
    Warning,
}

/// Shows problems (of [`LoadError`] or the warnings of a loaded project) as a compiler does.
pub fn render(problems: &[Problem], sources: &[SourceFile], severity: Severity, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut shown = String::new();
    for problem in problems {
        shown.push_str(&render_one(&renderer, problem, sources, severity));
        shown.push_str("\n\n");
    }
    shown.truncate(shown.trim_end().len());
    shown
}

fn render_one(renderer: &Renderer, problem: &Problem, sources: &[SourceFile], severity: Severity) -> String {
    let level = match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = if problem.path.is_empty() {
        problem.message.clone()
    } else {
        format!("{}: {}", problem.path, problem.message)
    };
    let window = sources.get(problem.span.file as usize).and_then(|source| Window::around(&source.text, problem.span));
    let mut group = Group::with_title(level.primary_title(title));
    group = match &window {
        Some(window) => group.element(
            Snippet::source(window.text.as_str())
                .path(problem.file.as_str())
                .line_start(window.first_line)
                .annotation(AnnotationKind::Primary.span(window.marked.clone())),
        ),
        None => group.element(
            annotate_snippets::Origin::path(problem.file.as_str()).line(problem.line).char_column(problem.column),
        ),
    };
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The lines around a span, so that a long file or a binary line is not handed to the renderer whole.
struct Window {
    text: String,
    first_line: usize,
    marked: std::ops::Range<usize>,
}

impl Window {
    /// Lines longer than this are not worth showing.
    const LONGEST: usize = 2_000;

    fn around(text: &[u8], span: Span) -> Option<Self> {
        let start = span.range().start.min(text.len());
        let line_start = text[..start].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let first_line_end = line_end(text, start);
        // A span over several lines is marked on its first line only: the rest tells nothing more.
        let end = span.range().end.clamp(start, first_line_end.max(start));
        let lines = text.get(line_start..first_line_end)?;
        if lines.len() > Self::LONGEST {
            return None;
        }
        let bom = if line_start == 0 && lines.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let shown = std::str::from_utf8(lines.get(bom..)?).ok()?.to_owned();
        let marked = start.saturating_sub(line_start + bom)..end.saturating_sub(line_start + bom);
        let fits = shown.is_char_boundary(marked.start) && shown.is_char_boundary(marked.end);
        fits.then(|| Self { text: shown, first_line: position(text, start).line, marked })
    }
}

fn line_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let end = rest.iter().position(|&byte| byte == b'\n').map_or(text.len(), |at| from + at);
    if end > from && text.get(end - 1) == Some(&b'\r') { end - 1 } else { end }
}

/// A problem that does not know its line yet; [`Issue::locate`] finds it once, at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) span: Span,
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Issue {
    pub(crate) fn new(span: Span, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { span, path: path.into(), message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn locate(self, sources: &[SourceFile]) -> Problem {
        let source = sources.get(self.span.file as usize);
        let at = source.map_or(super::source::Position { line: 1, column: 1 }, |source| {
            position(&source.text, self.span.range().start)
        });
        Problem {
            file: source.map(|source| source.path.clone()).unwrap_or_default(),
            span: self.span,
            line: at.line,
            column: at.column,
            path: self.path,
            message: self.message,
            help: self.help,
        }
    }
}
