//! Everything that rules may know about one revision of a recipe.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::draft::Location;
use super::set::{Set, SetKind};
use crate::compose::{self, LoadError, SourceFile};
use crate::recipe::{EnvFile, LookupError, Recipe, compose_files, stack_name};

/// One revision of a recipe, with the sets of compose files that are really deployed.
#[derive(Debug)]
pub struct Facts {
    /// The recipe: tree, `.env.sample`, `abra.sh`, README, releases, release notes, irregularities.
    pub recipe: Recipe,
    /// `.env.sample`; an empty one when there is none (`recipe.env_sample` tells).
    pub sample: EnvFile,
    /// The sets that load: what the sample chooses first, then each documented overlay.
    pub sets: Vec<Set>,
    /// The sets that do not load.
    pub broken: Vec<BrokenSet>,
    /// The release that this is; `None` for the candidate.
    pub release: Option<String>,
    /// The compose files, parsed once for all sets and rules.
    files: BTreeMap<String, SourceFile>,
    /// What [`words`](Self::words) found.
    words: OnceLock<BTreeSet<String>>,
}

/// A set of compose files that cannot be loaded.
#[derive(Debug)]
pub struct BrokenSet {
    /// The files, joined by `:` as in `COMPOSE_FILE`.
    pub name: String,
    /// Why it is judged.
    pub kind: SetKind,
    /// Why it cannot be loaded.
    pub why: Broken,
}

/// Why a set of compose files cannot be loaded.
#[derive(Debug)]
pub enum Broken {
    /// A file that `COMPOSE_FILE` names is not there.
    Missing {
        /// The path as `COMPOSE_FILE` has it.
        file: String,
        /// Where it is named; `None` when the sample does not set `COMPOSE_FILE`.
        named_at: Option<Location>,
        /// Why it was not found.
        error: LookupError,
    },
    /// The swarm loader refuses the files.
    Refused(Box<LoadError>),
}

/// A list of compose files to be judged.
struct Choice {
    files: Vec<String>,
    kind: SetKind,
    named_at: Option<Location>,
    overrides: BTreeMap<String, String>,
}

impl Facts {
    /// Reads everything about a recipe. `release` is the release that it is; `None` for the candidate. With `abra`, the only set is
    /// that of all compose files in the root, in lexical order, and the stack has no name (recipe-format.md §3).
    pub fn of(recipe: Recipe, release: Option<String>, abra: bool) -> Self {
        Self::beside(&BTreeMap::new(), recipe, release, abra)
    }

    /// The same, beside another revision with these compose files: what did not change is not parsed again.
    pub(super) fn beside(
        others: &BTreeMap<String, SourceFile>,
        recipe: Recipe,
        release: Option<String>,
        abra: bool,
    ) -> Self {
        let sample = recipe.env_sample.clone().unwrap_or_else(|| EnvFile::parse(""));
        let (files, words) = (BTreeMap::new(), OnceLock::new());
        let mut facts = Self { recipe, sample, sets: Vec::new(), broken: Vec::new(), release, files, words };
        let choices = if abra { facts.abras_choice() } else { facts.choices() };
        let named = facts
            .root_compose_files()
            .into_iter()
            .chain(choices.iter().flat_map(|choice| &choice.files).map(String::as_str));
        let found = named.filter_map(|file| facts.recipe.tree.find(file).ok());
        let file = |path: &str, bytes: &Arc<[u8]>| {
            let other = others.get(path).filter(|other| other.text == *bytes);
            other.cloned().unwrap_or_else(|| SourceFile::new(path, bytes.clone()))
        };
        facts.files = found.map(|(path, found)| (path.to_owned(), file(path, &found.bytes))).collect();
        for choice in choices {
            match facts.load(choice) {
                Ok(set) => facts.sets.push(set),
                Err(broken) => facts.broken.push(broken),
            }
        }
        facts
    }

    /// A range of a file of this revision.
    pub fn location(&self, file: impl Into<String>, range: Range<usize>) -> Location {
        Location { release: self.release.clone(), ..Location::new(file, range) }
    }

    /// A file of this revision as a whole.
    pub fn file(&self, file: impl Into<String>) -> Location {
        Location { release: self.release.clone(), ..Location::file(file) }
    }

