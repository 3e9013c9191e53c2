//! `taster demo`: the whole pipeline on built-in recipes.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use futures_util::StreamExt;
use jiff::Timestamp;

use super::trying::VerbosityArguments;
use crate::catalogue::{Previous, ReadOptions, Runs, Trusted, build, publish, read_all};
use crate::demo::{self, Demo, DemoError, Tasted};
use crate::mirror::repositories;
use crate::recipe::History;
use crate::record::Outcome;
use crate::report::{KeptRun, Live, RunFormat, Verbosity, verdict, write_run};
use crate::run::replace_file;
use crate::{config, history, site};

/// See taster at work on built-in recipes: one that is fine, and others with a planted fault each
///
/// Needs Docker Engine, and neither a registry nor a network.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  taster demo               all recipes, three at a time\n  taster demo demo-notes    one recipe, watched closely\n\n\
    Exit codes: 0 every recipe got the verdict it deserves, 1 one did not, 4 infrastructure."
)]
pub(super) struct DemoArguments {
    /// Only these recipes.
    recipes: Vec<String>,
    /// Where recipes and run folders go.
    #[arg(long, default_value = ".taster/demo", value_name = "DIR")]
    dir: PathBuf,
    /// So many recipes at a time.
    #[arg(short, long, default_value_t = 3, value_name = "N")]
    jobs: usize,
    #[command(flatten)]
    verbosity: VerbosityArguments,
}

pub(super) async fn run(arguments: DemoArguments) -> ExitCode {
    let begun = Instant::now();
    let known: Vec<&str> = demo::recipes::all().iter().map(|recipe| recipe.name).collect();
    if let Some(unknown) = arguments.recipes.iter().find(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        return super::fail(&anyhow::anyhow!("there is no built-in recipe {unknown}; there are {known}"), 2);
    }
    match show(&arguments).await {
        Ok((tasted, expected)) => {
            let surprises = tasted.iter().filter(|tasted| tasted.surprise.is_some()).count();
            say!(
                "\n{} of {expected} recipes got the verdict they deserve, in {:.0} s. Recipes and run folders: {}",
                tasted.len() - surprises,
                begun.elapsed().as_secs_f64(),
                arguments.dir.display()
            );
            if let Err(error) = published(&arguments.dir, &tasted) {
                return super::fail(
                    &error.context("the recipes were tasted, and their catalogue could not be made"),
                    4,
                );
            }
            ExitCode::from(u8::from(surprises > 0 || tasted.len() != expected))
        }
        Err(error) if matches!(error.downcast_ref(), Some(DemoError::NotOurs(_))) => super::fail(&error, 2),
        Err(error) => super::fail(&error, 4),
    }
}

