//! The step `lint`: the linter's findings about the candidate. It needs no node, and nothing rests on it.

use super::online;
use super::recorder::Passed;
use super::run::{Gathered, TrialOptions};
use super::trouble::Trouble;
use crate::lint::{self, Judged, Outside};
use crate::recipe::Recipe;
use crate::record::{Evidence, Finding, FindingCounts, Level, SilencedBy};
use crate::run::{RunFolder, RunLog};

/// So many errors are named in the outcome; the file has all.
const MOST_NAMED: usize = 5;
/// Where all findings are, in the run's folder.
const FILE: &str = "lint.json";

/// Judges the recipe: what came of the step. What was counted, and what a registry said about newer versions, is gathered.
pub(super) async fn run(
    recipe: &Recipe,
    options: &TrialOptions,
    folder: &RunFolder,
    log: &RunLog,
    gathered: &mut Gathered,
) -> Result<Passed, Trouble> {
    let mut subject = lint::subject(recipe.clone(), &options.path, Outside::default(), &options.lint);
    if options.online {
        let said = online::ask(&subject, folder, log).await;
        (subject.outside, gathered.upstream) = (said.outside, said.upstream);
    }
    let findings = that_count(lint::judge(&subject, &options.lint));
    let counts = FindingCounts::of(&findings);
    gathered.findings = Some(counts.clone());
    let kept = serde_json::to_vec_pretty(&findings).map_err(std::io::Error::from);
    if let Err(error) = kept.and_then(|json| folder.write(FILE, &json)) {
        let reason = format!("cannot write to {}: {error}", folder.path().display());
        return Err(Trouble::errored("run-folder", reason));
    }
    let told = format!("{} errors, {} warnings, {} info", counts.error, counts.warn, counts.info);
    let evidence = |text: String| Evidence { kind: "lint".to_owned(), text, file: Some(FILE.to_owned()) };
    let upstream = gathered.upstream.as_ref().map(|upstream| Evidence::text("upstream", upstream.to_string()));
    if counts.error == 0 {
        let evidence = [evidence(told.clone())].into_iter().chain(upstream).collect();
        return Ok(Passed { reason: told, evidence, ..Passed::default() });
    }
    let errors: Vec<&Finding> = findings.iter().filter(|finding| finding.level == Level::Error).collect();
    let first = errors.first().map(ToString::to_string).unwrap_or_default();
    let more = if errors.len() > 1 { format!(" (and {} more errors)", errors.len() - 1) } else { String::new() };
    let mut trouble = Trouble::failed("lint-errors", format!("{first}{more}"))
        .advise("Run `taster lint` in the recipe's folder; `taster lint --explain RULE` tells why a rule is there.");
    trouble.evidence.push(evidence(told));
    trouble.evidence.extend(errors.iter().take(MOST_NAMED).map(|error| evidence(error.to_string())));
    trouble.evidence.extend(upstream);
    Err(trouble)
}

/// The findings that count for a level: a recipe cannot award itself one with comments, and only the commons may waive (design.md §3.2).
fn that_count(judged: Judged) -> Vec<Finding> {
    let own = judged.silenced.into_iter().filter(|silenced| silenced.by == SilencedBy::Comment);
    judged.findings.into_iter().chain(own.map(|silenced| silenced.finding)).collect()
}
