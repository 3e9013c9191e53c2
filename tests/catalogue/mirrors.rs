//! Mirrors over real smart HTTP and `file://`: incremental, offline, and one repository's trouble is nobody else's.

use crate::commons::{Commons, root};
use crate::server::{Fault, Server};

fn forge(names: &[&str]) -> (Commons, Server) {
    let commons = Commons::new();
    for name in names {
        commons.recipe(name, &[("1.0.0+1.0", "nginx:1.0")]);
    }
    let server = Server::start(&root(&commons));
    server.set(|state| state.listed = names.iter().map(|name| (*name).to_owned()).collect());
    (commons, server)
}

fn scan(commons: &Commons, source: &str, more: &[&str]) -> (i32, serde_json::Value, String) {
    let mut arguments = vec!["scan", source, "--json"];
    arguments.extend(more);
    let ran = commons.taster(&arguments);
    (ran.code, serde_json::from_str(&ran.out).unwrap_or_default(), ran.err)
}

fn of<'s>(scan: &'s serde_json::Value, name: &str) -> &'s serde_json::Value {
    scan["repositories"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap_or(&serde_json::Value::Null)
}

#[test]
fn an_organisation_is_mirrored_and_an_unchanged_repository_costs_one_listing() {
    let (commons, server) = forge(&["blog", "wiki", "forum"]);
    server.set(|state| state.page = 2);
    let source = format!("{}/recipes", server.url);
    let (code, first, err) = scan(&commons, &source, &[]);
    assert_eq!(code, 0, "{first} {err}");
    for name in ["blog", "wiki", "forum"] {
        assert_eq!(
            (&of(&first, name)["state"], &of(&first, name)["renewed"]),
            (&"recipe".into(), &true.into()),
            "{first}"
        );
    }
    server.asked();
    let (code, second, _) = scan(&commons, &source, &[]);
    assert_eq!(code, 0);
    assert_eq!(of(&second, "wiki")["renewed"], false);
    // The handshake and the listing of protocol 2; no pack is asked for.
    let asked = server.asked();
    let of_wiki: Vec<&String> = asked.iter().filter(|line| line.contains("wiki")).collect();
    assert_eq!(of_wiki, ["GET /recipes/wiki.git/info/refs", "POST /recipes/wiki.git/git-upload-pack"]);

    commons.release("wiki", "1.1.0+1.1", "nginx:1.1");
    let (_, third, _) = scan(&commons, &source, &[]);
    assert_eq!((&of(&third, "wiki")["latest"], &of(&third, "blog")["renewed"]), (&"1.1.0+1.1".into(), &false.into()));
}

