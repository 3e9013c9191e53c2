//! A folder of real git repositories, made by the git command line without anybody's configuration, and taster on it.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const ENV_SAMPLE: &str = "TYPE=app\nDOMAIN=app.example.com\n";

/// A folder that is removed when dropped.
pub(crate) struct Commons {
    dir: tempfile::TempDir,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn compose(image: &str) -> String {
    format!("version: \"3.8\"\nservices:\n  app:\n    image: {image}\n")
}

pub(crate) fn readme(name: &str, description: &str) -> String {
    format!(
        "# {name}\n\n{description}\n\n<!-- metadata -->\n\n* **Category**: Apps\n* **Status**: 3, stable\n* **Image**: [`nginx`](https://example.com/nginx), 4, upstream\n* **Healthcheck**: No\n* **Backups**: No\n* **Email**: N/A\n* **Tests**: 2\n* **SSO**: No\n\n<!-- endmetadata -->\n"
    )
}

impl Commons {
    pub(crate) fn new() -> Self {
        let commons = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(commons.path("recipes")).unwrap();
        commons
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        self.path("recipes").join(name)
    }

    /// A repository without a commit.
    pub(crate) fn empty(&self, name: &str) {
        std::fs::create_dir(self.repository(name)).unwrap();
        self.git(name, &["init", "--quiet", "--initial-branch=main"]);
    }

    /// A recipe of these releases: annotated tags, each on a commit of its own with its image.
    pub(crate) fn recipe(&self, name: &str, releases: &[(&str, &str)]) {
        self.empty(name);
        self.write(name, "compose.yml", &compose("nginx:1.0"));
        self.write(name, ".env.sample", ENV_SAMPLE);
        self.write(name, "README.md", &readme(name, "An app."));
        self.commit(name, "a recipe");
        for (tag, image) in releases {
            self.release(name, tag, image);
        }
    }

    pub(crate) fn release(&self, name: &str, tag: &str, image: &str) {
        self.write(name, "compose.yml", &compose(image));
        self.commit(name, tag);
        self.git(name, &["tag", "--annotate", tag, "--message", "a release"]);
    }

    pub(crate) fn write(&self, name: &str, file: &str, text: &str) {
        let path = self.repository(name).join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn commit(&self, name: &str, message: &str) -> String {
        self.git(name, &["add", "--all"]);
        self.git(name, &["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(name, &["rev-parse", "HEAD"])
    }

    pub(crate) fn git(&self, name: &str, arguments: &[&str]) -> String {
        git(&self.repository(name), arguments)
    }

    /// Damages every file of a repository's objects that holds a blob or a tree of the release.
    pub(crate) fn damage(&self, name: &str, object: &str) {
        let file = self.repository(name).join(".git/objects").join(&object[..2]).join(&object[2..]);
        std::fs::remove_file(&file).unwrap();
        std::fs::write(file, "no object").unwrap();
    }

    pub(crate) fn taster(&self, arguments: &[&str]) -> Ran {
        self.taster_with(arguments, &[])
    }

    /// The same with variables of the environment.
    pub(crate) fn taster_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_taster"))
            .args(arguments)
            .current_dir(self.dir.path())
            .env("TASTER_CACHE", self.path("cache"))
            .env_remove("TASTER_CONFIG")
            .env_remove("TASTER_RUNS")
            .env_remove("TASTER_FORGE_TOKEN")
            .env_remove("GIT_SSH_COMMAND")
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Publishes the recipes' catalogue in `out`.
    pub(crate) fn publish(&self, more: &[&str]) -> Ran {
        let mut arguments = vec!["catalogue", "--source", "recipes", "--out", "out"];
        arguments.extend(more);
        self.taster(&arguments)
    }

    pub(crate) fn published(&self, file: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.path("out").join(file)).unwrap()).unwrap()
    }

    /// The entry of a recipe in the published `catalogue.json`.
    pub(crate) fn entry(&self, name: &str) -> serde_json::Value {
        let catalogue = self.published("catalogue.json");
        let recipes = catalogue["recipes"].as_array().unwrap();
        recipes.iter().find(|recipe| recipe["name"] == name).unwrap_or(&serde_json::Value::Null).clone()
    }

    /// The tags of a recipe's versions in the published `recipes.json`, in order.
    pub(crate) fn versions(&self, name: &str) -> Vec<String> {
        let recipes = self.published("recipes.json");
        let versions = recipes[name]["versions"].as_array().cloned().unwrap_or_default();
        versions.iter().map(|version| version.as_object().unwrap().keys().next().unwrap().clone()).collect()
    }
}

/// The folder of all repositories.
pub(crate) fn root(commons: &Commons) -> PathBuf {
    commons.path("recipes")
}

pub(crate) fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(dir)
        .args(["-c", "protocol.file.allow=always"])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("HOME", "/nonexistent"), ("LC_ALL", "C")])
        .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
        .envs([("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
        .envs([("GIT_AUTHOR_DATE", "1700000000 +0000"), ("GIT_COMMITTER_DATE", "1700000000 +0000")])
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
