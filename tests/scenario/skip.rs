//! `[skip]`: what may be declared, what becomes of it in a plan, and what is refused at its place.

use taster::record::StepKind::{Backup, Install, OldBackup, Restore, Rollback, Smoke, Upgrade};
use taster::record::{PlannedStep, StepKind};
use taster::scenario::{Known, PlanOptions, Route, Scenario, plan};

use super::{Folder, taster};

fn planned(scenario: &str, options: &PlanOptions) -> Vec<PlannedStep> {
    let scenario = Scenario::parse("t", scenario).unwrap();
    let route = Route::default();
    let known = Known { candidate: "abc", from: Some("1.0.0+1.0"), route: &route, scenario: &scenario };
    plan(options, known).steps
}

fn why(steps: &[PlannedStep], kind: StepKind) -> Option<&str> {
    let step = steps.iter().find(|step| step.kind == kind).unwrap_or_else(|| panic!("{kind:?} is planned: {steps:?}"));
    step.skip.as_deref()
}

#[test]
fn a_declared_skip_stays_in_the_plan_with_its_reason_and_takes_along_what_rests_on_it() {
    let text = "[skip]\nbackup = \"it keeps nothing\"\nupgrade = \"its schema is frozen\"\n";
    let steps = planned(text, &PlanOptions { full: true, ..PlanOptions::default() });
    assert_eq!(why(&steps, Backup), Some("it keeps nothing"));
    assert_eq!(why(&steps, Restore), Some("it rests on backup, and that is not tried: it keeps nothing"));
    assert_eq!(why(&steps, Upgrade), Some("its schema is frozen"));
    assert_eq!(why(&steps, Rollback), Some("it rests on upgrade, and that is not tried: its schema is frozen"));
    assert_eq!(why(&steps, OldBackup), why(&steps, Rollback));
    assert_eq!((why(&steps, Install), why(&steps, Smoke)), (None, None));
    let undeclared = planned("", &PlanOptions::default());
    assert!(undeclared.iter().all(|step| step.skip.is_none()), "{undeclared:?}");
}

#[test]
fn who_names_a_step_has_it_tried_with_what_it_rests_on() {
    let text = "[skip]\nbackup = \"it keeps nothing\"\n";
    let named = PlanOptions { steps: vec![Restore], named: true, ..PlanOptions::default() };
    assert!(planned(text, &named).iter().all(|step| step.skip.is_none()));
    // Steps that a machine chose, because a change can affect them, are not named.
    let chosen = PlanOptions { named: false, ..named };
    assert_eq!(why(&planned(text, &chosen), Backup), Some("it keeps nothing"));
}

#[test]
fn what_cannot_be_declared_is_refused_at_its_place() {
    for (text, place, words) in [
        ("[skip]\nrestroe = \"x\"\n", "t:2:1: unknown variant `restroe`", "did you mean `restore`?"),
        ("[skip]\nsmoke = \" \"\n", "t:2:9: it is empty: say why", "reads the report"),
        ("[skip]\nsmoke = true\n", "t:2:9: invalid type: boolean", "expected a string"),
        ("[skip]\nsmoke = \"x\"\ninstall = \"it is slow\"\n", "t:3:1: install cannot be skipped", "rests on it"),
        ("skip = [\"smoke\"]\n", "t:1:8: invalid type: sequence", "expected a map"),
    ] {
        let said = Scenario::parse("t", text).unwrap_err().to_string();
        assert!(said.starts_with(place) && said.contains(words), "{text}: {said}");
    }
}

#[test]
fn the_check_tells_what_is_skipped_and_what_that_means_for_the_level() {
    let folder = Folder::new();
    std::fs::write(folder.scenario(), "[skip]\nsmoke = \"no page is for people\"\n").unwrap();
    let (code, said, error) = taster(&["scenario", "check", folder.root().to_str().unwrap()]);
    assert!(code == 0 && said.contains("smoke is not tried: no page is for people"), "{said}{error}");
    assert!(said.contains("at least"), "{said}");
}

#[test]
fn the_schema_knows_the_steps_and_no_others() {
    let validator = jsonschema::validator_for(&Scenario::schema()).unwrap();
    for (value, fits) in [
        (serde_json::json!({ "skip": { "smoke": "why", "old-backup": "why" } }), true),
        (serde_json::json!({ "skip": { "install": "why" } }), false),
        (serde_json::json!({ "skip": { "smoke": "" } }), false),
        (serde_json::json!({ "skip": { "somke": "why" } }), false),
    ] {
        assert_eq!(validator.is_valid(&value), fits, "{value}");
    }
}
