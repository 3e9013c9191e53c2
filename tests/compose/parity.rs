//! The same verdict and the same project as the reference, on the corpus and on seeded mutants of it.

use std::path::Path;

use rayon::prelude::*;
use serde_json::Value;
use taster::compose::canonical;

use crate::case::Case;
use crate::differences;
use crate::mutate;
use crate::reference::{Verdict, normal, verdict};

/// Threads that run the reference: the machines that test this have two cores.
const THREADS: usize = 2;

/// Mutants in an ordinary run; `TASTER_MUTANTS=first..last` tries other seeds.
const MUTANTS: std::ops::Range<u64> = 0..2_000;

pub(crate) fn in_parallel<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().expect("threads can be started").install(work)
}

fn ours(case: &Case, folder: &Path) -> Verdict {
    match case.load() {
        Ok(loaded) => Ok(normal(canonical(&loaded.project, Some(folder)))),
        Err(error) => Err(error.to_string()),
    }
}

/// What came of one comparison.
pub(crate) enum Outcome {
    BothLoad,
    BothRefuse,
    /// A difference that [`differences`] justifies.
    Deliberate,
    /// What differs, in words.
    Differs(String),
}

pub(crate) fn judge(case: &Case) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let folder_path = folder.path().canonicalize().expect("the folder is there");
    let theirs = verdict(case, &folder_path);
    let ours = ours(case, &folder_path);
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) if differences::same(ours, theirs) => return Outcome::BothLoad,
        (Err(_), Err(_)) => return Outcome::BothRefuse,
        _ if differences::deliberate(&ours, &theirs) => return Outcome::Deliberate,
        _ => {}
    }
    let show = |verdict: &Verdict| match verdict {
        Ok(project) => serde_json::to_string_pretty(project).expect("a project can be printed"),
        Err(message) => format!("refused: {message}"),
    };
    let places = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => {
            let mut places = Vec::new();
            compare(ours, theirs, "", &mut places);
            places.join("\n")
        }
        _ => format!("ours: {}\nreference: {}", show(&ours), show(&theirs)),
    };
    Outcome::Differs(format!("case {}\n{}\n{places}\n", case.name, case.show()))
}

fn compare(ours: &Value, theirs: &Value, path: &str, places: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                match (left.get(key), right.get(key)) {
                    (Some(left), Some(right)) => compare(left, right, &format!("{path}.{key}"), places),
                    (left, right) => places.push(format!("{path}.{key}: ours {left:?}, reference {right:?}")),
                }
            }
        }
        _ if differences::same(ours, theirs) => {}
        _ => places.push(format!("{path}: ours {ours}, reference {theirs}")),
    }
}

/// Fails on any difference; returns how many loaded, were refused, and differ deliberately.
pub(crate) fn tally(outcomes: Vec<Outcome>) -> (usize, usize, usize) {
    let tried = outcomes.len();
    let (mut load, mut refuse, mut deliberate, mut differences) = (0, 0, 0, Vec::new());
    for outcome in outcomes {
        match outcome {
            Outcome::BothLoad => load += 1,
            Outcome::BothRefuse => refuse += 1,
            Outcome::Deliberate => deliberate += 1,
            Outcome::Differs(what) => differences.push(what),
        }
    }
    let shown = differences.iter().take(60).cloned().collect::<Vec<_>>().join("\n=====\n");
    assert!(differences.is_empty(), "{} of {tried} differ from the reference:\n{shown}", differences.len());
    (load, refuse, deliberate)
}

#[test]
fn the_corpus_is_read_as_the_reference_reads_it() {
    let corpus = Case::corpus();
    assert!(corpus.len() >= 80, "the corpus has shrunk to {} cases", corpus.len());
    tally(in_parallel(|| corpus.par_iter().map(judge).collect()));
}

#[test]
fn cases_named_bad_are_refused_and_all_others_load() {
    for case in Case::corpus() {
        let refused = case.load().is_err();
        assert_eq!(refused, case.name.starts_with("bad-"), "{}", case.name);
    }
}

#[test]
fn seeded_mutants_are_read_as_the_reference_reads_them() {
    let corpus = Case::corpus();
    let seeds = seeds();
    let started = std::time::Instant::now();
    let outcomes = in_parallel(|| seeds.into_par_iter().map(|seed| judge(&mutate::mutant(&corpus, seed))).collect());
    let (load, refuse, deliberate) = tally(outcomes);
    let seconds = started.elapsed().as_secs_f64();
    println!("mutants in {seconds:.1} s: {load} load, {refuse} are refused, {deliberate} differ deliberately");
    assert!(load * 4 > refuse, "too few mutants load to tell anything: {load} load, {refuse} are refused");
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("TASTER_MUTANTS") else { return MUTANTS };
    let bounds = text.split_once("..").and_then(|(first, last)| Some(first.parse().ok()?..last.parse().ok()?));
    bounds.unwrap_or_else(|| panic!("TASTER_MUTANTS must look like 0..2000, and is `{text}`"))
}
