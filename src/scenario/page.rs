//! `[[page]]`: pages that a visitor opens in a browser, and what the visitor does there.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::file::root;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The host; the first route's, when absent.
    #[serde(default)]
    pub host: Option<String>,
    /// The path to open.
    #[serde(default = "root")]
    pub path: String,
    /// The final status; any 2xx when absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// A text that the title must hold in the end.
    #[serde(default)]
    pub title: Option<String>,
    /// A text that must be visible in the end.
    #[serde(default)]
    pub contains: Option<String>,
    /// What the visitor does, in order.
    #[serde(default)]
    #[schemars(with = "Vec<Written>")]
    pub steps: Vec<PageStep>,
}

/// One thing that a visitor does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum PageStep {
    /// Type into a field.
    Fill {
        /// The field: a CSS selector, or its label, name or placeholder.
        field: String,
        /// What is typed.
        with: Template,
    },
    /// Click on what a CSS selector or the text of a button or link names.
    Click(String),
    /// Wait until the element that a CSS selector names is visible.
    Wait(String),
    /// Wait until a text is visible.
    Expect(String),
}

/// One thing that a visitor does: a table with one of the keys, `with` beside `fill`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PageStep", extend(
    "oneOf" = [{"required": ["fill", "with"]}, {"required": ["click"]}, {"required": ["wait"]}, {"required": ["expect"]}],
    "dependentRequired" = {"fill": ["with"], "with": ["fill"]}
))]
struct Written {
    /// Type into a field: a CSS selector, or its label, name or placeholder.
    fill: Option<String>,
    /// What is typed; `{secret:KEY}` and `{env:NAME}` stand for values that only the run knows.
    #[schemars(with = "Option<String>")]
    with: Option<Template>,
    /// Click on what a CSS selector or the text of a button or link names.
    click: Option<String>,
    /// Wait until the element that a CSS selector names is visible.
    wait: Option<String>,
    /// Wait until a text is visible.
    expect: Option<String>,
}

impl TryFrom<Written> for PageStep {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { fill, with, click, wait, expect } = written;
        match (fill, with, click, wait, expect) {
            (Some(field), Some(with), None, None, None) => Ok(Self::Fill { field, with }),
            (Some(_), None, None, None, None) => Err("`fill` needs a `with`: what is typed into the field".to_owned()),
            (None, None, Some(target), None, None) => Ok(Self::Click(target)),
            (None, None, None, Some(selector), None) => Ok(Self::Wait(selector)),
            (None, None, None, None, Some(text)) => Ok(Self::Expect(text)),
            (None, Some(_), ..) => Err("`with` stands beside `fill` only".to_owned()),
            _ => Err("a step has one of `fill` (with `with`), `click`, `wait`, `expect`".to_owned()),
        }
    }
}

/// A text in which `{secret:NAME}` and `{env:NAME}` stand for values that only the run knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Value),
}

/// A value that only the run knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A generated secret, by its key in the compose file.
    Secret(String),
    /// A value of the environment with which the recipe is deployed.
    Env(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(name) => write!(f, "{{secret:{name}}}"),
            Self::Env(name) => write!(f, "{{env:{name}}}"),
        }
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, inner, after)) = placeholder(rest) {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (kind, name) = inner.split_once(':').unwrap_or((inner, ""));
            parts.push(Part::Value(match kind {
                "secret" => Value::Secret(name.to_owned()),
                "env" => Value::Env(name.to_owned()),
                _ => {
                    let near = ["secret", "env"].into_iter().find(|known| strsim::osa_distance(kind, known) <= 2);
                    let near = near.map(|known| format!("; did you mean `{{{known}:{name}}}`?")).unwrap_or_default();
                    return Err(format!("`{{{inner}}}` is neither `{{secret:NAME}}` nor `{{env:NAME}}`{near}"));
                }
            }));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }
}

/// The first `{word:NAME}` of a text: what stands before it, in it and after it. Any other brace is a brace.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    text.match_indices('{').find_map(|(at, _)| {
        let (inner, after) = text.get(at + 1..)?.split_once('}')?;
        let (kind, name) = inner.split_once(':')?;
        (word(kind) && word(name)).then(|| (text.get(..at).unwrap_or_default(), inner, after))
    })
}

impl Template {
    /// The values that stand in it.
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.parts.iter().filter_map(|part| match part {
            Part::Value(value) => Some(value),
            Part::Text(_) => None,
        })
    }

    /// The text, with the values that `find` gives.
    ///
    /// # Errors
    /// The first value that it does not give.
    pub fn resolve(&self, find: impl Fn(&Value) -> Option<String>) -> Result<String, Value> {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Ok(text.clone()),
                Part::Value(value) => find(value).ok_or_else(|| value.clone()),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;

    fn template(text: &str) -> Result<Template, String> {
        Template::try_from(text.to_owned())
    }

    fn scenario(text: &str) -> Result<Vec<Page>, String> {
        Scenario::parse("t", text).map(|scenario| scenario.page).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_put_into_a_text() {
        let find = |value: &Value| match value {
            Value::Secret(name) if name == "admin_pw" => Some("s3cret".to_owned()),
            Value::Env(name) if name == "USER" => Some("ann".to_owned()),
            _ => None,
        };
        let resolved = |text: &str| template(text).unwrap().resolve(find);
        assert_eq!(resolved("{env:USER}:{secret:admin_pw}!").unwrap(), "ann:s3cret!");
        assert_eq!(resolved("{} {a} {a:} {\"b\":1} }{").unwrap(), "{} {a} {a:} {\"b\":1} }{");
        assert_eq!(resolved("x{secret:other}").unwrap_err().to_string(), "{secret:other}");
        assert!(template("{secert:admin_pw}").unwrap_err().contains("did you mean `{secret:admin_pw}`"));
        assert!(template("{vault:x}").unwrap_err().contains("neither"));
    }

    #[test]
    fn a_page_with_steps_is_read() {
        let pages = scenario(
            "[[page]]\npath = \"/login\"\ntitle = \"Log in\"\ncontains = \"Welcome\"\nsteps = [\n  { fill = \"#user\", with = \"admin\" },\n  \
             { click = \"Log in\" },\n  { wait = \".wiki\" },\n  { expect = \"Hello\" },\n]\n[[page]]\n",
        )
        .unwrap();
        assert_eq!(pages[0].steps.len(), 4);
        assert_eq!(pages[0].steps[2], PageStep::Wait(".wiki".to_owned()));
        assert_eq!((pages[1].path.as_str(), pages[1].steps.len()), ("/", 0));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, place, said) in [
            ("[[page]]\ntitel = \"x\"\n", "t:2:1", "did you mean `title`?"),
            ("[[page]]\nsteps = [{ clik = \"x\" }]\n", "t:2:12", "did you mean `click`?"),
            ("[[page]]\nsteps = [{ fill = \"x\" }]\n", "t:2:9", "needs a `with`"),
            ("[[page]]\nsteps = [{ click = \"x\", expect = \"y\" }]\n", "t:2:9", "a step has one of"),
            ("[[page]]\nsteps = [{ click = \"x\", with = \"y\" }]\n", "t:2:9", "beside `fill` only"),
            ("[[page]]\nsteps = [{ fill = \"x\", with = \"{sercet:y}\" }]\n", "t:2:31", "did you mean `{secret:y}`?"),
            ("[[page]]\npath = 3\n", "t:2:8", "expected a string"),
            ("[page]\npath = \"/\"\n", "t:1:1", "expected a sequence"),
        ] {
            let error = scenario(text).unwrap_err();
            assert!(error.starts_with(place) && error.contains(said), "{error}");
        }
    }
}
