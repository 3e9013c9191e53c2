//! Where a Chromium is.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::BrowserError;

/// The variable that names a Chromium.
pub const VARIABLE: &str = "TASTER_CHROMIUM";

/// Variables that name a browser by custom (Karma and others read them).
const OTHER_VARIABLES: [&str; 3] = ["CHROMIUM", "CHROME", "CHROME_BIN"];

/// The names of Chromium and what is built from it.
pub const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The Chromium that is used: the one that `TASTER_CHROMIUM`, `CHROMIUM`, `CHROME` or `CHROME_BIN` names, else the first in `PATH`.
///
/// # Errors
/// When there is none. A variable that names no program is an error too: another browser in its place would be a surprise.
pub fn find() -> Result<PathBuf, BrowserError> {
    let not_found = |looked: String| BrowserError::NotFound { looked };
    for variable in std::iter::once(VARIABLE).chain(OTHER_VARIABLES) {
        let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) else { continue };
        let named = Path::new(&value);
        let found = if named.components().count() > 1 {
            Some(named.to_owned()).filter(|path| is_program(path))
        } else {
            in_path(&named.to_string_lossy())
        };
        return found.ok_or_else(|| not_found(format!("{variable} names {}, which is no program", named.display())));
    }
    NAMES
        .iter()
        .find_map(|name| in_path(name))
        .ok_or_else(|| not_found(format!("none of {} is in PATH, and {VARIABLE} names none", NAMES.join(", "))))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
