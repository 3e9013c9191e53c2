//! `taster ci` itself: detect, try, tell, and end by the gate.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use rand::Rng as _;

use super::RunArguments;
use super::prepare::{Prepared, prepare};
use crate::ci::{self, Place, System};
use crate::cli::trying::{exit_of, taste};
use crate::lint::{ANSWERS, Options};
use crate::record::{Finding, HistoryLine, LINT_SCHEMA, LintReport, RecipeFindings};
use crate::report::{
    KeptRun, LintFormat, RunFormat, Verbosity, change_explained, change_markdown, gate_annotations, gate_markdown,
    gate_text, level_told, untried, verdict, write_lint, write_run,
};
use crate::run::replace_file;
use crate::score::{Base, GateVerdict, gate, reached};
use crate::trial::Ended;

/// GitHub takes 1 MiB of summary from a step, and nothing of a longer one.
const LONGEST_SUMMARY: usize = 1_000_000;

pub(super) async fn run(arguments: RunArguments) -> ExitCode {
    let place = match ci::detect(&|name| std::env::var(name).ok()) {
        Ok(place) => place,
        Err(error) => return super::super::fail(&error.into(), 2),
    };
    match pipeline(&arguments, &place).await {
        Ok(code) => ExitCode::from(code),
        Err(stopped) => {
            told_stopped(&arguments, &place, &stopped);
            super::super::fail(&stopped.error, stopped.code)
        }
    }
}

/// Why there is no verdict.
struct Stopped {
    error: anyhow::Error,
    code: u8,
}

impl From<anyhow::Error> for Stopped {
    fn from(error: anyhow::Error) -> Self {
        Self { error, code: 2 }
    }
}

async fn pipeline(arguments: &RunArguments, place: &Place) -> Result<u8, Stopped> {
    let mut options = arguments.trial.options()?;
    eprintln!("taster ci: {}, {}", place.system.word(), place.change);
    let prepared = prepare(arguments, place, &mut options)?;
    for note in &options.notes {
        eprintln!("note: {}", annotate_snippets::normalize_untrusted_str(note));
    }
    let silence = Silence::begin(place.system);
    let verbosity = arguments.trial.verbosity.level();
    if let Some(change) = prepared.change.as_ref().filter(|_| verbosity != Verbosity::Quiet) {
        eprint!("{}", change_explained(change, true));
    }
    let ended = taste(&options, verbosity).await;
    let ended = ended.map_err(|error| Stopped { code: exit_of(&error), error: error.into() });
    let judged = ended.and_then(|ended| {
        super::super::write_out(format_args!("{}", verdict(&ended.summary, &ended.folder)));
        let judged = judge(arguments, &prepared, &ended, &options.lint)?;
        super::super::write_out(format_args!("\n{}", gate_text(&judged)));
        Ok((ended, judged))
    });
    silence.end();
    let (ended, judged) = judged?;
    tell(arguments, place, &prepared, &ended, &judged).map_err(|error| Stopped { error, code: 4 })?;
    Ok(judged.exit)
}

fn judge(
    arguments: &RunArguments,
    prepared: &Prepared,
    ended: &Ended,
    options: &Options,
) -> anyhow::Result<GateVerdict> {
    let lines = history(arguments, &ended.summary.recipe)?;
    let found = ci::LinterSaid { findings: findings(&ended.folder), answers: kept(&ended.folder, ANSWERS) };
    let path = &arguments.trial.path;
    let mut base = ci::known(path, prepared.base.as_deref(), lines, &found, options);
    base.notes.extend(prepared.notes.iter().cloned());
    part(prepared, ended, &mut base);
    let mut judged = gate(arguments.gate, &ended.summary, ended.exit, &base);
    if let Some(why) = &prepared.broken {
        judged.exit = 1;
        judged.reasons.push(format!(
            "the scenario of the pull request cannot be read, and would break every run after the merge: {why}"
        ));
    }
    Ok(judged)
}

/// Says what was not tried, so that nobody takes it for passed, and what level there is with what the base has.
fn part(prepared: &Prepared, ended: &Ended, base: &mut Base) {
    let Some(change) = &prepared.change else { return };
    let level = reached(&ended.summary, base, Some(change));
    base.notes.extend(untried(change, &ended.summary));
    base.notes.push(level_told(&level, &ended.summary));
}

/// The trusted runs of a recipe; none where no history was named.
fn history(arguments: &RunArguments, recipe: &str) -> anyhow::Result<Vec<HistoryLine>> {
    let Some(folder) = &arguments.history else { return Ok(Vec::new()) };
    let mut history = crate::history::read(folder)?;
    super::super::history::tell_set_aside(&history.set_aside);
    Ok(history.recipes.remove(recipe).unwrap_or_default())
}

/// What the linter found in the run; `None` when it was not asked.
fn findings(run: &Path) -> Option<Vec<Finding>> {
    kept(run, "lint.json")
}

