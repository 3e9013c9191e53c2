//! The project of a stack's folder, through our own loader: what the two deploys are fed with is the files, and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use taster::compose::project::Project;
use taster::compose::{SourceFile, load as load_compose};

/// Loads compose files with nothing in the environment but `env`.
pub(crate) fn load(folder: &Path, files: &[String], env: &BTreeMap<String, String>) -> Project {
    let read = |file: &str| std::fs::read(folder.join(file)).map_err(|error| error.to_string());
    let sources: Vec<_> = files.iter().map(|file| SourceFile::new(file.clone(), read(file).unwrap())).collect();
    load_compose(&sources, &|name| env.get(name).cloned(), &read)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .project
}
