//! Forgetting by policy: what is so old that it weighs nothing.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use super::read::{files, parse};
use super::store::{HistoryError, Lock};
use crate::run::{RunId, replace_file};

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Runs of the last so many days.
    pub days: u32,
    /// The newest runs of each recipe, however old.
    pub newest: usize,
    /// Only tell, and change nothing.
    pub dry: bool,
}

/// What came of one recipe's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The recipe.
    pub recipe: String,
    /// How many runs stay.
    pub kept: usize,
    /// The runs that go.
    pub gone: Vec<String>,
    /// How many lines go that counted for nothing: torn ones, doubles.
    pub useless: usize,
}

/// Prunes the history in a folder, file by file; each is replaced whole or not at all, sorted by time.
///
/// # Errors
/// When a file cannot be read or written; files before it are pruned.
pub fn prune(folder: &Path, policy: Policy, now: Timestamp) -> Result<Vec<Kept>, HistoryError> {
    let _lock = Lock::take(folder)?;
    let limit = now.saturating_sub(SignedDuration::from_hours(24 * i64::from(policy.days))).unwrap_or(Timestamp::MIN);
    let mut all = Vec::new();
    for path in files(folder)? {
        let bytes = std::fs::read(&path).map_err(HistoryError::io("read", &path))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (recipe, lines, _) = parse(&name, &bytes);
        let before = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        let useless = before - lines.len();
        let old = lines.len().saturating_sub(policy.newest);
        let (mut gone, mut text) = (Vec::new(), Vec::new());
        for (number, line) in lines.iter().enumerate() {
            if number < old && RunId::began(&line.run).is_some_and(|began| began < limit) {
                gone.push(line.run.clone());
                continue;
            }
            serde_json::to_writer(&mut text, line).map_err(|error| HistoryError::io("write", &path)(error.into()))?;
            text.push(b'\n');
        }
        if !policy.dry && (!gone.is_empty() || useless > 0) {
            replace_file(&path, &text).map_err(HistoryError::io("write", &path))?;
        }
        all.push(Kept { recipe, kept: lines.len() - gone.len(), gone, useless });
    }
    Ok(all)
}