/// What one of the run's files says; `None` when it is not there.
fn kept<T: serde::de::DeserializeOwned>(run: &Path, file: &str) -> Option<T> {
    serde_json::from_slice(&std::fs::read(run.join(file)).ok()?).ok()
}

/// Writes everything that others look at, whole or not at all.
fn tell(
    arguments: &RunArguments,
    place: &Place,
    prepared: &Prepared,
    ended: &Ended,
    judged: &GateVerdict,
) -> anyhow::Result<()> {
    if let Some(change) = &prepared.change {
        // For the comment's job, which has the run alone.
        let path = ended.folder.join(ci::CHANGE);
        replace_file(&path, &serde_json::to_vec_pretty(change)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let kept = KeptRun::open(&ended.folder)?;
    let out = &arguments.out;
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let mut summary = gate_markdown(judged).into_bytes();
    if let Some(change) = &prepared.change {
        summary.extend(change_markdown(change, &ended.summary).into_bytes());
    }
    for (format, name) in [(RunFormat::Markdown, ""), (RunFormat::Junit, "junit.xml"), (RunFormat::Html, "report.html")]
    {
        let mut text = Vec::new();
        write_run(format, &kept, &mut text)?;
        match name {
            "" => summary.extend(text),
            name => write(&out.join(name), &text)?,
        }
    }
    write(&out.join("summary.md"), &summary)?;
    append_summary(place, &summary)?;
    if place.system.reads_commands() {
        let mut commands = gate_annotations(judged, &ended.summary).into_bytes();
        if let Some(findings) = findings(&ended.folder) {
            write_lint(LintFormat::Annotations, &report(arguments, ended, findings), &[], &mut commands)?;
        }
        super::super::write_out(format_args!("{}", String::from_utf8_lossy(&commands)));
    }
    if let Some(store) = &arguments.store {
        let commit = place.commit.as_ref().or(ended.summary.candidate.commit.as_ref());
        let commit = commit.context("only a commit can be stored, and the files that were tried are in none")?;
        copy(&ended.folder, &store.join(commit).join(&ended.summary.run))?;
    }
    Ok(())
}

fn write(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    replace_file(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Appends to the job's summary, where the system has one; a longer one than it takes is cut, and says so.
fn append_summary(place: &Place, text: &[u8]) -> anyhow::Result<()> {
    let Some(path) = &place.summary else { return Ok(()) };
    let mut text = String::from_utf8_lossy(text).into_owned();
    if text.len() > LONGEST_SUMMARY {
        let end = (0..=LONGEST_SUMMARY).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        let _ = write!(text, "\n\n(cut here: the artefact summary.md has all of it)\n");
    }
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot append to the job's summary {}", path.display()))
}

/// The findings of the run as the linter reports them, with paths as they are from where the job was started.
fn report(arguments: &RunArguments, ended: &Ended, findings: Vec<Finding>) -> LintReport {
    let path = arguments.trial.path.display().to_string();
    let candidate = Some(ended.summary.candidate.clone());
    let recipe = RecipeFindings { candidate, ..RecipeFindings::of(ended.summary.recipe.clone(), path, findings) };
    let counts = recipe.counts.clone();
    LintReport {
        schema: LINT_SCHEMA.to_owned(),
        taster: env!("CARGO_PKG_VERSION").to_owned(),
        recipes: vec![recipe],
        commons: None,
        counts,
    }
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| format!("cannot copy to {}", target.display()))?;
        }
    }
    Ok(())
}

/// A pipeline that stopped without a verdict says so wherever somebody may look (lesson 37).
fn told_stopped(arguments: &RunArguments, place: &Place, stopped: &Stopped) {
    let verdict = GateVerdict {
        gate: arguments.gate,
        exit: 4,
        reasons: vec![format!("nothing was tried: {:#}", stopped.error)],
        notes: Vec::new(),
    };
    let summary = gate_markdown(&verdict);
    // The error itself is told on standard error, whatever comes of these.
    let _ = std::fs::create_dir_all(&arguments.out);
    let _ = write(&arguments.out.join("summary.md"), summary.as_bytes());
    let _ = append_summary(place, summary.as_bytes());
    if place.system.reads_commands() {
        super::super::write_out(format_args!("{}", crate::report::stop_annotation(&format!("{:#}", stopped.error))));
    }
}

/// While a recipe's text may reach the job's log, the system obeys no commands in it.
struct Silence(Option<String>);

impl Silence {
    fn begin(system: System) -> Self {
        let mut rng = rand::rng();
        let word: String = (0..24).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect();
        let word = system.reads_commands().then(|| format!("taster-{word}"));
        if let Some(word) = &word {
            super::super::write_out(format_args!("::stop-commands::{word}\n"));
        }
        Self(word)
    }

    fn end(self) {
        if let Some(word) = self.0 {
            super::super::write_out(format_args!("::{word}::\n"));
        }
    }
}
