//! The scenario file, `tests/taster.toml` in a recipe: declarative and typed. Everything in it is optional.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::need::{Need, needs};
use super::page::Page;
use super::skip::{Reason, Skips};
pub use crate::config::FileError as ScenarioError;

/// Where a recipe keeps its scenario.
pub const PATH_IN_RECIPE: &str = "tests/taster.toml";

/// In the command of a `[[write]]`: another text each time.
pub const MARK: &str = "{mark}";

/// A scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Values over those of `.env.sample`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Other ways to configure the recipe, by name: each must install as well.
    #[serde(default)]
    pub variants: BTreeMap<String, Variant>,
    /// What replaces the generic check of the answer.
    #[serde(default)]
    pub ready: Option<Ready>,
    /// Writes data that must survive.
    #[serde(default)]
    pub seed: Vec<Seed>,
    /// Writes data again and again while a backup is taken; `{mark}` in the command is another text each time, which a probe prints.
    #[serde(default, deserialize_with = "writes")]
    pub write: Vec<Seed>,
    /// Reads data: equal before and after.
    #[serde(default, deserialize_with = "probes")]
    pub probe: Vec<Probe>,
    /// Pages that a visitor opens in a browser; the front page of every route when there is none.
    #[serde(default)]
    pub page: Vec<Page>,
    /// What operators do between two releases.
    #[serde(default)]
    pub upgrade: Upgrade,
    /// Other recipes that must run beside it, by name, as stacks of their own on the same node.
    #[serde(default, deserialize_with = "needs")]
    pub needs: BTreeMap<String, Need>,
    /// Steps that cannot be tried, each with its reason. They prove nothing: only the commons may accept them for a level.
    #[serde(default)]
    pub skip: Skips,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
}

/// One way to configure a recipe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The compose files, in their order; those of the sample when empty.
    #[serde(default)]
    pub compose: Vec<String>,
    /// Values over those of `[env]`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

/// A command in a service's container, such as one that writes data which must survive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// The service in whose container it runs.
    #[serde(deserialize_with = "filled")]
    #[schemars(length(min = 1))]
    pub service: String,
    /// The command; see [`command`] for how it is read.
    #[serde(deserialize_with = "filled")]
    #[schemars(length(min = 1))]
    pub run: String,
}

/// A command that reads data: its output must be equal before and after.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What it shows, for reports; no two have the same.
    #[serde(deserialize_with = "filled")]
    #[schemars(length(min = 1))]
    pub name: String,
    /// The service in whose container it runs.
    #[serde(deserialize_with = "filled")]
    #[schemars(length(min = 1))]
    pub service: String,
    /// The command; see [`command`] for how it is read.
    #[serde(deserialize_with = "filled")]
    #[schemars(length(min = 1))]
    pub run: String,
}

/// A command line as arguments: plain words as they are, so that images without a shell work; anything that only a shell
/// understands goes to `sh -c`.
pub fn command(line: &str) -> Vec<String> {
    let for_shell = |line: &str| vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()];
    let outside_quotes = outside_quotes(line);
    if outside_quotes.contains(['|', '&', ';', '<', '>', '$', '`', '*', '?', '(', '{', '~', '\n', '='])
        || line.contains(['$', '`'])
    {
        return for_shell(line);
    }
    match shell_words::split(line) {
        Ok(words) if !words.is_empty() => words,
        _ => for_shell(line),
    }
}

/// The text without what stands in quotes.
fn outside_quotes(line: &str) -> String {
    let mut quote = None;
    line.chars()
        .filter(|c| match quote {
            Some(open) => {
                if *c == open {
                    quote = None;
                }
                false
            }
            None => {
                if matches!(c, '\'' | '"') {
                    quote = Some(*c);
                }
                quote.is_none()
            }
        })
        .collect()
}

/// When the app counts as ready (lesson 9).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The host to ask; the first route's, when absent.
    #[serde(default)]
    pub host: Option<String>,
    /// The path to ask for.
    #[serde(default = "root")]
    pub path: String,
    /// The final status; any 2xx when absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// A text that the final page must contain.
    #[serde(default, deserialize_with = "filled_if_there")]
    #[schemars(length(min = 1))]
    pub contains: Option<String>,
    /// How long after convergence the answer may take, such as `"120s"`.
    #[serde(default, deserialize_with = "duration")]
    #[schemars(with = "Option<String>")]
    pub within: Option<Duration>,
}

/// What operators do between two releases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The release at which the chain of upgrades begins; by itself ten releases or two years back.
    #[serde(default)]
    pub from: Option<String>,
    /// Releases at which every operator must stop, as the release notes say: no upgrade past one of them is tried.
    #[serde(default)]
    pub stops: Vec<String>,
    /// Tables of which an upgrade may take rows away, each with the reason: without it a row that is gone is lost data.
    #[serde(default, deserialize_with = "reasons")]
    pub may_lose: BTreeMap<String, String>,
    /// What operators do on the way to a release, by the release's version; `candidate` is the one under test.
    #[serde(default)]
    pub edges: BTreeMap<String, Edge>,
}

/// What operators do on the way to one release, as its note tells them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Values that they set in their `.env` first.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Commands in the older release's containers, before the newer one is deployed.
    #[serde(default)]
    pub before: Vec<Seed>,
    /// Commands in the newer release's containers, once it answers.
    #[serde(default)]
    pub after: Vec<Seed>,
}

/// Bounds of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Time for a deploy to converge; the recipe's `TIMEOUT` when absent.
    #[serde(default, deserialize_with = "duration")]
    #[schemars(with = "Option<String>")]
    pub deploy: Option<Duration>,
    /// Time for the whole run.
    #[serde(default, deserialize_with = "duration")]
    #[schemars(with = "Option<String>")]
    pub run: Option<Duration>,
}

