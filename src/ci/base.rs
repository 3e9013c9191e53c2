//! What is known of the base of a change: how it stood, and its scenario, by which a pull request is judged.

use std::path::Path;

use crate::forge::Pull;
use crate::lint::{self, ImageAnswer, Options, Outside, Target, new_findings};
use crate::recipe::Recipe;
use crate::record::{Finding, HistoryLine, Level, SilencedBy};
use crate::scenario::{PATH_IN_RECIPE, Scenario, built_in};
use crate::score::{Base, CountedErrors};
use crate::trial::misfits;

/// What the linter found in a run.
#[derive(Debug, Clone, Default)]
pub struct LinterSaid {
    /// The findings; `None` when lint did not run.
    pub findings: Option<Vec<Finding>>,
    /// What registries said; `None` when they were not asked. The base is judged by the same answers, or else an image that is gone from its
    /// registry would look as if the change had lost it.
    pub answers: Option<Vec<ImageAnswer>>,
}

/// What is known of the base: its trusted runs, and what the linter says about it. `found` is what it found in the candidate.
pub fn known(
    path: &Path,
    commit: Option<&str>,
    lines: Vec<HistoryLine>,
    found: &LinterSaid,
    options: &Options,
) -> Base {
    let mut base = Base { commit: commit.map(str::to_owned), lines, ..Base::default() };
    match (commit, &found.findings) {
        (None, _) => base.notes.push("no commit of a base is known".to_owned()),
        (Some(_), None) => {}
        (Some(commit), Some(new)) => match findings(path, commit, found.answers.clone(), options) {
            Ok(known) => compare(&known, new, &mut base),
            Err(why) => base.notes.push(format!("the base {commit:.10} could not be judged by the linter: {why}")),
        },
    }
    base.notes.push(match base.lines.last() {
        None => "there is no history of the recipe here, so nobody knows what of the base works on a node: there every failure counts".to_owned(),
        Some(newest) if base.lines.iter().any(|line| Some(&line.commit) == base.commit.as_ref()) => {
            format!("how the base stood comes from {} trusted run(s), some of its own commit; the newest is {}", base.lines.len(), newest.run)
        }
        Some(newest) => format!("no trusted run is of the base's own commit; how it stood comes from the newest that tells, {} or earlier", newest.run),
    });
    base
}

/// What is known of a pull request's base where nothing of the pull request is: from trusted runs, and from the linter where a repository has
/// the base's commit. `found` is what the pull request's job says that the linter found.
pub(super) fn of_pull(
    pull: &Pull,
    lines: Vec<HistoryLine>,
    found: LinterSaid,
    repository: Option<&Path>,
    options: &Options,
) -> Base {
    let commit = pull.began().to_owned();
    let own = |line: &&HistoryLine| line.commit == commit;
    let note = if lines.is_empty() {
        "there is no history of this recipe, so nobody knows how the base stood on a node, and every failure counts there".to_owned()
    } else if lines.iter().any(|line| line.commit == commit) {
        format!("how the base stood comes from trusted runs of its own commit {commit:.10}")
    } else {
        format!("no trusted run is of the base's own commit {commit:.10}; the newest that tells counts")
    };
    let counted =
        lines.iter().rev().filter(own).find_map(|line| Some((line.run.clone(), line.findings.as_ref()?.error)));
    let mut base = Base { commit: Some(commit.clone()), lines, notes: vec![note], ..Base::default() };
    // A list without an error says nothing about a linter that failed.
    let errors = |found: &[Finding]| found.iter().filter(|one| one.level == Level::Error).count();
    let LinterSaid { findings: found, answers } = found;
    let Some(found) = found.filter(|found| errors(found) > 0) else { return base };
    match repository.map(|repository| findings(repository, &commit, answers, options)) {
        Some(Ok(known)) => compare(&known, &found, &mut base),
        Some(Err(why)) => {
            base.notes.push(format!("the base {commit:.10} could not be judged by the linter here: {why}"));
        }
        None => {}
    }
    if base.new_errors.is_none() {
        base.counted_errors = counted.map(|(run, before)| CountedErrors { now: errors(&found), before, run });
    }
    base
}

/// Parts the candidate's errors into those that the base has too and those that are new.
pub(super) fn compare(known: &[Finding], found: &[Finding], base: &mut Base) {
    let errors: Vec<Finding> = found.iter().filter(|one| one.level == Level::Error).cloned().collect();
    let new: Vec<Finding> = new_findings(known, &errors).into_iter().cloned().collect();
    // The same words may stand there more than once: as many are old as are not new.
    let mut left = new.clone();
    base.old_errors = errors
        .into_iter()
        .filter(|error| match left.iter().position(|new| new == error) {
            Some(at) => {
                left.remove(at);
                false
            }
            None => true,
        })
        .collect();
    base.new_errors = Some(new);
}

/// The findings that count for a level, those that the recipe itself silences too.
pub(super) fn findings(
    path: &Path,
    commit: &str,
    answers: Option<Vec<ImageAnswer>>,
    options: &Options,
) -> Result<Vec<Finding>, String> {
    let target = Target { path: path.to_owned(), revision: Some(commit.to_owned()) };
    let judged = lint::lint(&target, Outside { images: answers, ..Outside::default() }, options);
    if let Some(error) = judged.report.error {
        return Err(error);
    }
    let own = judged.report.silenced.into_iter().filter(|silenced| silenced.by == SilencedBy::Comment);
    Ok(judged.report.findings.into_iter().chain(own.map(|silenced| silenced.finding)).collect())
}

/// The scenario that a pull request is judged by, when that is not what lies in it (design.md §3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioOfBase {
    /// Its text.
    pub text: String,
    /// What the pull request changes, in words.
    pub told: String,
    /// Why the scenario of the pull request itself cannot be used, when that is so: it would break the next run on the branch.
    pub broken: Option<String>,
}

/// Compares the scenarios of a pull request and of its base; `None` when they are the same.
pub fn scenario(candidate: &Recipe, base: &Recipe) -> Option<ScenarioOfBase> {
    let text =
        |recipe: &Recipe| recipe.tree.get(PATH_IN_RECIPE).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    let (theirs, ours) = (text(candidate), text(base));
    if theirs == ours {
        return None;
    }
    let what = match (&ours, &theirs) {
        (None, _) => "adds",
        (_, None) => "removes",
        _ => "changes",
    };
    let broken = theirs.as_ref().and_then(|text| Scenario::parse(PATH_IN_RECIPE, text).err());
    // Without one of its own the base is tried with the one that taster brings along, or with none.
    let text = ours.or_else(|| brought_along(base)).unwrap_or_default();
    Some(ScenarioOfBase {
        text,
        told: format!(
            "the pull request {what} {PATH_IN_RECIPE}: it is judged by the scenario of its base, so that nobody awards themselves a level; what it changes holds after the merge"
        ),
        broken: broken.map(|error| error.to_string()),
    })
}

/// The scenario that taster brings along for a recipe, where it fits.
fn brought_along(base: &Recipe) -> Option<String> {
    let (file, text) = built_in(&base.name)?;
    let scenario = Scenario::parse(&file, text).ok()?;
    misfits(base, &scenario, &file, text).is_empty().then(|| text.to_owned())
}
