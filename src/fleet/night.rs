//! A night: what is due is tried, and what was tried enters the history at once. The state lies in a file that is replaced whole after every
//! recipe; a run that came to its end and was not entered yet is found by its folder. So a kill loses what was running, and nothing else.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::pool::{Job, Ran, run_all};
use super::result::{Held, fleet_recipe, held};
use crate::catalogue::{Outcome as Read, Reading, Trusted};
use crate::history::{self, HistoryError};
use crate::mirror::Place;
use crate::plan::{Candidate, Capacity, Estimates, Need};
use crate::recipe;
use crate::record::{HistoryLine, NIGHT_SCHEMA, NightReport, NightStage, Outcome, RunSummary, StepKind};
use crate::run::{RunId, replace_file};
use crate::scenario::PlanOptions;
use crate::trial::TrialOptions;

/// A night that was broken off longer ago is not taken up again: what was due then is not what is due now.
const OVER: SignedDuration = SignedDuration::from_hours(20);

/// Why there is no night.
#[derive(Debug, thiserror::Error)]
pub enum NightError {
    /// Another one runs.
    #[error("another `taster nightly` is at work with {}: wait for its end, or give this one a folder of its own with --state", .0.display())]
    Locked(PathBuf),
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
    /// The state cannot be used.
    #[error("cannot take up the night in {}: {why}; move the file away to begin a new one", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The history cannot be written.
    #[error(transparent)]
    History(#[from] HistoryError),
}

fn failed<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> NightError + use<'p> {
    let path = path.to_owned();
    move |why| NightError::Io { what, path, why }
}

/// The kernel's lock on the folder of the state: it leaves no file behind, and goes with the process (lesson 32).
#[derive(Debug)]
pub struct NightLock {
    _folder: File,
}

impl NightLock {
    /// Takes it, or says that another one has it.
    ///
    /// # Errors
    /// [`NightError::Locked`], or when the folder cannot be made.
    pub fn take(folder: &Path) -> Result<Self, NightError> {
        std::fs::create_dir_all(folder).map_err(failed("make the folder", folder))?;
        let file = File::open(folder).map_err(failed("open the folder", folder))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _folder: file }),
            Err(std::fs::TryLockError::WouldBlock) => Err(NightError::Locked(folder.to_owned())),
            Err(std::fs::TryLockError::Error(why)) => Err(failed("lock", folder)(why)),
        }
    }
}

/// What a night works with.
#[derive(Debug)]
pub struct NightOptions<'a> {
    /// Where its state lies.
    pub state: &'a Path,
    /// The history.
    pub history: &'a Path,
    /// How each recipe is tried; path and revision are those of the recipe.
    pub trial: &'a TrialOptions,
    /// Room on the machine.
    pub capacity: Capacity,
    /// How long recipes may be tried.
    pub budget: Duration,
}

/// A night under way.
#[derive(Debug)]
pub struct Night {
    /// What it did so far.
    pub report: NightReport,
    file: PathBuf,
}

