//! The workflows, read and run by an interpreter that is not ours: expressions, conditions, inputs, secrets, and what becomes of them. Without act these
//! tests fail.

use std::process::Command;

use serde_json::json;

use crate::artefact::archive;
use crate::comment::{Forge, TOKEN};
use crate::runner::Actions;
use crate::server::Artefact;
use crate::workflows::root;
use crate::world::{BROKEN, World, git};

/// What a pull request's jobs did that they should not have, in words: of a change that breaks a file, from the test to the comment.
fn complaints(actions: &mut Actions, system: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, words: &str| {
        if !holds {
            wrong.push(words.to_owned());
        }
    };
    let pull = actions.pull();
    let ran = actions.run(system, "taster.yml", &pull);
    let log = format!("{}{}", ran.out, ran.err);
    expect(ran.code == 1, "the test is not red");
    expect(log.contains("gate regression: failed"), "the gate was not asked");
    expect(log.contains("that the base does not have"), "the base was not compared with");
    let calls = actions.calls();
    expect(calls.len() == 1 && calls[0].0.starts_with("ci --gate regression "), "the test runs something else");
    expect(calls.iter().any(|(call, _)| call.contains("--history ../taster-history")), "the history is not used");
    expect(!calls.iter().any(|(_, environment)| environment.contains(TOKEN)), "the test sees the token");
    let kept = |text: &str| text.contains("extraheader") || !text.contains("[remote \"origin\"]");
    expect(!calls.iter().any(|(_, text)| kept(text)), "credentials stay in the checkout");
    let left = actions.uploaded(system, &format!("taster-{}", actions.head));
    expect(left.iter().any(|file| file.ends_with("events.ndjson")), "the comment finds no artefact by its name");
    expect(!actions.uploaded(system, "taster-report").is_empty(), "people find no report");

    let folder = actions.artefact(system, &format!("taster-{}", actions.head));
    let bytes: Vec<(String, Vec<u8>)> =
        left.iter().map(|file| (file.display().to_string(), std::fs::read(folder.join(file)).unwrap())).collect();
    let files: Vec<(&str, &[u8])> = bytes.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let bytes = archive(&files);
    let (name, commit) = (format!("taster-{}", actions.head), actions.head.clone());
    actions.forge.server.set(|state| {
        state.repositories.artefacts.push(Artefact { id: 3, name, commit, expired: false, bytes });
    });
    let schedule = actions.schedule();
    let ran = actions.run(system, "taster.yml", &schedule);
    expect(ran.code == 0, "the comment's job is red");
    let calls = actions.calls();
    expect(calls.len() == 1 && calls[0].0.starts_with("ci comment --pending --gate regression "), "nothing comments");
    let given = format!("TASTER_FORGE_TOKEN={TOKEN}\n");
    expect(calls.iter().any(|(_, environment)| environment.contains(&given)), "the comment has no token");
    let comments = actions.forge.comments();
    let body = comments.first().map_or("", |comment| comment.body.as_str());
    expect(comments.len() == 1 && body.contains("### taster: failed"), "there is not one comment with the verdict");
    expect(body.contains("  - new: <code>"), "the comment does not know the base");
    wrong
}

#[test]
fn a_pull_request_goes_from_the_caller_to_the_comment_and_the_token_is_the_comments_alone() {
    for system in ["forgejo", "gitea"] {
        let mut actions = Actions::new(&[("compose.smtp.yml", BROKEN)]);
        assert_eq!(complaints(&mut actions, system), Vec::<String>::new(), "{system}");
    }
}

