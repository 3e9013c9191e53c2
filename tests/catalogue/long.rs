//! Level 8, from a history of a year alone to the page that shows it.

use serde_json::{Value, json};

use crate::commons::{Commons, readme, root};
use crate::server::Server;

/// Everything that levels 1 to 5 and 7 ask of a run.
const STEPS: [&str; 10] =
    ["lint", "install", "restart", "redeploy", "upgrade", "backup", "restore", "rollback", "smoke", "leftovers"];

/// A year of runs of this commit, one in each of the last 24 half-months until the 18th of November 2026; the newest asked the registry.
fn write_history(commons: &Commons, commit: &str, upstream: Option<&Value>) {
    let months = [(2025, 12)].into_iter().chain((1..=11).map(|month| (2026, month)));
    let mut lines = String::new();
    for (year, month) in months {
        for day in [10, 18] {
            let steps: Vec<Value> = STEPS
                .iter()
                .map(|kind| {
                    let id = match *kind {
                        "upgrade" => "upgrade:1.0.0+1.0→1.1.0+1.1@default".to_owned(),
                        kind => format!("{kind}@default"),
                    };
                    json!({"id": id, "kind": kind, "variant": "default", "outcome": "passed", "seconds": 3.5})
                })
                .collect();
            let mut line = json!({
                "schema": "taster.history/1", "run": format!("{year}{month:02}{day}-100000-blog-aaaa"),
                "at": format!("{year}-{month:02}-{day}T10:00:00Z"), "recipe": "blog", "commit": commit, "trust": "release",
                "steps": steps, "findings": {"error": 0, "warn": 0, "info": 0},
            });
            if let (Some(upstream), (2026, 11, 18)) = (upstream, (year, month, day)) {
                line["upstream"] = upstream.clone();
            }
            lines.push_str(&format!("{line}\n"));
        }
    }
    std::fs::create_dir_all(commons.path("history")).unwrap();
    std::fs::write(commons.path("history/blog.jsonl"), lines).unwrap();
}

#[test]
fn a_year_of_good_runs_gives_level_8_when_upstream_is_followed_and_7_when_it_is_not() {
    let commons = Commons::new();
    commons.recipe("blog", &[("1.0.0+1.0", "nginx:1.0")]);
    let text = readme("blog", "A blog.");
    let text = text.replace("* **SSO**: No\n", "* **SSO**: No\n* **Maintainer**: Ada\n");
    commons.write("blog", "README.md", &text);
    commons.write("blog", "LICENSE", "GPL\n");
    commons.release("blog", "1.1.0+1.1", "nginx:1.1");
    let commit = commons.git("blog", &["rev-parse", "HEAD"]);
    let server = Server::start(&root(&commons));
    server.set(|state| state.listed = vec!["blog".to_owned()]);
    let source = format!("{}/recipes", server.url);
    std::fs::write(commons.path("taster.toml"), format!("[catalogue]\ncommunity = [\"{source}\"]\n")).unwrap();

    let published = |upstream: Option<Value>| {
        write_history(&commons, &commit, upstream.as_ref());
        let publish =
            ["catalogue", "--source", &source, "--out", "out", "--history", "history", "--no-lint", "--site", "site"];
        let ran = commons.taster(&publish);
        assert_eq!(ran.code, 0, "{ran:?}");
        let again = commons.taster(&["score", "--recompute", "out/catalogue.json"]);
        assert!(again.code == 0 && again.out.contains("byte for byte"), "{again:?}");
        let page = std::fs::read_to_string(commons.path("site/recipes/blog.html")).unwrap();
        (commons.entry("blog"), page)
    };
    let level =
        |entry: &Value| (entry["level"]["level"].as_u64().unwrap(), entry["level"]["at_least"].as_bool().unwrap());

    let (entry, page) = published(Some(json!({"image": "nginx:1.1", "dates_known": true})));
    assert_eq!(level(&entry), (8, false), "{}", entry["level"]);
    assert!(page.contains("alt=\"taster: level 8\"") && page.contains("Level 8."), "{page}");
    let rung = entry["rungs"][7]["demands"].to_string();
    assert!(rung.contains("nothing newer than nginx:1.1 of its kind was there on 2026-11-18"), "{rung}");
    let badge = std::fs::read_to_string(commons.path("site/badges/blog.svg")).unwrap();
    assert!(badge.contains("level 8"), "{badge}");

    let behind =
        |since: &str| json!({"image": "nginx:1.1", "newest": "1.4", "behind_since": since, "dates_known": true});
    // Ages count from the newest run: until the 18th of August it is in time.
    let (entry, _) = published(Some(behind("2026-08-18")));
    assert_eq!(level(&entry), (8, false), "{}", entry["level"]);
    let (entry, page) = published(Some(behind("2026-08-17")));
    assert_eq!(level(&entry), (7, false), "{}", entry["level"]);
    let words = "something newer than nginx:1.1 (the newest is 1.4) is there since 2026-08-17, more than three months";
    assert_eq!(entry["level"]["missing"], words);
    assert!(page.contains(words), "{page}");

    let (entry, page) = published(None);
    assert_eq!(level(&entry), (7, true), "{}", entry["level"]);
    assert!(entry["level"]["missing"].as_str().unwrap().contains("--online"), "{}", entry["level"]);
    assert!(page.contains("--online"), "{page}");
}
