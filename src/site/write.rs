//! Writing the site into a folder, beside what others keep there.
//!
//! `site.json` lists what the site wrote, with the hash of each file. Only what is listed there and is still as it was written is ever
//! removed; what others put in the way stops the writing before anything is written.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Files;

/// The list of what the site wrote.
const LIST: &str = "site.json";
/// The version of that list.
const SCHEMA: &str = "taster.site/1";

/// What writing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Files that are new or different.
    pub written: usize,
    /// Files that were as they should be.
    pub unchanged: usize,
    /// Files of an earlier site that were removed.
    pub removed: usize,
    /// Files of an earlier site that nobody needs any more, and that somebody changed: they were left.
    pub left: Vec<PathBuf>,
}

/// Why a site was not written.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Somebody else's file is where the site wants to write.
    #[error("{} is in the way of the site and was not written by it; move it away, or choose another folder", .0.display())]
    InTheWay(PathBuf),
    /// The list of what the site wrote cannot be used.
    #[error("{} should list what the site wrote here, and cannot be used: {why}; remove it, and what the site wrote, or choose another folder", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file cannot be written, read or removed.
    #[error("cannot {what} {}: {why}", path.display())]
    Machine {
        /// What was attempted.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's own error.
        why: io::Error,
    },
}

/// `site.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    schema: String,
    /// The SHA-256 of each file.
    files: BTreeMap<String, String>,
}

/// Writes the files into `folder` and removes those of an earlier site that are not among them.
///
/// # Errors
/// [`SiteError`]; when a file of somebody else is in the way, nothing was written.
pub fn write(folder: &Path, files: &Files) -> Result<Written, SiteError> {
    if folder.exists() && !folder.is_dir() {
        return Err(SiteError::InTheWay(folder.to_owned()));
    }
    let earlier = List::read(folder)?;
    let mut done = Written::default();
    let mut changed = Vec::new();
    for (path, bytes) in files {
        let place = folder.join(path);
        match std::fs::read(&place) {
            Ok(there) if there == *bytes => done.unchanged += 1,
            Ok(_) if !earlier.files.contains_key(path) => return Err(SiteError::InTheWay(place)),
            Ok(_) => changed.push((place, bytes)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => changed.push((place, bytes)),
            Err(why) if why.kind() == io::ErrorKind::IsADirectory => return Err(SiteError::InTheWay(place)),
            Err(why) => return Err(SiteError::Machine { what: "read", path: place, why }),
        }
    }
    let now: BTreeMap<String, String> = files.iter().map(|(path, bytes)| (path.clone(), hash(bytes))).collect();
    let same = changed.is_empty() && earlier.files == now;
    if same {
        return Ok(done);
    }
    // Whoever writes after this was killed half-way must know all files of both.
    let mut both = earlier.files.clone();
    both.extend(now.clone());
    List::write(folder, both)?;
    changed.par_iter().try_for_each(|(place, bytes)| put(place, bytes))?;
    done.written = changed.len();
    for (path, was) in earlier.files.iter().filter(|(path, _)| !now.contains_key(*path)) {
        remove(folder, path, was, &mut done)?;
    }
    List::write(folder, now)?;
    Ok(done)
}

impl List {
    fn read(folder: &Path) -> Result<Self, SiteError> {
        let path = folder.join(LIST);
        let unusable = |why: String| SiteError::List { path: path.clone(), why };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let list: Self = serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
                match list.schema == SCHEMA {
                    true => Ok(list),
                    false => Err(unusable(format!("its format is {:?}, and {SCHEMA} is needed", list.schema))),
                }
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(why) => Err(SiteError::Machine { what: "read", path, why }),
        }
    }

    fn write(folder: &Path, files: BTreeMap<String, String>) -> Result<(), SiteError> {
        let place = folder.join(LIST);
        let list = Self { schema: SCHEMA.to_owned(), files };
        let mut text = serde_json::to_vec_pretty(&list).map_err(|why| SiteError::Machine {
            what: "write",
            path: place.clone(),
            why: why.into(),
        })?;
        text.push(b'\n');
        put(&place, &text)
    }
}

/// Whole or not at all.
fn put(place: &Path, bytes: &[u8]) -> Result<(), SiteError> {
    let failed = |why| SiteError::Machine { what: "write", path: place.to_owned(), why };
    let folder = place.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::Builder::new().prefix(".taster-").tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    // A web server runs as somebody else.
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable).map_err(failed)?;
    file.persist(place).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Removes a file of an earlier site, unless somebody changed it.
fn remove(folder: &Path, path: &str, was: &str, done: &mut Written) -> Result<(), SiteError> {
    // The list lies where others may write.
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(());
    }
    let place = folder.join(path);
    match std::fs::read(&place) {
        Ok(there) if hash(&there) == was => {
            let failed = |why| SiteError::Machine { what: "remove", path: place.clone(), why };
            std::fs::remove_file(&place).map_err(failed)?;
            done.removed += 1;
            if let Some(parent) = place.parent().filter(|parent| *parent != folder) {
                // Others keep something in it, or it is gone.
                let _ = std::fs::remove_dir(parent);
            }
        }
        Ok(_) => done.left.push(place),
        // It is gone, or became something else: nothing of ours is left.
        Err(_) => {}
    }
    Ok(())
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
