//! The whole pipeline on the built-in recipes: taster passes the good one, and catches the others with the right reason.

use std::path::{Path, PathBuf};

use super::app::Version;
use super::image;
use super::recipes::{self, DemoRecipe};
use crate::agent::executable::{PackError, Packed};
use crate::browser;
use crate::record::{Outcome, RunSummary, StepKind, StepResult};
use crate::run::EventSink;
use crate::swarm::engine::{self, EngineError};
use crate::swarm::images::{self, ImageError};
use crate::trial::{self, Ended, TrialError, TrialOptions};

/// In a folder of recipes that the demo made, and may remove.
const MARK: &str = ".taster-demo";

/// Why the demo cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The demo app's images cannot be made.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// They cannot be loaded.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The recipes cannot be written.
    #[error(transparent)]
    Write(#[from] super::WriteError),
    /// A folder cannot be made or emptied.
    #[error("cannot prepare the folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is a folder that the demo did not make.
    #[error("{} was not made by the demo, which would remove it: name another folder with --dir", .0.display())]
    NotOurs(PathBuf),
    /// A trial could not begin.
    #[error(transparent)]
    Trial(#[from] TrialError),
}

/// The demo, ready to be shown.
#[derive(Debug)]
pub struct Demo {
    /// Why pages are not opened in a browser; `None` when they are. The demo needs Docker Engine and nothing else: without a Chromium
    /// it leaves the step out, and every plan says so.
    pub no_browser: Option<String>,
    /// Each recipe, and the repository it was written to.
    pub recipes: Vec<(DemoRecipe, PathBuf)>,
    runs: PathBuf,
    executable: Option<PathBuf>,
}

/// One recipe, tasted.
#[derive(Debug)]
pub struct Tasted {
    /// The recipe.
    pub recipe: DemoRecipe,
    /// The run.
    pub ended: Ended,
    /// What is not as it must be; `None` when taster said what it must say.
    pub surprise: Option<String>,
}

/// Writes the recipes below `folder` (a demo that was there before is replaced) and loads the demo app's images into the engine. The
/// images and the agent are made of `executable`; of this program when `None`.
///
/// # Errors
/// When there is no engine, or something cannot be written.
pub async fn prepare(folder: &Path, executable: Option<&Path>) -> Result<Demo, DemoError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::Folder { path, source }
    };
    let recipes = folder.join("recipes");
    let mark = recipes.join(MARK);
    if recipes.exists() {
        // Somebody's own recipes may lie in a folder of that name (abra's are in ~/.abra/recipes).
        if !mark.exists() {
            return Err(DemoError::NotOurs(recipes));
        }
        std::fs::remove_dir_all(&recipes).map_err(at(&recipes))?;
    }
    std::fs::create_dir_all(&recipes).map_err(at(&recipes))?;
    std::fs::write(&mark, "Made by `taster demo`, which removes this folder when it is shown again.\n")
        .map_err(at(&mark))?;
    let host = engine::connect().await?;
    load_images(&host, executable).await?;
    Ok(Demo {
        no_browser: browser::find().err().map(|error| error.to_string()),
        recipes: recipes::write_all(&recipes)?,
        runs: folder.join("runs"),
        executable: executable.map(Path::to_owned),
    })
}

/// Loads the demo app's images, made of `executable` or of this program, unless the engine has these very ones.
async fn load_images(host: &bollard::Docker, executable: Option<&Path>) -> Result<(), DemoError> {
    let packed = executable.map_or_else(Packed::current, Packed::of)?;
    let archive = image::archive(&packed, &Version::ALL).map_err(PackError::Archive)?;
    for (reference, id) in &archive.images {
        let there = host.inspect_image(reference).await.ok().and_then(|image| image.id);
        if there.as_ref() != Some(id) {
            images::load(host, reference, archive.parts).await?;
            images::prune_nameless(host, image::LABEL.0).await;
            return Ok(());
        }
    }
    Ok(())
}

impl Demo {
    /// Tastes one recipe; `sinks` are told every event.
    ///
    /// # Errors
    /// When the trial cannot begin.
    pub async fn taste(&self, index: usize, sinks: Vec<EventSink>) -> Result<Option<Tasted>, DemoError> {
        let Some((recipe, path)) = self.recipes.get(index) else { return Ok(None) };
        // What comes after the fault would tell nothing more.
        let mut options =
            TrialOptions { path: path.clone(), runs: self.runs.clone(), fail_fast: true, ..TrialOptions::default() };
        options.node.executable.clone_from(&self.executable);
        if recipe.what_is_wrong.is_some() {
            // What the fault has nothing to do with is shown on the good recipe.
            options.plan.steps = vec![recipe.expect.step];
        }
        options.plan.without.extend(self.no_browser.clone().map(|why| (StepKind::Smoke, why)));
        let ended = trial::run(&options, sinks).await?;
        let surprise = surprise(recipe, &ended.summary);
        Ok(Some(Tasted { recipe: *recipe, ended, surprise }))
    }
}

/// The steps that the good recipe must pass.
const MUST_PASS: [StepKind; 8] = [
    StepKind::Lint,
    StepKind::Install,
    StepKind::Restart,
    StepKind::Redeploy,
    StepKind::Backup,
    StepKind::Restore,
    StepKind::Upgrade,
    StepKind::Leftovers,
];

/// A browser that is there and does not work is no more asked for than one that is not there.
fn lacks_browser(step: &StepResult) -> bool {
    let of_browser = matches!(step.class.as_deref(), Some("browser" | "no-browser"));
    step.kind == StepKind::Smoke && step.outcome == Outcome::Errored && of_browser
}

/// What is not as the recipe expects it.
fn surprise(recipe: &DemoRecipe, summary: &RunSummary) -> Option<String> {
    if recipe.what_is_wrong.is_none() {
        let tried = summary.steps.iter().map(|step| step.kind);
        if !MUST_PASS.into_iter().all(|kind| tried.clone().any(|tried| tried == kind)) {
            return Some("not every step was tried".to_owned());
        }
        let not_passed = summary.steps.iter().find(|step| step.outcome != Outcome::Passed && !lacks_browser(step));
        return not_passed.map(|step| {
            format!("nothing is wrong with it, and {} {}: {}", step.kind.word(), step.outcome.word(), step.reason)
        });
    }
    let expect = &recipe.expect;
    for step in &summary.steps {
        if step.kind == expect.step {
            return wrong_step(recipe, step);
        }
        // Some faults show in the files already; the demo is about what the node shows.
        if step.kind == StepKind::Lint {
            continue;
        }
        if step.outcome != Outcome::Passed && !lacks_browser(step) {
            return Some(format!(
                "{} {} before {} was tried: {}",
                step.kind.word(),
                step.outcome.word(),
                expect.step.word(),
                step.reason
            ));
        }
    }
    Some(format!("{} was not tried", expect.step.word()))
}

fn wrong_step(recipe: &DemoRecipe, step: &StepResult) -> Option<String> {
    if !recipe.expect.outcomes.contains(&step.outcome) {
        return Some(format!("{} {}: {}", step.kind.word(), step.outcome.word(), step.reason));
    }
    let evidence: Vec<&str> = step.evidence.iter().map(|evidence| evidence.text.as_str()).collect();
    let all = format!("{}\n{}", step.reason, evidence.join("\n")).to_lowercase();
    let missing = recipe.expect.says.iter().find(|words| !all.contains(&words.to_lowercase()));
    missing.map(|words| {
        format!("{} {} without a word of `{words}`: {}", step.kind.word(), step.outcome.word(), step.reason)
    })
}