#[test]
fn the_catalogue_of_an_organisation_has_what_the_forge_tells() {
    let (commons, server) = forge(&["blog"]);
    let source = format!("{}/recipes", server.url);
    std::fs::write(commons.path("taster.toml"), format!("[catalogue]\ncommunity = [\"{source}/\"]\n")).unwrap();
    let ran = commons.taster(&["catalogue", "--source", &source, "--out", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let entry = &commons.published("recipes.json")["blog"];
    assert_eq!(entry["description"], "What blog is for");
    assert_eq!(entry["repository"], format!("{source}/blog.git"));
    assert_eq!(entry["ssh_url"], "ssh://git@localhost/recipes/blog.git");
    assert_eq!((&entry["website"], &entry["icon"]), (&"https://example.com".into(), &"".into()));
    assert_eq!(commons.entry("blog")["community"], true);
    assert_eq!(commons.entry("blog")["tags"], serde_json::json!(["chat", "forum"]));
}

#[test]
fn offline_works_from_the_mirrors_and_says_what_is_not_there() {
    let (commons, server) = forge(&["blog"]);
    let source = format!("{}/recipes", server.url);
    let (code, none, _) = scan(&commons, &source, &["--offline"]);
    assert_eq!((code, &none["repositories"][0]["trouble"]["class"]), (5, &"offline".into()), "{none}");
    assert_eq!(scan(&commons, &source, &[]).0, 0);
    server.asked();
    let (code, known, _) = scan(&commons, &source, &["--offline"]);
    assert_eq!((code, &of(&known, "blog")["versions"]), (0, &1.into()), "{known}");
    assert_eq!(server.asked(), Vec::<String>::new(), "not one request");
    let (code, other, _) = scan(&commons, "https://git.example.coop/recipes/other.git", &["--offline"]);
    assert_eq!((code, &of(&other, "other")["state"]), (5, &"unreadable".into()));
}

#[test]
fn each_failure_is_told_and_hides_no_other() {
    let (commons, server) = forge(&["good", "private", "gone", "broken", "slow"]);
    let source = format!("{}/recipes", server.url);
    assert_eq!(scan(&commons, &source, &[]).0, 0);
    server.set(|state| {
        state.listed.extend(["never".to_owned(), "private-too".to_owned()]);
        state.private = vec!["private".to_owned(), "private-too".to_owned()];
        state.hanging = vec!["slow".to_owned()];
    });
    std::fs::remove_dir_all(commons.repository("gone")).unwrap();
    // Its new release cannot be sent: git finds the damage.
    commons.release("broken", "1.1.0+1.1", "nginx:1.1");
    let tree = commons.git("broken", &["rev-parse", "HEAD^{tree}"]);
    commons.damage("broken", &tree);
    std::fs::write(commons.path("taster.toml"), "[catalogue]\nfetch-seconds = 2\n").unwrap();
    let (code, told, err) = scan(&commons, &source, &[]);
    assert_eq!(code, 5, "{told} {err}");
    assert_eq!((&of(&told, "good")["state"], &of(&told, "good")["renewed"]), (&"recipe".into(), &false.into()));
    for (name, state, class) in [
        ("private", "stale", "auth"),
        ("private-too", "unreadable", "auth"),
        ("gone", "stale", "not-found"),
        ("never", "unreadable", "not-found"),
        ("slow", "stale", "timeout"),
    ] {
        let found = of(&told, name);
        assert_eq!(
            (found["state"].as_str().unwrap(), found["trouble"]["class"].as_str().unwrap()),
            (state, class),
            "{found}"
        );
        assert_eq!(found["versions"], u8::from(state == "stale"), "the last good entry stays: {found}");
    }
    assert_eq!((&of(&told, "broken")["state"], &of(&told, "broken")["latest"]), (&"stale".into(), &"1.0.0+1.0".into()));
}

#[test]
fn a_repository_that_is_too_large_is_not_mirrored() {
    let (commons, server) = forge(&["blog", "good"]);
    // Nothing compresses it.
    let mut noise = Vec::new();
    let mut state = 1_u64;
    for _ in 0..3_000_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.push((state >> 56) as u8);
    }
    std::fs::write(commons.repository("blog").join("noise"), noise).unwrap();
    commons.commit("blog", "large");
    std::fs::write(commons.path("taster.toml"), "[catalogue]\nlargest-megabytes = 1\n").unwrap();
    let (code, told, _) = scan(&commons, &format!("{}/recipes", server.url), &[]);
    assert_eq!((code, &of(&told, "good")["state"]), (5, &"recipe".into()), "{told}");
    assert_eq!(
        (&of(&told, "blog")["state"], &of(&told, "blog")["trouble"]["class"]),
        (&"unreadable".into(), &"huge".into()),
        "{told}"
    );
}

#[test]
fn what_the_remote_removed_renamed_or_moved_is_so_in_the_mirror() {
    let (commons, server) = forge(&["blog"]);
    commons.release("blog", "1.1.0+1.1", "nginx:1.1");
    commons.git("blog", &["branch", "topic"]);
    let source = format!("{}/recipes/blog.git", server.url);
    assert_eq!(scan(&commons, &source, &[]).0, 0);
    // A branch makes place for one below it, the default branch is renamed and its history rewritten, one tag goes, one moves.
    commons.git("blog", &["branch", "--delete", "--force", "topic"]);
    commons.git("blog", &["branch", "topic/sub"]);
    commons.git("blog", &["branch", "--move", "main", "trunk"]);
    commons.git("blog", &["commit", "--quiet", "--amend", "--allow-empty", "--message", "rewritten"]);
    commons.git("blog", &["tag", "--delete", "1.0.0+1.0"]);
    commons.git("blog", &["tag", "--annotate", "--force", "1.1.0+1.1", "--message", "moved"]);
    let (code, told, err) = scan(&commons, &source, &[]);
    assert_eq!(code, 5, "{told} {err}");
    let found = of(&told, "blog");
    assert_eq!((&found["versions"], &found["moved_tags"]), (&1.into(), &serde_json::json!(["1.1.0+1.1"])), "{found}");
    let ran = commons.taster(&["catalogue", "--source", &source, "--json"]);
    assert_eq!(ran.code, 0, "it is told once: {ran:?}");
    let catalogue: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(catalogue["recipes"][0]["repository"]["default_branch"], "trunk");
}

#[test]
fn a_damaged_mirror_is_made_anew() {
    let (commons, server) = forge(&["blog"]);
    let source = format!("{}/recipes", server.url);
    assert_eq!(scan(&commons, &source, &[]).0, 0);
    let host = server.url.trim_start_matches("http://").replace(':', "/");
    let packs = commons.path("cache/mirrors").join(host).join("recipes/blog.git/objects/pack");
    for pack in std::fs::read_dir(packs).unwrap().flatten() {
        std::fs::remove_file(pack.path()).unwrap();
    }
    std::fs::remove_dir_all(commons.path("cache/results")).unwrap();
    let (code, told, err) = scan(&commons, &source, &[]);
    assert_eq!((code, &of(&told, "blog")["state"]), (0, &"recipe".into()), "{told} {err}");
}

#[test]
fn file_addresses_and_empty_repositories_work() {
    let (commons, _server) = forge(&["blog"]);
    commons.empty("empty");
    std::fs::write(
        commons.path("list"),
        format!("file://{0}/blog # one\nfile://{0}/empty\nfile://{0}/nothing\n", root(&commons).display()),
    )
    .unwrap();
    let (code, told, err) = scan(&commons, "list", &[]);
    assert_eq!(code, 5, "{told} {err}");
    assert_eq!(of(&told, "blog")["state"], "recipe");
    assert_eq!(of(&told, "empty")["reason"], "nothing has been committed to it");
    assert_eq!(of(&told, "nothing")["trouble"]["class"], "not-found", "{told}");
}

#[test]
fn rate_limits_and_passing_trouble_are_waited_for() {
    let (commons, server) = forge(&["blog"]);
    server.set(|state| {
        state.faults.push_back(Fault { status: 429, retry_after: Some("1") });
        state.faults.push_back(Fault { status: 503, retry_after: Some("0") });
    });
    let begun = std::time::Instant::now();
    let (code, told, err) = scan(&commons, &format!("{}/recipes", server.url), &[]);
    assert_eq!((code, &of(&told, "blog")["state"]), (0, &"recipe".into()), "{told} {err}");
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1), "the server asked for a second");
}

