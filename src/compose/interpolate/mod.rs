//! Variables filled in, and the results cast to the types that the schema wants at their places.

mod template;

use super::format;
use super::path::Path;
use super::problem::Issue;
use super::source::{SourceFile, Span};
use super::tree::{Content, Mapping, Node};

pub use template::Form;
use template::{Filled, Mistake, Surprise};

/// A variable that a compose file uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableUse {
    /// Its name.
    pub name: String,
    /// What happens when it is unset or empty.
    pub form: Form,
    /// The default, or the message of a required one.
    pub operand: Option<String>,
    /// The value that the environment had.
    pub value: Option<String>,
    /// Where the expression is written, from its `$` to its end.
    pub span: Span,
    /// The path of the value that holds it, for example `services.app.image`.
    pub path: String,
}

/// What interpolation leaves beside the changed tree.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) variables: Vec<VariableUse>,
    pub(crate) errors: Vec<Issue>,
    pub(crate) warnings: Vec<Issue>,
}

/// Fills in every variable of a document in place.
pub(crate) fn interpolate(
    source: &SourceFile,
    document: &mut Mapping,
    env: &dyn Fn(&str) -> Option<String>,
) -> Outcome {
    let mut walk = Walk { source, env, outcome: Outcome::default() };
    for (key, node) in document.values_mut() {
        walk.node(node, &Path::Root.key(key));
    }
    walk.outcome
}

struct Walk<'a> {
    source: &'a SourceFile,
    env: &'a dyn Fn(&str) -> Option<String>,
    outcome: Outcome,
}

impl Walk<'_> {
    fn node(&mut self, node: &mut Node, path: &Path<'_>) {
        let span = node.span;
        match &mut node.content {
            Content::Text(text) => {
                if text.contains('$')
                    && let Some(content) = self.text(text, span, path)
                {
                    node.content = content;
                }
            }
            Content::List(items) => {
                for (at, item) in items.iter_mut().enumerate() {
                    self.node(item, &path.index(at));
                }
            }
            Content::Map(map) => {
                for (key, value) in map.values_mut() {
                    self.node(value, &path.key(key));
                }
            }
            _ => {}
        }
    }

    /// The new content of a text; `None` when it stays as it is or is refused.
    fn text(&mut self, text: &str, span: Span, path: &Path<'_>) -> Option<Content> {
        let Filled { text: filled, expressions, mistake, surprises } = template::fill(text, self.env);
        let places = Places::new(self.source, span, text);
        for expression in expressions {
            self.outcome.variables.push(VariableUse {
                span: places.of(expression.range),
                name: expression.name,
                form: expression.form,
                operand: expression.operand,
                value: expression.value,
                path: path.into(),
            });
        }
        self.outcome.warnings.extend(surprises.iter().map(|surprise| warn(surprise, &places, path)));
        if let Some(mistake) = mistake {
            self.outcome.errors.push(refuse(&mistake, &places, path));
            return None;
        }
        if filled == text {
            return None;
        }
        match cast_at(path) {
            None => Some(Content::Text(filled)),
            Some(cast) => match cast.apply(&filled) {
                Some(content) => Some(content),
                None => {
                    let message = format!("`{text}` becomes `{filled}`, and this must be {}", cast.wanted());
                    let help = "set the variable to such a value, or give it a default: `${NAME:-1}`";
                    self.outcome.errors.push(Issue::new(span, path, message).help(help));
                    None
                }
            },
        }
    }
}

fn refuse(mistake: &Mistake, places: &Places<'_>, path: &Path<'_>) -> Issue {
    match mistake {
        Mistake::Malformed(range) => {
            Issue::new(places.of(range.clone()), path, "this `$` starts no variable that the swarm loader knows").help(
                "write `$$` for a plain `$`; allowed are $X ${X} ${X:-default} ${X-default} ${X:?message} ${X?message}",
            )
        }
        Mistake::Missing { range, name, message, empty } => {
            let state = if *empty { "is empty" } else { "is not set" };
            let because = if message.is_empty() { String::new() } else { format!(": {message}") };
            Issue::new(places.of(range.clone()), path, format!("the required variable `{name}` {state}{because}"))
                .help(format!("set `{name}` in the app's .env, and give it a value in .env.sample"))
        }
    }
}

fn warn(surprise: &Surprise, places: &Places<'_>, path: &Path<'_>) -> Issue {
    match surprise {
        Surprise::Unbraced(range) => {
            let message = "the swarm loader takes all that follows this variable's name as its default";
            Issue::new(places.of(range.clone()), path, message).help("put the name in braces: `${NAME}-rest`")
        }
        Surprise::OtherOperator { range, name } => {
            let message = format!("the swarm loader looks up a variable called `{name}` here, and never finds it");
            let help =
                "it splits at the first `:-`, `-`, `:?` or `?` it finds in that order; keep these out of the message";
            Issue::new(places.of(range.clone()), path, message).help(help)
        }
        Surprise::Forgotten(mistake) => {
            let issue = refuse(mistake, places, path);
            let message = format!("{} (the swarm loader overlooks this and leaves the place empty)", issue.message);
            Issue { message, ..issue }
        }
    }
}

