//! A run as one page: verdict first, then why, then everything else. It asks nothing of the network, works from `file://` and without
//! JavaScript (which only searches the logs), and whatever a recipe or an app said is text.

mod evidence;
mod logs;
mod timeline;
mod upgrades;

use std::io::Write;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{KeptRun, RunReportError, level_words, word};
use crate::record::{Fact, Outcome, RunSummary, RungState, StepResult};
use crate::report::markup::prose;
use crate::report::{live, verdict};
use crate::score::{LEVEL_NAMES, Measured, Standing};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Nothing is fetched and no other script is run: a hole in the escaping would still do nothing.
fn policy() -> String {
    format!(
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT)
    )
}

fn hash(text: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text.as_bytes()))
}

pub(super) fn write(run: &KeptRun, out: &mut dyn Write) -> Result<(), RunReportError> {
    let page = page(run)?;
    out.write_all(page.into_string().as_bytes())?;
    writeln!(out)?;
    Ok(())
}

fn page(run: &KeptRun) -> Result<Markup, RunReportError> {
    let summary = &run.summary;
    let candidate = verdict::candidate(&summary.candidate);
    let when = run.events.first().map_or("", |event| event.at.as_str());
    Ok(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (summary.recipe) ": " (word(summary)) ", " (level_words(summary)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "taster · run " code { (summary.run) } }
                    h1 { (summary.recipe) " " small { (candidate) } }
                    p.verdict {
                        span class={ "pill " (tone(summary.outcome)) } { (word(summary)) }
                        span.level { (level_words(summary)) }
                        time datetime=(when) { (when.get(..16).unwrap_or(when).replace('T', " ")) " UTC" }
                    }
                    @if !run.complete {
                        p.warning role="alert" { "The run was killed before it ended: what it did not reach counts as not tested." }
                    }
                }
                main {
                    section aria-labelledby="why" { h2 #why { "What came of it" } (steps(summary)) }
                    @if !summary.proofs.is_empty() {
                        section aria-labelledby="proofs" {
                            h2 #proofs { "Proof that data survives its loss" }
                            ul { @for proof in &summary.proofs { li { (proof) } } }
                        }
                    }
                    @if let Some(map) = &summary.upgrade_map { (upgrades::section(map)) }
                    @if !summary.services.is_empty() {
                        section aria-labelledby="costs" {
                            h2 #costs { "What it costs" }
                            ul { @for costs in &summary.services { li { (costs) } } }
                        }
                    }
                    section aria-labelledby="ladder" { h2 #ladder { "Level" } (ladder(summary)) }
                    section aria-labelledby="timeline" { h2 #timeline { "Timeline" } (timeline::markup(&run.events)) }
                    (evidence::pages(run)?)
                    (logs::section(&run.folder)?)
                    section aria-labelledby="ground" { h2 #ground { "What it ran on" } (evidence::ground(run)) }
                    section aria-labelledby="again" { h2 #again { "Again" } (again(summary)) }
                }
                footer { p { "Made by taster " (env!("CARGO_PKG_VERSION")) " from the run's event log; nothing in this page was fetched." } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    })
}

fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "good",
        Outcome::Failed => "bad",
        Outcome::Errored | Outcome::Blocked => "unsure",
        Outcome::Skipped => "idle",
    }
}

/// Every step; those that did not pass are open, with what they rest on and what to do.
fn steps(summary: &RunSummary) -> Markup {
    html! {
        @for step in &summary.steps {
            details.step open[step.outcome != Outcome::Passed && step.outcome != Outcome::Blocked] {
                summary {
                    span class={ "pill " (if step.flaky { "unsure" } else { tone(step.outcome) }) } {
                        (if step.flaky { "flaky" } else { step.outcome.word() })
                    }
                    strong { (live::name_of(step)) }
                    span.reason { (prose(&step.reason)) }
                    span.seconds { (format!("{:.1} s", step.seconds)) }
                }
                (rests_on(step))
            }
        }
    }
}

fn rests_on(step: &StepResult) -> Markup {
    html! {
        @if let Some(advice) = &step.advice { p.next { strong { "Next: " } (prose(advice)) } }
        @for evidence in &step.evidence {
            figure {
                figcaption { (evidence.kind) @if let Some(file) = &evidence.file { ": all of it in " code { (file) } } }
                @if evidence.text.trim().is_empty() { p { "(nothing)" } } @else { pre { (evidence.text.trim_end()) } }
            }
        }
        @if step.weak { p { "The answer was weak: good enough for level 1, and it bars level 7. Declare " code { "[ready]" } " in tests/taster.toml." } }
    }
}

/// The eight rungs: reached, broken with the reason, or not measured.
fn ladder(summary: &RunSummary) -> Markup {
    let broken = summary.steps.iter().find(|step| step.outcome == Outcome::Failed);
    let measured = Measured { steps: &summary.steps, variants: &summary.variants, findings: summary.findings.as_ref() };
    let rungs = crate::score::ladder(measured, &Standing::default()).rungs;
    let first_unknown = rungs.iter().find(|rung| rung.state == RungState::Unknown);
    let why = first_unknown.and_then(|rung| rung.demands.iter().find(|demand| demand.state == RungState::Unknown));
    html! {
        ol.ladder {
            @for (number, name) in LEVEL_NAMES.iter().enumerate().skip(1) {
                @let reached = number <= usize::from(summary.level);
                @let next = number == usize::from(summary.level) + 1;
                @let state = if reached { "good" } else if next && !summary.level_is_at_least { "bad" } else { "idle" };
                li class=(state) {
                    span.number { (number) } " "
                    span { (name) }
                    span.state {
                        @if reached { "reached" }
                        @else if next && summary.level_is_at_least {
                            "not measured in this run" @if let Some(why) = why { ": " (prose(&why.text)) }
                        }
                        @else if next { "missing" @if let Some(step) = broken { ": " (live::name_of(step)) " " (prose(&step.reason)) } }
                    }
                }
            }
        }
    }
}

/// How to repeat it.
fn again(summary: &RunSummary) -> Markup {
    let revision = summary.candidate.version.as_ref().or(summary.candidate.commit.as_ref());
    html! {
        pre { "taster test" @if let Some(revision) = revision { " --at " (revision) } " PATH-OF-" (summary.recipe) }
        @if summary.candidate.dirty { p { "The files had changes that no commit has: this cannot be repeated from the repository alone." } }
    }
}

/// The last of something among the facts.
fn last<'a, T>(run: &'a KeptRun, pick: impl Fn(&'a Fact) -> Option<T>) -> Option<T> {
    run.events.iter().rev().find_map(|event| pick(&event.fact))
}
