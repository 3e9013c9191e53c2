//! What is written: as the ecosystem reads it, valid, and the same bytes each time.

use std::path::Path;
use std::process::Command;

use crate::commons::Commons;

const EXPECTED: &str = r#"{
    "blog": {
        "category": "Apps",
        "default_branch": "main",
        "description": "An app \u003cscript\u003e.",
        "features": {
            "backups": "No",
            "email": "N/A",
            "healthcheck": "No",
            "image": {
                "image": "nginx",
                "rating": "4",
                "source": "upstream",
                "url": "https://example.com/nginx"
            },
            "status": 3,
            "tests": "2",
            "sso": "No"
        },
        "icon": "",
        "name": "blog",
        "repository": "https://git.example.coop/recipes/blog.git",
        "ssh_url": "",
        "versions": [
            {
                "0.9.0+1.26.0": {
                    "app": {
                        "image": "nginx",
                        "tag": "1.26.0"
                    }
                }
            },
            {
                "0.10.0+1.27.2": {
                    "app": {
                        "image": "ghcr.io/acme/nginx",
                        "tag": "1.27.2"
                    },
                    "db": {
                        "image": "mariadb",
                        "tag": "10.11"
                    }
                }
            }
        ],
        "website": ""
    }
}
"#;

#[test]
fn recipes_json_is_byte_for_byte_what_the_format_says() {
    let commons = Commons::new();
    commons.recipe("blog", &[("0.9.0+1.26.0", "docker.io/library/nginx:1.26.0")]);
    commons.write(
        "blog",
        "compose.mariadb.yml",
        "version: \"3.8\"\nservices:\n  db:\n    image: library/mariadb:10.11\n",
    );
    commons.write("blog", "README.md", &crate::commons::readme("blog", "An app <script>."));
    commons.release("blog", "0.10.0+1.27.2", "ghcr.io/acme/nginx:1.27.2@sha256:0123");
    commons.git("blog", &["remote", "add", "origin", "https://me:hunter2@git.example.coop/recipes/blog.git"]);
    let ran = commons.publish(&[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let written = std::fs::read_to_string(commons.path("out/recipes.json")).unwrap();
    assert_eq!(written, EXPECTED);
    assert!(!std::fs::read_to_string(commons.path("out/catalogue.json")).unwrap().contains("hunter2"));
}

#[test]
fn the_same_input_gives_the_same_bytes_read_anew_or_remembered() {
    let commons = Commons::new();
    for name in ["zeta", "alpha", "mid"] {
        commons.recipe(name, &[("1.0.0+1.0", "nginx:1.0"), ("1.1.0+1.1", "nginx:1.1")]);
    }
    let both = || ["recipes.json", "catalogue.json"].map(|file| std::fs::read(commons.path("out").join(file)).unwrap());
    assert_eq!(commons.publish(&[]).code, 0);
    let first = both();
    assert_eq!(commons.publish(&[]).code, 0);
    assert_eq!(first, both(), "from what was remembered");
    std::fs::remove_dir_all(commons.path("cache")).unwrap();
    assert_eq!(commons.publish(&[]).code, 0);
    assert_eq!(first, both(), "read anew");
    let names: Vec<String> = commons.published("recipes.json").as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["alpha", "mid", "zeta"]);
}

#[test]
fn what_is_published_is_valid_by_the_published_schemas_and_a_wrong_file_is_not() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    commons.empty("nothing");
    assert_eq!(commons.publish(&[]).code, 0);
    let scan = commons.taster(&["scan", "recipes", "--json"]);
    let scan: serde_json::Value = serde_json::from_str(&scan.out).unwrap();
    for (name, value) in [
        ("catalogue", commons.published("catalogue.json")),
        ("recipes", commons.published("recipes.json")),
        ("scan", scan),
    ] {
        let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("catalogue-schema/{name}.json"));
        let schema = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let mut wrong = value.clone();
        match name {
            "recipes" => wrong["blog"]["features"]["status"] = "three".into(),
            "catalogue" => wrong["recipes"][0]["versions"][0]["services"] = "none".into(),
            _ => wrong["repositories"][0]["state"] = "perhaps".into(),
        }
        assert!(!validator.is_valid(&wrong), "{name}");
    }
}

/// The error of a validator that shares no code with taster's; empty when the file is valid.
fn python_says(schema: &Path, file: &Path) -> String {
    let script = "import json, sys, jsonschema\n\
        schema, value = [json.load(open(path)) for path in sys.argv[1:]]\n\
        jsonschema.Draft202012Validator.check_schema(schema)\n\
        print(*[error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)], sep='\\n', end='')";
    // Debian's package is in Debian's Python; another one that comes first in PATH may not have it.
    let here = Command::new("python3").args(["-c", "import jsonschema"]).output();
    let python = if here.is_ok_and(|ran| ran.status.success()) { "python3" } else { "/usr/bin/python3" };
    let ran = Command::new(python).args(["-c", script]).args([schema, file]).output().unwrap();
    let error = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.success(),
        "{python} cannot judge (is the Debian package python3-jsonschema installed?): {error}"
    );
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn a_validator_that_is_not_ours_says_the_same_of_both_published_files() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0"), ("1.1.0+1.1", "nginx:1.1")]);
    commons.empty("nothing");
    assert_eq!(commons.publish(&[]).code, 0);
    for (name, good, bad) in [
        ("recipes", "\"status\": 3", "\"status\": \"three\""),
        ("catalogue", "\"annotated\": true", "\"annotated\": \"perhaps\""),
    ] {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("catalogue-schema/{name}.json"));
        let file = commons.path("out").join(format!("{name}.json"));
        assert_eq!(python_says(&schema, &file), "", "{name}");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(good), "{name}: {text}");
        std::fs::write(&file, text.replacen(good, bad, 1)).unwrap();
        assert!(!python_says(&schema, &file).is_empty(), "{name}: the judge can say no");
    }
}

/// Absent means not tested: a zero would be read as a verdict.
#[test]
fn nothing_is_invented_for_what_was_not_tested() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    assert_eq!(commons.publish(&["--no-lint"]).code, 0);
    let entry = commons.entry("blog");
    for key in [
        "level",
        "stability",
        "measured_status",
        "lint",
        "start_seconds",
        "peak_memory",
        "disk",
        "last_tested",
        "stale",
    ] {
        assert!(entry.get(key).is_none(), "{key}: {entry}");
    }
    assert!(entry["claims"].as_array().unwrap().iter().all(|claim| claim["verdict"] == "unverified"), "{entry}");
}

#[test]
fn versions_come_from_the_tree_of_each_tag_in_the_order_of_versions() {
    let commons = Commons::new();
    commons.recipe("blog", &[("2.0.0+1.10", "nginx:1.10"), ("1.0.0+1.2", "nginx:1.2"), ("1.0.0+1.10", "nginx:1.3")]);
    assert_eq!(commons.publish(&[]).code, 0);
    // Equal dates: the natural order of the upstream part decides.
    assert_eq!(commons.versions("blog"), ["1.0.0+1.2", "1.0.0+1.10", "2.0.0+1.10"]);
    let recipes = commons.published("recipes.json");
    assert_eq!(
        recipes["blog"]["versions"][1]["1.0.0+1.10"]["app"]["tag"], "1.3",
        "the tree decides, not the tag's name"
    );
}
