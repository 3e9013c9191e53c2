//! Planning a thousand recipes, and how near to what is possible the split is, on 1 to 64 runners.
//!
//! `cargo bench --bench plan`. Targets (issue 6): planning 1 000 recipes in at most 0.5 s; a makespan within 10 % of the lower bound. The reference
//! is parsing the same history as JSON and nothing else, in the same run.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

mod measure;

use measure::{median, ratio};
use serde_json::json;
use taster::history::read;
use taster::plan::{Estimates, lower_bound, shards, split};

const RECIPES: usize = 1000;
const RUNS: usize = 20;

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let mut random = random(7);
    let mut names = Vec::new();
    for recipe in 0..RECIPES {
        let name = format!("recipe{recipe}");
        // Most recipes take a minute or two, and a few ten.
        let usual = 30.0 + 570.0 * random().powi(3);
        let line = |run: usize| {
            let seconds = usual * (0.8 + 0.4 * random());
            let step = json!({ "id": "install@default", "kind": "install", "variant": "default", "outcome": "passed", "seconds": seconds });
            let run = format!("202611{:02}-030000-{name}-abcd", run % 28 + 1);
            json!({
                "schema": "taster.history/1", "run": run, "at": "2026-11-21T03:00:00Z", "recipe": name, "commit": "0123",
                "trust": "default-branch", "steps": [step],
            })
        };
        let text: String = (0..RUNS).map(line).map(|line| format!("{line}\n")).collect();
        std::fs::write(directory.path().join(format!("{name}.jsonl")), text).unwrap();
        names.push(name);
    }
    let reference = median(|| {
        for entry in std::fs::read_dir(directory.path()).unwrap() {
            for line in std::fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
                drop(serde_json::from_str::<serde_json::Value>(line).unwrap());
            }
        }
    });
    let whole = median(|| {
        let history = read(directory.path()).unwrap();
        assert_eq!(shards(&names, &Estimates::of(&history.recipes), 16).recipes.len(), RECIPES);
    });
    let history = read(directory.path()).unwrap();
    let estimates = Estimates::of(&history.recipes);
    let pure = median(|| drop(shards(&names, &estimates, 16)));
    println!("{RECIPES} recipes × {RUNS} runs");
    println!("parsed as JSON and nothing else  {reference:>10.2?}   (reference)");
    println!(
        "planned, with the history read   {whole:>10.2?}   ratio {:.2}   (target 500 ms)",
        ratio(whole, reference)
    );
    println!("planned, the history known       {pure:>10.2?}   ratio {:.4}", ratio(pure, reference));
    let planned: Vec<f64> = names.iter().map(|name| estimates.get(name).seconds).collect();
    // What they really take differs from what was measured before by up to a fifth.
    let real: Vec<f64> = planned.iter().map(|seconds| seconds * (0.8 + 0.4 * random())).collect();
    println!(
        "runners   makespan / lower bound   when each takes up to a fifth more or less than planned   in the order of their names"
    );
    for runners in [1, 2, 4, 8, 16, 32, 64] {
        let split = split(&planned, runners);
        let longest = |seconds: &[f64]| {
            split.iter().map(|share| share.iter().map(|index| seconds[*index]).sum::<f64>()).fold(0.0, f64::max)
        };
        let named =
            (0..runners).map(|runner| planned.iter().skip(runner).step_by(runners).sum::<f64>()).fold(0.0, f64::max);
        let bound = lower_bound(&planned, runners);
        println!(
            "{runners:>7}   {:>22.4}   {:>63.4}   {:>27.4}",
            longest(&planned) / bound,
            longest(&real) / lower_bound(&real, runners),
            named / bound
        );
    }
}

fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}
