//! Levels and verdicts come from results of runs, and from nowhere else.

use serde_json::json;

use crate::commons::Commons;

fn step(id: &str, kind: &str, outcome: &str) -> serde_json::Value {
    json!({"id": id, "kind": kind, "variant": "default", "outcome": outcome, "reason": "", "flaky": false, "seconds": 7.5, "evidence": []})
}

fn run(commons: &Commons, id: &str, commit: &str, level: u8, steps: &[serde_json::Value]) {
    let folder = commons.path("runs").join(id);
    std::fs::create_dir_all(&folder).unwrap();
    let summary = json!({
        "schema": "taster.run/1", "run": id, "recipe": "blog",
        "candidate": {"commit": commit, "version": null, "dirty": false}, "node": null,
        "level": level, "level_is_at_least": true, "outcome": "passed", "steps": steps, "findings": null, "digests": [], "costs": {},
    });
    std::fs::write(folder.join("run.json"), summary.to_string()).unwrap();
}

fn verdict(entry: &serde_json::Value, feature: &str) -> String {
    let claims = entry["claims"].as_array().unwrap();
    claims.iter().find(|claim| claim["feature"] == feature).unwrap()["verdict"].as_str().unwrap().to_owned()
}

fn claiming() -> Commons {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    let text = crate::commons::readme("blog", "A blog.");
    let text = text.replace("Healthcheck**: No", "Healthcheck**: Yes").replace("Backups**: No", "Backups**: Yes");
    commons.write("blog", "README.md", &text);
    let labels = "    healthcheck:\n      test: [\"CMD\", \"true\"]\n    deploy:\n      labels:\n        - backupbot.backup=true\n";
    commons.write("blog", "compose.yml", &(crate::commons::compose("nginx:1.0") + labels));
    commons
}

#[test]
fn a_run_of_the_shown_commit_gives_the_level_and_verifies_claims() {
    let commons = claiming();
    let commit = commons.commit("blog", "claims");
    assert_eq!(commons.publish(&[]).code, 0);
    assert_eq!(verdict(&commons.entry("blog"), "healthcheck"), "unverified", "no run, no proof");
    run(
        &commons,
        "20261120-101112-blog-abcd",
        &commit,
        3,
        &[
            step("install@default", "install", "passed"),
            step("upgrade:1.0.0+1.0→candidate@default", "upgrade", "passed"),
            step("backup@default", "backup", "passed"),
            step("restore@default", "restore", "passed"),
        ],
    );
    run(&commons, "20261121-101112-blog-abcd", &"0".repeat(40), 7, &[step("install@default", "install", "passed")]);
    let ran = commons.publish(&["--runs", "runs"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let entry = commons.entry("blog");
    assert_eq!((&entry["level"]["level"], &entry["level"]["at_least"]), (&json!(3), &json!(true)), "{entry}");
    assert_eq!(entry["level"]["run"], "20261120-101112-blog-abcd", "a run of another commit gives no level");
    assert_eq!(entry["last_tested"], "2026-11-21T10:11:12Z");
    assert_eq!(entry["start_seconds"], 7.5);
    assert_eq!(entry["upgrades"][0]["from"], "1.0.0+1.0");
    assert_eq!(entry["runs"].as_array().unwrap().len(), 2);
    assert_eq!(verdict(&entry, "healthcheck"), "verified");
    assert_eq!(verdict(&entry, "backups"), "verified");
    assert_eq!(verdict(&entry, "email"), "unverified");
}

#[test]
fn a_failed_restore_or_the_files_contradict_a_claim() {
    let commons = claiming();
    let commit = commons.commit("blog", "claims");
    run(
        &commons,
        "20261120-101112-blog-abcd",
        &commit,
        3,
        &[step("backup@default", "backup", "passed"), step("restore@default", "restore", "failed")],
    );
    assert_eq!(commons.publish(&["--runs", "runs"]).code, 0);
    assert_eq!(verdict(&commons.entry("blog"), "backups"), "contradicted");
    commons.write("blog", "compose.yml", &crate::commons::compose("nginx:1.0"));
    let commit = commons.commit("blog", "no healthcheck");
    run(&commons, "20261121-101112-blog-abcd", &commit, 3, &[step("install@default", "install", "passed")]);
    assert_eq!(commons.publish(&["--runs", "runs"]).code, 0);
    assert_eq!(verdict(&commons.entry("blog"), "healthcheck"), "contradicted", "the files have none");
    assert_eq!(verdict(&commons.entry("blog"), "backups"), "contradicted");
}

#[test]
fn what_is_no_result_of_a_run_counts_for_nothing_and_is_told() {
    let commons = claiming();
    let commit = commons.commit("blog", "claims");
    run(&commons, "20261120-101112-blog-abcd", &commit, 3, &[]);
    let file = commons.path("runs/20261120-101112-blog-abcd/run.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("taster.run/1", "taster.run/9")).unwrap();
    let ran = commons.publish(&["--runs", "runs"]);
    assert!(ran.err.contains("its format is taster.run/9, and taster.run/1 is needed"), "{}", ran.err);
    assert!(commons.entry("blog").get("level").is_none());
    assert_eq!(commons.publish(&["--runs", "no-such-folder"]).code, 2);
}

/// The same run with what each service cost.
fn with_costs(commons: &Commons, id: &str, services: serde_json::Value) -> serde_json::Value {
    let file = commons.path("runs").join(id).join("run.json");
    let mut summary: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    summary["services"] = services;
    std::fs::write(&file, summary.to_string()).unwrap();
    assert_eq!(commons.publish(&["--runs", "runs"]).code, 0);
    commons.entry("blog")
}

#[test]
fn memory_and_disk_are_sums_over_the_services_and_absent_where_nobody_measured() {
    let commons = claiming();
    let commit = commons.commit("blog", "claims");
    let id = "20261120-101112-blog-abcd";
    run(&commons, id, &commit, 3, &[step("install@default", "install", "passed")]);
    let service = |name: &str, image: Option<&str>, bytes: Option<u64>, memory: Option<u64>, volumes: Option<u64>| json!({"service": name, "image": image, "image_bytes": bytes, "memory_peak": memory, "volume_bytes": volumes});
    let entry = with_costs(
        &commons,
        id,
        json!([
            service("app", Some("sha256:a"), Some(1_000), Some(70), Some(5)),
            service("cron", Some("sha256:a"), Some(1_000), Some(20), None),
            service("db", Some("sha256:b"), Some(300), Some(9), Some(40)),
        ]),
    );
    assert_eq!((&entry["peak_memory"], &entry["disk"]), (&json!(99), &json!(1_345)), "an image counts once");
    // Which images they are is not told: then they count each.
    let entry = with_costs(
        &commons,
        id,
        json!([service("app", None, Some(1_000), Some(70), Some(5)), service("cron", None, Some(1_000), None, None)]),
    );
    assert_eq!((&entry["peak_memory"], &entry["disk"]), (&json!(70), &json!(2_005)));
    // An image of unknown size.
    let entry = with_costs(&commons, id, json!([service("app", None, None, Some(70), Some(5))]));
    assert_eq!((&entry["peak_memory"], entry.get("disk")), (&json!(70), None));
    // A swarm that was there before: nobody looked into its nodes.
    let entry = with_costs(&commons, id, json!([service("app", Some("sha256:a"), Some(1_000), None, None)]));
    assert_eq!((entry.get("peak_memory"), entry.get("disk")), (None, None));
    let entry = with_costs(&commons, id, json!([]));
    assert_eq!((entry.get("peak_memory"), entry.get("disk")), (None, None));
}
