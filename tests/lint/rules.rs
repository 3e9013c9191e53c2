//! Every rule on its fixtures: a bad one triggers exactly it, at exactly the expected places; a good one triggers nothing at all.
//!
//! `TASTER_BLESS=1` writes what was found into `expected.txt`; read the difference before you commit it.

use std::fmt::Write as _;
use std::path::Path;

use rayon::prelude::*;
use taster::lint::{FAMILIES, lint, unused_ignores};
use taster::record::Finding;

use crate::fixture::{self, Case};

#[test]
fn a_bad_fixture_triggers_exactly_its_rule() {
    let judged = all("bad").into_par_iter().map(|(id, folder)| {
        let mut wrong = String::new();
        let case = Case::make(&folder);
        let findings = findings(&case);
        let stray = |finding: &&Finding| finding.rule != id && !case.also.contains(&finding.rule);
        for finding in findings.iter().filter(stray) {
            _ = writeln!(wrong, "{}: it triggers another rule: {finding}", name(&folder));
        }
        for expected in case.also.iter().map(String::as_str).chain([id]) {
            if !findings.iter().any(|finding| finding.rule == expected) {
                _ = writeln!(wrong, "{}: it does not trigger {expected}", name(&folder));
            }
        }
        let found = listing(&findings, &case.path());
        let file = folder.join("expected.txt");
        if std::env::var_os("TASTER_BLESS").is_some() {
            std::fs::write(&file, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if found != expected {
            _ = writeln!(wrong, "{}: expected.txt says\n{expected}and these were found:\n{found}", name(&folder));
        }
        wrong
    });
    let wrong: String = judged.collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_good_fixture_triggers_nothing_at_all() {
    let judged = all("good").into_par_iter().map(|(_, folder)| {
        let case = Case::make(&folder);
        let found = findings(&case);
        found.iter().map(|finding| format!("{}: {finding}\n", name(&folder))).collect::<String>()
    });
    let wrong: String = judged.collect();
    assert!(wrong.is_empty(), "{wrong}");
}

fn all(kind: &str) -> Vec<(&'static str, std::path::PathBuf)> {
    let rules = FAMILIES.iter().flat_map(|family| family.rules);
    rules.flat_map(|rule| fixture::cases(rule.id, kind).into_iter().map(|folder| (rule.id, folder))).collect()
}

fn findings(case: &Case) -> Vec<Finding> {
    let linted = lint(&case.target(), case.outside.clone(), &case.options);
    assert_eq!(linted.report.error, None, "{}", case.folder.display());
    let commons = unused_ignores(&case.options).map(|(about, _)| about.findings);
    linted.report.findings.into_iter().chain(commons.into_iter().flatten()).collect()
}

/// The findings as `expected.txt` holds them: a line each, and an indented one for each further place.
fn listing(findings: &[Finding], path: &Path) -> String {
    let mut text = String::new();
    for finding in findings {
        _ = writeln!(text, "{finding}");
        for place in finding.places.iter().skip(1) {
            _ = writeln!(text, "    {place}: {}", place.label);
        }
    }
    text.replace(&path.display().to_string(), "<recipe>")
}

fn name(folder: &Path) -> String {
    folder.strip_prefix(fixture::fixtures()).unwrap_or(folder).display().to_string()
}