pub(super) fn root() -> String {
    "/".to_owned()
}

/// A text that says something: an empty command would do nothing and an empty expectation would always hold.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        Err(serde::de::Error::custom("it is empty, so it would check nothing"))
    } else {
        Ok(text)
    }
}

fn filled_if_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    filled(deserializer).map(Some)
}

/// What is declared has a reason.
fn reasons<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let reasons = BTreeMap::<String, Reason>::deserialize(deserializer)?;
    Ok(reasons.into_iter().map(|(key, Reason(reason))| (key, reason)).collect())
}

/// What is written can be found again.
fn writes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Seed>, D::Error> {
    let writes = Vec::<Seed>::deserialize(deserializer)?;
    match writes.iter().find(|write| !write.run.contains(MARK)) {
        Some(write) => Err(serde::de::Error::custom(format!(
            "`{}` writes the same each time: put {MARK} where another text shall stand each time",
            write.run.trim()
        ))),
        None => Ok(writes),
    }
}

/// Probes are told apart by their names.
fn probes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Probe>, D::Error> {
    let probes = Vec::<Probe>::deserialize(deserializer)?;
    let mut names = std::collections::BTreeSet::new();
    match probes.iter().find(|probe| !names.insert(&probe.name)) {
        Some(twice) => Err(serde::de::Error::custom(format!("two probes are named `{}`", twice.name))),
        None => Ok(probes),
    }
}

/// Durations as compose files write them: `90s`, `1m30s`.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let parsed: SignedDuration = text.parse().map_err(|error| {
        serde::de::Error::custom(format!("`{text}` is not a duration such as \"90s\" or \"2m\": {error}"))
    })?;
    match Duration::try_from(parsed) {
        Ok(duration) if !duration.is_zero() => Ok(Some(duration)),
        _ => Err(serde::de::Error::custom(format!("`{text}` is no time in which anything could be done"))),
    }
}

impl Scenario {
    /// This scenario as one of its variants is tried; `None` when there is no such variant.
    pub fn variant(&self, name: &str) -> Option<Self> {
        let variant = self.variants.get(name)?;
        let mut scenario = self.clone();
        scenario.env.extend(variant.env.clone());
        if !variant.compose.is_empty() {
            scenario.env.insert("COMPOSE_FILE".to_owned(), variant.compose.join(":"));
        }
        Some(scenario)
    }

    /// The JSON Schema of a scenario file, for editors.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Reads a scenario; `file` is its name for messages.
    ///
    /// # Errors
    /// An unknown key or a wrong type, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        crate::config::parse(file, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_is_read() {
        let text = "[env]\nFOO = \"bar\"\n[ready]\npath = \"/login\"\nstatus = 200\nwithin = \"1m30s\"\n[limits]\ndeploy = \"90s\"\n";
        let scenario = Scenario::parse("t", text).unwrap();
        let ready = scenario.ready.unwrap();
        assert_eq!((ready.path.as_str(), ready.status), ("/login", Some(200)));
        assert_eq!(ready.within, Some(Duration::from_secs(90)));
        assert_eq!(scenario.limits.deploy, Some(Duration::from_secs(90)));
        assert_eq!(Scenario::parse("t", "").unwrap(), Scenario::default());
    }

    #[test]
    fn plain_words_need_no_shell_and_the_rest_gets_one() {
        assert_eq!(command("demo-app add 'Tea; at $4'"), ["sh", "-c", "demo-app add 'Tea; at $4'"]);
        assert_eq!(command("demo-app add 'Tea; at four'"), ["demo-app", "add", "Tea; at four"]);
        assert_eq!(command("cat /x | wc -l"), ["sh", "-c", "cat /x | wc -l"]);
        assert_eq!(command("A=b env"), ["sh", "-c", "A=b env"]);
        assert_eq!(command("unclosed 'quote"), ["sh", "-c", "unclosed 'quote"]);
    }

    #[test]
    fn an_unknown_key_and_a_wrong_type_are_told_with_their_place() {
        let error = Scenario::parse("tests/taster.toml", "[ready]\npth = \"/\"\n").unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with("tests/taster.toml:2:1: unknown field `pth`"), "{said}");
        assert!(said.ends_with("did you mean `path`?"), "{said}");
        let error = Scenario::parse("f", "[ready]\nstatus = \"ok\"\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 10), "{error}");
        let probe =
            |name: &str, run: &str| format!("[[probe]]\nname = \"{name}\"\nservice = \"app\"\nrun = \"{run}\"\n");
        let error = Scenario::parse("f", &probe("rows", " ")).unwrap_err();
        assert_eq!((error.line, error.to_string().contains("would check nothing")), (4, true), "{error}");
        let error = Scenario::parse("f", &(probe("rows", "a") + &probe("rows", "b"))).unwrap_err();
        assert!(error.to_string().contains("two probes are named `rows`"), "{error}");
        let write = |run: &str| Scenario::parse("f", &format!("[[write]]\nservice = \"app\"\nrun = \"{run}\"\n"));
        assert_eq!(write("add '{mark}'").unwrap().write.len(), 1);
        assert!(write("add tea").unwrap_err().to_string().contains("writes the same each time"));
        assert!(Scenario::parse("f", "[ready]\ncontains = \"\"\n").is_err());
        let error = Scenario::parse("f", "[limits]\ndeploy = \"soon\"\n").unwrap_err();
        assert!(error.to_string().contains("not a duration"), "{error}");
    }
}
