//! The folder of a run: `.taster/runs/<id>/`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rand::Rng;

/// A run's identifier: time, recipe and four random letters, safe in file names, labels and container names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(String);

impl RunId {
    /// A new identifier for a run of `recipe`.
    pub fn new(recipe: &str) -> Self {
        let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let recipe: String = recipe
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .take(24)
            .collect();
        let mut rng = rand::rng();
        let tail: String = (0..4).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect();
        Self(format!("{now}-{}-{tail}", recipe.trim_matches('-')))
    }

    /// Whether a text could be an identifier of a run: `20261121-063824-name-abcd`.
    pub(super) fn is_one(text: &str) -> bool {
        let mut parts = text.splitn(3, '-');
        let (Some(date), Some(time), Some(rest)) = (parts.next(), parts.next(), parts.next()) else { return false };
        let tail = rest.rsplit('-').next().unwrap_or(rest);
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(date, 8) && digits(time, 6) && tail.len() == 4 && tail.bytes().all(|byte| byte.is_ascii_lowercase())
    }

    /// When the run of an identifier began; `None` for a text that is no identifier.
    pub fn began(text: &str) -> Option<jiff::Timestamp> {
        if !Self::is_one(text) {
            return None;
        }
        // Only digits stand there. A history has hundreds of thousands of these, and a parser by a pattern takes ten times as long.
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
        let small = |from: usize| number(from, from + 2).and_then(|number| i8::try_from(number).ok());
        let date = jiff::civil::Date::new(number(0, 4)?, small(4)?, small(6)?).ok()?;
        let time = jiff::civil::Time::new(small(9)?, small(11)?, small(13)?, 0).ok()?;
        jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(time)).ok()
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The folder of a run, with its sub-folders.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder below `root` (usually `.taster/runs`).
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(root: &Path, id: &RunId) -> io::Result<Self> {
        let path = root.join(id.as_str());
        for sub in ["logs", "deployed"] {
            std::fs::create_dir_all(path.join(sub))?;
        }
        hide(root)?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The event log.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.ndjson")
    }

    /// Writes a file in the folder, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, relative: &str, content: &[u8]) -> io::Result<()> {
        let target = self.path.join(relative);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        replace_file(&target, content)
    }
}

/// Tells git to leave our own folder alone, which usually lies in the recipe's: what a run left must not make the next one's recipe one
/// with uncommitted files.
fn hide(root: &Path) -> io::Result<()> {
    let own = root.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == ".taster"));
    match own.map(|own| own.join(".gitignore")) {
        Some(ignore) if !ignore.exists() => std::fs::write(ignore, "# Made by taster: runs are not committed.\n*\n"),
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all, readable by everybody: artefacts are collected, and pages are served. A file that holds the same
/// already is left alone.
///
/// # Errors
/// When it cannot be written.
pub fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    if std::fs::read(path).is_ok_and(|known| known == content) {
        return Ok(());
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, content)?;
    // The temporary file is private by default.
    std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_leaves_our_own_folder_alone_and_no_other_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let (own, other) = (dir.path().join(".taster/runs"), dir.path().join("results"));
        for root in [&own, &own, &other] {
            RunFolder::create(root, &RunId::new("teapot")).unwrap();
        }
        let ignore = std::fs::read_to_string(dir.path().join(".taster/.gitignore")).unwrap();
        assert!(ignore.lines().any(|line| line == "*"), "{ignore}");
        assert!(!other.join(".gitignore").exists() && !dir.path().join(".gitignore").exists());
    }
}
