//! The step `lint`: its findings count, and hide nothing that a node shows.

use taster::lint::FAMILIES;
use taster::record::Outcome::{Failed, Passed};
use taster::record::StepKind;
use taster::trial::Ended;

use crate::compose::{ROUTE, app, routed};
use crate::support::{Recipe, taster};

/// A recipe with this line in its service, and what else every recipe has.
fn recipe(name: &str, line: &str) -> Recipe {
    Recipe::new(name, &routed(line, ""))
}

/// A recipe with a hook where no backup is switched on: an error, and no obstacle to an install.
fn hooked(name: &str) -> Recipe {
    Recipe::new(name, &app("", "", &format!("{ROUTE}        - \"backupbot.backup.pre-hook=true\"\n")))
}

fn errors(ended: &Ended) -> usize {
    ended.summary.findings.as_ref().unwrap().error
}

#[test]
fn linter_errors_fail_the_step_and_bar_nothing_on_the_node() {
    let linted = hooked("linted");
    let tried = linted.steps(&[StepKind::Lint, StepKind::Install]);
    let lint = tried.step(StepKind::Lint);
    assert_eq!((lint.outcome, lint.class.as_deref()), (Failed, Some("lint-errors")), "{lint:#?}");
    assert!(lint.reason.contains("error["), "{lint:#?}");
    assert_eq!(tried.step(StepKind::Install).outcome, Passed);
    assert_eq!((tried.ended.exit, tried.ended.summary.level), (1, 1));
    assert!(errors(&tried.ended) > 0);
    let kept = std::fs::read_to_string(tried.ended.folder.join("lint.json")).unwrap();
    let findings: Vec<taster::record::Finding> = serde_json::from_str(&kept).unwrap();
    assert!(findings.iter().any(|finding| finding.rule == "L216"), "{kept}");
    let without = recipe("unlinted", "").install();
    assert_eq!(without.ended.summary.findings, None, "nobody asked the linter");
}

/// A run that only lints, with what the commons decides: exit code and text.
fn only_lint(recipe: &Recipe, config: Option<&str>) -> (i32, String) {
    let file = recipe.path().with_extension("toml");
    let mut arguments = vec!["--step", "lint"];
    if let Some(text) = config {
        std::fs::write(&file, text).unwrap();
        arguments.extend(["--config", file.to_str().unwrap()]);
    }
    let said = recipe.taster(&arguments);
    assert!(!said.text.contains("node-ready"), "no node is needed: {}", said.text);
    (said.code, said.text)
}

#[test]
fn the_commons_may_waive_errors() {
    let recipe = hooked("waived");
    let (code, text) = only_lint(&recipe, None);
    assert!(code == 1 && text.contains("error["), "{text}");
    let off = FAMILIES.iter().flat_map(|family| family.rules).map(|rule| format!("{} = \"off\"\n", rule.id));
    let (code, text) = only_lint(&recipe, Some(&format!("[lint.levels]\n{}", off.collect::<String>())));
    assert_eq!(code, 0, "{text}");
    let (code, text) = only_lint(&recipe, Some("[lint.levels]\nR0O2 = \"off\"\n"));
    assert!(code == 2 && text.contains("no such rule"), "{text}");
}

#[test]
fn what_a_recipe_silences_itself_counts_all_the_same() {
    let recipe = recipe("silenced", "container_name: tea # taster: ignore[S102] it is fine");
    let shown = taster(&["lint", recipe.path().to_str().unwrap()]).text;
    assert!(!shown.contains("[S102]"), "{shown}");
    let tried = recipe.steps(&[StepKind::Lint]);
    let kept = std::fs::read_to_string(tried.ended.folder.join("lint.json")).unwrap();
    assert!(kept.contains("\"S102\""), "{kept}");
}
