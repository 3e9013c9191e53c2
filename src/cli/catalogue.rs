//! `taster catalogue`: `recipes.json` and the scored catalogue.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::sources::{Settings, SourceArguments};
use crate::catalogue::{
    Built, Loss, Previous, PublishError, Runs, build, catalogue_json, changes, explain, losses, publish, recipes_json,
    validate,
};
use crate::report::count;
use crate::site::{self, SiteError};

/// Build recipes.json and the scored catalogue.json of a commons
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  taster catalogue --source https://git.coopcloud.tech/coop-cloud --out public\n  \
    taster catalogue --source ~/.abra/recipes --out public --site public   the same, and the pages\n  \
    taster catalogue --source ~/.abra/recipes --out public --check   validate and compare, write nothing\n  \
    taster catalogue --source recipes --diff old.json                what changed since, in words\n  \
    taster catalogue --source recipes --explain nextcloud            why it is, or is not, in the catalogue\n\n\
    Exit codes: 0 fine, 2 usage or configuration, 3 no recipe was found, 4 infrastructure, 5 something is stale, unreadable or lost.")]
pub(super) struct CatalogueArguments {
    /// Organisations, folders, addresses of repositories, or files with a list of these; those of taster.toml when absent.
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,
    /// Where both files are published; what lies there is the earlier catalogue, from which nothing may get lost.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the catalogue as pages into this folder, and without --out both files too; files of others in it stay.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["check", "explain"])]
    site: Option<PathBuf>,
    /// Results of runs (`.taster/runs`): levels come from them, and from nowhere else.
    #[arg(long, value_name = "DIR", env = "TASTER_RUNS")]
    runs: Option<PathBuf>,
    /// The history of trusted runs: levels, stability and verdicts then come from it alone, and --runs only tells where run folders lie.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY")]
    history: Option<PathBuf>,
    /// Validate and compare with the earlier catalogue, and write nothing.
    #[arg(long)]
    check: bool,
    /// Tell what changed since this recipes.json or catalogue.json, and hold it for the earlier catalogue. Only catalogue.json, or a
    /// recipes.json that has it beside it, tells that a tag was moved.
    #[arg(long, value_name = "OLD.json")]
    diff: Option<PathBuf>,
    /// Publish though this recipe, or this version (`NAME@VERSION`), gets lost; may be given several times.
    #[arg(long, value_name = "NAME")]
    allow_loss: Vec<String>,
    /// Tell why a recipe, or a version (`NAME@VERSION`), is or is not in the catalogue, and write nothing.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["check", "json"])]
    explain: Option<String>,
    /// Do not lint.
    #[arg(long)]
    no_lint: bool,
    /// Print catalogue.json on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: SourceArguments,
}

impl CatalogueArguments {
    /// Where both files are published: what lies there guards against losses, so a site has them too.
    fn folder(&self) -> Option<&Path> {
        self.out.as_deref().or(self.site.as_deref())
    }
}

pub(super) fn run(arguments: &CatalogueArguments) -> ExitCode {
    let settings = match Settings::read(&arguments.sources, &arguments.common) {
        Ok(settings) => settings,
        Err(error) => return super::fail(&error, 2),
    };
    if let Err(error) = folders(arguments) {
        return super::fail(&error, 2);
    }
    let (previous, runs) = match earlier(arguments, &settings) {
        Ok(earlier) => earlier,
        Err(error) => return super::fail(&error, 2),
    };
    for (file, why) in &runs.unusable {
        eprintln!("warning: {} is not counted: {why}", file.display());
    }
    let readings = match settings.readings(!arguments.no_lint) {
        Ok(readings) => readings,
        Err(error) => return super::fail(&error, 4),
    };
    let built = build(readings, &previous, &runs, &settings.config.catalogue);
    if let Some(asked) = &arguments.explain {
        return explained(asked, &built, &previous);
    }
    tell_trouble(&built);
    tell_needless(arguments, &built, &previous);
    let compared = arguments.check || arguments.diff.is_some();
    if compared {
        for change in changes(&previous, &built) {
            // With machine output on standard output, words go elsewhere.
            if arguments.json { eprintln!("{change}") } else { say!("{change}") }
        }
    }
    let code = match finish(arguments, &built, &previous) {
        Ok(code) => code,
        Err(error @ PublishError::Lost(_)) => return super::fail(&error.into(), 5),
        Err(error) => return super::fail(&error.into(), 4),
    };
    if let Some(folder) = &arguments.site
        && let Err(error) = write_site(folder, &built, arguments)
    {
        // What others have there is for whoever chose the folder to clear.
        let code = if matches!(error, SiteError::Machine { .. }) { 4 } else { 2 };
        return super::fail(&error.into(), code);
    }
    match arguments.json {
        true => super::write_out(format_args!("{}", catalogue_json(&built.catalogue))),
        false if arguments.folder().is_none() && !compared => {
            super::write_out(format_args!("{}", recipes_json(&built.recipes)));
        }
        false => {}
    }
    eprintln!("{}", totals(&built));
    ExitCode::from(code)
}

