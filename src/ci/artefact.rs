//! A run as a stranger hands it over: an archive or a folder of which nothing is believed.
//!
//! Nothing is unpacked to a disk: the log, and the pictures that it names, are read into memory, each within a bound. Names in an archive are
//! compared and never used as paths.

use std::io::{Cursor, Read as _};
use std::path::{Component, Path, PathBuf};

use zip::ZipArchive;

use super::base::LinterSaid;
use crate::browser::redrawn;
use crate::lint::{ANSWERS, ImageAnswer};
use crate::record::{CHANGE_SCHEMA, ChangePlan, Fact, Finding};
use crate::report::KeptRun;
use crate::run::{self, RunId};

/// The largest log, in bytes.
const LARGEST_LOG: u64 = 32 << 20;
/// The largest picture as it comes, in bytes.
const LARGEST_PICTURE: u64 = 3 << 20;
/// The largest picture once drawn, in pixels.
const MOST_PIXELS: u64 = 24_000_000;
/// The most files in an archive.
const MOST_FILES: usize = 20_000;
/// The most lines of a log.
const MOST_EVENTS: usize = 300_000;
/// The most steps of a run.
const MOST_STEPS: usize = 1_000;
/// The log of a run.
const LOG: &str = "events.ndjson";
/// What the change can affect, in a run's folder, where only that was tried.
pub const CHANGE: &str = "change.json";
/// What the linter found, in a run's folder.
const FINDINGS: &str = "lint.json";
/// The largest of these, in bytes.
const LARGEST_JSON: u64 = 4 << 20;
/// The most findings, and the most files, services, steps and variants of a change.
const MOST_LISTED: usize = 10_000;

/// Why an artefact counts for nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is no archive, or a broken one.
    #[error("the artefact is no zip archive that can be read: {0}")]
    Archive(String),
    /// There are too many files, or something is too large.
    #[error("{what} has more than {most}, and nothing that taster makes has so many")]
    TooMuch {
        /// What.
        what: &'static str,
        /// The bound, with its unit.
        most: String,
    },
    /// There is no log, or there are several.
    #[error("the artefact holds {0} logs of runs (events.ndjson), and one is needed")]
    Logs(usize),
    /// The log is none.
    #[error("the log of the artefact cannot be used: {0}")]
    Log(String),
    /// It is of something else.
    #[error("the run of the artefact tested {found}, and the pull request is at {wanted}")]
    Commit {
        /// What its log says.
        found: String,
        /// What the forge says.
        wanted: String,
    },
    /// The forge does not vouch for it.
    #[error("the forge says that the artefact was made by a job of {found}, and the pull request is at {wanted}")]
    Origin {
        /// What the forge says about it.
        found: String,
        /// What the pull request is.
        wanted: String,
    },
    /// Its parts do not fit together.
    #[error("the log of the artefact contradicts itself: {0}")]
    Contradiction(String),
    /// The system refused.
    #[error("cannot read the store: {0}")]
    Store(String),
}

/// An artefact.
pub struct Artefact {
    content: Content,
    /// What stands before the names of the run's files.
    prefix: String,
}

enum Content {
    Archive(Box<ZipArchive<Cursor<Vec<u8>>>>),
    Folder(PathBuf),
}

