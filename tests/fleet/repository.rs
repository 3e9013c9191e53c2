//! Real git repositories with the good recipe of the linter's tests, and the program run on them.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use crate::ran::Ran;

/// The good recipe of the linter's tests, released as 1.2.0+1.27.2, in a folder that may hold more.
pub(crate) struct Repository {
    pub(crate) dir: tempfile::TempDir,
    name: String,
}

impl Ran {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The program with nothing of the environment in it that it would read.
pub(crate) fn taster(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_taster"));
    command.current_dir(folder);
    for name in ["TASTER_CONFIG", "TASTER_HISTORY", "TASTER_RUNS", "TASTER_CACHE", "CI"] {
        command.env_remove(name);
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@example.com");
    }
    command
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Ran {
    Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(arguments)
        .output()
        .unwrap()
        .into()
}

/// A copy of the good recipe in a folder of this name.
pub(crate) fn copy_recipe(folder: &Path, name: &str) -> PathBuf {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint/fixtures/base/.");
    let path = folder.join(name);
    assert!(Command::new("cp").arg("-a").arg(base).arg(&path).status().unwrap().success());
    if name != "teapot" {
        let sample = std::fs::read_to_string(path.join(".env.sample")).unwrap();
        std::fs::write(path.join(".env.sample"), sample.replace("TYPE=teapot", &format!("TYPE={name}"))).unwrap();
    }
    let _ = std::fs::remove_dir_all(path.join("release"));
    path
}

impl Repository {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let this = Self { dir, name: "teapot".to_owned() };
        copy_recipe(this.dir.path(), "teapot");
        this.git(&["init", "--quiet", "--initial-branch=main"]);
        this.commit("a recipe");
        this.git(&["tag", "--annotate", "1.2.0+1.27.2", "--message", "a release"]);
        this
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join(&self.name)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let ran = git(&self.path(), arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out.trim().to_owned()
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap_or_default()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Changes a file as a bot does, and leaves it uncommitted.
    pub(crate) fn change(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from}");
        self.write(file, &text.replacen(from, to, 1));
    }

    /// The program with these arguments and, at the end, the recipe's path.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        taster(self.dir.path()).args(arguments).arg(self.path()).output().unwrap().into()
    }
}
