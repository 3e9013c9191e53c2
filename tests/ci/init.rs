//! `taster ci init`: written once, brought up to date, never over what somebody changed.

use crate::world::{Ran, World};

pub(crate) const DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";
pub(crate) const REF: &str = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd";
pub(crate) const HISTORY: &str = "https://git.example.net/commons/history.git";

pub(crate) const SYSTEMS: [(&str, &[&str]); 4] = [
    (
        "forgejo",
        &[
            ".forgejo/workflows/taster.yml",
            ".forgejo/workflows/taster-renovate.yml",
            ".forgejo/workflows/taster-release.yml",
        ],
    ),
    (
        "gitea",
        &[".gitea/workflows/taster.yml", ".gitea/workflows/taster-renovate.yml", ".gitea/workflows/taster-release.yml"],
    ),
    ("drone", &[".drone.yml"]),
    (
        "woodpecker",
        &[
            ".woodpecker/taster.yml",
            ".woodpecker/taster-comment.yml",
            ".woodpecker/taster-renovate.yml",
            ".woodpecker/taster-release.yml",
        ],
    ),
];

fn init(world: &World, system: &str, more: &[&str]) -> Ran {
    let mut arguments = vec!["ci", "init", "--system", system, "--ref", REF, "--history", HISTORY];
    if !more.contains(&"--digest") {
        arguments.extend(["--digest", DIGEST]);
    }
    arguments.extend(more);
    world.taster(&arguments, &[])
}

fn changed(world: &World) -> String {
    world.git(&["status", "--porcelain", "--untracked-files=all"])
}

#[test]
fn what_is_written_is_pinned_and_a_second_time_changes_nothing() {
    for (system, files) in SYSTEMS {
        let world = World::new();
        let ran = init(&world, system, &[]);
        assert_eq!(ran.code, 0, "{system}: {ran:?}");
        for file in files {
            let text = world.read(&format!("teapot/{file}"));
            assert!(text.contains("taster@") || text.contains(REF), "{file}: {text}");
            assert!(!text.contains("00000000") && !text.contains("git.example.coop"), "{file}: {text}");
            assert!(text.matches(DIGEST).count() == text.matches("toolshed/taster@").count(), "{file}: {text}");
            // Nothing of ours is named by something that can be moved.
            assert!(
                !text.contains("taster:") || !text.contains("image: git.coopcloud.tech/toolshed/taster:"),
                "{file}"
            );
        }
        world.commit("workflows");
        let again = init(&world, system, &[]);
        assert!(again.code == 6 && changed(&world).is_empty(), "{system}: {again:?}");
        // Another digest: its own files are brought up to date.
        let newer = DIGEST.replace("ab", "ef");
        let ran = init(&world, system, &["--digest", &newer]);
        assert_eq!(ran.code, 0, "{system}: {ran:?}");
        assert!(world.read(&format!("teapot/{}", files[0])).contains(&newer), "{system}");
    }
}

#[test]
fn what_somebody_changed_is_left_alone_unless_told() {
    for (system, files) in SYSTEMS {
        let world = World::new();
        init(&world, system, &[]);
        let file = files[0];
        let own = format!("{}# ours\n", world.read(&format!("teapot/{file}")));
        world.write(file, &own);
        world.commit("changed by hand");
        let newer = DIGEST.replace("ab", "ef");
        let ran = init(&world, system, &["--digest", &newer]);
        assert!(ran.code == 2 && ran.err.contains(file) && ran.err.contains("--force"), "{system}: {ran:?}");
        assert_eq!(changed(&world), "", "{system}: nothing at all was written");
        let ran = init(&world, system, &["--digest", &newer, "--diff"]);
        assert!(ran.code == 0 && ran.out.contains("-# ours") && changed(&world).is_empty(), "{system}: {ran:?}");
        let ran = init(&world, system, &["--digest", &newer, "--force"]);
        assert!(ran.code == 0 && !world.read(&format!("teapot/{file}")).contains("# ours"), "{system}: {ran:?}");
    }
    // A file that never was ours.
    let world = World::new();
    world.write(".drone.yml", "kind: pipeline\n");
    let ran = init(&world, "drone", &[]);
    assert!(ran.code == 2 && world.read("teapot/.drone.yml") == "kind: pipeline\n", "{ran:?}");
}

#[test]
fn renovate_learns_our_author_and_keeps_every_other_byte() {
    let world = World::new();
    let before = "{\n    \"$schema\": \"x\",\n      \"extends\": [ \"config:base\" ]\n}\n";
    world.write("renovate.json", before);
    init(&world, "drone", &[]);
    let after = world.read("teapot/renovate.json");
    assert_eq!(after.replace("  \"gitIgnoredAuthors\": [\"taster@noreply.invalid\"],\n", ""), before, "{after}");
    let parsed: serde_json::Value = serde_json::from_str(&after).unwrap();
    assert_eq!(parsed["gitIgnoredAuthors"][0], "taster@noreply.invalid");
    assert_eq!(init(&world, "drone", &[]).code, 6, "not twice");
    for (text, code) in [("{}", 0), ("{\"gitIgnoredAuthors\":[\"taster@noreply.invalid\"]}", 6)] {
        world.write("renovate.json", text);
        assert_eq!(init(&world, "drone", &[]).code, code, "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&world.read("teapot/renovate.json")).is_ok(), "{text}");
    }
    for text in ["// a comment\n{}", "[]", "{\"gitIgnoredAuthors\":[\"somebody@example.org\"]}"] {
        world.write("renovate.json", text);
        let ran = init(&world, "drone", &[]);
        assert!(ran.code == 2 && ran.err.contains("by hand"), "{text}: {ran:?}");
        assert_eq!(world.read("teapot/renovate.json"), text);
    }
}

#[test]
fn what_can_be_moved_is_no_pin() {
    let world = World::new();
    let run = |arguments: &[&str]| {
        let ran = world.taster(&[&["ci", "init"], arguments].concat(), &[]);
        assert!(ran.code == 2 && changed(&world).is_empty(), "{arguments:?}: {ran:?}");
        ran.err
    };
    assert!(run(&["--digest", "latest", "--ref", REF, "--history", HISTORY]).contains("no digest"));
    assert!(run(&["--digest", DIGEST, "--ref", "main", "--history", HISTORY]).contains("no commit"));
    assert!(run(&["--digest", DIGEST, "--history", HISTORY]).contains("--ref"));
    assert!(run(&["--digest", DIGEST, "--ref", REF, "--history", "x; rm -rf /"]).contains("no address"));
    assert!(
        run(&["--digest", DIGEST, "--ref", REF, "--history", HISTORY, "--image", "taster:1"]).contains("without a tag")
    );
    assert!(run(&["--ref", REF, "--history", HISTORY]).contains("--digest"));
}