impl Night {
    /// Takes up the night that was broken off, or begins one with what `due` says.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub fn begin(state: &Path, now: Timestamp, fresh: impl FnOnce() -> NightReport) -> Result<Self, NightError> {
        let file = state.join("night.json");
        let known = match std::fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => Some(read.map_err(failed("read", &file))?),
        };
        let report: Option<NightReport> = match known {
            None => None,
            Some(bytes) => {
                let unusable = |why: String| NightError::State { path: file.clone(), why };
                let report: NightReport =
                    serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
                if report.schema != NIGHT_SCHEMA {
                    return Err(unusable(format!("its format is {}, and {NIGHT_SCHEMA} is needed", report.schema)));
                }
                Some(report)
            }
        };
        let is_young = |report: &NightReport| {
            let began: Option<Timestamp> = report.began.parse().ok();
            began.is_some_and(|began| now.duration_since(began) < OVER)
        };
        let open = |report: &NightReport| matches!(report.stage, NightStage::Testing | NightStage::Tested);
        let report = match report.filter(|report| open(report) && is_young(report)) {
            Some(mut report) => {
                report.resumed += 1;
                report
            }
            None => NightReport { schema: NIGHT_SCHEMA.to_owned(), began: now.to_string(), ..fresh() },
        };
        let night = Self { report, file };
        night.keep()?;
        Ok(night)
    }

    /// Ends at a stage.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub fn reach(&mut self, stage: NightStage) -> Result<(), NightError> {
        self.report.stage = stage;
        self.keep()
    }

    fn keep(&self) -> Result<(), NightError> {
        let text =
            serde_json::to_vec_pretty(&self.report).map_err(|error| failed("write", &self.file)(error.into()))?;
        replace_file(&self.file, &text).map_err(failed("write", &self.file))
    }

    /// Tries what is due and not tried yet. `told` hears of each recipe that has ended.
    ///
    /// # Errors
    /// When the state or the history cannot be written; recipes that have ended by then are in both.
    pub async fn test(
        &mut self,
        readings: &[Reading],
        estimates: &Estimates,
        options: &NightOptions<'_>,
        mut told: impl FnMut(&Ran),
    ) -> Result<(), NightError> {
        self.pick_up(readings, options)?;
        let mut jobs = Vec::new();
        for due in &self.report.due.clone() {
            if self.report.results.iter().any(|done| done.recipe == due.recipe) {
                continue;
            }
            let Some(path) = place(readings, &due.recipe).and_then(|place| place.path.clone()) else {
                self.report.left.push((due.recipe.clone(), "its repository is not here any more".to_owned()));
                continue;
            };
            let estimate = estimates.get(&due.recipe);
            let trial = TrialOptions { path, revision: Some(due.commit.clone()), ..options.trial.clone() };
            let need = Need { seconds: estimate.seconds, memory: estimate.memory };
            jobs.push(Job { recipe: due.recipe.clone(), options: trial, need });
        }
        self.report.left.retain(|(left, _)| jobs.iter().all(|job| job.recipe != *left));
        let left = options.budget.saturating_sub(Duration::from_secs_f64(self.report.spent.clamp(0.0, 1e9)));
        // The most urgent first: within the budget, the order of what is due counts and not the length.
        let mut seconds = left.as_secs_f64() * options.capacity.jobs as f64;
        let mut within = Vec::new();
        for job in jobs {
            // One recipe is always tried, or a night that is too short would never try it.
            if job.need.seconds <= seconds || (within.is_empty() && self.report.results.is_empty()) {
                seconds -= job.need.seconds;
                within.push(job);
            } else {
                let why = format!("it takes about {:.0} s, and the night was full", job.need.seconds);
                self.report.left.push((job.recipe, why));
            }
        }
        self.keep()?;
        let mut trouble = None;
        let pooled = run_all(within, options.capacity, None, |ran| {
            told(ran);
            if let Err(error) = self.enter(ran, readings, options) {
                trouble.get_or_insert(error);
            }
        })
        .await;
        self.report.left.extend(pooled.left.clone());
        if let Some(error) = trouble {
            return Err(error);
        }
        // Broken off by a signal it is taken up again.
        let stage = if pooled.left.is_empty() { NightStage::Tested } else { NightStage::Testing };
        self.reach(stage)
    }

    fn enter(&mut self, ran: &Ran, readings: &[Reading], options: &NightOptions<'_>) -> Result<(), NightError> {
        self.report.spent += ran.seconds / options.capacity.jobs.max(1) as f64;
        if let Some(ended) = &ran.ended {
            self.record(&ended.summary, readings, options)?;
        }
        self.report.results.push(ran.recipe.clone());
        self.keep()
    }

    /// Into the history, before the state says so: the other way round a kill between the two would lose the run. Twice is once there.
    fn record(&self, summary: &RunSummary, readings: &[Reading], options: &NightOptions<'_>) -> Result<(), NightError> {
        let repository = place(readings, &summary.recipe).and_then(|place| place.path.as_deref());
        let repository = repository.and_then(|path| recipe::History::open(path).ok());
        match history::line_of(summary, true, repository.as_ref(), Timestamp::now()) {
            Ok(line) => history::append(options.history, &[line]).map(drop)?,
            // What may not enter stays in the folder of runs, and the catalogue does not count it.
            Err(refusal) => {
                let note = format!("refused: {refusal}\n");
                let path = options.trial.runs.join(&summary.run).join("history.txt");
                replace_file(&path, note.as_bytes()).map_err(failed("write", &path))?;
            }
        }
        Ok(())
    }

    /// Runs of this night that came to their end, and that a kill kept from being entered.
    fn pick_up(&mut self, readings: &[Reading], options: &NightOptions<'_>) -> Result<(), NightError> {
        let Ok(began) = self.report.began.parse::<Timestamp>() else { return Ok(()) };
        // Identifiers have whole seconds.
        let began = began.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(began);
        let entries = std::fs::read_dir(&options.trial.runs).into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        folders.sort();
        for folder in folders {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if RunId::began(&name).is_none_or(|at| at < began) {
                continue;
            }
            let Held::Ended(summary) = held(&folder) else { continue };
            let is_due = |due: &crate::record::DueRecipe| {
                due.recipe == summary.recipe && summary.candidate.commit.as_deref() == Some(&due.commit)
            };
            let is_done = self.report.results.iter().any(|done| done.recipe == summary.recipe);
            // An interrupted run says nothing, and is tried again.
            let interrupted = summary.steps.iter().any(|step| step.class.as_deref() == Some("interrupted"));
            if is_done || interrupted || !self.report.due.iter().any(is_due) {
                continue;
            }
            self.record(&summary, readings, options)?;
            self.report.results.push(fleet_recipe(&summary));
            self.keep()?;
        }
        Ok(())
    }
}

