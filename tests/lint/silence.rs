//! Ignores, levels, baselines.

use std::path::Path;

use serde_json::Value;

use crate::command::{json, taster};
use crate::fixture::{Case, fixtures};

fn edit(path: &Path, file: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(path.join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(path.join(file), text.replacen(from, to, 1)).unwrap();
}

fn report(path: &Path, arguments: &[&str]) -> Value {
    json(&taster(path, &[&["--format", "json"], arguments].concat()))["recipes"][0].clone()
}

fn rules(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

fn silenced(report: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let all = report["silenced"].as_array().unwrap();
    all.iter().map(|one| (word(&one["finding"]["rule"]), word(&one["by"]))).collect()
}

fn of(rule: &str, by: &str) -> (String, String) {
    (rule.to_owned(), by.to_owned())
}

#[test]
fn a_comment_silences_on_its_line_and_above_and_nowhere_else() {
    let bad = || Case::make(&fixtures().join("R005/bad"));
    let image = "    image: postgres:bookworm\n";
    for silencing in [
        "    image: postgres:bookworm # taster: ignore[R005] upstream has no other\n".to_owned(),
        format!("    # taster: ignore[image-tag-not-semver] upstream has no other\n{image}"),
        format!("    # taster: ignore[R005] upstream has no other\n    # another comment\n\n{image}"),
    ] {
        let case = bad();
        edit(&case.path(), "compose.yml", image, &silencing);
        let report = report(&case.path(), &[]);
        assert_eq!((rules(&report), silenced(&report)), (vec![], vec![of("R005", "comment")]), "{silencing}");
        assert_eq!(report["silenced"][0]["reason"], "upstream has no other");
    }
    for (elsewhere, found) in [
        (format!("{image}    # taster: ignore[R005] below\n"), ["R005", "T801"]),
        (format!("    # taster: ignore[R004] another rule\n{image}"), ["T801", "R005"]),
        ("    image: postgres:bookworm # taster: ignore[R005]\n".to_owned(), ["R005", "T802"]),
    ] {
        let case = bad();
        edit(&case.path(), "compose.yml", image, &elsewhere);
        assert_eq!(rules(&report(&case.path(), &[])), found, "{elsewhere}");
    }
}

#[test]
fn the_commons_sets_levels_and_silences_by_rule_recipe_and_path() {
    let case = Case::make(&fixtures().join("R005/bad"));
    let judged = |config: &str| {
        std::fs::write(case.path().join("../taster.toml"), config).unwrap();
        let output = taster(&case.path(), &["--format", "json", "--config", "../taster.toml"]);
        let report = json(&output);
        (report["recipes"][0].clone(), output.status.code(), report["commons"].clone())
    };
    let (report, code, _) = judged("[lint.levels]\nR005 = \"error\"\n");
    assert_eq!((report["findings"][0]["level"].as_str(), code), (Some("error"), Some(1)));
    let (report, _, _) = judged("[lint.levels]\nimage-tag-not-semver = \"off\"\n");
    assert!(rules(&report).is_empty());
    assert!(report["skipped"].as_array().unwrap().iter().any(|skip| skip["rule"] == "R005"), "never silently absent");

    let ignore = |more: &str| format!("[[lint.ignore]]\nrule = \"R005\"\nreason = \"they know\"\n{more}\n");
    for (more, fits) in [
        ("", true),
        ("path = \"compose*.yml\"", true),
        ("recipe = \"tea*\"\npath = \"**/compose.yml\"", true),
        ("path = \"compose.smtp.yml\"", false),
        ("recipe = \"coffee\"", false),
    ] {
        let (report, _, commons) = judged(&ignore(more));
        let expected = if fits { vec![of("R005", "config")] } else { vec![] };
        assert_eq!(silenced(&report), expected, "{more}");
        // One that could have silenced something and did not is a finding; one for another recipe is not.
        let expected = if more.contains("smtp") { vec!["T803".to_owned()] } else { vec![] };
        let found = if commons.is_null() { vec![] } else { rules(&commons) };
        assert_eq!(found, expected, "{more}: {commons}");
    }
}

#[test]
fn an_unused_ignore_is_one_whose_rule_was_judged() {
    let case = Case::make(&fixtures().join("R002/good"));
    let path = case.path().parent().unwrap().to_owned();
    let found = |rule: &str, more: &str, arguments: &[&str]| {
        let config = format!("{more}[[lint.ignore]]\nrule = \"{rule}\"\nreason = \"they know\"\n");
        std::fs::write(path.join("taster.toml"), config).unwrap();
        let output = taster(&path, &[&["--format", "json", "teapot"], arguments].concat());
        let report = json(&output);
        let commons = &report["commons"];
        let found = if commons.is_null() { vec![] } else { rules(commons) };
        assert_eq!(report["counts"]["warn"].as_u64().unwrap() as usize, found.len(), "{report:#}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "a finding is no warning on standard error");
        (found, output.status.code())
    };
    let unused = (vec!["T803".to_owned()], Some(0));
    let nothing = (vec![], Some(0));
    assert_eq!(found("S101", "", &[]), unused);
    assert_eq!(found("I405", "", &[]), nothing, "nobody asked the registries");
    assert_eq!(found("V501", "", &[]), nothing, "there is no earlier release");
    assert_eq!(found("S101", "[lint.levels]\nS101 = \"off\"\n", &[]), nothing, "it is switched off");
    assert_eq!(found("S101", "[lint.levels]\nT803 = \"off\"\n", &[]), nothing);
    // As abra merges it, the base only loads with a default there.
    edit(&case.path(), "compose.smtp.yml", ":?set SMTP_HOST to the mail server", ":-mail.example.com");
    assert_eq!(found("S101", "", &["--abra"]), nothing, "abra has no such rule");
    assert_eq!(found("R004", "", &["--abra"]), unused);
    let config = "[lint.levels]\nT803 = \"error\"\n[[lint.ignore]]\nrule = \"S101\"\nreason = \"they know\"\n";
    std::fs::write(path.join("taster.toml"), config).unwrap();
    assert_eq!(taster(&path, &["teapot"]).status.code(), Some(1));
    // What one of several recipes needs is used.
    let other = Case::make(&fixtures().join("R005/bad"));
    std::fs::write(path.join("taster.toml"), "[[lint.ignore]]\nrule = \"R005\"\nreason = \"they know\"\n").unwrap();
    let report = json(&taster(&path, &["--format", "json", "teapot", other.path().to_str().unwrap()]));
    assert!(report["commons"].is_null(), "{report:#}");
    assert_eq!(report["recipes"][1]["silenced"].as_array().unwrap().len(), 1);
}

#[test]
fn the_commons_silences_findings_about_comments_too() {
    let case = Case::make(&fixtures().join("T801/bad"));
    let path = case.path().parent().unwrap().to_owned();
    std::fs::write(path.join("taster.toml"), "[[lint.ignore]]\nrule = \"T801\"\nreason = \"they know\"\n").unwrap();
    let report = report(&path, &["teapot"]);
    assert_eq!((rules(&report), silenced(&report)), (vec![], vec![of("T801", "config")]));
}

#[test]
fn a_wrong_configuration_is_told_with_what_was_meant() {
    let case = Case::make(&fixtures().join("R002/good"));
    for (config, said) in [
        ("[lint.levels]\nhealthcheck-mising = \"off\"\n", "there is no such rule; did you mean `healthcheck-missing`?"),
        ("[[lint.ignore]]\nrule = \"R002\"\nreason = \" \"\n", "gives no reason"),
        ("[[lint.ignore]]\nrule = \"R002\"\nreason = \"x\"\npath = \"[\"\n", "the pattern `[`, which cannot be read"),
        ("[lnt]\n", "taster.toml:1:2: unknown field `lnt`"),
    ] {
        std::fs::write(case.path().join("taster.toml"), config).unwrap();
        let output = taster(&case.path(), &[]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(said) && output.status.code() == Some(2), "{config}: {told}");
    }
}

#[test]
fn lesson_38_a_baseline_lets_only_what_is_new_count() {
    let case = Case::make(&fixtures().join("R009/bad"));
    let path = case.path();
    let before = taster(&path, &["--format", "json"]);
    assert_eq!(before.status.code(), Some(1));
    std::fs::write(path.join("../baseline.json"), &before.stdout).unwrap();
    let again = taster(&path, &["--format", "json", "--baseline", "../baseline.json"]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(silenced(&json(&again)["recipes"][0]), [of("R009", "baseline")]);
    // Lines may move, and what is new counts.
    edit(&path, "compose.yml", "services:\n", "# moved\n\nservices:\n");
    edit(&path, "compose.yml", "image: postgres:16.4", "image: postgres:latest");
    let report = report(&path, &["--baseline", "../baseline.json"]);
    assert_eq!(rules(&report), ["R004", "R005"]);
    std::fs::write(path.join("../baseline.json"), "{}").unwrap();
    let output = taster(&path, &["--baseline", "../baseline.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot use the baseline ../baseline.json"));
}

#[test]
fn lesson_38_new_rules_warn_first() {
    let case = Case::make(&fixtures().join("R009/bad"));
    let output = taster(&case.path(), &["--rules-as-of", "0.0.9"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(taster(&case.path(), &["--rules-as-of", "0.1.0"]).status.code(), Some(1));
}
