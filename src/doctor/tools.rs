//! Programs beside the engine: a browser, and git.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::check::Check;
use crate::browser;

/// How long a program may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(5);
/// What it means to have no browser.
const WITHOUT: &str =
    "no page can be opened in a real browser: the step smoke is errored, and levels 7 and 8 cannot be reached";

/// The browser for smoke tests.
pub(super) fn chromium() -> Check {
    let means = "pages of recipes can be opened as a visitor would";
    match browser::find() {
        Ok(path) => match version(&path) {
            Ok(version) if cfg!(feature = "browser") => {
                Check::ok("chromium", format!("{version} at {}", path.display()), means)
            }
            Ok(version) => Check::warn(
                "chromium",
                format!("{version} at {}, and this taster was built without the feature `browser`", path.display()),
                WITHOUT,
                "build taster with its default features",
            ),
            Err(reason) => {
                let found = format!("{} does not tell its version: {reason}", path.display());
                Check::warn(
                    "chromium",
                    found,
                    "smoke tests may not run",
                    "see whether it starts by hand; install it anew if not",
                )
            }
        },
        Err(error) => Check::warn("chromium", error.to_string(), WITHOUT, browser::HOW_TO_GET),
    }
}

/// Git, which is needed seldom: repositories are read without it.
pub(super) fn git() -> Check {
    match find("git").map(|path| version(&path)) {
        Some(Ok(version)) => Check::ok("git", version, "repositories can be cloned from other folders of this machine"),
        Some(Err(reason)) => {
            let means = "repositories cannot be cloned from other folders of this machine; everything else works";
            Check::warn("git", format!("git does not tell its version: {reason}"), means, "install it anew")
        }
        None => Check::ok(
            "git",
            "not installed",
            "not needed to test a recipe; only cloning from another folder of this machine wants it",
        ),
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// The first line of `<program> --version`. A program that hangs is ended.
fn version(program: &Path) -> Result<String, String> {
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let until = Instant::now() + PATIENCE;
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() > until {
            // It may end by itself at this moment.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("no answer within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim().to_owned();
    if output.status.success() && !line.is_empty() { Ok(line) } else { Err(format!("{} and {line:?}", output.status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_or_says_nothing_has_no_version() {
        assert!(version(Path::new("/bin/false")).unwrap_err().contains("exit status: 1"));
        assert!(version(Path::new("/no/such/program")).is_err());
    }

    #[test]
    fn a_folder_is_no_program() {
        assert!(
            !is_program(Path::new("/usr")) && !is_program(Path::new("/etc/passwd")) && is_program(Path::new("/bin/sh"))
        );
    }
}
