//! `taster scenario`: check a scenario against its recipe, and make a first one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::recipe::Recipe;
use crate::scenario::{PATH_IN_RECIPE, Scenario};
use crate::trial::{first_scenario, misfits};

/// Check what a recipe is tried with, or make a first scenario for it
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  taster scenario new .                              writes tests/taster.toml\n  \
    taster scenario check .                            does it fit the recipe?\n  \
    taster scenario check nextcloud.toml --recipe .    the same of another file\n\n\
    Exit codes: 0 it fits, 2 it does not or cannot be read, 3 there is none.")]
pub(super) struct ScenarioArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read a scenario strictly, and see that the recipe has every service, file, host, variable and secret that it names.
    Check {
        /// A scenario file, or a recipe's folder with one in tests/taster.toml.
        #[arg(default_value = ".", value_name = "FILE|RECIPE")]
        path: PathBuf,
        /// The recipe that a scenario file is for; the one around it, when it is that recipe's own.
        #[arg(long, value_name = "DIR")]
        recipe: Option<PathBuf>,
    },
    /// Make a first scenario from what the recipe's files tell: routes, volumes, databases, overlays.
    #[command(
        after_help = "Examples:\n  taster scenario new ~/.abra/recipes/nextcloud   writes tests/taster.toml there, unless there is one\n  \
        taster scenario new . --print > first.toml      the same elsewhere"
    )]
    New {
        /// The recipe's folder.
        #[arg(default_value = ".")]
        recipe: PathBuf,
        /// Print it instead of writing tests/taster.toml.
        #[arg(long)]
        print: bool,
    },
}

pub(super) fn run(arguments: &ScenarioArguments) -> ExitCode {
    let done = match &arguments.command {
        Command::Check { path, recipe } => check(path, recipe.as_deref()),
        Command::New { recipe, print } => new(recipe, *print),
    };
    done.unwrap_or_else(|error| super::fail(&error, 2))
}

fn check(path: &Path, recipe: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (file, around) = if path.is_dir() {
        (path.join(PATH_IN_RECIPE), Some(path.to_owned()))
    } else {
        (path.to_owned(), around(path))
    };
    if path.is_dir() && !file.exists() {
        eprintln!(
            "there is no {} to check; `taster scenario new {}` makes a first one",
            file.display(),
            path.display()
        );
        return Ok(ExitCode::from(3));
    }
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("cannot read the scenario {}", file.display()))?;
    let name = file.display().to_string();
    let scenario = Scenario::parse(&name, &text)?;
    let Some(recipe) = recipe.map(Path::to_owned).or(around) else {
        say!("{name}: it can be read; name its recipe with --recipe to see whether they fit");
        return Ok(ExitCode::SUCCESS);
    };
    let recipe = Recipe::from_work_tree(&recipe)?;
    let found = misfits(&recipe, &scenario, &name, &text);
    for misfit in &found {
        eprintln!("error: {misfit}");
    }
    if !found.is_empty() {
        eprintln!("{} thing(s) in {name} do not fit the recipe {}", found.len(), recipe.name);
        return Ok(ExitCode::from(2));
    }
    say!(
        "{name}: it fits {}: {} variant(s), {} seed(s), {} probe(s), {} page(s)",
        recipe.name,
        scenario.variants.len(),
        scenario.seed.len(),
        scenario.probe.len(),
        scenario.page.len()
    );
    for (kind, reason) in scenario.skip.iter() {
        say!(
            "{} is not tried: {reason}. The level stays at “at least” without it, unless the commons waives it.",
            kind.word()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The recipe around a file that is its own scenario.
fn around(file: &Path) -> Option<PathBuf> {
    let whole = std::path::absolute(file).ok()?;
    let root = whole.to_str()?.strip_suffix(PATH_IN_RECIPE)?;
    Some(PathBuf::from(root)).filter(|root| root.is_dir() && Recipe::from_work_tree(root).is_ok())
}

fn new(path: &Path, print: bool) -> anyhow::Result<ExitCode> {
    let recipe = Recipe::from_work_tree(path)?;
    let text = first_scenario(&recipe)
        .map_err(|why| anyhow::anyhow!("{} cannot be deployed, so there is nothing to try: {why}", recipe.name))?;
    if print {
        super::write_out(format_args!("{text}"));
        return Ok(ExitCode::SUCCESS);
    }
    let file = path.join(PATH_IN_RECIPE);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let mut options = std::fs::OpenOptions::new();
    let written = options.write(true).create_new(true).open(&file).and_then(|mut new| {
        use std::io::Write;
        new.write_all(text.as_bytes())
    });
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            anyhow::bail!("{} is there already; --print shows what a first one would be", file.display())
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {}", file.display())),
    }
    let at = path.display();
    say!(
        "wrote {}\n\nNext:\n  1. let a [[seed]] write something that only this app knows, and a [[probe]] read it\n  \
         2. say in [ready] and [[page]] what a visitor sees when all is well\n  \
         3. taster scenario check {at}\n  4. taster test {at}\n  \
         5. break something on purpose (take a volume away), and see `taster test` tell it",
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}
