//! JUnit XML: a suite for the run, a case for each step.

use std::io::{self, Write};

use junit_report::{Duration, OffsetDateTime, ReportBuilder, TestCase, TestCaseBuilder, TestSuiteBuilder};

use super::super::markup::xml;
use super::KeptRun;
use crate::record::{Outcome, StepResult};

/// No step takes longer, in seconds.
const LONGEST: f64 = 1e9;

pub(super) fn write(run: &KeptRun, out: &mut dyn Write) -> io::Result<()> {
    let mut suite = TestSuiteBuilder::new(&xml(&run.summary.recipe));
    for step in &run.summary.steps {
        suite.add_testcase(case(&run.summary.recipe, step));
    }
    // The run's time, not the report's: the same run gives the same bytes.
    let at = run.events.first().and_then(|event| event.at.parse::<jiff::Timestamp>().ok());
    if let Some(at) = at.and_then(|at| OffsetDateTime::from_unix_timestamp(at.as_second()).ok()) {
        suite.set_timestamp(at);
    }
    let mut builder = ReportBuilder::new();
    builder.add_testsuite(suite.build());
    // The library's error hides the writer's own.
    let mut text = Vec::new();
    builder.build().write_xml(&mut text).map_err(io::Error::other)?;
    out.write_all(&text)?;
    writeln!(out)
}

fn case(recipe: &str, step: &StepResult) -> TestCase {
    let (name, reason) = (xml(&step.id), xml(&step.reason));
    let class = xml(step.class.as_deref().unwrap_or(step.outcome.word()));
    // The log may come from strangers, and the library's own seconds end the process when they are too many.
    let seconds = Duration::seconds_f64(step.seconds.clamp(0.0, LONGEST));
    let mut case = match step.outcome {
        Outcome::Passed => TestCaseBuilder::success(&name, seconds),
        Outcome::Failed => TestCaseBuilder::failure(&name, seconds, &class, &reason),
        Outcome::Errored => TestCaseBuilder::error(&name, seconds, &class, &reason),
        // The format has no word for what another step made impossible.
        Outcome::Blocked => TestCaseBuilder::skipped_with_cause(&name, "blocked", &reason),
        Outcome::Skipped => TestCaseBuilder::skipped_with_cause(&name, "skipped", &reason),
    };
    case.set_classname(&xml(&format!("trial.{recipe}")));
    let mut told = String::new();
    if step.flaky {
        told.push_str("flaky: it failed, was tried again, and passed\n");
    }
    for evidence in &step.evidence {
        told.push_str(&format!("{}: {}\n", evidence.kind, evidence.text.trim_end()));
    }
    if let Some(advice) = &step.advice {
        told.push_str(&format!("next: {advice}\n"));
    }
    if !told.is_empty() {
        case.set_system_out(&xml(&told));
    }
    case.build()
}
