//! Declared variants: each must install, from nothing (design.md §3.3, levels 1 and 2).

use taster::record::Outcome::{Failed, Passed};
use taster::record::{Outcome, StepKind};

use crate::compose::routed;
use crate::support::{Recipe, Tried};

const READY: &str = "[ready]\npath = \"/healthz\"\n";

fn outcome_of(tried: &Tried, id: &str) -> Outcome {
    tried.ended.summary.steps.iter().find(|step| step.id == id).unwrap_or_else(|| panic!("no {id}")).outcome
}

/// A recipe with an overlay that plants `fault`, as the variant `greedy`.
fn with_overlay(name: &str, fault: &str) -> Recipe {
    let overlay = format!(
        "version: \"3.8\"\nservices:\n  app:\n    environment:\n      - DEMO_FAULT={fault}\n      - GREETING=${{GREETING:?}}\n"
    );
    Recipe::new(name, &routed("", "")).file("compose.greedy.yml", overlay).scenario(&format!(
        "{READY}[variants.greedy]\ncompose = [\"compose.yml\", \"compose.greedy.yml\"]\nenv = {{ GREETING = \"hello\" }}\n"
    ))
}

#[test]
fn a_variant_that_installs_and_one_that_does_not() {
    let tried = with_overlay("varied", "ignore-term").install();
    tried.passed();
    assert_eq!(outcome_of(&tried, "install@greedy"), Passed);
    let tried = with_overlay("half", "exit:1").install();
    assert_eq!((outcome_of(&tried, "install@default"), outcome_of(&tried, "install@greedy")), (Passed, Failed));
    assert_eq!((tried.ended.exit, tried.ended.summary.level, tried.ended.summary.level_is_at_least), (1, 1, false));
}

#[test]
fn a_variant_that_nobody_declared_is_a_mistake_of_usage() {
    let recipe = with_overlay("asked", "ignore-term");
    recipe.taster(&["--variant", "gready"]).expect(2, &["declares no variant gready", "greedy"]);
    let mut options = recipe.options();
    options.plan.steps = vec![StepKind::Restart];
    let tried = recipe.run(&options);
    assert_eq!((tried.ended.exit, tried.ended.summary.level, tried.ended.summary.level_is_at_least), (0, 1, true));
}

/// A recipe with an overlay that nothing declares.
fn undeclared(name: &str, fault: &str) -> Recipe {
    let overlay = format!(
        "version: \"3.8\"\nservices:\n  app:\n    environment:\n      - DEMO_FAULT={fault}\n      - GREETING=${{GREETING:?}}\n"
    );
    let sample = format!("TYPE={name}\nDOMAIN={name}.example.com\n#GREETING=hello\n");
    Recipe::new(name, &routed("", "")).file("compose.greedy.yml", overlay).file(".env.sample", sample).scenario(READY)
}

#[test]
fn a_guessed_variant_informs_and_counts_for_nothing() {
    let recipe = undeclared("guessed", "exit:1");
    let tried = recipe.install();
    let plan: Vec<&String> = tried.facts(|fact| match fact {
        taster::record::Fact::Plan { left_out, .. } => left_out.iter().collect(),
        _ => Vec::new(),
    });
    assert!(
        plan.iter().any(|words| words.starts_with("install@guessed:greedy (an overlay that nothing declares")),
        "{plan:?}"
    );
    let level = (tried.ended.summary.level, tried.ended.summary.level_is_at_least);
    let mut options = recipe.options();
    options.plan.variants = vec!["guessed:greedy".to_owned()];
    let tried = recipe.run(&options);
    let guess = tried.ended.summary.steps.iter().find(|step| step.id == "install@guessed:greedy").unwrap();
    assert_eq!(
        (guess.outcome, guess.class.as_deref(), guess.structural),
        (Outcome::Skipped, Some("guessed"), false),
        "{guess:#?}"
    );
    let said = crate::support::everything(guess);
    assert!(said.contains("it does not install: app") && said.contains("counts for no level"), "{said}");
    assert_eq!((tried.ended.exit, (tried.ended.summary.level, tried.ended.summary.level_is_at_least)), (0, level));
}

#[test]
fn a_guessed_variant_gets_the_options_that_the_sample_has_commented_out() {
    let recipe = undeclared("guessed-well", "ignore-term");
    let mut options = recipe.options();
    options.plan.full = true;
    let tried = recipe.run(&options);
    assert_eq!(outcome_of(&tried, "install@guessed:greedy"), Passed);
}
