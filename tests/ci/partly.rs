//! What a comment says of a run that tried part of the plan, and of errors of the linter that the base has too.

use std::process::Command;

use serde_json::json;
use taster::record::Outcome;

use crate::artefact::{Made, archive};
use crate::comment::{BASE, Forge, HEAD};
use crate::world::Ran;

/// What the change can affect, as a job leaves it: lint was tried, and everything else was not.
fn change(because: &str) -> String {
    let step = |kind: &str| json!({ "kind": kind, "tried": kind == "lint", "because": [because] });
    let kinds =
        ["lint", "install", "restart", "redeploy", "backup", "restore", "smoke", "upgrade", "rollback", "leftovers"];
    let variants = json!([{ "variant": "smtp", "tried": false, "because": because }]);
    let change = json!({
        "schema": "taster.change/1", "recipe": "teapot", "base": "main", "base_commit": BASE,
        "candidate": { "commit": HEAD, "dirty": false }, "files": [], "services": [], "steps": kinds.map(step), "variants": variants,
    });
    change.to_string()
}

/// The artefact of a run in which lint alone was tried, with other files of its folder.
pub(crate) fn lint_alone(outcome: Outcome, files: &[(&str, &str)]) -> Vec<u8> {
    let left_out = vec!["install@smtp (not asked for)".to_owned()];
    let log = Made { lint: Some(outcome), left_out, ..Made::of(HEAD, Outcome::Passed) }.log();
    let mut all: Vec<(&str, &[u8])> = vec![("r/events.ndjson", &log)];
    all.extend(files.iter().map(|(name, text)| (*name, text.as_bytes())));
    archive(&all)
}

#[test]
fn a_run_that_tried_part_of_the_plan_does_not_look_like_a_lost_level() {
    let forge = Forge::new();
    let history = forge.history(BASE, Outcome::Passed).display().to_string();
    let nasty = "@everyone </code><script> | [x](https://evil.example)";
    forge.left(lint_alone(Outcome::Passed, &[("r/change.json", &change(nasty))]));
    assert_eq!(forge.comment(&["--history", &history]).code, 0);
    let body = forge.body();
    // Nobody tried the variant in either run, so level 2 is not reached by what was taken over.
    assert!(body.contains("### taster: passed · at least level 3 → at least level 1\n"), "{body}");
    for words in [
        "**Tried in part:**",
        "neither passed nor failed",
        "4 step(s) taken over",
        "<code>restart</code> | not tried |",
    ] {
        assert!(body.contains(words), "{words}: {body}");
    }
    assert!(!body.contains("<script>") && !body.contains("@everyone") && !body.contains("](https"), "{body}");
    let (state, description) = forge.statuses().pop().unwrap();
    assert_eq!(state, "success");
    assert_eq!(description, "at least level 1, tried in part (base: at least level 3), gate regression: passed");
}

#[test]
fn what_a_job_says_about_another_change_or_no_change_at_all_takes_nothing_over() {
    let other = change("x").replace(HEAD, BASE);
    let broken = "{\"schema\":\"taster.change/1\"";
    let foreign = change("x").replace("taster.change/1", "taster.change/9");
    for files in [
        vec![],
        vec![("r/change.json", other.as_str())],
        vec![("r/change.json", broken)],
        vec![("r/change.json", &foreign)],
    ] {
        let forge = Forge::new();
        let history = forge.history(BASE, Outcome::Passed).display().to_string();
        forge.left(lint_alone(Outcome::Passed, &files));
        assert_eq!(forge.comment(&["--history", &history]).code, 0);
        let body = forge.body();
        assert!(body.contains("→ at least level 0\n") && !body.contains("taken over"), "{files:?}: {body}");
    }
}

/// A bare repository of a recipe whose overlay is broken, as a trusted job clones it; and the commit.
fn base_repository(forge: &Forge) -> (String, String) {
    let world = crate::world::World::new();
    world.write("compose.smtp.yml", crate::world::BROKEN);
    let commit = world.commit("broken since long");
    let bare = forge.dir.path().join("base.git");
    let from = world.repository().display().to_string();
    crate::world::git(forge.dir.path(), &["clone", "--quiet", "--bare", &from, "base.git"]);
    (bare.display().to_string(), commit)
}

/// What the linter finds in the recipe with the broken overlay, with one more error or without.
fn findings(repository: &str, commit: &str, more: bool) -> String {
    let ran: Ran = Command::new(env!("CARGO_BIN_EXE_taster"))
        .args(["lint", "--format", "json", "--at", commit, repository])
        .output()
        .unwrap()
        .into();
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let mut found = report["recipes"][0]["findings"].as_array().unwrap().clone();
    if more {
        let mut another = found.iter().find(|one| one["level"] == "error").unwrap().clone();
        another["message"] = "another one of @everyone".into();
        found.push(another);
    }
    serde_json::Value::Array(found).to_string()
}