    /// The text that is written at a place of this revision; empty when it cannot be told.
    pub fn written(&self, location: &Location) -> &str {
        let file = self.recipe.tree.get(&location.file);
        let bytes = file.zip(location.range.clone()).and_then(|(file, range)| file.bytes.get(range));
        bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// A line of a file of this revision, counted from 1, without white space at its ends.
    pub fn line(&self, file: &str, line: usize) -> Location {
        let bytes = self.recipe.tree.get(file).map(|found| found.bytes.clone()).unwrap_or_default();
        let before: usize =
            bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
        let text = bytes.get(before..).unwrap_or_default().split(|byte| *byte == b'\n').next().unwrap_or_default();
        let start = before + (text.len() - text.trim_ascii_start().len());
        self.location(file, start..start + text.trim_ascii().len())
    }

    /// A range of `.env.sample`.
    pub fn in_sample(&self, range: Range<usize>) -> Location {
        self.location(".env.sample", range)
    }

    /// What the sample chooses; `None` when it does not load.
    pub fn sampled(&self) -> Option<&Set> {
        self.sets.iter().find(|set| set.kind != SetKind::Documented)
    }

    /// Compose files of the root that no set has: nothing documents them.
    pub fn undocumented(&self) -> Vec<&str> {
        let known: BTreeSet<&str> = self
            .sets
            .iter()
            .map(|set| set.name.as_str())
            .chain(self.broken.iter().map(|set| set.name.as_str()))
            .flat_map(|name| name.split(':'))
            .collect();
        self.root_compose_files().into_iter().filter(|file| !known.contains(file)).collect()
    }

    /// Compose files of the root in lexical order.
    pub fn root_compose_files(&self) -> Vec<&str> {
        let named = |path: &str| path.starts_with("compose") && (path.ends_with(".yml") || path.ends_with(".yaml"));
        self.recipe.tree.root_entries().map(|(path, _)| path).filter(|path| named(path)).collect()
    }

    /// The compose files of the root and of the sets, by path.
    pub(super) fn files(&self) -> &BTreeMap<String, SourceFile> {
        &self.files
    }

    /// What `find` finds, which is looked for once.
    pub(super) fn words(&self, find: impl FnOnce() -> BTreeSet<String>) -> &BTreeSet<String> {
        self.words.get_or_init(find)
    }

    /// What an operator fills in: a domain, and with it the stack's name.
    fn filled_in(&self) -> BTreeMap<String, String> {
        let host: String = self
            .recipe
            .name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let domain = format!("{}.example.com", host.trim_matches('-'));
        let mut filled = BTreeMap::from([("STACK_NAME".to_owned(), stack_name(&domain))]);
        if self.sample.entry("DOMAIN").is_some() || self.recipe.env_sample.is_none() {
            filled.insert("DOMAIN".to_owned(), domain);
        }
        filled
    }

    fn choices(&self) -> Vec<Choice> {
        let overrides = self.filled_in();
        let at = |range: &Range<usize>| Some(self.in_sample(range.clone()));
        let sampled = Choice {
            files: compose_files(&self.recipe.environment(&self.sample, &overrides)),
            kind: SetKind::Sampled,
            named_at: self.sample.entry("COMPOSE_FILE").and_then(|entry| at(&entry.value_span)),
            overrides: overrides.clone(),
        };
        let mut choices = vec![sampled];
        // Whoever switches an overlay on switches on the options that it needs: all that are documented and not set.
        let mut switched_on = overrides;
        for option in &self.sample.options {
            if self.sample.entry(&option.name).is_none() && option.name != "COMPOSE_FILE" {
                switched_on.entry(option.name.clone()).or_insert_with(|| option.value.clone());
            }
        }
        for option in self.sample.options.iter().filter(|option| option.name == "COMPOSE_FILE") {
            let files = compose_files(&[("COMPOSE_FILE".to_owned(), option.value.clone())]);
            if choices.iter().any(|choice| choice.files == files) {
                continue;
            }
            let mut overrides = switched_on.clone();
            overrides.insert("COMPOSE_FILE".to_owned(), option.value.clone());
            choices.push(Choice { files, kind: SetKind::Documented, named_at: at(&option.value_span), overrides });
        }
        choices
    }

    fn abras_choice(&self) -> Vec<Choice> {
        let files = self.root_compose_files();
        let files = files.into_iter().filter(|file| file.ends_with(".yml")).map(ToOwned::to_owned).collect();
        let overrides = BTreeMap::from([("STACK_NAME".to_owned(), String::new())]);
        vec![Choice { files, kind: SetKind::Abra, named_at: None, overrides }]
    }

    fn load(&self, choice: Choice) -> Result<Set, BrokenSet> {
        let name = choice.files.join(":");
        let broken = |why| BrokenSet { name: name.clone(), kind: choice.kind, why };
        let mut sources = Vec::new();
        for file in &choice.files {
            match self.recipe.tree.find(file) {
                Ok((path, found)) => sources.push(match self.files.get(path) {
                    Some(file) => file.clone(),
                    None => SourceFile::new(path, found.bytes.clone()),
                }),
                Err(error) => {
                    let named_at = choice.named_at.clone();
                    return Err(broken(Broken::Missing { file: file.clone(), named_at, error }));
                }
            }
        }
        let environment = self.recipe.environment(&self.sample, &choice.overrides);
        let variables: BTreeMap<&str, &str> =
            environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        let read = |path: &str| match self.recipe.tree.find(path) {
            Ok((_, file)) => Ok(file.bytes.to_vec()),
            Err(error) => Err(error.to_string()),
        };
        let loaded = compose::load(&sources, &lookup, &read).map_err(|error| broken(Broken::Refused(error.into())))?;
        let stack = choice.overrides.get("STACK_NAME").cloned().unwrap_or_default();
        let release = self.release.clone();
        Ok(Set { name, kind: choice.kind, stack, environment, loaded, release, deploy_labels: OnceLock::new() })
    }
}
