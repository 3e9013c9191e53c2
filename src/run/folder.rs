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
        let parts: Vec<&str> = text.split('-').collect();
        let [date, time, .., tail] = parts.as_slice() else { return false };
        let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(date, 8) && digits(time, 6) && tail.len() == 4 && tail.bytes().all(|byte| byte.is_ascii_lowercase())
    }

    /// When the run of an identifier began; `None` for a text that is no identifier.
    pub fn began(text: &str) -> Option<jiff::Timestamp> {
        let time =
            jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", text.get(..15).filter(|_| Self::is_one(text))?).ok()?;
        Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
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
