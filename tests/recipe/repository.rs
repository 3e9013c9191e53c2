//! A git repository in a temporary directory, driven by the git command line without anybody's configuration.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files of the smallest recipe that has nothing irregular.
pub(crate) const REGULAR: [(&str, &str); 4] = [
    ("compose.yml", "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.27.2\n"),
    (".env.sample", "TYPE=demo\nDOMAIN=demo.example.com\nCOMPOSE_FILE=\"compose.yml\"\n"),
    ("abra.sh", "export NGINX_CONF_VERSION=v1\n"),
    (
        "README.md",
        "# Demo\n\nA small recipe.\n\n<!-- metadata -->\n\n* **Category**: Apps\n* **Status**: 3, stable\n* **Image**: [`nginx`](https://example.com), 4, upstream\n* **Healthcheck**: Yes\n* **Backups**: Yes\n* **Email**: 3\n* **Tests**: 2\n* **SSO**: No\n\n<!-- endmetadata -->\n",
    ),
];

/// A repository that is removed when dropped.
pub(crate) struct Repository {
    _dir: tempfile::TempDir,
    path: PathBuf,
    clock: u64,
}

impl Repository {
    /// A repository `demo` without any commit.
    pub(crate) fn empty() -> Repository {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("demo");
        std::fs::create_dir(&path).unwrap();
        let mut repository = Repository { _dir: dir, path, clock: 1_700_000_000 };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// A repository with the regular recipe in one commit.
    pub(crate) fn regular() -> Repository {
        let mut repository = Repository::empty();
        for (path, text) in REGULAR {
            repository.write(path, text);
        }
        repository.commit("a recipe");
        repository
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path beside the repository, removed with it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn write_executable(&self, path: &str, text: &str) {
        self.write(path, text);
        std::fs::set_permissions(self.path.join(path), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn link(&self, path: &str, target: &str) {
        symlink(target, self.path.join(path)).unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.path.join(path)).unwrap();
    }

    /// Commits everything that is not ignored, and returns the hash.
    pub(crate) fn commit(&mut self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// An annotated tag on `HEAD`.
    pub(crate) fn tag(&mut self, name: &str) {
        self.git(&["tag", "--annotate", name, "--message", &format!("chore: publish {name} release")]);
    }

    /// Runs git in the repository, a minute after the last time, and returns what it printed.
    pub(crate) fn git(&mut self, arguments: &[&str]) -> String {
        self.clock += 60;
        git(&self.path, self.clock, arguments, "")
    }

    /// The same with text for its standard input.
    pub(crate) fn git_with(&mut self, arguments: &[&str], input: &str) -> String {
        git(&self.path, self.clock, arguments, input)
    }

    /// The file of a loose object.
    pub(crate) fn object(&self, id: &str) -> PathBuf {
        self.path.join(".git/objects").join(&id[..2]).join(&id[2..])
    }

    /// Overwrites a loose object, which git keeps read-only.
    pub(crate) fn damage(&self, id: &str, bytes: &[u8]) {
        let file = self.object(id);
        std::fs::remove_file(&file).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

fn git(dir: &Path, clock: u64, arguments: &[&str], input: &str) -> String {
    use std::io::Write as _;
    let date = format!("{clock} +0000");
    let mut child = Command::new("git")
        .current_dir(dir)
        .args(["-c", "commit.gpgsign=false", "-c", "protocol.file.allow=always", "-c", "advice.detachedHead=false"])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("HOME", "/nonexistent"), ("LC_ALL", "C")])
        .envs([
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.com"),
            ("GIT_COMMITTER_NAME", "A"),
            ("GIT_COMMITTER_EMAIL", "a@example.com"),
        ])
        .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
