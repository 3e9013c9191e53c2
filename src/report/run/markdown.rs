//! For comments and job summaries: the verdict, what broke and what to do, the details folded.

use std::io::{self, Write};

use super::super::markup::{markdown, markdown_code};
use super::{KeptRun, level_words, word};
use crate::record::{Outcome, StepResult};
use crate::report::{live, verdict};

pub(super) fn write(run: &KeptRun, out: &mut dyn Write) -> io::Result<()> {
    let summary = &run.summary;
    let candidate = verdict::candidate(&summary.candidate);
    writeln!(
        out,
        "## {}: {}, {}\n\nCandidate {}\n",
        markdown(&summary.recipe),
        word(summary),
        level_words(summary),
        markdown_code(&candidate)
    )?;
    if !run.complete {
        writeln!(out, "The run was killed before it ended.\n")?;
    }
    writeln!(out, "| step | outcome | seconds | what came of it |\n|---|---|---|---|")?;
    for step in &summary.steps {
        let outcome = if step.flaky { "passed, flaky".to_owned() } else { step.outcome.word().to_owned() };
        let name = live::name_of(step);
        writeln!(out, "| {} | {outcome} | {:.1} | {} |", markdown(&name), step.seconds, markdown(&step.reason))?;
    }
    for step in summary.steps.iter().filter(|step| matches!(step.outcome, Outcome::Failed | Outcome::Errored)) {
        details(step, out)?;
    }
    writeln!(out)
}

fn details(step: &StepResult, out: &mut dyn Write) -> io::Result<()> {
    let name = markdown(&live::name_of(step));
    writeln!(out, "\n<details><summary>{name} {}: the evidence</summary>\n", step.outcome.word())?;
    for evidence in &step.evidence {
        writeln!(out, "{}:\n", markdown(&evidence.kind))?;
        // Indented code holds anything but an end of itself, which needs a line that is not indented.
        for line in evidence.text.trim_end().lines() {
            let line: String = line.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect();
            writeln!(out, "    {line}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "</details>")?;
    match &step.advice {
        Some(advice) => writeln!(out, "\n**Next:** {}", markdown(advice)),
        None => Ok(()),
    }
}
