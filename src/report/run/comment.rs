//! The one comment on a pull request: the verdict, the level before and after, what broke and why, what to do; details folded.
//!
//! Everything that a log says is a stranger's: it stands in `<code>` or `<pre>`, where neither Forgejo nor GitHub looks for mentions, links or
//! references, with every character that means something to Markdown or HTML written as a reference to it.

use std::fmt::Write as _;

use super::super::markup::{markdown_block, markdown_code};
use super::KeptRun;
use crate::record::{ChangePlan, Outcome, StepKind, StepResult};
use crate::report::live;
use crate::report::plan::{change_markdown, level_told, untried};
use crate::score::{Base, GateVerdict, Reached, Stood};

/// Forges take comments of 64 KiB; what follows at the end fits into the rest.
const LONGEST: usize = 58_000;
/// How much of one sentence of a log is quoted, in characters.
const LONGEST_SENTENCE: usize = 500;
/// How much of one piece of evidence is quoted: its end, in characters.
const LONGEST_EVIDENCE: usize = 2_000;
/// How much evidence is quoted in all, as it is written down.
const MOST_EVIDENCE: usize = 24_000;
/// So many errors of the linter are listed.
const MOST_ERRORS: usize = 20;
/// So many steps are listed.
const MOST_STEPS: usize = 60;

/// What a comment tells beside the run; all of it from sources that are believed.
#[derive(Debug, Clone, Copy)]
pub struct CommentFacts<'f> {
    /// What our comment is known by: a line that is not shown.
    pub marker: &'f str,
    /// What the gate says.
    pub verdict: &'f GateVerdict,
    /// How the base stood.
    pub base: &'f Base,
    /// The level of the base, in words; `None` when nobody knows.
    pub before: Option<&'f str>,
    /// The level of the run, with what was taken over from the base.
    pub level: &'f Reached,
    /// What the change can affect, as the job says, where only that was tried.
    pub change: Option<&'f ChangePlan>,
    /// The commit of the pull request, as the forge says.
    pub commit: &'f str,
    /// Pictures: what they show, as the log says, and where the forge has them.
    pub pictures: &'f [(String, String)],
}

/// The comment.
pub fn comment(run: &KeptRun, facts: CommentFacts<'_>) -> String {
    let summary = &run.summary;
    let before = facts.before.unwrap_or("level unknown");
    let mut text = format!(
        "{}\n### taster: {} · {before} → {}\n\n{} at `{:.10}`, gate `{}`.\n\n",
        facts.marker,
        facts.verdict.word(),
        facts.level.words(),
        quoted(&summary.recipe),
        facts.commit,
        facts.verdict.gate
    );
    if !run.complete {
        text.push_str("**The run was killed before it ended.** What it did not reach counts as not tested.\n\n");
    }
    if let Some(untried) = facts.change.and_then(|change| untried(change, summary)) {
        // So that nobody takes it for passed, or for lost.
        let level = level_told(facts.level, summary);
        let _ = writeln!(text, "**Tried in part:** {}.\n\n{}.\n", quoted(&untried), quoted(&level));
    }
    part(&mut text, |text| broken(text, run, facts.base));
    part(&mut text, |text| not_tested(text, run));
    if !facts.verdict.notes.is_empty() {
        part(&mut text, |text| {
            text.push_str("<details><summary>What is known of the base</summary>\n\n");
            for note in &facts.verdict.notes {
                let _ = writeln!(text, "- {}", quoted(note));
            }
            text.push_str("\n</details>\n\n");
        });
    }
    if let Some(change) = facts.change {
        part(&mut text, |text| reasons(text, run, change));
    }
    part(&mut text, |text| steps(text, run));
    part(&mut text, |text| evidence(text, run));
    if !facts.pictures.is_empty() {
        text.push_str("<details><summary>Pages</summary>\n\n");
        for (title, address) in facts.pictures {
            let _ = writeln!(text, "{}\n\n![page]({address})\n", quoted(title));
        }
        text.push_str("</details>\n\n");
    }
    let _ = writeln!(
        text,
        "The level was computed anew from the log of the run {}; once more on your machine: `taster test --at {:.10} .`",
        quoted(&summary.run),
        facts.commit
    );
    text
}

/// The comment where nothing can be told about a run.
pub fn refusal(marker: &str, commit: &str, why: &str) -> String {
    format!(
        "{marker}\n### taster: not judged\n\nWhat the job left for `{commit:.10}` was not used: {}\n\n\
         Run the job again; when it happens once more, look at the job's own log.\n",
        quoted(why)
    )
}

/// A stranger's sentence, shortened.
fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST_SENTENCE).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    markdown_code(&short)
}

/// Adds a part of the comment, where there is room for it.
fn part(text: &mut String, write: impl FnOnce(&mut String)) {
    let mut part = String::new();
    write(&mut part);
    match text.len() + part.len() <= LONGEST {
        true => text.push_str(&part),
        false => text.push_str("(A part is too long for a comment; the job's own report has it.)\n\n"),
    }
}

