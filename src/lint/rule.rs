//! What a rule is.

use super::draft::Draft;
use super::facts::Facts;
use super::set::Set;
use super::subject::Subject;
use crate::record::Level;

/// One rule: what it looks for, how much that weighs, and where its page is.
///
/// A rule is a constant in a file of its own (or in the file of a tight family), registered by one line in its family's list. What
/// it looks at is handed in; it reads no file and asks nobody, so that it can be tried on made-up recipes.
#[derive(Debug)]
pub struct Rule {
    /// Unique and forever: `S101`. Never used again for something else.
    pub id: &'static str,
    /// Unique too, in kebab case: `restart-ignored`.
    pub name: &'static str,
    /// How much its findings weigh, unless `taster.toml` says otherwise.
    pub level: Level,
    /// The version of taster that brought it (lesson 38: a new rule must not turn unchanged recipes red).
    pub since: &'static str,
    /// The fix that it offers for at least some of its findings.
    pub fix: FixKind,
    /// How sure a finding is.
    pub confidence: Confidence,
    /// What it says, in one line; for abra's rules, abra's own words.
    pub summary: &'static str,
    /// What must be there for it to be judged.
    pub needs: &'static [Need],
    /// Its page, `docs/rules/<ID>.md`: see [`page!`](super::rule::page).
    pub page: &'static str,
    /// What it does.
    pub check: Check,
}

/// What a rule is judged on.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// The recipe as a whole, once.
    Recipe(fn(&Subject) -> Vec<Draft>),
    /// Every set of compose files that is really deployed and that loads. Equal findings of several sets become one.
    Set(fn(&Subject, &Set) -> Vec<Draft>),
    /// The candidate against the release before it; not judged without one.
    Upgrade(fn(&Subject, &Facts) -> Vec<Draft>),
    /// Nothing: the engine makes the findings itself.
    Engine,
}

/// What must be there for a rule to be judged; without it the rule is skipped, and the reason is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A git repository: tags, commits.
    Git,
    /// The answer of the recipe's repository in its organisation ([`Outside::repository`](super::Outside::repository)).
    Repository,
    /// Answers of image registries ([`Outside::images`](super::Outside::images)).
    Registries,
}

/// Whether a rule offers a fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixKind {
    /// No.
    None,
    /// One that `--fix` makes.
    Safe,
    /// One that `--fix=unsafe` makes.
    Unsafe,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// It follows from the files alone.
    Certain,
    /// It holds for nearly all recipes.
    Likely,
    /// A guess that is worth a look.
    Heuristic,
}

/// Rules of one subject matter, with their own range of ids.
#[derive(Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What its ids start with.
    pub prefix: &'static str,
    /// Its rules, in the order of their ids.
    pub rules: &'static [&'static Rule],
}

/// The text of a rule's page, compiled in: `--explain` and the documentation are the same text.
macro_rules! page {
    ($id:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules/", $id, ".md"))
    };
}
pub(crate) use page;

impl Rule {
    /// How its page must begin.
    pub fn head(&self, family: &Family) -> String {
        let fix = match self.fix {
            FixKind::None => "no fix",
            FixKind::Safe => "safe fix",
            FixKind::Unsafe => "unsafe fix",
        };
        let confidence = match self.confidence {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Heuristic => "heuristic",
        };
        format!(
            "# {} {}\n\n{} · {} · {confidence} · {fix} · since {}\n\n{}\n",
            self.id,
            self.name,
            self.level.word(),
            family.name,
            self.since,
            self.summary
        )
    }
}
