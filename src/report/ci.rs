//! What a gate says, for people at a log, for a job's summary, and as workflow commands.

use std::fmt::Write as _;

use super::lint::annotations::{data, property};
use super::markup::markdown;
use crate::record::{Outcome, RunSummary};
use crate::score::GateVerdict;

/// The verdict of the gate, a line for each thing to know.
pub fn gate_text(verdict: &GateVerdict) -> String {
    let mut text = format!("gate {}: {}\n", verdict.gate, verdict.word());
    for reason in &verdict.reasons {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  ✗ {}", one_line(reason));
    }
    for note in &verdict.notes {
        let _ = writeln!(text, "  · {}", one_line(note));
    }
    text
}

/// The same as Markdown, for a job's summary.
pub fn gate_markdown(verdict: &GateVerdict) -> String {
    let mut text = format!("**Gate {}: {}**\n\n", verdict.gate, verdict.word());
    for reason in &verdict.reasons {
        let _ = writeln!(text, "- {}", markdown(reason));
    }
    for note in &verdict.notes {
        let _ = writeln!(text, "- *{}*", markdown(note));
    }
    text.push('\n');
    text
}

/// Workflow commands, as Forgejo Actions and GitHub Actions read them: why the gate does not open, and what could not be tested. Findings of
/// the linter have their own.
pub fn gate_annotations(verdict: &GateVerdict, run: &RunSummary) -> String {
    let mut text = String::new();
    let title = property(&format!("taster {}", run.recipe));
    for reason in &verdict.reasons {
        let _ = writeln!(text, "::error title={title}::{}", data(reason));
    }
    for step in run.steps.iter().filter(|step| step.outcome == Outcome::Failed) {
        let title = property(&format!("{} {}", step.id, step.outcome.word()));
        let next = step.advice.as_ref().map(|advice| format!("\nnext: {advice}")).unwrap_or_default();
        let _ = writeln!(text, "::warning title={title}::{}", data(&format!("{}{next}", step.reason)));
    }
    for note in &verdict.notes {
        let _ = writeln!(text, "::notice title={title}::{}", data(note));
    }
    text
}

/// What a recipe says stays on its line, and cannot move a terminal's cursor.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A workflow command for a job that stopped before it had a verdict.
pub fn stop_annotation(why: &str) -> String {
    format!("::error title=taster::{}\n", data(why))
}
