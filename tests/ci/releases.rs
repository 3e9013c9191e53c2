//! What happens after a merge and at night, run as each system runs it: the workflows' own steps against bare repositories on disk.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::comment::{Forge, TOKEN};
use crate::systems::{Event, variables};
use crate::workflows::{commands, documents, shell, step, steps, written};
use crate::world::{Ran, World, git};

const VERSION: &str = "1.3.0+1.28.0";

/// How Forgejo and Gitea run a step with `shell: bash`.
const BASH: &[&str] = &["bash", "--noprofile", "--norc", "-eo", "pipefail"];

/// A merged bump that is in step, its repository's bare origin, and the commons' repository with a trusted run of it.
struct Merged {
    world: World,
    commons: String,
}

impl Merged {
    fn new(outcome: &str) -> Self {
        let world = World::new();
        git(&world.path(""), &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
        world.git(&["remote", "add", "origin", world.path("origin.git").to_str().unwrap()]);
        world.git(&["push", "--quiet", "--set-upstream", "origin", "main", "1.2.0+1.27.2"]);
        let compose = world.read("teapot/compose.yml").replace("nginx:1.27.2", "nginx:1.28.0");
        world.write("compose.yml", &compose.replace("version=1.2.0+1.27.2", &format!("version={VERSION}")));
        world.write("release/next", "- app: nginx 1.27.2 → 1.28.0\n");
        let commit = world.commit("a bump");
        world.git(&["push", "--quiet", "origin", "main"]);
        let commons = world.path("commons");
        let step = |kind: &str, outcome: &str| {
            json!({ "id": format!("{kind}@default"), "kind": kind, "variant": "default", "outcome": outcome,
                "reason": "the reason", "seconds": 1.0 })
        };
        let line = json!({
            "schema": "taster.history/1", "run": "20261121-100000-teapot-abcd", "at": "2026-11-21T10:00:00Z", "recipe": "teapot",
            "commit": commit, "trust": "default-branch", "steps": [step("lint", "passed"), step("install", outcome)],
        });
        // As `taster nightly` leaves it in the commons' own repository.
        world.beside("commons/history/teapot.jsonl", &format!("{line}\n"));
        git(&commons, &["init", "--quiet", "--initial-branch=main"]);
        git(&commons, &["add", "--all"]);
        git(&commons, &["commit", "--quiet", "--message", "a night"]);
        let commons = format!("file://{}", commons.display());
        Self { world, commons }
    }

    /// The step of a system's release, and its environment.
    fn script(&self, system: &str) -> (String, BTreeMap<String, String>, &'static [&'static str]) {
        if system == "forgejo" {
            let expressions = [("inputs.history", self.commons.as_str()), ("secrets.push-token", TOKEN)];
            let (script, own) = step("recipe-release.yml", "release", "release", &expressions);
            return (script, own, BASH);
        }
        let files = written(system, &self.commons);
        let all: Vec<Value> = files.iter().flat_map(|(_, text)| documents(text)).collect();
        let step = all.iter().flat_map(steps).find(|step| step["name"] == "release").unwrap().clone();
        assert_eq!(step["environment"]["PUSH_TOKEN"]["from_secret"], "taster_push_token", "{system}");
        (commands(&step), BTreeMap::from([("PUSH_TOKEN".to_owned(), TOKEN.to_owned())]), &["sh", "-e"])
    }

    fn release(&self, system: &str) -> Ran {
        // Each job has a folder of its own.
        let _ = std::fs::remove_dir_all(self.world.path("taster-history"));
        let (script, own, shell_of) = self.script(system);
        let environment: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let ran = shell(&self.world, shell_of, &script, &environment);
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{system}: {ran:?}");
        ran
    }

    fn origin(&self, arguments: &[&str]) -> String {
        git(&self.world.path("origin.git"), arguments)
    }
}

#[test]
fn after_a_merge_the_tag_and_its_note_are_pushed_once() {
    for system in ["forgejo", "drone", "woodpecker"] {
        let merged = Merged::new("passed");
        let ran = merged.release(system);
        assert_eq!(ran.code, 0, "{system}: {ran:?}");
        assert_eq!(merged.origin(&["cat-file", "-t", VERSION]), "tag", "{system}: annotated");
        let tag =
            merged.origin(&["tag", "--list", "--format=%(contents:subject) %(taggername) %(taggeremail)", VERSION]);
        assert_eq!(tag, format!("chore: publish {VERSION} release taster <taster@noreply.invalid>"), "{system}");
        let tip = merged.origin(&["rev-parse", "refs/heads/main"]);
        assert_eq!(tip, merged.origin(&["rev-parse", &format!("{VERSION}^{{commit}}")]), "{system}");
        // The release's commit holds the recipe alone: nothing of the job, and nothing of the history.
        let moved = merged.origin(&["diff", "--name-status", "-M", "refs/heads/main~1", "refs/heads/main"]);
        assert_eq!(moved, format!("R100\trelease/next\trelease/{VERSION}"), "{system}");
        // The push of that commit calls the workflow again.
        let again = merged.release(system);
        assert_eq!((again.code, merged.origin(&["rev-parse", "refs/heads/main"])), (0, tip), "{system}: {again:?}");
    }
}

#[test]
fn a_commit_whose_last_run_failed_is_not_released_and_the_job_is_red() {
    for system in ["forgejo", "drone", "woodpecker"] {
        let merged = Merged::new("failed");
        let before = merged.origin(&["rev-parse", "refs/heads/main"]);
        let ran = merged.release(system);
        assert!(ran.code == 1 && ran.err.contains("install@default failed"), "{system}: {ran:?}");
        assert_eq!(merged.origin(&["tag", "--list", VERSION]), "", "{system}");
        assert_eq!(merged.origin(&["rev-parse", "refs/heads/main"]), before, "{system}");
    }
}

