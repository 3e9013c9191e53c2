//! Reading: every line for itself, in whatever order, each run once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;

use super::store::{ENDING, HistoryError};
use crate::record::{HISTORY_SCHEMA, HistoryLine, SetAside};
use crate::run::RunId;

/// A history as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The trusted runs of each recipe, the oldest first.
    pub recipes: BTreeMap<String, Vec<HistoryLine>>,
    /// Lines that count for nothing, and why.
    pub set_aside: Vec<SetAside>,
}

impl History {
    /// When the newest run of all recipes began.
    pub fn newest(&self) -> Option<jiff::Timestamp> {
        let newest = self.recipes.values().filter_map(|lines| lines.last());
        newest.filter_map(|line| RunId::began(&line.run)).max()
    }
}

/// Reads the history in a folder. A line that cannot be read, such as the last one of a process that was killed, is set aside.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn read(folder: &Path) -> Result<History, HistoryError> {
    let read = files(folder)?.into_par_iter().map(|path| {
        let bytes = std::fs::read(&path).map_err(HistoryError::io("read", &path))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(parse(&name, &bytes))
    });
    let read = read.collect::<Result<Vec<_>, HistoryError>>()?;
    let mut history = History::default();
    for (recipe, lines, set_aside) in read {
        if !lines.is_empty() {
            history.recipes.insert(recipe, lines);
        }
        history.set_aside.extend(set_aside);
    }
    Ok(history)
}

/// The files of a history, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, HistoryError> {
    let failed = || HistoryError::io("read the history in", folder);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|ending| ending == ENDING) && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The recipe, its runs, the oldest first, and the lines that are set aside.
pub(super) fn parse(name: &str, bytes: &[u8]) -> (String, Vec<HistoryLine>, Vec<SetAside>) {
    let recipe = name.strip_suffix(&format!(".{ENDING}")).unwrap_or(name).to_owned();
    let mut lines: BTreeMap<String, (usize, HistoryLine)> = BTreeMap::new();
    let mut set_aside = Vec::new();
    let texts = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    for (number, text) in texts.filter(|(_, text)| !text.trim_ascii().is_empty()) {
        let mut aside = |line, reason| set_aside.push(SetAside { file: name.to_owned(), line, reason });
        match one(&recipe, text) {
            Err(why) => aside(number, why),
            Ok(line) => match lines.entry(line.run.clone()) {
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert((number, line));
                }
                std::collections::btree_map::Entry::Occupied(mut known) if known.get().1 != line => {
                    // Which of the two counts must not depend on the order of the lines.
                    let other =
                        if text_of(&line) < text_of(&known.get().1) { known.insert((number, line)).0 } else { number };
                    let run = known.key();
                    aside(
                        other,
                        format!("there is another line of the run {run} that says otherwise; one of them was changed"),
                    );
                }
                std::collections::btree_map::Entry::Occupied(_) => {}
            },
        }
    }
    (recipe, lines.into_values().map(|(_, line)| line).collect(), set_aside)
}

fn text_of(line: &HistoryLine) -> String {
    serde_json::to_string(line).unwrap_or_default()
}

fn one(recipe: &str, text: &[u8]) -> Result<HistoryLine, String> {
    let line: HistoryLine =
        serde_json::from_slice(text).map_err(|error| match serde_json::from_slice::<Head>(text) {
            _ if error.is_eof() => "it was torn off, as a kill leaves it".to_owned(),
            Ok(head) if head.schema != HISTORY_SCHEMA => {
                format!("its format is {}, and {HISTORY_SCHEMA} is needed", head.schema)
            }
            _ => format!("it is no line of a history: {error}"),
        })?;
    if line.schema != HISTORY_SCHEMA {
        return Err(format!("its format is {}, and {HISTORY_SCHEMA} is needed", line.schema));
    }
    if line.recipe != recipe {
        return Err(format!("it is of the recipe {}, which has a file of its own", line.recipe));
    }
    // Identifiers begin with the time, so that their order is that of time.
    match RunId::began(&line.run) {
        Some(_) => Ok(line),
        None => Err(format!("`{}` is no identifier of a run", line.run)),
    }
}

#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// The identifiers of the runs in a file, for appending.
pub(super) fn runs_in(bytes: &[u8]) -> BTreeSet<String> {
    #[derive(Deserialize)]
    struct Known {
        run: String,
    }
    // A torn line is no JSON, so its run may be appended once more.
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice::<Known>(line).ok()).map(|known| known.run).collect()
}