/// Why each step was tried, or not.
fn reasons(text: &mut String, run: &KeptRun, change: &ChangePlan) {
    let table = change_markdown(change, &run.summary);
    let _ = write!(text, "<details><summary>Why each step was tried, or not</summary>\n\n{table}</details>\n\n");
}

fn broken(text: &mut String, run: &KeptRun, base: &Base) {
    let failed: Vec<&StepResult> = run.summary.steps.iter().filter(|step| step.outcome == Outcome::Failed).collect();
    if failed.is_empty() {
        return;
    }
    text.push_str("**What broke**\n\n");
    for step in failed.iter().take(MOST_STEPS) {
        let stood = match (step.kind, &base.new_errors, base.stood(step)) {
            (StepKind::Lint, Some(new), _) if new.is_empty() => "the base has all of these errors",
            (StepKind::Lint, Some(_), _) => "with errors that the base does not have",
            (StepKind::Lint, None, _) if base.counted_errors.as_ref().is_some_and(|errors| errors.before > 0) => {
                "the base had errors too, known by their number alone"
            }
            (_, _, Stood::Passed(_)) => "the base passed it",
            (_, _, Stood::Failed(_)) => "so it does in the base",
            (_, _, Stood::Unknown) => "nobody knows how the base stood",
        };
        let _ = writeln!(text, "- ✗ {} failed ({stood}): {}", quoted(&live::name_of(step)), quoted(&step.reason));
        if let Some(advice) = &step.advice {
            let _ = writeln!(text, "  **What to do:** {}", quoted(advice));
        }
        if step.kind == StepKind::Lint {
            errors(text, base);
        }
    }
    text.push('\n');
}

/// The linter's errors, those that are new first.
fn errors(text: &mut String, base: &Base) {
    let new = base.new_errors.iter().flatten().map(|error| ("new", error));
    let old = base.old_errors.iter().map(|error| ("old, the base has it too", error));
    for (word, error) in new.chain(old).take(MOST_ERRORS) {
        let _ = writeln!(text, "  - {word}: {}", quoted(&error.to_string()));
    }
    let more = (base.new_errors.iter().flatten().count() + base.old_errors.len()).saturating_sub(MOST_ERRORS);
    if more > 0 {
        let _ = writeln!(text, "  - and {more} more");
    }
}

fn not_tested(text: &mut String, run: &KeptRun) {
    let untested = |step: &&StepResult| matches!(step.outcome, Outcome::Errored | Outcome::Blocked);
    let steps: Vec<&StepResult> = run.summary.steps.iter().filter(untested).collect();
    if steps.is_empty() {
        return;
    }
    text.push_str("**Not tested**, which counts neither for nor against the recipe\n\n");
    for step in steps.iter().take(MOST_STEPS) {
        let _ = writeln!(text, "- {} {}: {}", quoted(&live::name_of(step)), step.outcome.word(), quoted(&step.reason));
    }
    text.push('\n');
}

fn steps(text: &mut String, run: &KeptRun) {
    let steps = &run.summary.steps;
    let _ = writeln!(text, "<details><summary>All steps ({})</summary>\n", steps.len());
    text.push_str("| step | outcome | seconds | what came of it |\n|---|---|---|---|\n");
    for step in steps.iter().take(MOST_STEPS) {
        let outcome = if step.flaky { "passed, flaky" } else { step.outcome.word() };
        let (name, reason) = (quoted(&live::name_of(step)), quoted(&step.reason));
        let _ = writeln!(text, "| {name} | {outcome} | {:.1} | {reason} |", step.seconds);
    }
    if steps.len() > MOST_STEPS {
        let _ = writeln!(text, "\nand {} more", steps.len() - MOST_STEPS);
    }
    text.push_str("\n</details>\n\n");
}

fn evidence(text: &mut String, run: &KeptRun) {
    let mut left = MOST_EVIDENCE;
    let told = |step: &&StepResult| matches!(step.outcome, Outcome::Failed | Outcome::Errored);
    for step in run.summary.steps.iter().filter(told) {
        let mut blocks = String::new();
        for piece in &step.evidence {
            let skip = piece.text.trim_end().chars().count().saturating_sub(LONGEST_EVIDENCE);
            let end: String = piece.text.trim_end().chars().skip(skip).collect();
            let block = format!("{}\n\n{}\n\n", quoted(&piece.kind), markdown_block(&end));
            if block.len() > left {
                blocks.push_str("(more is in the job's report)\n\n");
                left = 0;
                break;
            }
            left -= block.len();
            blocks.push_str(&block);
        }
        if !blocks.is_empty() {
            let name = quoted(&live::name_of(step));
            let _ = write!(text, "<details><summary>{name}: the evidence</summary>\n\n{blocks}</details>\n\n");
        }
        if left == 0 {
            return;
        }
    }
}
