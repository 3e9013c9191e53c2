//! `taster release`: the annotated tag after the merge.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::sources::read_config;
use crate::catalogue::{Memory, Outcome, Previous, ReadOptions, Runs, publish, published_about, read_all, renew};
use crate::mirror::repositories;
use crate::recipe::Recipe;
use crate::record::{CATALOGUE_SCHEMA, Catalogue, RunSummary};
use crate::release::{Force, Judgement, ReleaseOptions, Released, judged_by_history, judged_by_run, release};
use crate::{history, site};

/// Release what the version label announces: the note gets its version, and the annotated tag is made
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  taster release --history ../history             the recipe here, when its last trusted run says that it works\n  \
    taster release --run .taster/runs/ID --push     judged by this run; branch and tag are pushed to origin\n  \
    taster release --history ../history --push --catalogue ../public --site ../public   and its entry of the catalogue is made anew\n\n\
    release/next becomes release/<version> in a commit of its own. Nothing is half done for good: what a kill or a failing push leaves\n\
    behind, the next call finishes.\n\n\
    Exit codes: 0 released, 1 the linter, the last run or the label say no, 2 usage or configuration, 4 git, the remote or the disk said no,\n\
    5 the catalogue was not made anew, 6 nothing was due."
)]
pub(super) struct ReleaseArguments {
    /// The recipe's work tree.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The history of trusted runs: the newest run of this commit must say that it works.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY")]
    history: Option<PathBuf>,
    /// The folder of a run of this commit, instead of the history.
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,
    /// Push the branch and the tag, both or neither.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "origin", value_name = "REMOTE")]
    push: Option<String>,
    /// Release though this says no; may be given several times.
    #[arg(long, value_enum, value_name = "WHAT")]
    force: Vec<Refusal>,
    /// The folder of the published catalogue: the recipe's entry is made anew.
    #[arg(long, value_name = "DIR")]
    catalogue: Option<PathBuf>,
    /// The folder of its pages.
    #[arg(long, value_name = "DIR", requires = "catalogue")]
    site: Option<PathBuf>,
    /// Print what was done as JSON on standard output.
    #[arg(long)]
    json: bool,
    /// What the commons decides; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Refusal {
    /// The linter has errors, or the label is not in step.
    Lint,
    /// The last run failed, or no run has tried this commit.
    Run,
    /// Another branch than the default branch is checked out.
    Branch,
}

impl From<Refusal> for Force {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Lint => Self::Lint,
            Refusal::Run => Self::Run,
            Refusal::Branch => Self::Branch,
        }
    }
}

pub(super) fn run(arguments: &ReleaseArguments) -> ExitCode {
    let options = match options(arguments) {
        Ok(options) => options,
        Err(error) => return super::fail(&error, 2),
    };
    let released = match release(&options) {
        Ok(released) => released,
        Err(error) => {
            let code = error.exit();
            return super::fail(&error.into(), code);
        }
    };
    tell(arguments, &released);
    // A catalogue that could not be renewed is renewed by the next call.
    match arguments.catalogue.as_deref().map(|folder| renewed(folder, arguments, &released)) {
        Some(Err(error)) => {
            super::fail(&error.context("the release is made, and its entry of the catalogue is not"), 5)
        }
        _ => ExitCode::from(if released.done.is_empty() { 6 } else { 0 }),
    }
}

fn options(arguments: &ReleaseArguments) -> anyhow::Result<ReleaseOptions> {
    let judgement = match (&arguments.run, &arguments.history) {
        (Some(run), _) => judged_by_run(&summary(run)?),
        (None, Some(folder)) => {
            let name = Recipe::from_work_tree(&arguments.path)?.name;
            let history = history::read(folder)?;
            judged_by_history(history.recipes.get(&name).map_or(&[][..], Vec::as_slice))
        }
        (None, None) => Judgement::Unknown,
    };
    Ok(ReleaseOptions {
        path: arguments.path.clone(),
        lint: super::lint::commons(arguments.config.as_deref(), None)?,
        judgement,
        force: arguments.force.iter().copied().map(Force::from).collect(),
        push: arguments.push.clone(),
    })
}

fn summary(run: &Path) -> anyhow::Result<RunSummary> {
    let file = run.join("run.json");
    let bytes = std::fs::read(&file).with_context(|| {
        format!(
            "cannot read {}; name the folder of a run that came to its end, such as .taster/runs/ID",
            file.display()
        )
    })?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is no summary of a run", file.display()))
}

fn tell(arguments: &ReleaseArguments, released: &Released) {
    let Released { recipe, version, commit, done, forced } = released;
    if arguments.json {
        let told = json!({ "recipe": recipe, "version": version, "commit": commit, "done": done, "forced": forced });
        say!("{told:#}");
    }
    forced.iter().for_each(|why| eprintln!("{recipe}: forced: {why}"));
    done.iter().for_each(|what| eprintln!("{recipe}: {what}"));
    if done.is_empty() {
        eprintln!("{recipe}: {version} is out, and nothing was due");
    } else if arguments.push.is_none() {
        eprintln!("{recipe}: nothing was pushed; `taster release --push` does it");
    }
}

/// Makes the entry of one recipe anew.
fn renewed(folder: &Path, arguments: &ReleaseArguments, released: &Released) -> anyhow::Result<()> {
    let config = read_config(arguments.config.as_deref())?;
    let previous = Previous::in_folder(folder)?;
    let file = folder.join("catalogue.json");
    let published: Catalogue = match std::fs::read(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Catalogue { schema: CATALOGUE_SCHEMA.to_owned(), ..Catalogue::default() }
        }
        read => serde_json::from_slice(&read.with_context(|| format!("cannot read {}", file.display()))?)
            .with_context(|| format!("{} is no catalogue.json of taster", file.display()))?,
    };
    let mut places = repositories(&arguments.path)?;
    if let (Some(place), Some(entry)) = (places.first_mut(), previous.scored.get(&released.recipe)) {
        place.about = published_about(entry);
    }
    let lint = super::lint::commons(arguments.config.as_deref(), None)?;
    let options = ReadOptions { lint: Some(lint), memory: Memory::default(), ..ReadOptions::default() };
    let reading = read_all(places, &options, &|_| {}).pop().context("there is no repository to read")?;
    if !matches!(reading.outcome, Some(Outcome::Recipe(_))) {
        anyhow::bail!("it reads as no recipe");
    }
    let runs = match &arguments.history {
        Some(folder) => Runs::default().with_history(super::history::trusted(folder, &config, None)?.0),
        None => Runs::default(),
    };
    let built = renew(&published, &previous, reading, &runs, &config.catalogue);
    publish(folder, &built, &previous, &[])?;
    eprintln!("{}: its entry in {} is made anew", released.recipe, folder.display());
    if let Some(site) = &arguments.site {
        let written = site::write(site, &site::build(&built.catalogue, None))?;
        eprintln!("{}: {} files written, {} as they were", site.display(), written.written, written.unchanged);
    }
    Ok(())
}