/// What is to be a folder is one, or can become one.
fn folders(arguments: &CatalogueArguments) -> anyhow::Result<()> {
    for (option, folder) in [("--out", &arguments.out), ("--site", &arguments.site)] {
        let there = folder.iter().flat_map(|folder| folder.ancestors()).find(|path| path.exists());
        if let Some(file) = there.filter(|path| !path.is_dir()) {
            anyhow::bail!("{option}: {} is a file; give a folder", file.display());
        }
    }
    Ok(())
}

fn earlier(arguments: &CatalogueArguments, settings: &Settings) -> anyhow::Result<(Previous, Runs)> {
    let previous = match (&arguments.diff, arguments.folder()) {
        (Some(file), _) => Previous::in_file(file)?,
        (None, Some(folder)) => Previous::in_folder(folder)?,
        (None, None) if arguments.check => anyhow::bail!("nothing to compare with: give --out or --diff"),
        (None, None) => Previous::default(),
    };
    let runs = match &arguments.runs {
        Some(folder) => Runs::read(folder)?,
        None => Runs::default(),
    };
    let runs = match &arguments.history {
        Some(folder) => runs.with_history(super::history::trusted(folder, &settings.config, None)?.0),
        None => runs,
    };
    Ok((previous, runs))
}

/// Publishes, or only checks; gives the exit code.
fn finish(arguments: &CatalogueArguments, built: &Built, previous: &Previous) -> Result<u8, PublishError> {
    match arguments.folder() {
        Some(folder) if !arguments.check => publish(folder, built, previous, &arguments.allow_loss)?,
        _ => {
            validate(built)?;
            let lost: Vec<Loss> =
                losses(previous, built).into_iter().filter(|loss| !loss.is_allowed(&arguments.allow_loss)).collect();
            if !lost.is_empty() {
                return Err(PublishError::Lost(lost));
            }
        }
    }
    Ok(match built {
        built if !built.is_whole() => 5,
        built if built.recipes.0.is_empty() => 3,
        _ => 0,
    })
}

fn write_site(folder: &Path, built: &Built, arguments: &CatalogueArguments) -> Result<(), SiteError> {
    let files = site::build(&built.catalogue, arguments.runs.as_deref());
    let written = site::write(folder, &files)?;
    for file in &written.left {
        eprintln!("warning: {} belongs to no recipe any more and was changed by somebody, so it stays", file.display());
    }
    eprintln!(
        "{}: {} files written, {} as they were, {} removed",
        folder.display(),
        written.written,
        written.unchanged,
        written.removed
    );
    Ok(())
}

fn tell_trouble(built: &Built) {
    for recipe in &built.catalogue.recipes {
        if let Some(trouble) = &recipe.stale {
            eprintln!("stale: {} ({}): {}", recipe.name, trouble.class.word(), trouble.reason);
        }
    }
    for unreadable in &built.catalogue.unreadable {
        let trouble = &unreadable.trouble;
        eprintln!("unreadable: {} ({}): {}", unreadable.name, trouble.class.word(), trouble.reason);
    }
    for (name, tags) in &built.moved {
        eprintln!("moved: {name}: its remote moved {}", tags.join(", "));
    }
}

/// A name that allows nothing is likely a slip.
fn tell_needless(arguments: &CatalogueArguments, built: &Built, previous: &Previous) {
    let lost = losses(previous, built);
    let allows = |name: &&String| lost.iter().any(|loss| loss.is_allowed(std::slice::from_ref(*name)));
    for name in arguments.allow_loss.iter().filter(|name| !allows(name)) {
        eprintln!("warning: --allow-loss {name} allowed nothing: no recipe or version of that name is lost");
    }
}

fn totals(built: &Built) -> String {
    let catalogue = &built.catalogue;
    let versions: usize = catalogue.recipes.iter().map(|recipe| recipe.versions.len()).sum();
    let stale = catalogue.recipes.iter().filter(|recipe| recipe.stale.is_some()).count();
    format!(
        "{} with {}; {stale} stale, {} unreadable, {} without a recipe",
        count(catalogue.recipes.len(), "recipe"),
        count(versions, "version"),
        catalogue.unreadable.len(),
        catalogue.not_recipes.len()
    )
}

fn explained(asked: &str, built: &Built, previous: &Previous) -> ExitCode {
    match explain(asked, built, previous) {
        Ok(text) => {
            super::write_out(format_args!("{text}"));
            ExitCode::SUCCESS
        }
        Err(unknown) => super::fail(&unknown.into(), 2),
    }
}