#[test]
fn new_errors_of_the_linter_are_told_from_those_that_the_base_has() {
    for (more, state, words) in [
        (false, "success", "the base has all of these errors"),
        (true, "failure", "with errors that the base does not have"),
    ] {
        let forge = Forge::new();
        let (repository, commit) = base_repository(&forge);
        // The base has moved on since, to a commit that the repository need not have.
        forge.server.set(|state| {
            state.repositories.pulls = vec![(7, HEAD.to_owned(), BASE.to_owned())];
            state.repositories.merge_base = Some(commit.clone());
        });
        let found = findings(&repository, &commit, more);
        forge.left(lint_alone(Outcome::Failed, &[("r/lint.json", &found)]));
        let ran = forge.comment(&["--base-repository", &repository]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let body = forge.body();
        assert!(body.contains(words) && body.contains("old, the base has it too"), "{more}: {body}");
        assert_eq!(body.contains("  - new: <code>"), more, "{body}");
        assert!(!body.contains("@everyone") && !ran.out.contains("another one"), "{body}");
        assert_eq!(forge.statuses()[0].0, state, "{body}");
    }
}

#[test]
fn without_the_bases_files_errors_are_counted_and_a_list_without_any_counts_for_nothing() {
    let line = |forge: &Forge, errors: usize| {
        let folder = forge.history(BASE, Outcome::Passed);
        let file = folder.join("teapot.jsonl");
        let mut line: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        line["findings"] = json!({ "error": errors, "warn": 0, "info": 0 });
        let outcome = if errors == 0 { "passed" } else { "failed" };
        let lint =
            json!({ "id": "lint@default", "kind": "lint", "variant": "default", "outcome": outcome, "seconds": 1.0 });
        line["steps"].as_array_mut().unwrap().push(lint);
        std::fs::write(&file, format!("{line}\n")).unwrap();
        folder.display().to_string()
    };
    let helper = Forge::new();
    let (repository, commit) = base_repository(&helper);
    let found = findings(&repository, &commit, true);
    let errors = found.matches("\"level\":\"error\"").count();
    for (before, state, words) in [
        (errors, "success", "whether they are the same ones is not known here"),
        (errors - 1, "failure", "the base had errors too, known by their number alone"),
        (0, "failure", "the base passed it"),
    ] {
        let forge = Forge::new();
        let history = line(&forge, before);
        forge.left(lint_alone(Outcome::Failed, &[("r/lint.json", &found)]));
        assert_eq!(forge.comment(&["--history", &history]).code, 0);
        let body = forge.body();
        assert!(body.contains(words), "{before}: {body}");
        assert_eq!(forge.statuses()[0].0, state, "{before}: {body}");
    }
    // The linter failed, and the list has no error: nothing is known, and the failure counts.
    let forge = Forge::new();
    forge.left(lint_alone(Outcome::Failed, &[("r/lint.json", "[]")]));
    let ran = forge.comment(&["--base-repository", &repository]);
    assert!(ran.code == 0 && forge.statuses()[0].0 == "failure", "{}", forge.body());
    // A repository without the commit is said.
    let forge = Forge::new();
    forge.left(lint_alone(Outcome::Failed, &[("r/lint.json", &found)]));
    assert_eq!(forge.comment(&["--base-repository", &repository]).code, 0);
    assert!(forge.body().contains("could not be judged by the linter here"), "{}", forge.body());
    assert_eq!(forge.statuses()[0].0, "failure");
}

#[test]
fn a_huge_change_and_huge_findings_make_a_comment_that_a_forge_takes() {
    let forge = Forge::new();
    let change = change(&"@<|".repeat(20_000));
    let (repository, commit) = base_repository(&forge);
    let mut found: Vec<serde_json::Value> = serde_json::from_str(&findings(&repository, &commit, true)).unwrap();
    let error = found.iter().find(|one| one["level"] == "error").unwrap().clone();
    found.extend((0..500).map(|number| {
        let mut error = error.clone();
        error["message"] = format!("{number}{}", "@<|".repeat(500)).into();
        error
    }));
    let found = serde_json::Value::Array(found).to_string();
    forge.server.set(|state| state.repositories.merge_base = Some(commit));
    forge.left(lint_alone(Outcome::Failed, &[("r/change.json", &change), ("r/lint.json", &found)]));
    let ran = forge.comment(&["--base-repository", &repository]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let body = forge.body();
    assert!(body.len() < 64 << 10, "{} bytes", body.len());
    assert!(body.contains("too long for a comment") && body.contains("**Tried in part:**"), "{body}");
}
