//! What is shipped and what is promised is bound to the tests that show it: a scenario without both of its tests, or a planted fault whose
//! test is gone, fails here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// The sources below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// The text of every test function, by name: from its attribute to the next one.
fn tests() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for path in sources(&root().join("tests")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let parts = text.split("\n#[test]\n").flat_map(|part| part.split("\n#[tokio::test"));
        for part in parts.skip(1) {
            let name = part.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
            all.insert(name.unwrap().to_owned(), part.to_owned());
        }
    }
    all
}

/// The cells of a table's rows.
fn rows(markdown: &str) -> Vec<Vec<String>> {
    let rows = markdown.lines().filter(|line| line.starts_with("| ") && !line.starts_with("|---"));
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect());
    cells.skip(1).collect()
}

fn in_backquotes(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_shipped_scenario_passed_and_caught_a_planted_fault() {
    let tests = tests();
    let mut bound = BTreeSet::new();
    for row in rows(&read("scenarios/README.md")) {
        let [file, named] = row.as_slice() else { panic!("two cells: {row:?}") };
        let recipe = file.strip_suffix(".toml").unwrap();
        let shipped = read(format!("scenarios/{file}"));
        let newest = format!("tests/apps/recipes/{recipe}/3/tests/taster.toml");
        assert_eq!(shipped, read(&newest), "scenarios/{file} is what {newest} was tried with");
        let names = in_backquotes(named);
        assert_eq!(names.len(), 1, "{named}");
        let test = tests.get(names[0]).unwrap_or_else(|| panic!("no test {}", names[0]));
        assert!(test.contains(&format!("Bench::new(\"{recipe}\")")), "{} is about another recipe", names[0]);
        let good = test.find("all_the_way(").unwrap_or_else(|| panic!("{} does not see it pass", names[0]));
        // After it was well: a changed file, or a step of the operator that is left out; and a class that must come out.
        let fault = test.find("bench.plant(").or_else(|| test.rfind("whole_way("));
        assert!(fault.is_some_and(|fault| fault > good), "{} plants no fault", names[0]);
        // Lost, or refused by the recipe's own guard before anything was.
        let classes = ["\"data-lost\"", "\"rolled-back\""];
        assert!(classes.iter().any(|class| test.contains(class)), "{} names no class", names[0]);
        bound.insert(file.clone());
    }
    let shipped: BTreeSet<String> = std::fs::read_dir(root().join("scenarios"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok().filter(|name| name.ends_with(".toml")))
        .collect();
    assert_eq!(bound, shipped, "each has its row in scenarios/README.md");
}

#[test]
fn every_planted_fault_that_is_promised_has_its_test() {
    let tests = tests();
    let rows = rows(&read("docs/planted-faults.md"));
    assert!(rows.len() >= 30, "{}", rows.len());
    for row in rows {
        let names = in_backquotes(&row[1]);
        assert!(!names.is_empty(), "{row:?} names no test");
        for name in names {
            assert!(
                tests.contains_key(name),
                "there is no test {name}, which docs/planted-faults.md names for: {}",
                row[0]
            );
        }
    }
}
