//! `taster score`: level and stability, how they come about, and whether what was published can be computed again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use rayon::prelude::*;

use super::sources::read_config;
use crate::catalogue::{Trusted, catalogue_json, recompute};
use crate::record::{CATALOGUE_SCHEMA, Catalogue, CatalogueRecipe, RecipeScore, SCORE_SCHEMA, ScoreReport};
use crate::report::{score_explained, score_line};

/// Level and stability from the history of trusted runs, and how they come about
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  taster score                                       every recipe, a line each\n  \
    taster score nextcloud --explain                   the ladder, every observation, and the sum\n  \
    taster score --catalogue public/catalogue.json     with what the catalogue knows: organisation, licence, maintainer, releases\n  \
    taster score --recompute public/catalogue.json     compute what was published again from the raw history, and compare\n\n\
    Exit codes: 0 fine, 2 usage or configuration, 3 the history is empty, 5 what was published is not what the history gives.")]
pub(super) struct ScoreArguments {
    /// The recipe; all of them when absent.
    recipe: Option<String>,
    /// The folder of the history.
    #[arg(long, value_name = "DIR", env = "TASTER_HISTORY", default_value = "history")]
    history: PathBuf,
    /// A published catalogue.json, for what no run can tell: organisation, licence, maintainer, releases. Without it these are unknown.
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// Count ages from this moment, such as 2026-11-21T00:00:00Z, instead of the newest run of the history.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// Show the ladder, every observation and the sum.
    #[arg(long, conflicts_with = "json")]
    explain: bool,
    /// Print everything as JSON on standard output.
    #[arg(long)]
    json: bool,
    /// Compute a published catalogue.json again from the history, and compare it byte for byte.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipe", "catalogue", "explain", "json"])]
    recompute: Option<PathBuf>,
    /// Write what was computed again to this file.
    #[arg(long, value_name = "FILE", requires = "recompute")]
    out: Option<PathBuf>,
    /// What the commons decides; `taster.toml` here, when there is one.
    #[arg(long, value_name = "FILE", env = "TASTER_CONFIG")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &ScoreArguments) -> ExitCode {
    match scored(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => super::fail(&error, 2),
    }
}

fn scored(arguments: &ScoreArguments) -> anyhow::Result<u8> {
    let config = read_config(arguments.config.as_deref())?;
    let (trusted, set_aside) = super::history::trusted(&arguments.history, &config, arguments.as_of)?;
    if let Some(published) = &arguments.recompute {
        return recomputed(published, &trusted, arguments.out.as_deref());
    }
    let catalogue = arguments.catalogue.as_deref().map(published).transpose()?.map(|(catalogue, _)| catalogue);
    let names: Vec<&str> = match &arguments.recipe {
        Some(name) => {
            let known = trusted.recipes().any(|known| known == name);
            anyhow::ensure!(
                known,
                "{} has no run of the recipe {name}{}",
                arguments.history.display(),
                meant(name, trusted.recipes())
            );
            vec![name]
        }
        None => trusted.recipes().collect(),
    };
    let of = |name: &&str| trusted.score(name, entry(catalogue.as_ref(), name));
    let recipes: Vec<RecipeScore> = names.par_iter().filter_map(of).collect();
    let count = recipes.len();
    if arguments.json {
        let as_of = trusted.as_of().map(|as_of| as_of.to_string());
        let report = ScoreReport { schema: SCORE_SCHEMA.to_owned(), as_of, recipes, set_aside };
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for recipe in &recipes {
            match (arguments.explain, trusted.as_of()) {
                (true, Some(as_of)) => super::write_out(format_args!("{}", score_explained(recipe, as_of))),
                _ => say!("{}", score_line(recipe)),
            }
        }
    }
    if count < names.len() {
        eprintln!("{} recipe(s) have no run of what the catalogue shows, or none so early", names.len() - count);
    }
    if count == 0 {
        eprintln!("nothing was scored: {} has no run", arguments.history.display());
    }
    Ok(if count == 0 { 3 } else { 0 })
}

fn entry<'c>(catalogue: Option<&'c Catalogue>, name: &str) -> Option<&'c CatalogueRecipe> {
    catalogue?.recipes.iter().find(|recipe| recipe.name == name)
}

fn published(file: &Path) -> anyhow::Result<(Catalogue, Vec<u8>)> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let catalogue: Catalogue =
        serde_json::from_slice(&bytes).with_context(|| format!("{} is no catalogue.json of taster", file.display()))?;
    anyhow::ensure!(
        catalogue.schema == CATALOGUE_SCHEMA,
        "the format of {} is {}, and {CATALOGUE_SCHEMA} is needed",
        file.display(),
        catalogue.schema
    );
    Ok((catalogue, bytes))
}

/// Computes a published file again and compares.
fn recomputed(file: &Path, trusted: &Trusted, out: Option<&Path>) -> anyhow::Result<u8> {
    let (before, bytes) = published(file)?;
    let after = recompute(&before, trusted);
    let text = catalogue_json(&after);
    if let Some(out) = out {
        crate::run::replace_file(out, text.as_bytes()).with_context(|| format!("cannot write {}", out.display()))?;
    }
    if text.as_bytes() == bytes {
        say!("{} is what the history gives, byte for byte: {} recipe(s)", file.display(), after.recipes.len());
        return Ok(0);
    }
    for (before, after) in before.recipes.iter().zip(&after.recipes).filter(|(before, after)| before != after) {
        say!("{}: the history gives something else: {}", after.name, differing(before, after)?.join(", "));
    }
    eprintln!("{} is not what the history gives", file.display());
    Ok(5)
}

/// The fields in which two entries differ.
fn differing(before: &CatalogueRecipe, after: &CatalogueRecipe) -> anyhow::Result<Vec<String>> {
    let (before, after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
    let keys = [&before, &after].into_iter().filter_map(serde_json::Value::as_object).flat_map(serde_json::Map::keys);
    let mut keys: Vec<String> = keys.filter(|key| before.get(key) != after.get(key)).cloned().collect();
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// The nearest known name, as a question.
pub(super) fn meant<S: AsRef<str>>(name: &str, known: impl Iterator<Item = S>) -> String {
    let scored =
        known.map(|known| (strsim::jaro_winkler(name, known.as_ref()), known)).filter(|(score, _)| *score > 0.75);
    let nearest = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    nearest.map(|(_, known)| format!("; did you mean `{}`?", known.as_ref())).unwrap_or_default()
}
