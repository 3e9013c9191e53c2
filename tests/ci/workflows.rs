//! The workflows: their shape, their scripts, what may see a secret, and their steps run here as each system runs them.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize as _;
use serde_json::Value;

use crate::artefact::archive;
use crate::comment::{Forge, TOKEN};
use crate::init::{DIGEST, REF, SYSTEMS};
use crate::server::Artefact;
use crate::systems::{Event, pairs, variables};
use crate::world::{Ran, World, git};

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents of a YAML file.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    yaml_serde::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap()).collect()
}

pub(crate) fn below(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join(folder)).unwrap().map(|one| one.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// What `taster ci init` writes for a system, by path.
pub(crate) fn written(system: &str, history: &str) -> Vec<(String, String)> {
    let world = World::new();
    let ran =
        world.taster(&["ci", "init", "--system", system, "--digest", DIGEST, "--ref", REF, "--history", history], &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let files = SYSTEMS.iter().find(|(known, _)| *known == system).unwrap().1;
    files.iter().map(|file| ((*file).to_owned(), world.read(&format!("teapot/{file}")))).collect()
}

pub(crate) const HISTORY: &str = "https://git.example.net/commons/history.git";

/// A shell reads it without complaint.
#[track_caller]
fn is_shell(script: &str, place: &str) {
    let output = Command::new("bash").args(["-n", "-c", script]).output().unwrap();
    assert!(output.status.success(), "{place}: {}\n{script}", String::from_utf8_lossy(&output.stderr));
    // What an event says is never pasted into a script, where it would be run.
    assert!(!script.contains("${{"), "{place}: an expression in a script:\n{script}");
}

pub(crate) fn steps(job: &Value) -> &Vec<Value> {
    job["steps"].as_array().unwrap()
}

#[test]
fn workflows_of_actions_have_the_keys_that_the_documentation_asks_for() {
    let mut files = below(".forgejo/workflows");
    files.extend(below("docs/ci/forgejo"));
    for system in ["forgejo", "gitea"] {
        files.extend(written(system, HISTORY).into_iter().map(|(path, text)| (PathBuf::from(path), text)));
    }
    assert!(files.len() > 12, "{files:?}");
    for (path, text) in files {
        let place = path.display().to_string();
        let [workflow]: [Value; 1] = documents(&text).try_into().unwrap();
        assert!(!workflow["on"].is_null(), "{place}: no `on`");
        let jobs = workflow["jobs"].as_object().unwrap();
        assert!(!jobs.is_empty(), "{place}");
        for (name, job) in jobs {
            let place = format!("{place}, {name}");
            if let Some(uses) = job["uses"].as_str() {
                // A called workflow: pinned, and one that is there.
                let (address, commit) = uses.split_once('@').unwrap();
                assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{place}: {uses}");
                let file = address.rsplit_once(".forgejo/workflows/").unwrap().1;
                let text = std::fs::read_to_string(root().join(".forgejo/workflows").join(file)).unwrap();
                let called = &documents(&text)[0]["on"]["workflow_call"];
                for (input, told) in called["inputs"].as_object().unwrap() {
                    assert!(
                        told["required"] != true || !job["with"][input].is_null(),
                        "{place}: lacks the input {input}"
                    );
                }
                for input in job["with"].as_object().unwrap().keys() {
                    assert!(!called["inputs"][input].is_null(), "{place}: {file} has no input {input}");
                }
                for secret in job["secrets"].as_object().unwrap().keys() {
                    assert!(!called["secrets"][secret].is_null(), "{place}: {file} has no secret {secret}");
                }
                assert!(job.get("steps").is_none() && job.get("runs-on").is_none(), "{place}");
                continue;
            }
            assert!(job["runs-on"].is_string() && job["timeout-minutes"].is_u64(), "{place}: runs-on, timeout-minutes");
            for step in steps(job) {
                let (runs, uses) = (step["run"].as_str(), step["uses"].as_str());
                assert!(runs.is_some() != uses.is_some(), "{place}: a step either runs or uses: {step}");
                if let Some(script) = runs {
                    is_shell(script, &place);
                }
                assert!(uses.is_none_or(is_pinned), "{place}: {uses:?} can be moved: name the 40 digits of its commit");
            }
        }
    }
}

/// An action is named by the full hash of its commit: tags and branches can be moved.
fn is_pinned(uses: &str) -> bool {
    let hash = uses.split_once('@').map(|(_, hash)| hash);
    hash.is_some_and(|hash| hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[test]
fn every_action_of_somebody_else_is_pinned_by_its_commit_and_says_which_release_that_is() {
    assert!(
        !is_pinned("actions/checkout@v4") && !is_pinned("actions/checkout@11d5960") && !is_pinned("actions/checkout")
    );
    let mut pinned = 0;
    for (path, text) in [".forgejo/workflows", "docs/ci/forgejo"].into_iter().flat_map(below) {
        for line in text.lines().map(str::trim) {
            let Some(uses) = line.trim_start_matches("- ").strip_prefix("uses: ") else { continue };
            let (action, comment) = uses.split_once(" # ").unwrap_or((uses, ""));
            assert!(is_pinned(action), "{}: {line}", path.display());
            // Ours are pinned by `taster ci init`.
            if !action.contains("/toolshed/taster/") {
                assert!(comment.starts_with('v') && comment.split('.').count() == 3, "{}: {line}", path.display());
                pinned += 1;
            }
        }
    }
    assert!(pinned >= 8, "{pinned} were looked at");
}

#[test]
fn giteas_pull_request_differs_from_forgejos_in_what_uploads_alone() {
    let read = |file: &str| std::fs::read_to_string(root().join(".forgejo/workflows").join(file)).unwrap();
    let (forgejo, gitea) = (read("recipe-pull-request.yml"), read("recipe-pull-request-gitea.yml"));
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("name:")).map(str::to_owned).collect()
    };
    let (forgejo, gitea) = (lines(&forgejo), lines(&gitea));
    assert_eq!(forgejo.len(), gitea.len());
    let other: Vec<(&String, &String)> = forgejo.iter().zip(&gitea).filter(|(one, other)| one != other).collect();
    assert_eq!(other.len(), 2, "{other:?}");
    for (forgejo, gitea) in other {
        // Forgejo hands out both; `actions/upload-artifact` refuses to speak version 4 with any forge but GitHub.
        assert!(forgejo.contains("uses: actions/upload-artifact@") && forgejo.contains("# v3."), "{forgejo}");
        assert!(gitea.contains("uses: ChristopherHX/gitea-upload-artifact@") && gitea.contains("# v4."), "{gitea}");
    }
    for (system, file) in [("forgejo", "/recipe-pull-request.yml@"), ("gitea", "/recipe-pull-request-gitea.yml@")] {
        let (_, caller) = written(system, HISTORY).into_iter().find(|(path, _)| path.ends_with("/taster.yml")).unwrap();
        assert!(caller.contains(file), "{system}: {caller}");
    }
}

#[test]
fn what_tries_a_strangers_recipe_sees_no_secret_and_what_sees_one_checks_nothing_of_theirs_out() {
    let text = std::fs::read_to_string(root().join(".forgejo/workflows/recipe-pull-request.yml")).unwrap();
    let workflow = &documents(&text)[0];
    let job = |name: &str| workflow["jobs"][name].to_string();
    assert!(
        !job("test").contains("secrets.") && job("test").contains("\"persist-credentials\":false"),
        "{}",
        job("test")
    );
    assert_eq!(workflow["jobs"]["test"]["permissions"], serde_json::json!({ "contents": "read" }));
    assert!(
        !job("comment").contains("checkout") && !job("comment").contains("download-artifact"),
        "{}",
        job("comment")
    );
    let when = workflow["jobs"]["comment"]["if"].as_str().unwrap();
    assert!(!when.contains("pull_request"), "{when}");
    for (path, text) in written("drone", HISTORY) {
        for pipeline in documents(&text) {
            let events = pipeline["trigger"]["event"].to_string();
            let secret = pipeline.to_string().contains("from_secret");
            assert!(!(secret && events.contains("pull_request")), "{path}: {pipeline}");
        }
    }
    for (path, text) in written("woodpecker", HISTORY) {
        let events = documents(&text)[0]["when"].to_string();
        assert!(!(text.contains("from_secret") && events.contains("pull_request")), "{path}");
    }
}

#[test]
fn pipelines_of_drone_and_woodpecker_have_the_keys_that_the_documentation_asks_for() {
    for (path, text) in written("drone", HISTORY) {
        let pipelines = documents(&text);
        let names: Vec<&str> = pipelines.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["taster", "taster-comment", "taster-renovate", "taster-release"], "{path}");
        for pipeline in &pipelines {
            assert_eq!((&pipeline["kind"], &pipeline["type"]), (&"pipeline".into(), &"docker".into()), "{path}");
            assert!(!pipeline["trigger"]["event"].as_array().unwrap().is_empty(), "{path}");
            commands_are_shell(pipeline, &path);
        }
    }
    for (path, text) in written("woodpecker", HISTORY) {
        let [workflow]: [Value; 1] = documents(&text).try_into().unwrap();
        assert!(workflow["when"].as_array().unwrap().iter().all(|when| !when["event"].is_null()), "{path}");
        commands_are_shell(&workflow, &path);
    }
}

fn commands_are_shell(pipeline: &Value, place: &str) {
    for step in steps(pipeline) {
        assert!(step["name"].is_string(), "{place}: {step}");
        let image = step["image"].as_str().unwrap();
        assert_eq!(image, format!("git.coopcloud.tech/toolshed/taster@{DIGEST}"), "{place}");
        let script = commands(step);
        is_shell(&script, place);
        // Both systems replace `${…}` before a shell sees it.
        assert!(!script.contains("${"), "{place}: {script}");
    }
}

pub(crate) fn commands(step: &Value) -> String {
    let commands = step["commands"].as_array().unwrap().iter().map(|command| command.as_str().unwrap());
    commands.collect::<Vec<_>>().join("\n")
}

/// A folder with `taster` in it, which tries lint alone where a workflow tries everything: no node is needed to see the workflow at work.
pub(crate) fn programs(world: &World) -> String {
    let folder = world.path("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$1 $2\" in\n'ci --gate'|'nightly ') exec {taster} \"$@\" --step lint ;;\n*) exec {taster} \"$@\" ;;\nesac\n",
        taster = env!("CARGO_BIN_EXE_taster")
    );
    std::fs::write(folder.join("taster"), script).unwrap();
    std::fs::set_permissions(folder.join("taster"), PermissionsExt::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// A repository with an (empty) history in it.
fn history(world: &World) -> String {
    let folder = world.path("commons");
    std::fs::create_dir_all(&folder).unwrap();
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    git(&folder, &["commit", "--quiet", "--allow-empty", "--message", "a history"]);
    format!("file://{}", folder.display())
}

/// Runs a script as a system runs it.
pub(crate) fn shell(world: &World, shell: &[&str], script: &str, environment: &[(&str, &str)]) -> Ran {
    let path = programs(world);
    let mut command = world.command(shell[0], environment);
    command.args(&shell[1..]).args(["-c", script]).env("PATH", path);
    command.output().unwrap().into()
}

/// The script of a step of a workflow, and its environment with expressions replaced.
pub(crate) fn step(
    file: &str,
    job: &str,
    name: &str,
    expressions: &[(&str, &str)],
) -> (String, BTreeMap<String, String>) {
    let text = std::fs::read_to_string(root().join(".forgejo/workflows").join(file)).unwrap();
    let workflow = documents(&text).remove(0);
    let step = steps(&workflow["jobs"][job]).iter().find(|step| step["name"] == name).unwrap().clone();
    let known: BTreeMap<&str, &str> = expressions.iter().copied().collect();
    let resolve = |value: &str| {
        let name = value.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}"));
        name.map_or(value, |name| known.get(name).unwrap_or_else(|| panic!("{name}"))).to_owned()
    };
    let environment = step["env"].as_object().into_iter().flatten();
    let environment = environment.map(|(name, value)| (name.clone(), resolve(value.as_str().unwrap()))).collect();
    (step["run"].as_str().unwrap().to_owned(), environment)
}

#[test]
fn the_pull_request_workflow_runs_from_the_test_to_the_comment() {
    for system in ["forgejo", "gitea"] {
        let world = World::new();
        let (head, base) = world.pull(&[("compose.smtp.yml", crate::world::BROKEN)]);
        let history = history(&world);
        let expressions =
            [("inputs.gate", "regression"), ("inputs.history", history.as_str()), ("secrets.forge-token", TOKEN)];
        let (script, own) = step("recipe-pull-request.yml", "test", "taste", &expressions);
        let job = variables(&world, system, Event::Pull { head: &head, base: &base });
        let environment: Vec<(&str, &str)> =
            pairs(&job).into_iter().chain(own.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
        let ran = shell(&world, &["bash", "--noprofile", "--norc", "-eo", "pipefail"], &script, &environment);
        assert!(ran.code == 1 && ran.out.contains("gate regression: failed"), "{system}: {ran:?}");
        assert!(!ran.out.contains(TOKEN) && own.values().all(|value| value != TOKEN), "the test sees no token");

        // What the forge makes of the folder that the workflow names.
        let runs = world.repository().join("taster-runs");
        let run = std::fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
        let name = format!("{}/events.ndjson", run.file_name().unwrap().to_str().unwrap());
        let file = |name: &str| std::fs::read(run.join(name)).unwrap();
        let found = name.replace("events.ndjson", "lint.json");
        let bytes = archive(&[(&name, &file("events.ndjson")), (&found, &file("lint.json"))]);
        let forge = Forge::new();
        // What the forge hands out to everybody who clones.
        let teapot = world.repository().display().to_string();
        git(forge.dir.path(), &["clone", "--quiet", "--bare", &teapot, "blog"]);
        forge.server.set(|state| {
            state.repositories.pulls = vec![(7, head.clone(), base.clone())];
            let name = format!("taster-{head}");
            state.repositories.artefacts.push(Artefact { id: 3, name, commit: head.clone(), expired: false, bytes });
        });
        let (script, own) = step("recipe-pull-request.yml", "comment", "comment", &expressions);
        std::fs::remove_dir_all(world.path("taster-history")).unwrap();
        let mut job = variables(&world, system, Event::Schedule { commit: &base });
        job.retain(|(name, _)| *name != "GITHUB_SERVER_URL");
        job.push(("GITHUB_SERVER_URL", forge.server.url.clone()));
        let environment: Vec<(&str, &str)> =
            pairs(&job).into_iter().chain(own.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
        let ran = shell(&world, &["bash", "-eo", "pipefail"], &script, &environment);
        assert_eq!(ran.code, 0, "{system}: {ran:?}");
        assert!(forge.body().contains("### taster: failed"), "{}", forge.body());
        assert!(forge.body().contains("  - new: <code>"), "the base's own files are known: {}", forge.body());
        std::fs::remove_dir_all(world.path("taster-history")).unwrap();
        // A forge that shows nobody its repositories keeps no comment back.
        std::fs::remove_dir_all(world.path("taster-base")).unwrap();
        std::fs::remove_dir_all(forge.dir.path().join("blog")).unwrap();
        let ran = shell(&world, &["bash", "-eo", "pipefail"], &script, &environment);
        assert!(ran.code == 0 && forge.comments()[0].edits == 0, "nothing to say is fine: {ran:?}");
    }
}

#[test]
fn the_pipelines_of_drone_and_woodpecker_run_from_the_test_to_the_comment() {
    for system in ["drone", "woodpecker"] {
        let world = World::new();
        let (head, base) = world.pull(&[("compose.smtp.yml", crate::world::BROKEN)]);
        // Woodpecker's clone has the pull request alone, and fetches the base from origin.
        let origin = world.path("origin.git");
        git(&world.path(""), &["clone", "--quiet", "--bare", "teapot", "origin.git"]);
        world.git(&["remote", "add", "origin", origin.to_str().unwrap()]);
        if system == "woodpecker" {
            world.git(&["branch", "--quiet", "--delete", "--force", "main"]);
        }
        let files = written(system, &history(&world));
        let store = world.path("store").display().to_string();
        let script_of = |name: &str| {
            let all = files.iter().flat_map(|(_, text)| documents(text)).collect::<Vec<_>>();
            let step = all.iter().flat_map(steps).find(|step| step["name"] == name).unwrap();
            commands(step).replace("/store", &store)
        };
        let job = variables(&world, system, Event::Pull { head: &head, base: &base });
        let ran = shell(&world, &["sh", "-e"], &script_of("taste"), &pairs(&job));
        assert!(ran.code == 1 && ran.out.contains("that the base does not have"), "{system}: {ran:?}");

        let forge = Forge::new();
        forge.server.set(|state| state.repositories.pulls = vec![(7, head.clone(), base.clone())]);
        std::fs::remove_dir_all(world.path("taster-history")).unwrap();
        let mut job = variables(&world, system, Event::Schedule { commit: &base });
        job.extend([("TASTER_FORGE", forge.server.url.clone()), ("TASTER_FORGE_TOKEN", TOKEN.to_owned())]);
        // The forge that both systems name is this origin.
        job.extend([
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", format!("url.{}.insteadOf", origin.display())),
            ("GIT_CONFIG_VALUE_0", "https://forge.example.coop/recipes/blog".to_owned()),
        ]);
        let ran = shell(&world, &["sh", "-e"], &script_of("comment"), &pairs(&job));
        assert_eq!(ran.code, 0, "{system}: {ran:?}");
        assert!(forge.body().contains("### taster: failed"), "{}", forge.body());
        assert!(forge.body().contains("  - new: <code>"), "{system}: {}", forge.body());
    }
}

#[test]
fn the_renovate_follow_up_pushes_once_and_never_triggers_itself() {
    for system in ["forgejo", "drone", "woodpecker"] {
        let world = World::new();
        let compose = world.read("teapot/compose.yml");
        world.git(&["checkout", "--quiet", "-b", "renovate/nginx-1.x"]);
        assert!(compose.contains("nginx:1.27.2"));
        world.write("compose.yml", &compose.replace("nginx:1.27.2", "nginx:1.28.0"));
        let bump = world.commit("a bump");
        git(&world.path(""), &["clone", "--quiet", "--bare", "teapot", "origin.git"]);
        world.git(&["remote", "add", "origin", world.path("origin.git").to_str().unwrap()]);
        let (script, own, shell_of): (String, BTreeMap<String, String>, &[&str]) = if system == "forgejo" {
            let expressions = [("github.ref_name", "renovate/nginx-1.x"), ("secrets.push-token", TOKEN)];
            let (script, own) = step("renovate-follow-up.yml", "sync", "bring the recipe in step", &expressions);
            (script, own, &["bash", "-eo", "pipefail"])
        } else {
            let files = written(system, HISTORY);
            let all: Vec<Value> = files.iter().flat_map(|(_, text)| documents(text)).collect();
            let step = all.iter().flat_map(steps).find(|step| step["name"] == "sync").unwrap().clone();
            let own = [
                ("PUSH_TOKEN", TOKEN),
                ("DRONE_BRANCH", "renovate/nginx-1.x"),
                ("CI_COMMIT_BRANCH", "renovate/nginx-1.x"),
            ];
            let own = own.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            (commands(&step), own, &["sh", "-e"])
        };
        let environment: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let ran = shell(&world, shell_of, &script, &environment);
        assert_eq!(ran.code, 0, "{system}: {ran:?}");
        let tip = || git(&world.path("origin.git"), &["rev-parse", "refs/heads/renovate/nginx-1.x"]);
        let pushed = tip();
        assert_ne!(pushed, bump, "{system}: it was pushed");
        let changed = git(&world.path("origin.git"), &["diff", "--name-only", &bump, &pushed]);
        assert_eq!(changed, "compose.yml\nrelease/next", "{system}");
        let author = git(&world.path("origin.git"), &["log", "-1", "--format=%ae", &pushed]);
        assert_eq!(author, "taster@noreply.invalid", "{system}: Renovate ignores it");
        // The push of that commit calls the workflow again.
        let again = shell(&world, shell_of, &script, &environment);
        assert_eq!((again.code, tip()), (0, pushed), "{system}: {again:?}");
        for ran in [&ran, &again] {
            assert!(!ran.out.contains(TOKEN) && !ran.err.contains(TOKEN), "{system}: {ran:?}");
        }
    }
}