#[test]
fn mistakes_in_the_pull_request_workflow_are_seen() {
    // What Gitea does not hand out.
    let mut actions = Actions::new(&[("compose.smtp.yml", BROKEN)]);
    actions.mistake(
        "recipe-pull-request-gitea.yml",
        "ChristopherHX/gitea-upload-artifact@81f940d004763f986ba3582c007fd842dd5cb0d7",
        "actions/upload-artifact@ff15f0306b3f739f7b6fd43fb5d26cd321bd4de5",
    );
    let wrong = complaints(&mut actions, "gitea");
    assert!(wrong.iter().any(|words| words == "the comment finds no artefact by its name"), "{wrong:?}");
    let file = "recipe-pull-request.yml";
    let mistakes = [
        ("fetch-depth: 0", "fetch_depth: 0", "the base was not compared with"),
        ("persist-credentials: false", "persist-credential: false", "credentials stay in the checkout"),
        ("GATE: ${{ inputs.gate }}", "GATE: ${{ inputs.gates }}", "the gate was not asked"),
        ("HISTORY: ${{ inputs.history }}", "PAST: ${{ inputs.history }}", "the history is not used"),
        (
            "GATE: ${{ inputs.gate }}",
            "GATE: ${{ inputs.gate }}\n          T: ${{ secrets.forge-token }}",
            "the test sees the token",
        ),
        ("${{ secrets.forge-token }}", "${{ secrets.forge_token }}", "the comment has no token"),
        (
            "name: taster-${{ github.event.pull_request.head.sha || github.sha }}",
            "name: taster-${{ github.run_id }}",
            "the comment finds no artefact by its name",
        ),
        ("github.event_name == 'schedule'", "github.event_name == 'cron'", "nothing comments"),
        ("if: ${{ always() }}", "if: ${{ success() }}", "the comment finds no artefact by its name"),
    ];
    for (from, to, complaint) in mistakes {
        let mut actions = Actions::new(&[("compose.smtp.yml", BROKEN)]);
        actions.mistake(file, from, to);
        let wrong = complaints(&mut actions, "forgejo");
        assert!(wrong.iter().any(|words| words == complaint), "{to}: {wrong:?}");
    }
}

#[test]
fn a_change_that_breaks_nothing_is_green() {
    let mut actions = Actions::new(&[("README.md.add", "more words\n")]);
    let pull = actions.pull();
    let ran = actions.run("forgejo", "taster.yml", &pull);
    assert_eq!(ran.code, 0, "{ran:?}");
}

/// What the forge was given to be pushed with, in the order of the requests.
fn pushed_with(forge: &Forge) -> Vec<String> {
    let mut all = Vec::new();
    forge.server.set(|state| all = std::mem::take(&mut state.tokens));
    all.into_iter().filter(|(path, _)| path.ends_with("git-receive-pack")).map(|(_, token)| token).collect()
}

#[test]
fn the_renovate_follow_up_is_pushed_to_the_branch_that_the_event_names() {
    let mut actions = Actions::new(&[]);
    let compose = actions.world.read("teapot/compose.yml");
    actions.world.git(&["checkout", "--quiet", "-b", "renovate/nginx-1.x", "main"]);
    actions.world.write("compose.yml", &compose.replace("nginx:1.27.2", "nginx:1.28.0"));
    let bump = actions.world.commit("a bump");
    let url = actions.forge.dir.path().join("blog").display().to_string();
    actions.world.git(&["push", "--quiet", &url, "renovate/nginx-1.x"]);
    let push = actions.push("renovate/nginx-1.x");
    let ran = actions.run("forgejo", "taster-renovate.yml", &push);
    assert_eq!(ran.code, 0, "{ran:?}");
    let pushed = actions.origin(&["rev-parse", "refs/heads/renovate/nginx-1.x"]);
    assert_eq!(actions.origin(&["diff", "--name-only", &bump, &pushed]), "compose.yml\nrelease/next");
    assert_eq!(actions.origin(&["rev-parse", &format!("{pushed}^")]), bump);
    let given = pushed_with(&actions.forge);
    assert!(!given.is_empty() && given.iter().all(|one| *one == basic()), "{given:?}");
    assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:?}");
    // The push of that commit calls the workflow again, and it ends there.
    let push = actions.push("renovate/nginx-1.x");
    let again = actions.run("gitea", "taster-renovate.yml", &push);
    assert!(again.code == 0 && again.out.contains("nothing was due"), "{again:?}");
    assert_eq!(actions.origin(&["rev-parse", "refs/heads/renovate/nginx-1.x"]), pushed);
}

/// `taster` and the token, as HTTP says it.
fn basic() -> String {
    let output = Command::new("sh").args(["-c", "printf 'taster:%s' \"$0\" | base64 -w0", TOKEN]).output().unwrap();
    format!("Basic {}", String::from_utf8(output.stdout).unwrap())
}

