//! The docker CLI, for tests that need a real engine. Everything made here is labelled and removed when it goes out of scope.

use std::io::Write;
use std::process::{Command, Stdio};

/// Marks whatever these tests make.
pub(crate) const LABEL: &str = "taster.dev=demo";

/// Runs `docker` with these arguments and standard input, and returns (success, standard output, standard error).
pub(crate) fn docker(arguments: &[&str], input: &[u8]) -> (bool, String, String) {
    let mut child = Command::new("docker")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the docker CLI is needed by this test");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

/// As [`docker`], for a command that must succeed.
#[track_caller]
pub(crate) fn must(arguments: &[&str], input: &[u8]) -> String {
    let (success, out, error) = docker(arguments, input);
    assert!(success, "docker {arguments:?}: {error}");
    out
}

/// An image that goes when this value goes.
pub(crate) struct Image(pub(crate) String);

impl Image {
    /// Imports a file system as an image of this name.
    pub(crate) fn import(name: &str, tar: &[u8]) -> Self {
        must(&["import", "--change", &format!("LABEL {LABEL}"), "-", name], tar);
        Self(name.to_owned())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        docker(&["image", "rm", "--force", &self.0], &[]);
    }
}
