//! `taster history`, `taster score` and `taster catalogue --history` on real repositories.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

struct Commons {
    dir: tempfile::TempDir,
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

const README: &str = "# blog\n\nA blog.\n\n<!-- metadata -->\n\n* **Category**: Apps\n* **Status**: 3, stable\n* **Image**: [`nginx`](https://example.com), 4, upstream\n* **Healthcheck**: No\n* **Backups**: Yes\n* **Email**: N/A\n* **Tests**: 2\n* **SSO**: No\n* **Maintainer**: Ada\n\n<!-- endmetadata -->\n";

impl Commons {
    /// One recipe with a release, a commit after it on the default branch, and a branch as a pull request has it.
    fn new() -> Self {
        let commons = Self { dir: tempfile::tempdir().unwrap() };
        let recipe = commons.path("recipes/blog");
        std::fs::create_dir_all(&recipe).unwrap();
        let write = |file: &str, text: &str| std::fs::write(recipe.join(file), text).unwrap();
        commons.git(&["init", "--quiet", "--initial-branch=main"]);
        write("compose.yml", "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.0\n");
        write(".env.sample", "TYPE=blog\nDOMAIN=blog.example.com\n");
        write("README.md", README);
        write("LICENSE", "GPL\n");
        commons.commit("a recipe");
        commons.git(&["tag", "--annotate", "1.0.0+1.0", "--message", "a release"]);
        commons.commit("more");
        commons.git(&["switch", "--quiet", "--create", "pull"]);
        commons.commit("a pull request");
        commons.git(&["switch", "--quiet", "main"]);
        commons
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path("recipes/blog"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    fn at(&self, revision: &str) -> String {
        self.git(&["rev-parse", &format!("{revision}^{{commit}}")])
    }

    fn taster(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
        command.args(arguments).current_dir(self.dir.path()).env("TASTER_CACHE", self.path("cache"));
        for variable in ["TASTER_CONFIG", "TASTER_RUNS", "TASTER_HISTORY"] {
            command.env_remove(variable);
        }
        command
    }

    /// Leaves a run's folder as `taster test` does.
    fn run(&self, id: &str, commit: &str, dirty: bool, outcomes: &[(&str, &str)]) -> PathBuf {
        let folder = self.path("runs").join(id);
        std::fs::create_dir_all(&folder).unwrap();
        let steps: Vec<Value> = outcomes
            .iter()
            .map(|(step, outcome)| {
                let kind = step.split([':', '@']).next().unwrap();
                json!({"id": step, "kind": kind, "variant": "default", "outcome": outcome, "reason": "", "flaky": false, "seconds": 7.5, "evidence": []})
            })
            .collect();
        let summary = json!({
            "schema": "taster.run/1", "run": id, "recipe": "blog", "candidate": {"commit": commit, "version": null, "dirty": dirty}, "node": null,
            "level": 7, "level_is_at_least": false, "outcome": "passed", "steps": steps, "digests": [], "costs": {},
            "findings": {"error": 0, "warn": 2, "info": 0},
        });
        std::fs::write(folder.join("run.json"), summary.to_string()).unwrap();
        folder
    }

    fn good(&self, id: &str, revision: &str) -> PathBuf {
        self.run(id, &self.at(revision), false, &GOOD)
    }

    fn import(&self, more: &[&str]) -> Ran {
        self.taster(&[&["history", "import", "--recipes", "recipes", "--trusted"], more].concat())
    }

    fn lines(&self) -> usize {
        std::fs::read_to_string(self.path("history/blog.jsonl")).map_or(0, |text| text.lines().count())
    }
}

const GOOD: [(&str, &str); 7] = [
    ("lint@default", "passed"),
    ("install@default", "passed"),
    ("restart@default", "passed"),
    ("redeploy@default", "passed"),
    ("backup@default", "passed"),
    ("restore@default", "passed"),
    ("smoke@default", "passed"),
];

#[test]
fn only_trusted_runs_enter_and_the_others_are_refused_with_the_reason() {
    let commons = Commons::new();
    commons.good("20261101-100000-blog-aaaa", "main");
    commons.good("20261102-100000-blog-aaaa", "1.0.0+1.0");
    let ran = commons.import(&["runs"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(commons.lines(), 2);
    let text = std::fs::read_to_string(commons.path("history/blog.jsonl")).unwrap();
    assert!(text.contains("\"trust\":\"default-branch\"") && text.contains("\"trust\":\"release\""), "{text}");
    let pull = commons.good("20261103-100000-blog-aaaa", "pull");
    let dirty = commons.run("20261104-100000-blog-aaaa", &commons.at("main"), true, &GOOD);
    let unknown = commons.run("20261105-100000-blog-aaaa", &"0".repeat(40), false, &GOOD);
    let future = commons.run("20991105-100000-blog-aaaa", &commons.at("main"), false, &GOOD);
    let killed = commons.path("runs/20261106-100000-blog-aaaa");
    std::fs::create_dir(&killed).unwrap();
    std::fs::write(killed.join("events.ndjson"), "").unwrap();
    for (folder, why) in [
        (&pull, "neither on the default branch `main` nor a release"),
        (&dirty, "not committed"),
        (&unknown, "neither on the default branch"),
        (&future, "in the future"),
        (&killed, "it was killed before its end"),
    ] {
        let ran = commons.import(&[folder.to_str().unwrap()]);
        assert!(ran.code == 3 && ran.err.contains(why), "{why}: {ran:?}");
    }
    let fine = commons.path("runs/20261101-100000-blog-aaaa");
    let untrusted = commons.taster(&["history", "import", "--recipes", "recipes", fine.to_str().unwrap()]);
    assert!(untrusted.code == 3 && untrusted.err.contains("--trusted"), "{untrusted:?}");
    let elsewhere = commons.taster(&["history", "import", "--trusted", "--recipes", "runs", fine.to_str().unwrap()]);
    assert!(elsewhere.code == 3 && elsewhere.err.contains("no repository of the recipe blog"), "{elsewhere:?}");
    assert_eq!(commons.lines(), 2, "nothing else entered");
    // The whole folder again: what is good is known, and the rest does not go unnoticed.
    let ran = commons.import(&["runs"]);
    assert!(
        ran.code == 3 && ran.err.contains("0 run(s) added") && ran.err.contains("2 known before, 5 refused"),
        "{ran:?}"
    );
    std::fs::write(commons.path("taster.toml"), "[history]\ntrusted = true\n").unwrap();
    let ran = commons.taster(&["history", "import", "--recipes", "recipes/blog", fine.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn processes_that_import_at_once_and_are_killed_lose_nothing_whole() {
    let commons = Commons::new();
    let commit = commons.at("main");
    for number in 0..60 {
        commons.run(&format!("20261101-1000{number:02}-blog-aaaa"), &commit, false, &GOOD);
    }
    let mut arguments = vec!["history", "import", "--recipes", "recipes", "--trusted"];
    arguments.push("runs");
    for round in 0..6 {
        let mut children: Vec<_> = (0..3)
            .map(|_| commons.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(40 * round));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    assert_eq!(commons.import(&["runs"]).code, 0);
    let listed = commons.taster(&["history", "list", "blog"]);
    assert_eq!((listed.code, listed.out.lines().count()), (0, 60), "{listed:?}");
}

fn entry(commons: &Commons) -> Value {
    let catalogue: Value = serde_json::from_slice(&std::fs::read(commons.path("out/catalogue.json")).unwrap()).unwrap();
    catalogue["recipes"][0].clone()
}

const PUBLISH: [&str; 8] = ["catalogue", "--source", "recipes", "--out", "out", "--history", "history", "--no-lint"];

/// Twelve good weeks, the last but one of which failed to restore.
fn published() -> Commons {
    let commons = Commons::new();
    for week in 0..12 {
        let month = 9 + week / 4;
        let day = 1 + 7 * (week % 4);
        let mut outcomes = GOOD.to_vec();
        outcomes.push(("upgrade:1.0.0+1.0→abcd1234@default", "passed"));
        if week == 10 {
            outcomes[5].1 = "failed";
        }
        commons.run(&format!("2026{month:02}{day:02}-100000-blog-aaaa"), &commons.at("main"), false, &outcomes);
    }
    assert_eq!(commons.import(&["runs"]).code, 0);
    commons
}

#[test]
fn the_catalogue_is_filled_from_the_history_and_computed_again_byte_for_byte() {
    let commons = published();
    let ran = commons.taster(&PUBLISH);
    assert_eq!(ran.code, 0, "{ran:?}");
    let entry = entry(&commons);
    assert_eq!(
        (&entry["level"]["level"], &entry["level"]["at_least"]),
        (&json!(5), &json!(true)),
        "{}",
        entry["level"]
    );
    assert!(
        entry["level"]["missing"].as_str().unwrap().contains("the commons names no community organisation"),
        "{}",
        entry["level"]
    );
    assert_eq!(entry["rungs"].as_array().unwrap().len(), 8);
    let stability = &entry["stability"];
    let score = stability["score"].as_f64().unwrap();
    assert!(score > 70.0 && score < 95.0, "{stability}");
    assert_eq!(stability["observations"], 48);
    assert_eq!(entry["stability_over_time"].as_array().unwrap().last().unwrap()["value"], score);
    assert_eq!(entry["last_tested"], "2026-11-22T10:00:00Z");
    assert_eq!(entry["measured_status"], 3, "{}", entry["status_reasons"]);
    assert_eq!(entry["runs"].as_array().unwrap().len(), 12);
    let backups = entry["claims"].as_array().unwrap().iter().find(|claim| claim["feature"] == "backups").unwrap();
    assert_eq!(backups["verdict"], "verified");

    let same = commons.taster(&["score", "--recompute", "out/catalogue.json"]);
    assert!(same.code == 0 && same.out.contains("byte for byte"), "{same:?}");
    // With the run folders the links lead to them; it is the same history.
    assert_eq!(commons.taster(&[&PUBLISH[..], &["--runs", "runs"]].concat()).code, 0);
    assert_eq!(self::entry(&commons)["runs"][0]["path"], "20261122-100000-blog-aaaa");
    assert_eq!(commons.taster(&["score", "--recompute", "out/catalogue.json"]).code, 0);

    let file = commons.path("out/catalogue.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&format!("\"score\": {score}"), "\"score\": 99.9")).unwrap();
    let tampered = commons.taster(&["score", "--recompute", "out/catalogue.json", "--out", "again.json"]);
    assert!(tampered.code == 5 && tampered.out.contains("blog") && tampered.out.contains("stability"), "{tampered:?}");
    assert_eq!(std::fs::read_to_string(commons.path("again.json")).unwrap(), text, "rebuilt as it was published");
}

#[test]
fn what_services_cost_is_kept_in_the_history() {
    let commons = Commons::new();
    let folder = commons.good("20261101-100000-blog-aaaa", "main");
    let file = folder.join("run.json");
    let mut summary: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    summary["services"] = json!([
        {"service": "app", "image": "sha256:a", "image_bytes": 1000, "memory_peak": 70, "volume_bytes": 5},
        {"service": "cron", "image": "sha256:a", "image_bytes": 1000, "memory_peak": 20},
    ]);
    std::fs::write(&file, summary.to_string()).unwrap();
    assert_eq!(commons.import(&["runs"]).code, 0);
    assert_eq!(commons.taster(&PUBLISH).code, 0);
    let entry = self::entry(&commons);
    assert_eq!((&entry["peak_memory"], &entry["disk"]), (&json!(90), &json!(1005)), "{entry}");
    let same = commons.taster(&["score", "--recompute", "out/catalogue.json"]);
    assert!(same.code == 0 && same.out.contains("byte for byte"), "{same:?}");
    // A newer run that measured nothing takes them away, and lines of an earlier taster stay readable.
    commons.good("20261102-100000-blog-aaaa", "main");
    assert_eq!(commons.import(&["runs"]).code, 0);
    let text = std::fs::read_to_string(commons.path("history/blog.jsonl")).unwrap();
    assert_eq!(text.matches("\"services\"").count(), 1, "{text}");
    assert_eq!(commons.taster(&PUBLISH).code, 0);
    let entry = self::entry(&commons);
    assert_eq!(entry["level"]["run"], "20261102-100000-blog-aaaa");
    assert_eq!((entry.get("peak_memory"), entry.get("disk")), (None, None), "{entry}");
}

#[test]
fn a_run_that_is_not_in_the_history_gives_no_level() {
    let commons = Commons::new();
    commons.good("20261101-100000-blog-aaaa", "1.0.0+1.0");
    assert_eq!(commons.import(&["runs"]).code, 0);
    // A run of the newest commit that nobody trusts.
    commons.good("20261102-100000-blog-aaaa", "main");
    assert_eq!(commons.taster(&[&PUBLISH[..], &["--runs", "runs"]].concat()).code, 0);
    let entry = entry(&commons);
    assert_eq!(entry["level"]["run"], "20261101-100000-blog-aaaa", "of the latest version");
    assert_eq!(entry["runs"].as_array().unwrap().len(), 1);
    assert_eq!(entry["last_tested"], "2026-11-01T10:00:00Z");
}

#[test]
fn a_community_in_taster_toml_makes_level_6_reachable() {
    let commons = published();
    std::fs::write(commons.path("taster.toml"), "[catalogue]\ncommunity = [\"https://git.example.coop/recipes\"]\n")
        .unwrap();
    assert_eq!(commons.taster(&PUBLISH).code, 0);
    let level = &entry(&commons)["level"];
    assert_eq!((&level["level"], &level["at_least"]), (&json!(5), &json!(false)), "it is in none: {level}");
}

#[test]
fn a_declared_skip_caps_the_level_until_the_commons_waives_it() {
    let commons = Commons::new();
    let mut outcomes = GOOD.to_vec();
    outcomes[4].1 = "skipped";
    outcomes[5].1 = "skipped";
    outcomes.push(("upgrade:1.0.0+1.0→abcd1234@default", "passed"));
    commons.run("20261101-100000-blog-aaaa", &commons.at("main"), false, &outcomes);
    assert_eq!(commons.import(&["runs"]).code, 0);
    let level = |settings: &str| {
        std::fs::write(commons.path("taster.toml"), settings).unwrap();
        assert_eq!(commons.taster(&PUBLISH).code, 0);
        let level = entry(&commons)["level"].clone();
        (level["level"].as_u64().unwrap(), level["at_least"].as_bool().unwrap())
    };
    let waive = |recipe: &str, step: &str| {
        format!("[[history.waive]]\nrecipe = \"{recipe}\"\nstep = \"{step}\"\nreason = \"it is a cache\"\n")
    };
    assert_eq!(level(""), (3, true), "a recipe cannot award itself a level");
    assert_eq!(level(&waive("blog", "backup")), (3, true), "the restore proves nothing either");
    assert_eq!(level(&(waive("wiki", "backup") + &waive("wiki", "restore"))), (3, true), "of another recipe");
    assert_eq!(level(&(waive("blog", "backup") + &waive("blog", "restore"))), (5, true));
    for (text, words) in [
        (waive("blog", "restroe"), "did you mean `restore`?"),
        (waive("blog", "restore").replace("it is a cache", " "), "taster.toml:4:10: it is empty: say why"),
    ] {
        std::fs::write(commons.path("taster.toml"), text).unwrap();
        let ran = commons.taster(&PUBLISH);
        assert!(ran.code == 2 && ran.err.contains(words), "{words}: {ran:?}");
    }
}

#[test]
fn the_sum_can_be_done_again_by_hand() {
    let commons = published();
    let ran = commons.taster(&["score", "blog", "--explain"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "at least level 5",
        "✓ 4 can be backed up and restored",
        "week of 2026-11-09",
        "failed = 0",
        "observations of today",
        "Beta(½ +",
        "its quantiles: 5 %",
        "from random import betavariate as b",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let json: Value = serde_json::from_str(&commons.taster(&["score", "--json"]).out).unwrap();
    let detail = &json["recipes"][0]["stability"];
    // By the published weights alone: effective number, share, and the posterior.
    let backup = &detail["dimensions"][2];
    let observations = backup["observations"].as_array().unwrap();
    let of = |seen: &Value, key: &str| seen[key].as_f64().unwrap();
    let newest = of(observations.last().unwrap(), "weight");
    let (sum, squares, passed) = observations.iter().fold((0.0, 0.0, 0.0), |(sum, squares, passed), seen| {
        let weight = of(seen, "weight") / newest;
        (sum + weight, squares + weight * weight, passed + weight * of(seen, "passed"))
    });
    let effective = newest * sum * sum / squares;
    assert!((effective - of(backup, "effective")).abs() < 0.01, "{effective} {backup}");
    assert!((0.5 + effective * passed / sum - of(backup, "alpha")).abs() < 0.01);
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue-schema/score.json");
    let validator =
        jsonschema::validator_for(&serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap()).unwrap();
    assert!(validator.is_valid(&json) && !validator.is_valid(&json!({"schema": 1})));
}

#[test]
fn wrong_input_is_told_and_nothing_panics() {
    let commons = published();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["score", "blgo"], 2, "did you mean `blog`?"),
        (&["score", "--history", "nowhere"], 2, "cannot read the history in nowhere"),
        (&["score", "--as-of", "yesterday"], 2, "--as-of"),
        (&["score", "--recompute", "history/blog.jsonl"], 2, "is no catalogue.json of taster"),
        (&["score", "--as-of", "2020-01-01T00:00:00Z"], 3, "nothing was scored"),
        (&["history", "list", "wiki"], 4, "has no run of the recipe wiki"),
        (&["history", "import", "--trusted", "recipes"], 2, "there is no run in recipes"),
        (&["history", "prune", "--days", "30"], 2, "--days"),
    ];
    for (arguments, code, words) in cases {
        let ran = commons.taster(arguments);
        assert!(ran.code == code && ran.err.contains(words), "{arguments:?}: {ran:?}");
    }
}
