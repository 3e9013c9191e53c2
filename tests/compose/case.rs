//! A case of the corpus: a folder with compose files, an environment and what the files refer to.

use std::collections::BTreeMap;
use std::path::Path;

use taster::compose::{LoadError, Loaded, SourceFile, load};

/// Compose files with their surroundings.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The compose files in the order in which they are merged: `compose.yml`, then the others by name.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) env: BTreeMap<String, String>,
    /// Other files of the folder, by path.
    pub(crate) others: BTreeMap<String, Vec<u8>>,
}

impl Case {
    /// Every case of the corpus, by name.
    pub(crate) fn corpus() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose/corpus");
        let mut cases: Vec<Self> = std::fs::read_dir(root)
            .expect("the corpus is there")
            .map(|entry| Self::read(&entry.expect("the corpus can be listed").path()))
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn read(folder: &Path) -> Self {
        let name = folder.file_name().expect("a case has a name").to_string_lossy().into_owned();
        let mut case = Self { name, files: Vec::new(), env: BTreeMap::new(), others: BTreeMap::new() };
        case.env.insert("HOME".to_owned(), "/home/taster".to_owned());
        case.collect(folder, "");
        // `compose.yml` sorts behind `compose.a.yml`, and comes first all the same.
        case.files.sort_by_key(|(name, _)| (name != "compose.yml", name.clone()));
        case
    }

    fn collect(&mut self, folder: &Path, prefix: &str) {
        for entry in std::fs::read_dir(folder).expect("a case can be listed") {
            let path = entry.expect("a case can be listed").path();
            let name = format!("{prefix}{}", path.file_name().expect("a file has a name").to_string_lossy());
            if path.is_dir() {
                self.collect(&path, &format!("{name}/"));
                continue;
            }
            let content = std::fs::read(&path).expect("a file of a case can be read");
            if name == "env" {
                let text = String::from_utf8(content).expect("an environment is text");
                let pairs =
                    text.lines().map(|line| line.split_once('=').expect("a line of an environment is KEY=value"));
                self.env.extend(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
            } else if name.starts_with("compose") && name.ends_with(".yml") {
                self.files.push((name, content));
            } else {
                self.others.insert(name, content);
            }
        }
    }

    /// What taster makes of it.
    pub(crate) fn load(&self) -> Result<Loaded, LoadError> {
        let files: Vec<SourceFile> =
            self.files.iter().map(|(name, content)| SourceFile::new(name.clone(), content.clone())).collect();
        let env = |name: &str| self.env.get(name).cloned();
        let read = |path: &str| self.others.get(path).cloned().ok_or_else(|| "no such file".to_owned());
        load(&files, &env, &read)
    }

    /// The compose files as text, for messages.
    pub(crate) fn show(&self) -> String {
        let mut shown = String::new();
        for (name, content) in &self.files {
            shown.push_str(&format!("--- {name}\n{}\n", String::from_utf8_lossy(content)));
        }
        shown
    }
}
