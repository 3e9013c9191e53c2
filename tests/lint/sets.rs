//! Which sets of compose files are judged, and abra's own view.

use taster::lint::{Options, lint};
use taster::record::Finding;

use crate::fixture::{Case, fixtures};

fn findings(case: &Case, abra: bool) -> Vec<Finding> {
    lint(&case.target(), case.outside.clone(), &Options { abra, ..Options::default() }).report.findings
}

/// A recipe with two alternatives for the database, of which only one is ever deployed.
fn alternatives() -> Case {
    let case = Case::make(&fixtures().join("R002/good"));
    let overlay = |image: &str| format!("version: \"3.8\"\nservices:\n  cache:\n    image: {image}\n");
    std::fs::write(case.path().join("compose.a.yml"), overlay("redis:7.2.5")).unwrap();
    std::fs::write(case.path().join("compose.b.yml"), overlay("valkey:latest")).unwrap();
    let sample = std::fs::read_to_string(case.path().join(".env.sample")).unwrap();
    let offers = "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.a.yml\"\n#COMPOSE_FILE=\"compose.yml:compose.b.yml\"\n";
    std::fs::write(case.path().join(".env.sample"), format!("{sample}{offers}")).unwrap();
    case
}

#[test]
fn each_documented_overlay_is_judged_in_its_own_set_and_findings_name_the_sets() {
    let case = alternatives();
    let report = lint(&case.target(), case.outside.clone(), &Options::default()).report;
    let sets =
        ["compose.yml", "compose.yml:compose.smtp.yml", "compose.yml:compose.a.yml", "compose.yml:compose.b.yml"];
    assert_eq!(report.sets, sets);
    let of = |rule: &str| report.findings.iter().find(|finding| finding.rule == rule).unwrap();
    assert_eq!(of("R004").sets, [sets[3]], "only one alternative is `latest`");
    assert_eq!(of("R004").places[0].file, "compose.b.yml");
    // Both lack a healthcheck: two places, so two findings.
    assert_eq!(report.findings.iter().filter(|finding| finding.rule == "R002").count(), 2);
}

#[test]
fn a_finding_of_the_base_is_one_finding_of_all_sets() {
    let case = Case::make(&fixtures().join("R002/bad"));
    let found = findings(&case, false);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].sets, ["compose.yml", "compose.yml:compose.smtp.yml"]);
}

#[test]
fn abras_view_merges_what_is_never_deployed_together() {
    let case = alternatives();
    // In lexical order `compose.b.yml` comes after `compose.a.yml`, and `compose.smtp.yml` asks for a variable that only its option sets.
    let merged = findings(&case, true);
    assert!(merged.iter().all(|finding| finding.rule == "C002"), "{merged:?}");
    std::fs::remove_file(case.path().join("compose.smtp.yml")).unwrap();
    let report = lint(&case.target(), case.outside.clone(), &Options { abra: true, ..Options::default() }).report;
    assert_eq!(report.sets, ["compose.a.yml:compose.b.yml:compose.yml"]);
    let images: Vec<&Finding> = report.findings.iter().filter(|finding| finding.rule == "R004").collect();
    assert_eq!(images.len(), 1);
    assert!(report.findings.iter().all(|finding| finding.rule.starts_with('R')), "{:?}", report.findings);
}
