//! Six small recipes on this machine: two nodes at once against one at a time, in turns, in one run. Needs Docker Engine.
//!
//! `cargo bench --bench fleet -- 1` (rounds; two unless told, a quarter of an hour). On two cores two at once should take clearly less than one at
//! a time: much of a run is waiting.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const RECIPES: usize = 6;

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(2);
    let directory = tempfile::tempdir().unwrap();
    let recipes = directory.path().join("recipes");
    // The demo's good recipe, with its images, is what every machine has.
    let demo = Command::new(env!("CARGO_BIN_EXE_taster"))
        .args(["demo", "--quiet", "--dir"])
        .arg(directory.path().join("demo"))
        .arg("demo-notes")
        .output()
        .unwrap();
    assert!(demo.status.success(), "{}", String::from_utf8_lossy(&demo.stderr));
    std::fs::create_dir_all(&recipes).unwrap();
    for number in 0..RECIPES {
        let target = recipes.join(format!("notes{number}"));
        assert!(
            Command::new("cp")
                .arg("-a")
                .arg(directory.path().join("demo/recipes/demo-notes"))
                .arg(&target)
                .status()
                .unwrap()
                .success()
        );
    }
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        // The other way round each time, for what the kernel keeps in memory.
        for jobs in if round % 2 == 0 { [1, 2] } else { [2, 1] } {
            let taken = all(directory.path(), &recipes, jobs);
            println!("round {}: {jobs} at a time {taken:>8.1?}", round + 1);
            if jobs == 1 { one.push(taken) } else { two.push(taken) }
        }
    }
    let (one, two) = (one.into_iter().min().unwrap(), two.into_iter().min().unwrap());
    println!("{RECIPES} recipes, one at a time   {one:>8.1?}   (reference)");
    println!("{RECIPES} recipes, two at a time   {two:>8.1?}   ratio {:.2}", two.as_secs_f64() / one.as_secs_f64());
}

fn all(directory: &Path, recipes: &Path, jobs: usize) -> Duration {
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_taster"))
        .args(["test", "--all", "--jobs", &jobs.to_string(), "--without", "smoke", "--runs"])
        .arg(directory.join("runs"))
        .arg(recipes)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    began.elapsed()
}
