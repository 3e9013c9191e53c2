//! What many runners brought back, joined: run folders, histories, and by name what did not come back.

use std::io;
use std::path::{Path, PathBuf};

use super::result::{Held, fleet_recipe, held};
use crate::history::{self, HistoryError};
use crate::record::{FLEET_SCHEMA, FleetRecipe, FleetReport, FleetResult};
use crate::run::RunId;

/// How deep run folders may lie in what a runner brought back: archives of artefacts bring folders of their own.
const DEEPEST: usize = 6;

/// Why nothing could be joined.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file or folder cannot be read or written.
    #[error("cannot {what} {}: {why}", path.display())]
    Io {
        /// What was attempted.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own error.
        why: io::Error,
    },
    /// The history cannot be joined.
    #[error(transparent)]
    History(#[from] HistoryError),
}

fn failed<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> MergeError + use<'p> {
    let path = path.to_owned();
    move |why| MergeError::Io { what, path, why }
}

/// What lies in what came back.
#[derive(Debug, Default)]
struct Found {
    runs: Vec<PathBuf>,
    histories: Vec<PathBuf>,
}

/// Joins the run folders below `from` into `runs`, and histories into `history`; `planned` are the recipes that should have come back. What
/// is there already is not copied again, so joining twice changes nothing. Links and special files are left out.
///
/// # Errors
/// [`MergeError`]; what was joined before stays.
pub fn merge(
    planned: &[String],
    from: &[PathBuf],
    runs: &Path,
    history: Option<&Path>,
) -> Result<FleetReport, MergeError> {
    let mut report = FleetReport { schema: FLEET_SCHEMA.to_owned(), ..FleetReport::default() };
    let mut found = Found::default();
    for folder in from {
        look(folder, 0, &mut found)?;
    }
    found.runs.sort();
    std::fs::create_dir_all(runs).map_err(failed("make", runs))?;
    let mut taken: Vec<(String, PathBuf)> = Vec::new();
    for folder in &found.runs {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match take(folder, &runs.join(&name)) {
            Ok(Taken::Same | Taken::New) => taken.push((name, runs.join(folder.file_name().unwrap_or_default()))),
            Ok(Taken::Differs) => report
                .conflicts
                .push(format!("two runs are called {name} and differ; {} was left where it is", folder.display())),
            Err(error) => return Err(error),
        }
    }
    if let Some(into) = history {
        for folder in &found.histories {
            let read = history::read(folder)?;
            for aside in read.set_aside {
                report.conflicts.push(format!("{}/{}:{}: {}", folder.display(), aside.file, aside.line, aside.reason));
            }
            let lines: Vec<_> = read.recipes.into_values().flatten().collect();
            history::append(into, &lines)?;
        }
    }
    tell(planned, taken, &mut report);
    Ok(report)
}

/// Folders of runs and of histories, whose names say what they are.
fn look(folder: &Path, depth: usize, found: &mut Found) -> Result<(), MergeError> {
    let mut has_history = false;
    for entry in std::fs::read_dir(folder).map_err(failed("read", folder))? {
        let entry = entry.map_err(failed("read", folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed("read", &path))?;
        if kind.is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_run = path.join("events.ndjson").is_file() || path.join("run.json").is_file();
            if RunId::began(&name).is_some() && is_run {
                found.runs.push(path);
            } else if depth < DEEPEST {
                look(&path, depth + 1, found)?;
            }
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "jsonl") {
            has_history = true;
        }
    }
    if has_history {
        found.histories.push(folder.to_owned());
    }
    Ok(())
}

enum Taken {
    New,
    Same,
    Differs,
}

/// Copies a run's folder whole or not at all.
fn take(from: &Path, to: &Path) -> Result<Taken, MergeError> {
    if to.exists() {
        let bytes = |folder: &Path, file: &str| std::fs::read(folder.join(file)).unwrap_or_default();
        let same = ["run.json", "events.ndjson"].iter().all(|file| bytes(from, file) == bytes(to, file));
        return Ok(if same { Taken::Same } else { Taken::Differs });
    }
    let beside = to.parent().unwrap_or(Path::new("."));
    let made =
        tempfile::Builder::new().prefix(".merging-").tempdir_in(beside).map_err(failed("make a folder in", beside))?;
    copy(from, made.path(), 0)?;
    let made = made.keep();
    std::fs::set_permissions(&made, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .map_err(failed("open up", &made))?;
    std::fs::rename(&made, to).map_err(failed("rename to", to))?;
    Ok(Taken::New)
}

fn copy(from: &Path, to: &Path, depth: usize) -> Result<(), MergeError> {
    for entry in std::fs::read_dir(from).map_err(failed("read", from))? {
        let entry = entry.map_err(failed("read", from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(failed("read", &path))?;
        if kind.is_dir() && depth < DEEPEST {
            std::fs::create_dir(&target).map_err(failed("make", &target))?;
            copy(&path, &target, depth + 1)?;
        } else if kind.is_file() {
            std::fs::copy(&path, &target).map_err(failed("copy to", &target))?;
        }
    }
    Ok(())
}

fn tell(planned: &[String], taken: Vec<(String, PathBuf)>, report: &mut FleetReport) {
    let mut told: Vec<(String, FleetRecipe)> = Vec::new();
    for (run, folder) in taken {
        let one = match held(&folder) {
            Held::Ended(summary) if summary.run == run => fleet_recipe(&summary),
            Held::Ended(summary) => {
                report.conflicts.push(format!("the folder {run} holds the run {}", summary.run));
                continue;
            }
            Held::Not(reason) => {
                let recipe = recipe_of(&folder).unwrap_or_default();
                FleetRecipe {
                    recipe,
                    result: FleetResult::NotTested,
                    run: Some(run.clone()),
                    reason: format!("its run {run} does not count: {reason}"),
                }
            }
        };
        told.push((run, one));
    }
    // The newest run that came to its end speaks; a broken one only where there is no other.
    told.sort_by(|a, b| {
        (a.1.result == FleetResult::NotTested, &b.0).cmp(&(b.1.result == FleetResult::NotTested, &a.0))
    });
    for recipe in planned {
        let one = told.iter().find(|(_, one)| one.recipe == *recipe).map(|(_, one)| one.clone());
        report.recipes.push(one.unwrap_or_else(|| FleetRecipe {
            recipe: recipe.clone(),
            result: FleetResult::NotTested,
            run: None,
            reason: "no run of it came back".to_owned(),
        }));
    }
    report.recipes.sort_by(|a, b| a.recipe.cmp(&b.recipe));
    report.recipes.dedup_by(|a, b| a.recipe == b.recipe);
    let unplanned = told.into_iter().filter(|(_, one)| !planned.contains(&one.recipe));
    report.unplanned = unplanned.map(|(run, one)| format!("{run} ({})", one.recipe)).collect();
    report.unplanned.sort();
}

/// The recipe of a run that was broken off: the head of its log tells.
fn recipe_of(folder: &Path) -> Option<String> {
    let file = std::fs::File::open(folder.join("events.ndjson")).ok()?;
    let mut first = String::new();
    io::BufRead::read_line(&mut io::Read::take(io::BufReader::new(file), 1 << 20), &mut first).ok()?;
    let event: crate::record::Event = serde_json::from_str(&first).ok()?;
    match event.fact {
        crate::record::Fact::Opened(head) => Some(head.recipe),
        _ => None,
    }
}
