//! Steps that a scenario declares as skipped: told, and proof of nothing (design.md §3.2).

use taster::record::Outcome::{Passed, Skipped};
use taster::record::StepKind::{Backup, Redeploy, Restart, Restore, Upgrade};
use taster::record::{Fact, StepKind};

use crate::compose::routed;
use crate::support::Recipe;

const WHY: &str = "what it keeps is a copy of another service";

/// The demo app with its notes in a volume that nothing backs up, which it declares to be right.
fn unsaved(name: &str) -> Recipe {
    let service = "healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 30\n\
                   stop_grace_period: 2s\nvolumes:\n  - notes:/data\n";
    let compose = format!("{}volumes:\n  notes:\n", routed(service, ""));
    Recipe::new(name, &compose).scenario(&format!(
        "[skip]\nbackup = \"{WHY}\"\n[[seed]]\nservice = \"app\"\nrun = \"demo-app add 'buy tea'\"\n"
    ))
}

#[test]
fn a_declared_skip_is_told_and_caps_the_level_and_who_names_the_step_has_it_tried() {
    let recipe = unsaved("unsaved");
    let tried = recipe.steps(&[Restart, Redeploy, Restore, Upgrade]);
    for (kind, reason) in [
        (Backup, format!("declared in the scenario: {WHY}")),
        (Restore, format!("declared in the scenario: it rests on backup, and that is not tried: {WHY}")),
    ] {
        let step = tried.step(kind);
        assert_eq!(
            (step.outcome, step.structural, step.class.as_deref()),
            (Skipped, false, Some("declared")),
            "{step:#?}"
        );
        assert_eq!(step.reason, reason);
        let advice = step.advice.as_deref().unwrap();
        assert!(advice.contains(&format!("taster test --step {}", kind.word())) && advice.contains("history.waive"));
    }
    assert_eq!(tried.step(Restart).outcome, Passed);
    let planned: Vec<StepKind> = tried.facts(|fact| match fact {
        Fact::Plan { steps, .. } => steps.iter().filter(|step| step.skip.is_some()).map(|step| step.kind).collect(),
        _ => Vec::new(),
    });
    assert_eq!(planned, [Backup, Restore], "the plan says so first");
    // Without the declaration the same recipe fails level 4; with it nobody knows.
    let summary = &tried.ended.summary;
    assert_eq!((summary.level, summary.level_is_at_least, tried.ended.exit), (3, true, 0), "{summary:#?}");

    recipe.taster(&["--step", "backup"]).expect(1, &["backup failed", "the run wrote to notes", "level 1"]);
}
