//! The command: exit codes, many recipes, pipes, revisions.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::fixture::{Case, fixtures, git};

pub(crate) fn taster(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_taster"))
        .current_dir(directory)
        .arg("lint")
        .args(arguments)
        .env_remove("TASTER_CONFIG")
        .output()
        .unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn case(path: &str) -> Case {
    Case::make(&fixtures().join(path))
}

#[test]
fn exit_codes_are_those_of_the_design() {
    let (good, warned, bad) = (case("R002/good"), case("R002/bad"), case("R009/bad"));
    let code = |case: &Case, arguments: &[&str]| taster(&case.path(), arguments).status.code();
    assert_eq!(code(&good, &[]), Some(0));
    assert_eq!(code(&warned, &[]), Some(0), "warnings are no errors");
    assert_eq!(code(&bad, &[]), Some(1));
    assert_eq!(code(&good, &["/no/such/recipe"]), Some(2));
    assert_eq!(code(&good, &["--at", "9.9.9+9"]), Some(2));
    assert_eq!(code(&good, &["--explain", "R999"]), Some(2));
    assert_eq!(code(&good, &["--config", "/no/such/file"]), Some(2));
    assert_eq!(code(&good, &["--since", "9.9.9+9"]), Some(2), "nothing was compared");
    assert_eq!(code(&good, &["--rules-as-of", "banana"]), Some(2));
    let bad = bad.path();
    assert_eq!(code(&good, &[".", bad.to_str().unwrap(), "/no/such/recipe"]), Some(2), "usage is worst");
}

#[test]
fn one_broken_recipe_never_stops_the_others() {
    let (good, bad) = (case("R002/good"), case("R009/bad"));
    let empty = tempfile::tempdir().unwrap();
    let binary = case("R002/good");
    std::fs::write(binary.path().join("compose.yml"), [0u8, 159, 146, 150, b'\n', 0]).unwrap();
    let paths: Vec<PathBuf> = vec![empty.path().to_owned(), binary.path(), bad.path(), good.path(), "/no/such".into()];
    let words: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let output = taster(empty.path(), &[&["--format", "json"], words.as_slice()].concat());
    let report = json(&output);
    let recipes = report["recipes"].as_array().unwrap();
    assert_eq!(recipes.len(), 5, "{report:#}");
    let rules = |at: usize| -> Vec<&str> {
        recipes[at]["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
    };
    assert_eq!(rules(0), ["C001"]);
    assert!(rules(1).contains(&"C002"), "{:?}", rules(1));
    assert_eq!(rules(2), ["R009"]);
    assert!(rules(3).is_empty());
    assert!(recipes[4]["error"].as_str().unwrap().contains("no such path"));
    assert_eq!(report["counts"]["error"].as_u64().unwrap() as usize, 1 + rules(1).len() + 1);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_folder_of_recipes_is_each_of_them_and_says_so() {
    let (good, bad) = (case("R002/good"), case("R009/bad"));
    let commons = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(good.path(), commons.path().join("kettle")).unwrap();
    std::fs::rename(bad.path(), commons.path().join("samovar")).unwrap();
    std::fs::create_dir(commons.path().join("papers")).unwrap();
    std::fs::create_dir(commons.path().join(".cache")).unwrap();
    let output = taster(commons.path(), &["--format", "json"]);
    let report = json(&output);
    let names: Vec<&str> =
        report["recipes"].as_array().unwrap().iter().map(|recipe| recipe["path"].as_str().unwrap()).collect();
    assert_eq!(names, ["./kettle", "./samovar"]);
    assert_eq!(report["counts"]["error"], 1);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(told, "note: . is no recipe, and holds 2, which are judged; no compose file is in papers\n");

    let at = taster(commons.path(), &["--at", "1.2.0+1.27.2", "--format", "json"]);
    assert_eq!(json(&at)["recipes"].as_array().unwrap().len(), 2, "{at:?}");
    let papers = commons.path().join("papers");
    assert!(out(&taster(&papers, &[])).contains("[C001]"), "a folder without recipes is told to be none");
    assert_eq!(taster(&papers, &[]).status.code(), Some(1));
}

#[test]
fn lesson_36_a_large_report_through_a_pipe_is_whole() {
    let bad = case("R003/bad");
    let path = bad.path();
    let paths = vec![path.to_str().unwrap(); 60];
    for format in ["json", "sarif"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_taster"))
            .args(["lint", "--format", format])
            .args(&paths)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdout.take().unwrap();
        // Longer than a pipe's buffer takes to fill.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success());
        assert!(text.len() > 64 << 10, "{} bytes prove nothing", text.len());
        let value: Value = serde_json::from_str(&text).unwrap();
        let found = match format {
            "json" => value["recipes"].as_array().unwrap().len(),
            _ => value["runs"][0]["results"].as_array().unwrap().len() / 3,
        };
        assert_eq!(found, 60);
    }
}

#[test]
fn lesson_37_whoever_stops_reading_sees_no_panic() {
    let bad = case("R009/bad");
    let path = bad.path();
    for format in ["human", "json", "sarif", "junit", "markdown", "annotations"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_taster"))
            .args(["lint", "--format", format])
            .args(vec![path.to_str().unwrap(); 200])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdout.take().unwrap();
        pipe.read_exact(&mut [0; 10]).unwrap();
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
        assert_eq!(output.status.code(), Some(1), "{format}");
    }
}

#[test]
fn any_revision_is_judged_and_the_release_to_compare_with_can_be_named() {
    let case = case("R002/good");
    let path = case.path();
    std::fs::remove_file(path.join(".env.sample")).unwrap();
    git(&path, 101, &["add", "--all"]);
    git(&path, 101, &["commit", "--quiet", "-m", "without a sample"]);
    assert!(out(&taster(&path, &[])).contains("[R008]"));
    let tagged = taster(&path, &["--at", "1.2.0+1.27.2"]);
    assert!(!out(&tagged).contains("[R008]"), "{}", out(&tagged));
    assert!(out(&taster(&path, &["--at", "HEAD"])).contains("[R008]"));
    assert!(taster(&path, &["--since", "1.2.0+1.27.2"]).status.code() == Some(1));
}

#[test]
fn a_revision_that_is_not_there_is_told_in_plain_words() {
    let case = case("R002/good");
    for (arguments, said) in [
        (
            ["--at", "1.2.0+1.27.3"],
            "has no revision 1.2.0+1.27.3: git finds nothing of that name; did you mean 1.2.0+1.27.2?",
        ),
        (["--at", "HEAD~9"], "has no revision HEAD~9: git finds nothing of that name"),
        (["--since", "1.2.0"], "has no revision 1.2.0: git finds nothing of that name; did you mean 1.2.0+1.27.2?"),
    ] {
        let shown = out(&taster(&case.path(), &arguments));
        assert!(shown.contains(said) && !shown.contains("input="), "{shown}");
    }
}

#[test]
fn help_shows_how_to_fix_and_what_to_compare_with() {
    let here = tempfile::tempdir().unwrap();
    let help = out(&taster(here.path(), &["--help"]));
    let (_, examples) = help.split_once("Examples:\n").unwrap();
    for example in ["lint --diff ", "lint --fix=unsafe ", "lint --since 1.", "lint --baseline old.json"] {
        assert!(examples.contains(&format!("taster {example}")), "{example}: {examples}");
    }
}

#[test]
fn pages_and_the_list_are_printed() {
    let here = tempfile::tempdir().unwrap();
    let page = out(&taster(here.path(), &["--explain", "r012"]));
    assert!(page.starts_with("# R012 config-versions-missing\n") && page.contains("## Bad"), "{page}");
    let list = out(&taster(here.path(), &["--list"]));
    let rules = taster::lint::FAMILIES.iter().map(|family| family.rules.len()).sum::<usize>();
    assert_eq!(list.lines().count(), rules);
}
