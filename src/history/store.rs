//! Writing: one line a run, appended whole, by one process at a time, and safe under a kill at any byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::record::HistoryLine;
use crate::run::replace_file;

/// How the files of a history end.
pub(super) const ENDING: &str = "jsonl";

/// Two branches of a history are merged as the union of their lines: each stands for itself, and reading knows no order.
const ATTRIBUTES: &str = "*.jsonl text eol=lf merge=union\n";

/// Why a history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The system refused.
    #[error("cannot {what} {}: {why}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own error.
        why: io::Error,
    },
    /// The recipe's name cannot be the name of a file.
    #[error(
        "a recipe of the name `{0}` cannot have a history: letters, digits, `-`, `_` and `.` may be in the name of its file, and it may not begin with a dot"
    )]
    Name(String),
}

impl HistoryError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::Io { what, path, why }
    }
}

/// What came of appending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// Runs that are in the history now, and were not.
    pub new: Vec<String>,
    /// Runs that were in it before.
    pub known: Vec<String>,
}

/// Appends runs to the history in a folder, which is made when it is not there. A run that is in it already is not written again.
///
/// The lines of a recipe are one write, under a lock of the kernel that other processes wait for. A last line that a kill tore off is
/// ended first, so that nothing is ever glued onto it; reading sets it aside.
///
/// # Errors
/// [`HistoryError`]; what was appended to files of other recipes stays.
pub fn append(folder: &Path, lines: &[HistoryLine]) -> Result<Appended, HistoryError> {
    let mut by_recipe: BTreeMap<&str, Vec<&HistoryLine>> = BTreeMap::new();
    for line in lines {
        if !is_file_name(&line.recipe) {
            return Err(HistoryError::Name(line.recipe.clone()));
        }
        by_recipe.entry(&line.recipe).or_default().push(line);
    }
    let mut appended = Appended::default();
    if by_recipe.is_empty() {
        return Ok(appended);
    }
    std::fs::create_dir_all(folder).map_err(HistoryError::io("make the folder of the history", folder))?;
    let _lock = Lock::take(folder)?;
    attributes(folder)?;
    for (recipe, lines) in by_recipe {
        append_to(&folder.join(format!("{recipe}.{ENDING}")), &lines, &mut appended)?;
    }
    Ok(appended)
}

fn append_to(path: &Path, lines: &[&HistoryLine], appended: &mut Appended) -> Result<(), HistoryError> {
    let failed = || HistoryError::io("append to", path);
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(failed())?;
    let known = std::fs::read(path).map_err(failed())?;
    let mut runs: BTreeSet<String> = super::read::runs_in(&known);
    let mut text = Vec::new();
    if !ends_a_line(&mut file).map_err(failed())? {
        text.push(b'\n');
    }
    let mut new = Vec::new();
    for line in lines {
        if !runs.insert(line.run.clone()) {
            appended.known.push(line.run.clone());
            continue;
        }
        serde_json::to_writer(&mut text, line).map_err(|error| failed()(error.into()))?;
        text.push(b'\n');
        new.push(line.run.clone());
    }
    if new.is_empty() {
        return Ok(());
    }
    file.write_all(&text).and_then(|()| file.sync_data()).map_err(failed())?;
    appended.new.extend(new);
    Ok(())
}

/// Whether the file is empty, or its last line is whole.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn attributes(folder: &Path) -> Result<(), HistoryError> {
    let path = folder.join(".gitattributes");
    if path.exists() {
        return Ok(());
    }
    replace_file(&path, ATTRIBUTES.as_bytes()).map_err(HistoryError::io("write", &path))
}

/// Whether a recipe's name can be the name of a file in the folder, and of no other.
pub(super) fn is_file_name(recipe: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !recipe.is_empty() && recipe.len() <= 200 && !recipe.starts_with('.') && recipe.chars().all(plain)
}

/// The lock of a history, on the folder itself: it leaves no file behind, and goes with the process.
#[derive(Debug)]
pub(super) struct Lock {
    _folder: File,
}

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Self, HistoryError> {
        let file = File::open(folder).map_err(HistoryError::io("open the history in", folder))?;
        file.lock().map_err(HistoryError::io("lock the history in", folder))?;
        Ok(Self { _folder: file })
    }
}
