//! A recipe's repository with a base and a pull request, and taster in it with the environment of a job and nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use crate::ran::Ran;

/// The good recipe of the linter's tests on `main`, released as 1.2.0+1.27.2, and a pull request's branch from it.
pub(crate) struct World {
    dir: tempfile::TempDir,
}

/// An error of the linter: a file of compose that nobody can read.
pub(crate) const BROKEN: &str = "services: [\n";

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/fixtures/base/.");
        assert!(Command::new("cp").arg("-a").arg(base).arg(world.repository()).status().unwrap().success());
        let _ = std::fs::remove_dir_all(world.repository().join("release"));
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.commit("a recipe");
        world.git(&["tag", "--annotate", "1.2.0+1.27.2", "--message", "a release"]);
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn repository(&self) -> PathBuf {
        self.path("teapot")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.repository(), arguments)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.repository().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A pull request that writes these files: its head and its base. The checkout is left on a merge that the forge made up, as forges do.
    pub(crate) fn pull(&self, files: &[(&str, &str)]) -> (String, String) {
        let base = self.git(&["rev-parse", "main"]);
        self.git(&["checkout", "--quiet", "-b", "bump", "main"]);
        for (file, text) in files {
            self.write(file, text);
        }
        let head = self.commit("a change");
        self.git(&["checkout", "--quiet", "--detach", "main"]);
        self.git(&["merge", "--quiet", "--no-ff", "--message", "made up", "bump"]);
        (head, base)
    }

    /// Writes a file beside the repository.
    pub(crate) fn beside(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Runs taster in the repository with these variables and no others.
    pub(crate) fn taster(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        self.command(env!("CARGO_BIN_EXE_taster"), environment).args(arguments).output().unwrap().into()
    }

    pub(crate) fn command(&self, program: &str, environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.repository())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("TASTER_LOCKS", self.path("locks"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(std::env::var_os("DOCKER_HOST").map(|host| ("DOCKER_HOST", host)))
            .envs(environment.iter().copied());
        command
    }

    /// `taster ci` without a node.
    pub(crate) fn ci(&self, more: &[&str], environment: &[(&str, &str)]) -> Ran {
        let out = self.path("out").display().to_string();
        let runs = self.path("runs").display().to_string();
        let mut arguments = vec!["ci", "--step", "lint", "--out", &out, "--runs", &runs];
        arguments.extend(more);
        self.taster(&arguments, environment)
    }

    /// The only run: its folder.
    pub(crate) fn run(&self) -> PathBuf {
        let runs: Vec<PathBuf> =
            std::fs::read_dir(self.path("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.into_iter().next().unwrap()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
