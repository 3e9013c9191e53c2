//! Formats: what they show, and that they are what they say they are.

use serde_json::Value;
use taster::record::schemas;

use crate::command::{json, out, taster};
use crate::fixture::{Case, fixtures};

fn case(path: &str) -> Case {
    Case::make(&fixtures().join(path))
}

#[test]
fn people_see_the_lines_with_all_their_places() {
    let shown = out(&taster(&case("R010/bad-container-label").path(), &[]));
    insta::assert_snapshot!(shown, @r#"
    error[R010]: the sample has a `DOMAIN`, and no service has the deploy label `traefik.enable=true`
     --> compose.yml:5:3
      |
    5 |   app:
      |   ^^^
    ...
    8 |       - "traefik.enable=true"
      |         --------------------- a label of the container: Traefik does not read it
      |
     ::: .env.sample:3:1
      |
    3 | DOMAIN=teapot.example.com
      | ------ so the recipe is to be reached by the web
      |
      = help: add the label under `deploy: labels:`, or take `DOMAIN` out of the sample

    error[L201]: Traefik does not read the label `traefik.…` of the service `app`
      --> compose.yml:8:9
       |
     8 |       - "traefik.enable=true"
       |         ^^^^^^^^^^^^^^^^^^^^^ a label of the container
    ...
    30 |     deploy:
       |     ------ labels of the service belong here
       |
       = help: move it under `deploy:`, where the labels of the swarm service stand
       = fix: move the labels of the service `app` under `deploy:`: `taster lint --fix`

    not judged: R013: it is about the organisation's forge, which `taster lint` never asks; a scan of the organisation lists what is there
    not judged: I405, I406, I407: it needs answers from the network, and nobody asked
    not judged: V501, V502, V503, V504, V505, V506, V507, V508, V509, V510, V511, V513, V514, V515, V516, V517: there is no earlier release
    2 errors, 0 warnings in teapot
    "#);
}

#[test]
fn json_is_valid_by_the_published_schema() {
    let schema: Value = schemas().into_iter().find(|(name, _)| *name == "lint").unwrap().1;
    let validator = jsonschema::validator_for(&schema).unwrap();
    for path in ["R010/bad-container-label", "R001/bad", "C001/bad", "T801/good", "C003/bad"] {
        let report = json(&taster(&case(path).path(), &["--format", "json"]));
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{path}: {errors:?}");
        assert!(!validator.is_valid(&serde_json::json!({"schema": "taster.lint/1"})));
    }
}

#[test]
fn sarif_has_rules_regions_related_places_fixes_and_suppressions() {
    let sarif = |path: &str| json(&taster(&case(path).path(), &["--format", "sarif"]));
    let log = sarif("R010/bad-container-label");
    let run = &log["runs"][0];
    assert_eq!((log["version"].as_str(), run["columnKind"].as_str()), (Some("2.1.0"), Some("unicodeCodePoints")));
    let result = &run["results"][0];
    assert_eq!((result["ruleId"].as_str(), result["level"].as_str()), (Some("R010"), Some("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "compose.yml");
    assert_eq!((place["region"]["startLine"].as_u64(), place["region"]["startColumn"].as_u64()), (Some(5), Some(3)));
    assert_eq!(result["relatedLocations"].as_array().unwrap().len(), 2);
    let rules: Vec<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(rules.contains(&"R010") && rules.contains(&"C001"));
    let fixes = sarif("R001/bad");
    let change = &fixes["runs"][0]["results"][1]["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["replacements"][0]["insertedContent"]["text"], "\"3.8\"");
    let suppressed = sarif("T801/good");
    let result = &suppressed["runs"][0]["results"][0];
    assert_eq!(result["suppressions"][0]["kind"], "inSource");
    assert_eq!(result["suppressions"][0]["justification"], "upstream has no other tags");
    let failed = json(&taster(&fixtures(), &["--format", "sarif", "/no/such"]));
    assert_eq!(failed["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn junit_fails_for_errors_tells_warnings_and_skips_with_a_reason() {
    let shown = out(&taster(&case("R009/bad").path(), &["--format", "junit"]));
    assert!(shown.contains("failures=\"1\"") && shown.contains("no service is called"), "{shown}");
    assert!(shown.contains("<skipped") && shown.contains("nobody asked"), "{shown}");
    let warned = out(&taster(&case("R005/bad").path(), &["--format", "junit"]));
    assert!(warned.contains("failures=\"0\"") && warned.contains("does not read like a version"), "{warned}");
}

#[test]
fn what_is_wrong_with_the_file_of_the_commons_is_shown_in_every_format() {
    let case = case("R002/good");
    let config = "[[lint.ignore]]\nrule = \"R004\"\nreason = \"it was `latest` once\"\n";
    let here = case.path().parent().unwrap().to_owned();
    std::fs::write(here.join("taster.toml"), config).unwrap();
    let shown = |format: &str| out(&taster(&here, &["--format", format, "teapot"]));
    let human = shown("human");
    let place = "warning[T803]: this ignore of R004 silences nothing in what was judged\n --> taster.toml:2:8\n";
    assert!(human.contains(place) && human.contains("2 | rule = \"R004\"\n"), "{human}");
    assert!(human.ends_with("0 errors, 1 warning in teapot\n"), "{human}");
    let annotations = shown("annotations");
    assert!(
        annotations.starts_with("::warning file=taster.toml,line=2,endLine=2,col=8,endColumn=14,title=T803"),
        "{annotations}"
    );
    let markdown = shown("markdown");
    assert!(markdown.contains("| warn | <code>T803</code> | <code>taster.toml"), "{markdown}");
    let junit = shown("junit");
    let (_, suite) = junit.split_once("name=\"taster.toml\"").unwrap();
    assert!(suite.contains("T803 config-ignore-unused") && suite.matches("<testcase").count() == 1, "{suite}");
    let sarif: Value = serde_json::from_str(&shown("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "taster.toml");
    let report: Value = serde_json::from_str(&shown("json")).unwrap();
    assert_eq!(report["commons"]["findings"][0]["places"][0]["span"]["line"], 2);
    let schema: Value = schemas().into_iter().find(|(name, _)| *name == "lint").unwrap().1;
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&report), "{report:#}");
}

#[test]
fn annotations_lead_to_the_file_as_seen_from_the_workspace() {
    let case = case("R009/bad");
    let workspace = case.path().parent().unwrap().to_owned();
    let shown = out(&taster(&workspace, &["--format", "annotations", "./teapot"]));
    let expected = "::error file=teapot/compose.yml,line=4,endLine=4,col=1,endColumn=9,title=R009 app-service-missing::no service is called `app`%0A";
    assert!(shown.starts_with(expected), "{shown}");
}

#[test]
fn text_of_a_recipe_can_neither_steer_a_terminal_nor_format_a_comment() {
    let case = case("R002/good");
    let compose = "services:\n  app:\n    image: \"a\\e[31m`|<b>\"\n";
    std::fs::write(case.path().join("compose.yml"), compose).unwrap();
    std::fs::write(case.path().join(".env.sample"), "TYPE=teapot\n").unwrap();
    for format in ["human", "markdown", "annotations", "junit", "json", "sarif"] {
        let shown = out(&taster(&case.path(), &["--format", format]));
        assert!(shown.contains("no tag"), "{format}: {shown}");
        // JSON may name the character, no format may hold it.
        assert!(!shown.contains('\u{1b}'), "{format}: {shown:?}");
        assert!(format != "markdown" || !shown.contains("<b>"), "{shown}");
    }
}
