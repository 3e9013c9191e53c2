//! JUnit XML: a suite for each recipe, a case for each rule; a suite for `taster.toml` when something is wrong there. Errors fail; warnings and information are told in the case's output.

use std::collections::BTreeMap;
use std::io::{self, Write};

use junit_report::{Duration, ReportBuilder, TestCase, TestCaseBuilder, TestSuite, TestSuiteBuilder};

use super::super::markup::xml;
use super::advice;
use crate::lint::FAMILIES;
use crate::record::{Finding, Level, LintReport, RecipeFindings, SkippedRule};

pub(super) fn write(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = ReportBuilder::new();
    for recipe in &report.recipes {
        builder.add_testsuite(suite(recipe, true));
    }
    if let Some(commons) = &report.commons {
        builder.add_testsuite(suite(commons, false));
    }
    // The library's error hides the writer's own.
    let mut xml = Vec::new();
    builder.build().write_xml(&mut xml).map_err(io::Error::other)?;
    out.write_all(&xml)?;
    writeln!(out)
}

/// A suite of all rules, or only of those that found something.
fn suite(recipe: &RecipeFindings, all_rules: bool) -> TestSuite {
    let mut suite = TestSuiteBuilder::new(&xml(&recipe.recipe));
    if let Some(error) = &recipe.error {
        suite.add_testcase(TestCase::error("lint", Duration::ZERO, "not-judged", &xml(error)));
        return suite.build();
    }
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &recipe.findings {
        by_rule.entry(&finding.rule).or_default().push(finding);
    }
    for family in FAMILIES {
        for rule in family.rules {
            let name = format!("{} {}", rule.id, rule.name);
            let findings = by_rule.remove(rule.id).unwrap_or_default();
            if findings.is_empty() && !all_rules {
                continue;
            }
            let skip = recipe.skipped.iter().find(|skip| skip.rule == rule.id);
            suite.add_testcase(case(recipe, &name, family.name, &findings, skip));
        }
    }
    suite.build()
}

fn case(
    recipe: &RecipeFindings,
    name: &str,
    family: &str,
    findings: &[&Finding],
    skip: Option<&SkippedRule>,
) -> TestCase {
    let told: Vec<String> = findings.iter().map(|finding| told(recipe, finding)).collect();
    let told = xml(&told.join("\n\n"));
    let errors: Vec<String> =
        findings.iter().filter(|finding| finding.level == Level::Error).map(ToString::to_string).collect();
    let mut case = match (errors.is_empty(), skip) {
        (false, _) => TestCaseBuilder::failure(name, Duration::ZERO, "lint", &xml(&errors.join("\n"))),
        (true, Some(skip)) => TestCaseBuilder::skipped_with_cause(name, "skipped", &xml(&skip.reason)),
        (true, None) => TestCaseBuilder::success(name, Duration::ZERO),
    };
    case.set_classname(&xml(&format!("lint.{family}.{}", recipe.recipe)));
    if !told.is_empty() {
        case.set_system_out(&told);
    }
    case.build()
}

fn told(recipe: &RecipeFindings, finding: &Finding) -> String {
    let mut text = finding.to_string();
    for (kind, line) in advice(recipe, finding) {
        text.push_str(&format!("\n  {kind}: {line}"));
    }
    text
}
