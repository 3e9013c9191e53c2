//! `taster demo`: the whole pipeline on built-in recipes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use futures_util::StreamExt;

use super::test::VerbosityArguments;
use crate::demo::{self, Demo, DemoError, Tasted};
use crate::record::Outcome;
use crate::report::{Live, Verbosity, verdict};

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
        .map(|index| taste(&demo, index, verbosity))
        .buffer_unordered(arguments.jobs.max(1));
    let mut all = Vec::new();
    let mut failure = None;
    // One that cannot begin does not break off the others, which would leave their nodes.
    while let Some(tasted) = tasting.next().await {
        match tasted {
            Ok(Some(tasted)) => {
                tell(&tasted);
                all.push(tasted);
            }
            Ok(None) => {}
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
