//! How fast scores come out of a history, against parsing the same JSON Lines and nothing else in the same run.
//!
//! `cargo bench --bench score`. Target (issue 6): scores of 200 recipes with 1 000 runs each in at most 1 s.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

mod measure;

use jiff::{SignedDuration, Timestamp};
use measure::{median, ratio};
use rayon::prelude::*;
use taster::catalogue::Trusted;
use taster::history::{append, read};
use taster::record::{HISTORY_SCHEMA, HistoryLine, HistoryStep, Outcome, StepKind, Trust};
use taster::score::{over_time, stability};

const RECIPES: usize = 200;
const RUNS: usize = 1000;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("history");
    for recipe in 0..RECIPES {
        let lines: Vec<HistoryLine> = (0..RUNS).map(|run| line(recipe, run)).collect();
        append(&folder, &lines).unwrap();
    }
    let bytes: u64 = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    let reference = median(|| {
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.par_iter().for_each(|file| {
            for line in std::fs::read(file).unwrap().split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{"))
            {
                drop(serde_json::from_slice::<serde_json::Value>(line).unwrap());
            }
        });
    });
    let reading = median(|| drop(read(&folder).unwrap()));
    let history = read(&folder).unwrap();
    let as_of = history.newest().unwrap();
    let stabilities = median(|| {
        let scores: Vec<f64> = history.recipes.par_iter().map(|(_, lines)| stability(lines, as_of).score).collect();
        assert!(scores.len() == RECIPES && scores.iter().all(|score| *score > 50.0));
    });
    let weeks = median(|| {
        let weeks: usize = history.recipes.par_iter().map(|(_, lines)| over_time(lines, as_of).len()).sum();
        assert_eq!(weeks, RECIPES * 52);
    });
    let trusted = Trusted::new(history, Vec::new(), None);
    let all = median(|| {
        let names: Vec<&str> = trusted.recipes().collect();
        let count = names.par_iter().filter_map(|name| trusted.score(name, None)).count();
        assert_eq!(count, RECIPES);
    });
    println!("{RECIPES} recipes × {RUNS} runs, {} MB", bytes / 1_000_000);
    println!("parsed as JSON and nothing else     {reference:>10.2?}   (reference)");
    println!("history read                        {reading:>10.2?}   ratio {:.2}", ratio(reading, reference));
    println!("stability                           {stabilities:>10.2?}   ratio {:.2}", ratio(stabilities, reference));
    println!("stability of each of 52 weeks       {weeks:>10.2?}   ratio {:.2}", ratio(weeks, reference));
    println!("all scores: levels, stability, weeks{all:>10.2?}   ratio {:.2}   (target 1 s)", ratio(all, reference));
}

/// A nightly job for almost three years; one in 97 steps fails.
fn line(recipe: usize, run: usize) -> HistoryLine {
    let newest: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
    let at = newest - SignedDuration::from_hours(24 * (RUNS - run) as i64);
    let kinds = [
        StepKind::Lint,
        StepKind::Install,
        StepKind::Restart,
        StepKind::Redeploy,
        StepKind::Backup,
        StepKind::Restore,
        StepKind::Smoke,
        StepKind::Upgrade,
        StepKind::Leftovers,
    ];
    let steps = kinds.into_iter().enumerate().map(|(number, kind)| HistoryStep {
        id: if kind == StepKind::Upgrade {
            "upgrade:1.0.0+1.0→2f6c1a9b@default".to_owned()
        } else {
            format!("{}@default", kind.word())
        },
        kind,
        variant: "default".to_owned(),
        outcome: if (recipe * 31 + run * 7 + number).is_multiple_of(97) { Outcome::Failed } else { Outcome::Passed },
        flaky: false,
        weak: false,
        structural: false,
        class: None,
        reason: String::new(),
        seconds: 12.25,
    });
    HistoryLine {
        schema: HISTORY_SCHEMA.to_owned(),
        run: format!("{}-recipe-aaaa", at.strftime("%Y%m%d-%H%M%S")),
        at: at.to_string(),
        recipe: format!("recipe{recipe}"),
        commit: "0123456789012345678901234567890123456789".to_owned(),
        version: None,
        trust: Trust::DefaultBranch,
        variants: Vec::new(),
        steps: steps.collect(),
        findings: None,
        proofs: Vec::new(),
        upgrade_map: None,
        services: Vec::new(),
        upstream: None,
    }
}
