//! Recipes that run beside the one under test.

use taster::record::Fact;
use taster::record::Outcome::{Blocked, Errored, Failed};
use taster::record::StepKind::{Install, Leftovers, Redeploy, Restart};

use crate::compose::routed;
use crate::support::{Recipe, everything};

/// An app that ends at once when the other recipe's app is not there, and whose page is one that it fetches from the other's own address.
fn needy(name: &str, scenario: &str) -> Recipe {
    let service = "environment:\n  - DEMO_NEEDS=helper_test_app:8080\n  - DEMO_CALL=https://helper.test/healthz\n\
                   healthcheck:\n  test: [\"CMD\", \"demo-app\", \"health\"]\n  interval: 1s\n  timeout: 3s\n  retries: 5";
    Recipe::new(name, &routed(service, "")).scenario(&format!("{scenario}\n[ready]\npath = \"/call\"\n"))
}

/// Puts the other recipe beside it.
fn helper(recipe: Recipe, more: &str) -> Recipe {
    let compose = routed(&format!("environment:\n  - DEMO_LISTEN=0.0.0.0:8080\n{more}"), "");
    let sample = "TYPE=something-else\nDOMAIN=helper.example.com\nGREETING=\n";
    recipe.file("../helper/compose.yml", compose).file("../helper/.env.sample", sample)
}

#[test]
fn a_recipe_that_is_needed_is_up_before_the_install_answers_at_its_own_address_and_goes_last() {
    let recipe = helper(
        needy("needy", "[needs.helper]\nenv = { GREETING = \"hello\" }\n"),
        "  - GREETING=${GREETING:?no greeting}\n",
    );
    let tried = recipe.steps(&[Restart, Leftovers]);
    tried.passed();
    let deployed: Vec<&str> = tried.facts(|fact| match fact {
        Fact::Deployed { stack, .. } => vec![stack.as_str()],
        _ => Vec::new(),
    });
    assert_eq!(deployed[..2], ["helper_test", "needy_test"], "{deployed:?}");
    let beside: Vec<&String> = tried.facts(|fact| match fact {
        Fact::Plan { beside, .. } => beside.iter().collect(),
        _ => Vec::new(),
    });
    assert_eq!(beside, ["helper"]);
    assert!(tried.notes().contains("beside it runs helper"), "{}", tried.notes());
    assert!(everything(tried.step(Install)).contains("https://needy.test/call"), "{:#?}", tried.step(Install));
    // What the other recipe has is not the one's.
    assert!(!everything(tried.step(Leftovers)).contains("helper"), "{:#?}", tried.step(Leftovers));
    assert_eq!(tried.ended.summary.services.len(), 1, "{:#?}", tried.ended.summary.services);
}

#[test]
fn a_needed_recipe_that_does_not_come_up_is_no_fault_of_the_one_that_needs_it() {
    let tried = helper(needy("alone", "[needs.helper]\n"), "  - DEMO_FAULT=exit:1\n").steps(&[Restart]);
    let step = tried.step(Install);
    assert_eq!((step.outcome, step.class.as_deref(), tried.ended.exit), (Blocked, Some("need"), 3), "{step:#?}");
    for words in ["helper, which the scenario needs beside it, does not come up", "exits with 1"] {
        assert!(step.reason.contains(words), "{step:#?}");
    }
    assert_eq!(tried.step(Restart).outcome, Blocked);
}

#[test]
fn a_needed_recipe_that_is_nowhere_is_told_with_where_it_was_looked_for() {
    let recipe = needy("nowhere", "[needs.helper]\n");
    let tried = recipe.install();
    let step = tried.ended_so(Install, Errored, "need", &["there is none in", "--needs"]);
    let folder = std::fs::canonicalize(recipe.path()).unwrap();
    assert!(step.reason.contains(folder.parent().unwrap().to_str().unwrap()), "{step:#?}");
}

#[test]
fn in_full_what_fails_while_a_needed_recipe_is_down_is_not_held_against_the_one_that_needs_it() {
    // It ends after a while, and is never started again.
    let dies = "restart_policy:\n  condition: none\n";
    let compose = routed("environment:\n  - DEMO_FAULT=exit:1@10", dies);
    let recipe = helper(needy("bereft", "[needs.helper]\n"), "").file("../helper/compose.yml", compose);
    let tried = recipe.steps(&[Restart, Redeploy]);
    let steps = &tried.ended.summary.steps;
    assert!(steps.iter().all(|step| step.outcome != Failed), "{steps:#?}");
    let excused = steps.iter().find(|step| step.outcome == Errored).unwrap_or_else(|| panic!("{steps:#?}"));
    assert_eq!((excused.class.as_deref(), tried.ended.exit), (Some("need"), 4), "{excused:#?}");
    assert!(
        excused.reason.starts_with("app of helper, which it needs beside it, does not run any more"),
        "{excused:#?}"
    );
}
