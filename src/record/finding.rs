//! Findings of the linter, and the report that holds them. Types only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::summary::{CandidateSummary, FindingCounts};

/// The version of the report's format; readers accept this and the major before.
pub const SCHEMA: &str = "taster.lint/1";

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Bars level 5.
    Error,
    /// Bars level 7.
    Warn,
    /// Worth knowing; bars nothing.
    Info,
}

impl Level {
    /// The word used in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// One diagnostic of the linter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule's id, `S101`.
    pub rule: String,
    /// The rule's name, `restart-ignored`.
    pub name: String,
    /// How much it weighs, after overrides.
    pub level: Level,
    /// What is wrong: a sentence without a final stop.
    pub message: String,
    /// The places; the first is where to act, the others explain. Empty: the recipe as a whole.
    pub places: Vec<Place>,
    /// The sets of compose files that show it, `compose.yml:compose.smtp.yml`; empty when it is not about a set.
    pub sets: Vec<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// A change of the files that removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// A labelled place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, from the recipe's root; or git's own name for what it is about, such as `refs/tags/1.0.0+1.0`.
    pub file: String,
    /// The release whose file it is; absent for the candidate's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The first byte and the byte after the last one; absent for the file as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// What there is to see, in a few words; may be empty.
    pub label: String,
}

/// A range in a file. Bytes count from 0; lines and columns from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
    /// The line of the first byte.
    pub line: usize,
    /// Its column.
    pub column: usize,
    /// The line of the byte after the last one.
    pub end_line: usize,
    /// Its column.
    pub end_column: usize,
}

/// A change of the files that removes a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// What it does, in words.
    pub title: String,
    /// Whether it may be made unasked.
    pub safety: Safety,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
    /// Paths in the loaded project (`services.app.deploy.labels`) that may differ afterwards, those below them too; everything else
    /// is proven to be equal.
    pub changes: Vec<String>,
}

/// Whether a fix may be made unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// `--fix` makes it: what is deployed stays the same, or changes exactly as the rule's page says.
    Safe,
    /// `--fix=unsafe` makes it: somebody should look at what comes out.
    Unsafe,
}

/// One replacement of bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// The file, from the recipe's root; it is made when it is not there.
    pub file: String,
    /// The first byte that is replaced.
    pub start: usize,
    /// The byte after the last one that is replaced.
    pub end: usize,
    /// What stands there instead.
    pub replacement: String,
}

/// A finding that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silenced {
    /// The finding.
    pub finding: Finding,
    /// Who silences it.
    pub by: SilencedBy,
    /// Why; empty for a baseline.
    pub reason: String,
}

/// Who silences a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SilencedBy {
    /// A comment in the recipe. A recipe cannot award itself a level: for levels these findings count.
    Comment,
    /// The commons' `taster.toml`.
    Config,
    /// The baseline: it was there before.
    Baseline,
}

/// A rule that was not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedRule {
    /// The rule's id.
    pub rule: String,
    /// Why not.
    pub reason: String,
}

/// What the linter has to say about one recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecipeFindings {
    /// The recipe's name.
    pub recipe: String,
    /// Its path, as it was given.
    pub path: String,
    /// The revision; absent when the recipe could not be read.
    pub candidate: Option<CandidateSummary>,
    /// Why nothing could be judged, when that is so, and nobody can blame the recipe for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The sets of compose files that were judged.
    pub sets: Vec<String>,
    /// Findings, in the order of files and places.
    pub findings: Vec<Finding>,
    /// How many.
    pub counts: FindingCounts,
    /// Findings that are not counted.
    pub silenced: Vec<Silenced>,
    /// Rules that were not judged.
    pub skipped: Vec<SkippedRule>,
}

impl RecipeFindings {
    /// Findings about a recipe of which nothing else is told.
    pub fn of(recipe: String, path: String, findings: Vec<Finding>) -> Self {
        Self {
            recipe,
            path,
            candidate: None,
            error: None,
            sets: Vec::new(),
            counts: FindingCounts::of(&findings),
            findings,
            silenced: Vec::new(),
            skipped: Vec::new(),
        }
    }
}

/// The linter's report, as `taster lint --format json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintReport {
    /// The version of this format.
    pub schema: String,
    /// The version of taster that wrote it.
    pub taster: String,
    /// The recipes, in the order in which they were given.
    pub recipes: Vec<RecipeFindings>,
    /// Findings about `taster.toml` itself, which takes the place of a recipe in them; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commons: Option<RecipeFindings>,
    /// All findings, of all recipes and of `taster.toml`.
    pub counts: FindingCounts,
}

impl LintReport {
    /// All that was found, each recipe by itself and `taster.toml` at the end.
    pub fn parts(&self) -> impl Iterator<Item = &RecipeFindings> {
        self.recipes.iter().chain(&self.commons)
    }
}

impl FindingCounts {
    /// Counts findings by their level.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.level {
                Level::Error => counts.error += 1,
                Level::Warn => counts.warn += 1,
                Level::Info => counts.info += 1,
            }
        }
        counts
    }

    /// These and the others together.
    pub fn and(self, other: &Self) -> Self {
        Self { error: self.error + other.error, warn: self.warn + other.warn, info: self.info + other.info }
    }
}

impl std::fmt::Display for Finding {
    /// One line: `compose.yml:4:5: warn[S101]: …`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(place) = self.places.first() {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}[{}]: {}", self.level.word(), self.rule, self.message)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(release) = &self.release {
            write!(f, "{release}:")?;
        }
        f.write_str(&self.file)?;
        match &self.span {
            Some(span) => write!(f, ":{}:{}", span.line, span.column),
            None => Ok(()),
        }
    }
}