impl Artefact {
    /// An archive.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn archive(bytes: Vec<u8>) -> Result<Self, Refused> {
        // The directory is read whole before anybody can count its entries.
        let entries = bytes.windows(4).filter(|four| *four == b"PK\x01\x02").count();
        let many = || Refused::TooMuch { what: "the archive", most: format!("{MOST_FILES} files") };
        if entries > MOST_FILES {
            return Err(many());
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| Refused::Archive(error.to_string()))?;
        if archive.len() > MOST_FILES {
            return Err(many());
        }
        // A name that is no text is not the one that is looked for.
        let names = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
        let logs: Vec<String> = names.filter(|name| name == LOG || name.ends_with("/events.ndjson")).collect();
        match logs.as_slice() {
            [log] => {
                let prefix = log.strip_suffix(LOG).unwrap_or_default().to_owned();
                Ok(Self { content: Content::Archive(Box::new(archive)), prefix })
            }
            other => Err(Refused::Logs(other.len())),
        }
    }

    /// A run's folder.
    pub fn folder(path: &Path) -> Self {
        Self { content: Content::Folder(path.to_owned()), prefix: String::new() }
    }

    /// The run, read and checked: it tested this commit, its identifier is one, and its parts fit together. What the artefact itself says
    /// about a level or an outcome is not looked at.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn run(&mut self, commit: &str) -> Result<KeptRun, Refused> {
        let log = self.read(LOG, LARGEST_LOG, "the log")?.ok_or(Refused::Logs(0))?;
        if log.iter().filter(|byte| **byte == b'\n').count() > MOST_EVENTS {
            return Err(Refused::TooMuch { what: "the log", most: format!("{MOST_EVENTS} lines") });
        }
        let events = run::parse(LOG, log.as_slice()).map_err(|error| Refused::Log(error.to_string()))?;
        let steps = events.iter().map(|event| match &event.fact {
            Fact::Plan { steps, left_out, beside } => steps.len() + left_out.len() + beside.len(),
            Fact::StepEnded(_) => 1,
            _ => 0,
        });
        if steps.sum::<usize>() > 2 * MOST_STEPS {
            return Err(Refused::TooMuch { what: "the plan", most: format!("{MOST_STEPS} steps") });
        }
        // No folder: whoever shows this run must not open files by names in it.
        let kept = KeptRun::of(Path::new(""), events).map_err(|error| Refused::Log(error.to_string()))?;
        check(&kept, commit)?;
        Ok(kept)
    }

    /// What the change of this commit can affect, as the job says; `None` when it is not told, or cannot be used.
    pub fn change(&mut self, commit: &str) -> Option<ChangePlan> {
        let change: ChangePlan = self.json(CHANGE)?;
        let most = [change.files.len(), change.services.len(), change.steps.len(), change.variants.len()];
        let own = change.candidate.commit.as_deref() == Some(commit) && !change.candidate.dirty;
        (own && change.schema == CHANGE_SCHEMA && most.into_iter().all(|count| count <= MOST_LISTED)).then_some(change)
    }

    /// What the linter found in this run, and what registries said, as the job says; `None` for what is not told, or cannot be used.
    pub fn found(&mut self) -> LinterSaid {
        LinterSaid {
            findings: self.json(FINDINGS).filter(|found: &Vec<Finding>| found.len() <= MOST_LISTED),
            answers: self.json(ANSWERS).filter(|answers: &Vec<ImageAnswer>| answers.len() <= MOST_LISTED),
        }
    }

    fn json<T: serde::de::DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        serde_json::from_slice(&self.read(name, LARGEST_JSON, "a list").ok()??).ok()
    }

    /// A picture that the log names, drawn anew; `None` for what is no picture, too large, or not there.
    pub fn picture(&mut self, name: &str) -> Option<Vec<u8>> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return None;
        }
        let png = self.read(name, LARGEST_PICTURE, "a picture").ok()??;
        redrawn(&png, MOST_PIXELS).ok()
    }

    /// The bytes of one of the run's files.
    fn read(&mut self, name: &str, most: u64, what: &'static str) -> Result<Option<Vec<u8>>, Refused> {
        let mut bytes = Vec::new();
        match &mut self.content {
            Content::Archive(archive) => {
                let Ok(file) = archive.by_name(&format!("{}{name}", self.prefix)) else { return Ok(None) };
                // What the archive says about sizes is its own claim.
                file.take(most.saturating_add(1))
                    .read_to_end(&mut bytes)
                    .map_err(|error| Refused::Archive(error.to_string()))?;
            }
            Content::Folder(folder) => {
                let failed = |error: std::io::Error| Refused::Store(error.to_string());
                let path = folder.join(name);
                match std::fs::symlink_metadata(&path) {
                    Ok(metadata) if metadata.is_file() => {}
                    _ => return Ok(None),
                }
                let file = std::fs::File::open(&path).map_err(failed)?;
                file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
            }
        }
        if bytes.len() as u64 > most {
            return Err(Refused::TooMuch { what, most: format!("{most} bytes") });
        }
        Ok(Some(bytes))
    }
}

/// Whether a log is of this commit, and one that taster could have written.
fn check(run: &KeptRun, commit: &str) -> Result<(), Refused> {
    let candidate = &run.summary.candidate;
    let found = match (&candidate.commit, candidate.dirty) {
        (Some(found), false) if found == commit => None,
        (Some(_), true) => Some("files that are not committed".to_owned()),
        (Some(found), false) => Some(found.chars().take(64).collect()),
        (None, _) => Some("files without a commit".to_owned()),
    };
    if let Some(found) = found {
        return Err(Refused::Commit { found, wanted: commit.to_owned() });
    }
    if RunId::began(&run.summary.run).is_none() {
        return Err(Refused::Contradiction("its identifier is none of taster's".to_owned()));
    }
    let mut planned: Option<Vec<&str>> = None;
    let mut ended: Vec<&str> = Vec::new();
    for (number, event) in run.events.iter().enumerate() {
        let contradiction = |why: &str| Err(Refused::Contradiction(why.to_owned()));
        match &event.fact {
            Fact::Opened(_) if number > 0 => return contradiction("it begins twice"),
            Fact::Plan { .. } if planned.is_some() => return contradiction("it has two plans"),
            Fact::Plan { steps, .. } => planned = Some(steps.iter().map(|step| step.id.as_str()).collect()),
            Fact::StepEnded(step) if ended.contains(&step.id.as_str()) => return contradiction("a step ends twice"),
            Fact::StepEnded(step) if !planned.as_ref().is_some_and(|ids| ids.contains(&step.id.as_str())) => {
                return contradiction("a step ended that was not planned");
            }
            Fact::StepEnded(step) => ended.push(&step.id),
            _ => {}
        }
    }
    match planned {
        Some(ids) if !ids.is_empty() => Ok(()),
        _ => Err(Refused::Contradiction("it has no plan".to_owned())),
    }
}
