//! The programs beside the engine.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{check, diagnosis, doctor};

/// The check of a program when `PATH` is this folder alone: (status, found).
fn with_path(folder: &Path, name: &str) -> (String, String) {
    let (_, diagnosis) =
        diagnosis(doctor(&["--offline"]).env("DOCKER_HOST", "unix:///nowhere/docker.sock").env("PATH", folder));
    let (status, found, _) = check(&diagnosis, name);
    (status, found)
}

fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn nothing_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("chromium"), "not executable").unwrap();
    let (status, found) = with_path(folder.path(), "chromium");
    assert!(status == "warn" && found.contains("google-chrome"), "{found}");
    assert_eq!(with_path(folder.path(), "git"), ("ok".to_owned(), "not installed".to_owned()));
}

#[test]
fn a_browser_under_another_name() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "google-chrome", "echo 'Google Chrome 156.0'");
    let (status, found) = with_path(folder.path(), "chromium");
    assert!(status == "ok" && found.starts_with("Google Chrome 156.0 at"), "{found}");
}

#[test]
fn a_broken_and_a_hanging_program() {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "git", "exit 127");
    program(folder.path(), "chromium", "exec /bin/sleep 60");
    let before = Instant::now();
    let (status, found) = with_path(folder.path(), "chromium");
    assert!(status == "warn" && found.contains("no answer within 5 s"), "{found}");
    assert!(before.elapsed() < Duration::from_secs(10), "{:?}", before.elapsed());
    let (status, found) = with_path(folder.path(), "git");
    assert!(status == "warn" && found.contains("127"), "{found}");
}