fn place<'r>(readings: &'r [Reading], recipe: &str) -> Option<&'r Place> {
    let named = |reading: &&Reading| matches!(&reading.outcome, Some(Read::Recipe(entry)) if entry.name == recipe);
    readings.iter().find(named).map(|reading| &reading.place)
}

/// What is known of every recipe before the night. `plan` is what would be tried: only a run that tried as much counts as one.
pub fn candidates(
    readings: &[Reading],
    trusted: &Trusted,
    estimates: &Estimates,
    plan: &PlanOptions,
) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    for reading in readings {
        let (Some(Read::Recipe(entry)), Some(_)) = (&reading.outcome, &reading.place.path) else { continue };
        if all.iter().any(|known| known.recipe == entry.name) {
            continue;
        }
        let lines: Vec<&HistoryLine> =
            trusted.lines(&entry.name).iter().filter(|line| is_conclusive(line, plan)).collect();
        let newest = lines.last().and_then(|line| RunId::began(&line.run));
        let commits = lines.iter().map(|line| line.commit.clone()).collect();
        let score = trusted.as_of().map(|as_of| crate::score::stability(trusted.lines(&entry.name), as_of));
        all.push(Candidate {
            recipe: entry.name.clone(),
            commit: entry.commit.clone(),
            tried: newest.map(|newest| (commits, newest)),
            interval: score.map_or(100.0, |score| score.high - score.score),
            seconds: estimates.get(&entry.name).seconds,
        });
    }
    all
}

/// Whether a run says what the planned one would: what it was asked for came to a result, and no fault of ours was in it.
fn is_conclusive(line: &HistoryLine, plan: &PlanOptions) -> bool {
    let concluded = |kind: StepKind| {
        let ended = |outcome| matches!(outcome, Outcome::Passed | Outcome::Failed);
        line.steps.iter().any(|step| step.kind == kind && ended(step.outcome))
    };
    let errored = line.steps.iter().any(|step| step.outcome == Outcome::Errored);
    let asked = if plan.steps.is_empty() { &[StepKind::Install][..] } else { &plan.steps };
    !errored && asked.iter().all(|kind| concluded(*kind))
}