/// The commons' own repository beside the recipe, which it lists as a source, and its bare origin.
fn commons(world: &World) {
    let folder = world.path("commons");
    let toml = format!("[catalogue]\nsources = [\"{}\"]\n[history]\ntrusted = true\n", world.repository().display());
    world.beside("commons/taster.toml", &toml);
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    git(&folder, &["add", "--all"]);
    git(&folder, &["commit", "--quiet", "--message", "a commons"]);
    git(&world.path(""), &["clone", "--quiet", "--bare", "commons", "commons.git"]);
    git(&folder, &["remote", "add", "origin", world.path("commons.git").to_str().unwrap()]);
}

/// A night: both steps of the workflow in the commons' repository, the second one as the system runs it after the first.
fn night(world: &World) -> (Ran, Ran) {
    let expressions = [("github.ref_name", "main"), ("secrets.push-token", TOKEN)];
    let both = ["nightly", "publish"].map(|name| {
        let (script, own) = step("catalogue-nightly.yml", "nightly", name, &expressions);
        let environment: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let script = format!("cd ../commons\n{script}");
        let ran = shell(world, BASH, &script, &environment);
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{name}: {ran:?}");
        ran
    });
    both.into()
}

#[test]
fn a_night_publishes_what_it_found_and_the_next_one_has_nothing_to_push() {
    let world = World::new();
    commons(&world);
    let origin = |arguments: &[&str]| git(&world.path("commons.git"), arguments);
    let (tested, published) = night(&world);
    assert_eq!((tested.code, published.code), (0, 0), "{tested:?} {published:?}");
    let files = origin(&["ls-tree", "-r", "--name-only", "refs/heads/main"]);
    for file in ["history/teapot.jsonl", "public/catalogue.json", "public/recipes.json"] {
        assert!(files.lines().any(|known| known == file), "{file}: {files}");
    }
    assert!(!files.contains(".taster/"), "runs are no part of it: {files}");
    assert_eq!(
        origin(&["log", "-1", "--format=%an %ae %s", "refs/heads/main"]),
        "taster taster@noreply.invalid catalogue: nightly"
    );
    let tip = origin(&["rev-parse", "refs/heads/main"]);
    let (tested, published) = night(&world);
    assert_eq!((tested.code, published.code), (0, 0), "a quiet night is fine: {tested:?} {published:?}");
    assert!(published.out.contains("nothing changed"), "{published:?}");
    assert_eq!(origin(&["rev-parse", "refs/heads/main"]), tip);
}

#[test]
fn a_night_in_which_a_recipe_fails_is_published_all_the_same() {
    let world = World::new();
    world.write("compose.smtp.yml", crate::world::BROKEN);
    world.commit("broken");
    commons(&world);
    let (tested, published) = night(&world);
    assert!(tested.code == 0 && tested.out.contains("some recipes failed"), "{tested:?}");
    assert_eq!(published.code, 0, "{published:?}");
    let history = git(&world.path("commons.git"), &["show", "refs/heads/main:history/teapot.jsonl"]);
    assert!(history.contains("\"failed\""), "{history}");
    // Without a source nothing can be done: red, and nothing is pushed.
    let world = World::new();
    commons(&world);
    world.beside("commons/taster.toml", "[catalogue]\nsources = []\n[history]\ntrusted = true\n");
    git(&world.path("commons"), &["commit", "--quiet", "--all", "--message", "nothing to do"]);
    let before = git(&world.path("commons.git"), &["rev-parse", "refs/heads/main"]);
    let (tested, published) = night(&world);
    assert!(tested.code == 2 && published.out.contains("nothing changed"), "{tested:?} {published:?}");
    assert_eq!(git(&world.path("commons.git"), &["rev-parse", "refs/heads/main"]), before);
}

#[test]
fn what_a_release_of_taster_built_is_attached_once() {
    let world = World::new();
    let commit = world.git(&["rev-parse", "HEAD"]);
    world.write("dist/taster-amd64", "binary\n");
    world.write("dist/SHA256SUMS", "sums\n");
    let forge = Forge::new();
    let expressions = [("github.ref_name", "v1.0.0"), ("secrets.RELEASE_TOKEN", TOKEN)];
    let (script, own) = step("release.yml", "release", "attach", &expressions);
    let attach = || {
        let mut job = variables(&world, "forgejo", Event::Tag { commit: &commit, tag: "v1.0.0" });
        job.retain(|(name, _)| *name != "GITHUB_SERVER_URL");
        job.push(("GITHUB_SERVER_URL", forge.server.url.clone()));
        let environment = job.iter().map(|(name, value)| (*name, value.as_str()));
        let environment: Vec<(&str, &str)> =
            environment.chain(own.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
        let ran = shell(&world, BASH, &script, &environment);
        assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{ran:?}");
        ran
    };
    let attached = || {
        let mut all = Vec::new();
        forge.server.set(|state| all.clone_from(&state.repositories.releases));
        all
    };
    // The forge fails half-way, and the job is run once more.
    forge.refuses("POST", "/assets", 500);
    let ran = attach();
    assert!(ran.code != 0 && ran.err.contains("500"), "{ran:?}");
    let both = [("SHA256SUMS".to_owned(), b"sums\n".to_vec()), ("taster-amd64".to_owned(), b"binary\n".to_vec())];
    for _ in 0..2 {
        let ran = attach();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(attached(), [("v1.0.0".to_owned(), both.to_vec())]);
    }
}