#[test]
fn a_listing_that_fails_leaves_what_is_known_and_is_told() {
    let (commons, server) = forge(&["blog"]);
    let source = format!("{}/recipes", server.url);
    assert_eq!(scan(&commons, &source, &[]).0, 0);
    for (fault, class, words) in [
        (Fault { status: 401, retry_after: None }, "auth", "TASTER_FORGE_TOKEN"),
        (Fault { status: 403, retry_after: None }, "auth", "answers 403"),
        (Fault { status: 429, retry_after: Some("3600") }, "network", "asks to wait 3600 s"),
        (Fault { status: 418, retry_after: None }, "network", "answers 418"),
    ] {
        server.set(|state| state.faults.push_back(fault));
        let (code, told, _) = scan(&commons, &source, &[]);
        assert_eq!((code, &of(&told, "blog")["state"]), (5, &"recipe".into()), "{told}");
        let trouble = &of(&told, &source)["trouble"];
        assert_eq!(trouble["class"], class, "{trouble}");
        assert!(trouble["reason"].as_str().unwrap().contains(words), "{trouble}");
    }
    let (code, told, _) = scan(&commons, &format!("{}/nobody", server.url), &[]);
    assert_eq!((code, &told["repositories"][0]["trouble"]["class"]), (5, &"not-found".into()), "{told}");
}

/// Who is missing in a listing would be lost: a listing that is not whole is none.
#[test]
fn a_listing_that_is_not_whole_is_an_error_and_one_without_headers_is_read_to_its_end() {
    let (commons, server) = forge(&["blog", "wiki", "forum"]);
    let source = format!("{}/recipes", server.url);
    server.set(|state| state.claims = Some(4));
    let (code, told, _) = scan(&commons, &source, &[]);
    assert_eq!(code, 5);
    let reason = told["repositories"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("there are 4, and lists 3"), "{reason}");
    server.set(|state| (state.claims, state.terse, state.page) = (None, true, 1));
    let (code, told, _) = scan(&commons, &source, &[]);
    assert_eq!((code, told["repositories"].as_array().unwrap().len()), (0, 3), "{told}");
    assert_eq!(server.state.lock().unwrap().tokens, []);
}