/// Finds the places of expressions in the source, although quotes, escapes and folding make text and source differ.
struct Places<'a> {
    span: Span,
    raw: &'a [u8],
    text: &'a str,
    /// Offset of each `$` in the text.
    in_text: Vec<usize>,
    /// Offset of each `$` in the source, when there are as many as in the text.
    in_source: Vec<usize>,
}

impl<'a> Places<'a> {
    fn new(source: &'a SourceFile, span: Span, text: &'a str) -> Self {
        let raw = source.text.get(span.range()).unwrap_or_default();
        let offsets = |bytes: &[u8]| -> Vec<usize> {
            bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'$').map(|(at, _)| at).collect()
        };
        let in_text = offsets(text.as_bytes());
        let in_source = Some(offsets(raw)).filter(|found| found.len() == in_text.len()).unwrap_or_default();
        Self { span, raw, text, in_text, in_source }
    }

    fn of(&self, range: std::ops::Range<usize>) -> Span {
        let before = self.in_text.partition_point(|&dollar| dollar < range.start);
        let Some(&start) = self.in_source.get(before) else { return self.span };
        let wanted = self.text.get(range).unwrap_or_default();
        let same = self.raw.get(start..start + wanted.len()) == Some(wanted.as_bytes());
        let length = if same { wanted.len() } else { 1 };
        let start = self.span.range().start + start;
        Span::new(self.span.file, start, start + length)
    }
}

#[derive(Clone, Copy)]
enum Cast {
    Integer,
    Float,
    Boolean,
}

impl Cast {
    fn apply(self, text: &str) -> Option<Content> {
        match self {
            Self::Integer => text.parse().ok().map(Content::Int),
            Self::Float => format::number(text).map(Content::Float),
            Self::Boolean => match text.to_lowercase().as_str() {
                "y" | "yes" | "true" | "on" => Some(Content::Bool(true)),
                "n" | "no" | "false" | "off" => Some(Content::Bool(false)),
                _ => None,
            },
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Float => "a number",
            Self::Boolean => "true or false",
        }
    }
}

/// The places where the reference turns an interpolated text into another type, below `services.*` …
const SERVICE_CASTS: &[(&[&str], Cast)] = &[
    (&["configs", "[]", "mode"], Cast::Integer),
    (&["secrets", "[]", "mode"], Cast::Integer),
    (&["healthcheck", "retries"], Cast::Integer),
    (&["healthcheck", "disable"], Cast::Boolean),
    (&["deploy", "replicas"], Cast::Integer),
    (&["deploy", "update_config", "parallelism"], Cast::Integer),
    (&["deploy", "update_config", "max_failure_ratio"], Cast::Float),
    (&["deploy", "rollback_config", "parallelism"], Cast::Integer),
    (&["deploy", "rollback_config", "max_failure_ratio"], Cast::Float),
    (&["deploy", "restart_policy", "max_attempts"], Cast::Integer),
    (&["deploy", "placement", "max_replicas_per_node"], Cast::Integer),
    (&["ports", "[]", "target"], Cast::Integer),
    (&["ports", "[]", "published"], Cast::Integer),
    (&["ulimits", "*"], Cast::Integer),
    (&["ulimits", "*", "hard"], Cast::Integer),
    (&["ulimits", "*", "soft"], Cast::Integer),
    (&["privileged"], Cast::Boolean),
    (&["oom_score_adj"], Cast::Integer),
    (&["read_only"], Cast::Boolean),
    (&["stdin_open"], Cast::Boolean),
    (&["tty"], Cast::Boolean),
    (&["volumes", "[]", "read_only"], Cast::Boolean),
    (&["volumes", "[]", "volume", "nocopy"], Cast::Boolean),
];

/// … and below `<section>.*`.
const SECTION_CASTS: &[(&str, &str)] = &[
    ("networks", "external"),
    ("networks", "internal"),
    ("networks", "attachable"),
    ("volumes", "external"),
    ("secrets", "external"),
    ("configs", "external"),
];

fn cast_at(path: &Path<'_>) -> Option<Cast> {
    let in_service = SERVICE_CASTS.iter().find(|(below, _)| {
        let pattern: Vec<&str> = ["services", "*"].iter().chain(below.iter()).copied().collect();
        path.matches(&pattern)
    });
    in_service.map(|&(_, cast)| cast).or_else(|| {
        SECTION_CASTS.iter().find(|(section, key)| path.matches(&[section, "*", key])).map(|_| Cast::Boolean)
    })
}
