//! A folder of recipes: a clone of many, given as one path.

use std::path::{Path, PathBuf};

use super::open::Target;
use crate::recipe::is_compose_file;

/// The recipes that lie in a folder which is no recipe itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Folder {
    /// The folder, as it was given.
    pub path: PathBuf,
    /// The recipes right below it, by name.
    pub recipes: Vec<PathBuf>,
    /// Other folders right below it, which have no compose file.
    pub others: Vec<PathBuf>,
}

impl Folder {
    /// Looks for recipes right below a target. `None` when it is a recipe itself, a git repository whose revision is wanted, or holds
    /// none: then it is to be judged as it was given.
    pub fn below(target: &Target) -> Option<Self> {
        let path = &target.path;
        let repository = path.join(".git").exists() || path.join("objects").is_dir();
        if has_compose_file(path) || (repository && target.revision.is_some()) {
            return None;
        }
        let mut folders: Vec<PathBuf> = std::fs::read_dir(path)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_dir() && !is_hidden(path))
            .collect();
        folders.sort();
        let (recipes, others): (Vec<PathBuf>, Vec<PathBuf>) =
            folders.into_iter().partition(|path| has_compose_file(path));
        (!recipes.is_empty()).then(|| Self { path: path.clone(), recipes, others })
    }
}

fn has_compose_file(path: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(path) else { return false };
    entries.filter_map(Result::ok).any(|entry| entry.file_name().to_str().is_some_and(is_compose_file))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
