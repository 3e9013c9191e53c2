//! Lesson 33: fixes keep every byte outside their span, are proven, and change nothing when made twice.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use taster::lint::{FAMILIES, FixKind, ImageAnswer, Outside, fix, lint, open};
use taster::record::Safety;

use crate::command::{out, taster};
use crate::fixture::{self, Case, fixtures, git};

#[test]
fn every_rule_that_offers_a_fix_offers_one_that_cures_its_bad_fixture_and_holds() {
    let mut wrong = Vec::new();
    for rule in FAMILIES.iter().flat_map(|family| family.rules).filter(|rule| rule.fix != FixKind::None) {
        let most = if rule.fix == FixKind::Safe { Safety::Safe } else { Safety::Unsafe };
        let mut cured = 0;
        for folder in fixture::cases(rule.id, "bad") {
            let case = Case::make(&folder);
            let subject = open(&case.target(), case.outside.clone(), &case.options).unwrap();
            let fixed = fix(&subject, &case.options, most);
            fixed.write_to(&case.path()).unwrap();
            let left = lint(&case.target(), case.outside.clone(), &case.options).report.findings;
            cured += usize::from(!left.iter().any(|finding| finding.rule == rule.id));
            // What is offered is made, and helps.
            let offered = left.iter().filter(|finding| finding.rule == rule.id && finding.fix.is_some()).count();
            if offered > 0 || !fixed.refused.is_empty() {
                wrong.push(format!("{}: {offered} fixes are left, refused: {:?}", folder.display(), fixed.refused));
            }
            let subject = open(&case.target(), case.outside.clone(), &case.options).unwrap();
            let again = fix(&subject, &case.options, most);
            if !again.files.is_empty() {
                wrong.push(format!("{}: fixing it twice changes {:?}", folder.display(), again.files.keys()));
            }
        }
        if cured == 0 {
            wrong.push(format!("{}: its fix cures none of its bad fixtures", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn contents(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&file).unwrap())).collect()
}

#[test]
fn lesson_33_bytes_and_modes_stay() {
    let case = Case::make(&fixtures().join("R001/bad"));
    let path = case.path();
    let file = path.join("compose.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    // An octal mode, a comment, odd spaces, CR LF, and no end of the last line: nothing of it is the fix's business.
    let odd = text
        .replace(
            "        target: /etc/nginx/nginx.conf\n",
            "        target:   /etc/nginx/nginx.conf # ü\r\n        mode: 0555\n",
        )
        .trim_end()
        .to_owned();
    std::fs::write(&file, &odd).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o750)).unwrap();
    let before = contents(&path);

    let shown = taster(&path, &["--diff"]);
    assert_eq!(contents(&path), before, "--diff changes nothing");
    assert!(out(&shown).contains("-version: \"3.9\"\n+version: \"3.8\"\n"), "{}", out(&shown));

    let output = taster(&path, &["--fix"]);
    assert!(output.status.success(), "{output:?}");
    let after = contents(&path);
    assert_eq!(String::from_utf8(after["compose.yml"].clone()).unwrap(), odd.replace("\"3.9\"", "\"3.8\""));
    let changed: Vec<&String> = after.keys().filter(|name| after[*name] != before[*name]).collect();
    assert_eq!(changed, ["compose.smtp.yml", "compose.yml"]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o750);
    taster(&path, &["--fix=unsafe"]);
    assert_eq!(contents(&path), after, "fixing twice changes nothing");
}

#[test]
fn a_fix_after_which_a_set_would_not_load_is_not_made_and_said() {
    let case = Case::make(&fixtures().join("R001/bad"));
    let file = case.path().join("compose.smtp.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    // Without the fix of the overlay, the base's would leave a set of two formats, which the loader refuses.
    std::fs::write(&file, text.replace("\"3.9\"", "\"3.9\" # taster: ignore[R001] it stays")).unwrap();
    let before = contents(&case.path());
    let output = taster(&case.path(), &["--fix"]);
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(told.contains("did not fix R001") && told.contains("would not load"), "{told}");
    assert_eq!(contents(&case.path()), before);
}

#[test]
fn what_changed_meanwhile_is_left_alone() {
    let case = Case::make(&fixtures().join("R001/bad"));
    let subject = open(&case.target(), case.outside.clone(), &case.options).unwrap();
    let fixed = fix(&subject, &case.options, Safety::Safe);
    for file in ["compose.yml", "compose.smtp.yml"] {
        std::fs::write(case.path().join(file), "somebody saved this\n").unwrap();
    }
    assert!(fixed.write_to(&case.path()).unwrap_err().to_string().contains("was changed meanwhile"));
    assert_eq!(std::fs::read(case.path().join("compose.yml")).unwrap(), b"somebody saved this\n");
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_patch_hides_no_error() {
    let (good, bad) = (Case::make(&fixtures().join("R002/good")), Case::make(&fixtures().join("R009/bad")));
    let shown = |case: &Case, arguments: &[&str]| {
        let output = taster(&case.path(), &[&["--diff"], arguments].concat());
        (out(&output), told(&output), output.status.code())
    };
    let (patch, said, code) = shown(&good, &["/no/such/recipe"]);
    assert_eq!((patch.as_str(), code), ("", Some(2)));
    assert!(said.starts_with("error: ") && said.contains("/no/such/recipe: there is no such path"), "{said}");
    let (patch, said, code) = shown(&good, &["--at", "1.2.0+1.27"]);
    assert_eq!((patch.as_str(), code), ("", Some(2)));
    assert!(said.contains("git finds nothing of that name; did you mean 1.2.0+1.27.2?"), "{said}");
    let (_, said, code) = shown(&good, &["--since", "9.9.9+9"]);
    assert!(said.contains("cannot compare with `9.9.9+9`") && code == Some(2), "{said}");
    let empty = tempfile::tempdir().unwrap();
    let (_, said, code) = shown(&good, &[empty.path().to_str().unwrap()]);
    assert!(said.contains("is not a recipe") && code == Some(1), "{said}");

    // Findings are no failure of the patch, and are told.
    assert_eq!(shown(&good, &[]), (String::new(), "teapot: nothing to fix safely\n".to_owned(), Some(0)));
    let (patch, said, code) = shown(&bad, &[]);
    assert_eq!((patch.as_str(), code), ("", Some(0)));
    assert_eq!(said, "teapot: nothing to fix safely; 1 without a fix, which `taster lint` shows\n");
    let more = Case::make(&fixtures().join("M601/bad"));
    let (_, said, _) = shown(&more, &[]);
    assert!(said.contains("nothing to fix safely; 1 more with --fix=unsafe"), "{said}");
    let (patch, said, _) = shown(&more, &["--fix=unsafe"]);
    assert!(patch.contains("+++ b/README.md\n") && !said.contains("nothing to fix"), "{said}{patch}");
}

#[test]
fn a_patch_of_several_recipes_is_applied_from_where_taster_was_started() {
    let commons = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> =
        ["kettle", "samovar"].iter().map(|name| commons.path().join("recipes").join(name)).collect();
    std::fs::create_dir(commons.path().join("recipes")).unwrap();
    for path in &paths {
        std::fs::rename(Case::make(&fixtures().join("R001/bad")).path(), path).unwrap();
    }
    let apply = |folder: &Path, patch: &str| {
        let file = commons.path().join("fixes.patch");
        std::fs::write(&file, patch).unwrap();
        git(folder, 200, &["apply", "--check", file.to_str().unwrap()]);
        git(folder, 200, &["apply", file.to_str().unwrap()]);
    };
    let output = taster(commons.path(), &["--diff", "recipes/kettle", "./recipes/samovar/"]);
    let patch = out(&output);
    assert!(patch.contains("--- a/recipes/kettle/compose.yml\n+++ b/recipes/kettle/compose.yml\n"), "{patch}");
    apply(commons.path(), &patch);
    for path in &paths {
        assert!(std::fs::read_to_string(path.join("compose.yml")).unwrap().contains("version: \"3.8\"\n"), "{patch}");
    }
    // From inside one of them, its own paths; for one elsewhere, from the root.
    git(&paths[0], 200, &["checkout", "--quiet", "--", "."]);
    git(&paths[1], 200, &["checkout", "--quiet", "--", "."]);
    let inside = out(&taster(&paths[0], &["--diff", "."]));
    assert!(inside.contains("--- a/compose.yml\n"), "{inside}");
    apply(&paths[0], &inside);
    let whole = paths[1].canonicalize().unwrap().join("compose.yml");
    let elsewhere = out(&taster(&paths[0], &["--diff", "../samovar"]));
    assert!(elsewhere.contains(&format!("--- a{}\n", whole.display())), "{elsewhere}");
}

/// What `--fix=unsafe` makes of the image of a service of the base recipe.
fn pinned(service: &str, image: &str) -> String {
    let case = Case::make(&fixtures().join("R002/good"));
    let file = case.path().join("compose.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(&format!("  {service}:\n    image: ")).unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    let text = format!("{before}  {service}:\n    image: {image}\n{rest}");
    std::fs::write(&file, text).unwrap();
    let safe = taster(&case.path(), &["--fix"]);
    assert!(std::fs::read_to_string(&file).unwrap().contains(&format!("    image: {image}\n")), "{safe:?}");
    let output = taster(&case.path(), &["--fix=unsafe"]);
    let after = std::fs::read_to_string(&file).unwrap();
    let (new_before, after) = after.split_once(&format!("  {service}:\n    image: ")).unwrap();
    let (line, new_rest) = after.split_once('\n').unwrap();
    assert_eq!((new_before, new_rest), (before, rest), "only the image changes: {output:?}");
    line.to_owned()
}

#[test]
fn what_can_be_pinned_is_pinned_and_only_when_asked_for() {
    // The version label tells the tag of `app`.
    assert_eq!(pinned("app", "nginx"), "nginx:1.27.2");
    assert_eq!(pinned("app", "\"nginx:latest\" # why"), "\"nginx:1.27.2\" # why");
    // Another service has the image.
    assert_eq!(pinned("db", "nginx"), "nginx:1.27.2");
    // What a variable makes of it in the sample.
    assert_eq!(pinned("db", "'postgres:${TAG:-16.4}'"), "'postgres:16.4'");
    // So does the last release.
    assert_eq!(pinned("db", "postgres:latest"), "postgres:16.4");
    // Nothing tells the tag: it stays.
    assert_eq!(pinned("db", "mariadb:latest"), "mariadb:latest");
    assert_eq!(pinned("db", "postgres:${TAG:-latest}"), "postgres:${TAG:-latest}");
}

#[test]
fn the_newest_tag_of_the_registry_is_taken_when_nothing_else_tells() {
    let case = Case::make(&fixtures().join("R004/bad"));
    let outside = Outside {
        images: Some(vec![ImageAnswer {
            reference: "postgres:latest".to_owned(),
            exists: true,
            tags: ["16", "16.4", "17.2", "17.10", "18.0-alpine", "latest"].map(str::to_owned).to_vec(),
            ..ImageAnswer::default()
        }]),
        ..Outside::default()
    };
    let subject = open(&case.target(), outside, &case.options).unwrap();
    let fixed = fix(&subject, &case.options, Safety::Unsafe);
    let after = String::from_utf8(fixed.files["compose.yml"].after.clone()).unwrap();
    assert!(after.contains("    image: postgres:17.10\n"), "{after}");
}

/// The base recipe whose service `db` has these lines instead of its labels under `deploy:`, after `--fix`.
fn moved(lines: &str) -> (String, String) {
    let case = Case::make(&fixtures().join("R002/good"));
    let file = case.path().join("compose.yml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (start, end) = (text.rfind("    deploy:\n").unwrap(), text.find("\nnetworks:\n").unwrap());
    let text = format!("{}{lines}{}", &text[..start], &text[end..]);
    std::fs::write(&file, &text).unwrap();
    let output = taster(&case.path(), &["--fix"]);
    let after = std::fs::read_to_string(&file).unwrap();
    taster(&case.path(), &["--fix"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), after, "fixing twice changes nothing");
    let kept = after.get(start..after.find("\nnetworks:\n").unwrap()).unwrap().to_owned();
    assert_eq!(format!("{}{kept}{}", &text[..start], &text[start + lines.len()..]), after, "only the labels change");
    (kept, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn labels_move_under_deploy_as_they_are_written() {
    let cases = [
        // No `deploy:` yet.
        (
            "    labels:\n      # nightly\n      - \"backupbot.backup=true\" # yes\n      - 'backupbot.backup.pre-hook=a: b'\n",
            "    deploy:\n      labels:\n        # nightly\n        - \"backupbot.backup=true\" # yes\n        - 'backupbot.backup.pre-hook=a: b'\n",
        ),
        // Others stay; `deploy:` comes first and has no labels.
        (
            "    deploy:\n      replicas: 1\n    labels:\n      org.example.a:   \"1\"\n      backupbot.backup:   \"true\"\n      org.example.b: 2\n",
            "    deploy:\n      labels:\n        backupbot.backup:   \"true\"\n      replicas: 1\n    labels:\n      org.example.a:   \"1\"\n      org.example.b: 2\n",
        ),
        // Behind the labels that are there, in their style.
        (
            "    labels:\n      backupbot.backup: \"${ENABLE_BACKUPS:-true}\"\n    deploy:\n      labels:\n      - \"org.example.a=1\"\n      replicas: 1\n",
            "    deploy:\n      labels:\n      - \"org.example.a=1\"\n      - \"backupbot.backup=${ENABLE_BACKUPS:-true}\"\n      replicas: 1\n",
        ),
        (
            "    deploy:\n      labels:\n        org.example.a: \"1\"\n    labels:\n      - \"backupbot.backup=true\"\n",
            "    deploy:\n      labels:\n        org.example.a: \"1\"\n        backupbot.backup: \"true\"\n",
        ),
        // A value of several lines goes as a whole.
        (
            "    labels:\n      backupbot.backup: \"true\"\n      backupbot.backup.pre-hook: |\n        sh -c 'a\n          b'\n    deploy:\n      replicas: 1\n",
            "    deploy:\n      labels:\n        backupbot.backup: \"true\"\n        backupbot.backup.pre-hook: |\n          sh -c 'a\n            b'\n      replicas: 1\n",
        ),
    ];
    for (before, after) in cases {
        let (became, told) = moved(before);
        assert_eq!(became, after, "{told}");
        assert!(told.contains("fixed L201"), "{told}");
    }
}

#[test]
fn labels_that_are_not_written_line_by_line_stay() {
    for lines in [
        "    labels: { backupbot.backup: \"true\" }\n",
        "    labels: [\"backupbot.backup=true\"]\n",
        "    labels: &l\n      - \"backupbot.backup=true\"\n",
        "    deploy: { replicas: 1 }\n    labels:\n      - \"backupbot.backup=true\"\n",
        "    labels:\n      - 'backupbot.backup=it''s'\n    deploy:\n      labels:\n        org.example.a: \"1\"\n",
    ] {
        assert_eq!(moved(lines).0, lines);
    }
}
