//! The closing verdict of a run: cause, evidence, next move.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};

use crate::record::{CandidateSummary, Outcome, RunSummary, StepResult};

/// Lines of one piece of evidence that the verdict shows; the run folder has all of them.
const EVIDENCE_LINES: usize = 8;

/// The verdict as text with ANSI styles; print it through `anstream`, which takes them away where they are not wanted.
pub fn verdict(summary: &RunSummary, folder: &Path) -> String {
    let mut text = String::new();
    let (word, color) = match summary.outcome {
        Outcome::Passed if summary.steps.iter().any(|step| step.flaky) => ("PASSED, BUT FLAKY", AnsiColor::Yellow),
        Outcome::Passed => ("PASSED", AnsiColor::Green),
        Outcome::Failed => ("FAILED", AnsiColor::Red),
        Outcome::Errored => ("NOT TESTED: something other than the recipe failed", AnsiColor::Magenta),
        Outcome::Blocked => ("BLOCKED", AnsiColor::Yellow),
        Outcome::Skipped => ("NOTHING TESTED", AnsiColor::Blue),
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    let dim = Style::new().dimmed();
    let level = if summary.level_is_at_least {
        format!("at least level {}", summary.level)
    } else {
        format!("level {}", summary.level)
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "\n{style}{word}{style:#}  {} {}  {dim}{level}{dim:#}",
        summary.recipe,
        candidate(&summary.candidate)
    );
    let (blocked, told): (Vec<&StepResult>, Vec<&StepResult>) = summary
        .steps
        .iter()
        .filter(|step| step.outcome != Outcome::Passed || step.flaky || step.weak)
        .partition(|step| step.outcome == Outcome::Blocked);
    for step in told {
        describe(&mut text, step);
    }
    if let Some(first) = blocked.first() {
        let kinds: Vec<String> = blocked.iter().map(|step| super::live::name_of(step)).collect();
        let mark = super::live::mark(Outcome::Blocked, false);
        let _ = writeln!(text, "\n{mark} {}: blocked, {}", kinds.join(", "), first.reason);
    }
    if !summary.services.is_empty() {
        let _ = writeln!(text);
    }
    for costs in &summary.services {
        let _ = writeln!(text, "{dim}  {costs}{dim:#}");
    }
    let _ = writeln!(text, "\n{dim}  logs and all else: {}{dim:#}", folder.display());
    text
}

fn describe(text: &mut String, step: &StepResult) {
    let dim = Style::new().dimmed();
    let bold = Style::new().bold();
    let _ = writeln!(
        text,
        "\n{} {bold}{}{bold:#} {}: {}",
        super::live::mark(step.outcome, step.flaky),
        super::live::name_of(step),
        step.outcome.word(),
        step.reason
    );
    for evidence in &step.evidence {
        let lines: Vec<&str> = evidence.text.trim_end().lines().collect();
        let skipped = lines.len().saturating_sub(EVIDENCE_LINES);
        for (index, line) in lines.iter().skip(skipped).enumerate() {
            let label = if index == 0 { evidence.kind.as_str() } else { "" };
            let _ = writeln!(text, "{dim}{label:>12} │{dim:#} {line}");
        }
        if let Some(file) = &evidence.file {
            let _ = writeln!(text, "{dim}{:>12} │ all of it: {file}{dim:#}", "");
        }
    }
    if let Some(advice) = &step.advice {
        let _ = writeln!(text, "{dim}{:>12} │{dim:#} {advice}", "next");
    }
}

/// The candidate in a few words.
pub(super) fn candidate(candidate: &CandidateSummary) -> String {
    let commit = candidate.commit.as_deref().map(|commit| commit.chars().take(10).collect::<String>());
    let words = [candidate.version.clone(), commit, candidate.dirty.then(|| "with uncommitted changes".to_owned())];
    let words: Vec<String> = words.into_iter().flatten().collect();
    if words.is_empty() { "(no git)".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Evidence, StepKind};

    #[test]
    fn the_verdict_names_cause_evidence_and_next_move() {
        let mut step = StepResult::new("install@default", StepKind::Install, "default", Outcome::Failed);
        step.reason = "app: exits with 1 again and again".into();
        step.class = Some("crash-loop".into());
        step.seconds = 4.0;
        step.evidence = vec![Evidence::text("log", (0..20).map(|n| format!("line {n}\n")).collect::<String>())];
        step.advice = Some("read the log".into());
        let summary = RunSummary {
            schema: crate::record::SUMMARY_SCHEMA.into(),
            run: "r".into(),
            recipe: "demo".into(),
            candidate: CandidateSummary { commit: Some("0123456789abcdef".into()), version: None, dirty: true },
            node: None,
            level: 0,
            level_is_at_least: false,
            outcome: Outcome::Failed,
            steps: vec![step],
            findings: None,
            digests: Vec::new(),
            costs: std::collections::BTreeMap::new(),
            proofs: Vec::new(),
            upgrade_map: None,
            variants: Vec::new(),
            services: Vec::new(),
            upstream: None,
        };
        let plain = anstream::adapter::strip_str(&verdict(&summary, Path::new("runs/r"))).to_string();
        assert!(plain.contains("FAILED  demo 0123456789, with uncommitted changes  level 0"), "{plain}");
        assert!(plain.contains("exits with 1") && plain.contains("line 19") && !plain.contains("line 3\n"), "{plain}");
        assert!(plain.contains("next │ read the log") && plain.contains("runs/r"), "{plain}");
    }
}