async fn show(arguments: &DemoArguments) -> anyhow::Result<(Vec<Tasted>, usize)> {
    let demo = demo::prepare(&arguments.dir, None).await?;
    if let Some(why) = &demo.no_browser {
        anstream::eprintln!("no page is opened in a browser: {why}");
    }
    let known: Vec<&str> = demo.recipes.iter().map(|(recipe, _)| recipe.name).collect();
    let wanted: Vec<usize> = (0..known.len())
        .filter(|index| {
            arguments.recipes.is_empty()
                || known.get(*index).is_some_and(|name| arguments.recipes.iter().any(|wanted| wanted == name))
        })
        .collect();
    let one = wanted.len() == 1;
    let verbosity = match arguments.verbosity.level() {
        // Several live views at once would be a jumble.
        Verbosity::Normal if !one => Verbosity::Quiet,
        level => level,
    };
    let expected = wanted.len();
    let mut tasting = futures_util::stream::iter(wanted)
        .map(async |index| (index, taste(&demo, index, verbosity).await))
        .buffer_unordered(arguments.jobs.max(1));
    let mut all = Vec::new();
    let mut failure = None;
    let mut again = Vec::new();
    // One that cannot begin does not break off the others, which would leave their nodes.
    while let Some((index, tasted)) = tasting.next().await {
        match tasted {
            Ok(Some(tasted)) => {
                tell(&tasted);
                // Several nodes at once may be more than the machine can carry, and then nobody can tell about a recipe.
                if arguments.jobs > 1 && tasted.surprise.is_some() && is_errored(&tasted) {
                    say!("  it is tasted again, by itself, when the others are through");
                    again.push(index);
                } else {
                    all.push(tasted);
                }
            }
            Ok(None) => {}
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    drop(tasting);
    for index in again {
        match taste(&demo, index, verbosity).await {
            Ok(tasted) => all.extend(tasted.inspect(tell)),
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    match failure {
        Some(error) => Err(error.into()),
        None => Ok((all, expected)),
    }
}

/// Whether something other than the recipe kept it from being tasted.
fn is_errored(tasted: &Tasted) -> bool {
    tasted.ended.summary.steps.iter().any(|step| step.outcome == Outcome::Errored)
}

/// What the results are for: each run as a page, and the scored catalogue with its site.
fn published(dir: &Path, tasted: &[Tasted]) -> anyhow::Result<()> {
    let (recipes, runs, history, out) =
        (dir.join("recipes"), dir.join("runs"), dir.join("history"), dir.join("catalogue"));
    let mut lines = Vec::new();
    let mut pages = Vec::new();
    for tasted in tasted {
        let folder = &tasted.ended.folder;
        let page = folder.join("report.html");
        let mut text = Vec::new();
        write_run(RunFormat::Html, &KeptRun::open(folder)?, &mut text)?;
        replace_file(&page, &text).with_context(|| format!("cannot write {}", page.display()))?;
        pages.push((tasted.recipe.name, page));
        let repository = History::open(&recipes.join(tasted.recipe.name))?;
        // The demo made both the recipes and the runs, so it may trust them.
        lines.push(history::line_of(&tasted.ended.summary, true, Some(&repository), Timestamp::now())?);
    }
    history::append(&history, &lines)?;
    let places = repositories(&recipes)?.into_iter().filter(|place| !place.name.starts_with('.')).collect();
    let options = ReadOptions { lint: Some(crate::lint::Options::default()), ..ReadOptions::default() };
    let readings = read_all(places, &options, &|_| {});
    let trusted = Trusted::new(history::read(&history)?, Vec::new(), None);
    let scores = Runs::read(&runs)?.with_history(trusted);
    let settings = config::Catalogue { title: Some("Recipes of the taster demo".to_owned()), ..Default::default() };
    let built = build(readings, &Previous::default(), &scores, &settings);
    publish(&out, &built, &Previous::default(), &[])?;
    site::write(&out, &site::build(&built.catalogue, Some(&runs)))?;
    say!("");
    for (name, page) in &pages {
        say!("  run of {name:<22} {}", page.display());
    }
    for (what, file) in [("scored catalogue", "catalogue.json"), ("site", "index.html")] {
        say!("  {what:<29} {}", out.join(file).display());
    }
    Ok(())
}

async fn taste(demo: &Demo, index: usize, verbosity: Verbosity) -> Result<Option<Tasted>, DemoError> {
    let live = Arc::new(Live::new(verbosity));
    let sink = live.clone();
    let tasted = demo.taste(index, vec![Box::new(move |event| sink.show(event))]).await;
    live.finish();
    tasted
}

fn tell(tasted: &Tasted) {
    let dim = anstyle::Style::new().dimmed();
    let what = tasted.recipe.what_is_wrong.unwrap_or("nothing is wrong with it");
    say!("\n{dim}── {}: {what}{dim:#}", tasted.recipe.name);
    let text = verdict(&tasted.ended.summary, &tasted.ended.folder);
    super::write_out(format_args!("{}", text.trim_start_matches('\n')));
    let passed = tasted.ended.summary.outcome == Outcome::Passed;
    match &tasted.surprise {
        Some(surprise) => say!("  {}: {surprise}", "this is not what the demo expects"),
        None if passed => say!("{dim}  as it should be{dim:#}"),
        None => say!("{dim}  caught, as it should be{dim:#}"),
    }
}