#[test]
fn after_a_merge_the_release_is_pushed() {
    let version = "1.3.0+1.28.0";
    let mut actions = Actions::new(&[]);
    actions.world.git(&["checkout", "--quiet", "main"]);
    let compose = actions.world.read("teapot/compose.yml").replace("nginx:1.27.2", "nginx:1.28.0");
    actions.world.write("compose.yml", &compose.replace("version=1.2.0+1.27.2", &format!("version={version}")));
    actions.world.write("release/next", "- app: nginx 1.27.2 → 1.28.0\n");
    let commit = actions.world.commit("a bump");
    let url = actions.forge.dir.path().join("blog").display().to_string();
    actions.world.git(&["push", "--quiet", &url, "main"]);
    let step = |kind: &str| {
        json!({ "id": format!("{kind}@default"), "kind": kind, "variant": "default", "outcome": "passed",
            "reason": "the reason", "seconds": 1.0 })
    };
    let line = json!({
        "schema": "taster.history/1", "run": "20261121-100000-teapot-abcd", "at": "2026-11-21T10:00:00Z", "recipe": "teapot",
        "commit": commit, "trust": "default-branch", "steps": [step("lint"), step("install")],
    });
    let history = actions.forge.dir.path().join("history");
    std::fs::create_dir_all(history.join("history")).unwrap();
    std::fs::write(history.join("history/teapot.jsonl"), format!("{line}\n")).unwrap();
    git(&history, &["add", "--all"]);
    git(&history, &["commit", "--quiet", "--message", "a night"]);
    // A recipe is called after its folder, unless its repository and its own files agree on another name.
    actions.name = "teapot";
    std::os::unix::fs::symlink("blog", actions.forge.dir.path().join("teapot")).unwrap();
    let push = actions.push("main");
    let ran = actions.run("forgejo", "taster-release.yml", &push);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(actions.origin(&["cat-file", "-t", version]), "tag", "{ran:?}");
    let tip = actions.origin(&["rev-parse", "refs/heads/main"]);
    assert_eq!(tip, actions.origin(&["rev-parse", &format!("{version}^{{commit}}")]));
    let given = pushed_with(&actions.forge);
    assert!(!given.is_empty() && given.iter().all(|one| *one == basic()), "{given:?}");
    assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:?}");
    // The push of that commit calls the workflow again: nothing is due.
    let push = actions.push("main");
    let again = actions.run("gitea", "taster-release.yml", &push);
    assert_eq!((again.code, actions.origin(&["rev-parse", "refs/heads/main"])), (0, tip), "{again:?}");
}

#[test]
fn a_night_is_published_to_the_branch_that_the_event_names() {
    let mut actions = Actions::new(&[]);
    let origin = actions.forge.dir.path().join("blog");
    // The repository of the event is the commons' own here.
    let world = World::new();
    let toml = format!("[catalogue]\nsources = [\"{}\"]\n[history]\ntrusted = true\n", world.repository().display());
    actions.world.beside("commons/taster.toml", &toml);
    let commons = actions.world.path("commons");
    git(&commons, &["init", "--quiet", "--initial-branch=main"]);
    git(&commons, &["add", "--all"]);
    git(&commons, &["commit", "--quiet", "--message", "a commons"]);
    git(&commons, &["push", "--quiet", "--force", origin.to_str().unwrap(), "main"]);
    let mut night = actions.schedule();
    night.commit = actions.origin(&["rev-parse", "refs/heads/main"]);
    let caller = std::fs::read_to_string(root().join("docs/ci/forgejo/catalogue-nightly.yml")).unwrap();
    let ran = actions.run_caller(&caller, &night);
    assert_eq!(ran.code, 0, "{ran:?}");
    let files = actions.origin(&["ls-tree", "-r", "--name-only", "refs/heads/main"]);
    for file in ["history/teapot.jsonl", "public/catalogue.json", "public/recipes.json"] {
        assert!(files.lines().any(|known| known == file), "{file}: {files}");
    }
    let given = pushed_with(&actions.forge);
    assert!(!given.is_empty() && given.iter().all(|one| *one == basic()), "{given:?}");
    assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:?}");
    // Nothing can be done without a source: red, and the step that publishes runs all the same.
    actions.world.beside("commons/taster.toml", "[catalogue]\nsources = []\n[history]\ntrusted = true\n");
    git(&commons, &["commit", "--quiet", "--all", "--message", "nothing to do"]);
    git(&commons, &["push", "--quiet", "--force", origin.to_str().unwrap(), "main"]);
    night.commit = actions.origin(&["rev-parse", "refs/heads/main"]);
    let ran = actions.run_caller(&caller, &night);
    assert!(ran.code == 1 && ran.out.contains("nothing changed"), "{ran:?}");
}
