//! The reference: the real `docker` command against a node.
//!
//! Never waited for by a blocked thread: the stream to the node runs on the same threads, and the two would wait for each other.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::process::Command;

/// `docker -H <host> stack deploy` in `folder`, with nothing in the environment but `env`; the error is what it printed.
pub(crate) async fn deploy(
    host: &str,
    folder: &Path,
    files: &[String],
    stack: &str,
    env: &BTreeMap<String, String>,
) -> Result<(), String> {
    let mut command = Command::new("docker");
    command.args(["-H", host, "stack", "deploy", "--detach=true", "--resolve-image", "never"]);
    for file in files {
        command.args(["-c", file]);
    }
    let path = std::env::var("PATH").unwrap();
    let output = command.arg(stack).current_dir(folder).env_clear().env("PATH", path).envs(env).output().await.unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
}

/// Any other `docker -H <host> …`, which must succeed; returns what it printed.
pub(crate) async fn docker(host: &str, arguments: &[&str]) -> String {
    let output = Command::new("docker").args(["-H", host]).args(arguments).output().await.unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
