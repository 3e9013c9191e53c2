//! No panic and no hang, whatever the files hold.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rayon::prelude::*;
use taster::lint::{Facts, Options, Outside, Subject, fix, judge, lint, subject};
use taster::recipe::Recipe;
use taster::record::Safety;

use crate::fixture::{Case, fixtures};

const FILES: [&str; 6] = ["compose.yml", "compose.smtp.yml", ".env.sample", "abra.sh", "README.md", "nginx.conf.tmpl"];

/// Whatever takes this long hangs, also in a debug build on a machine with other work.
const HANG: Duration = Duration::from_secs(120);

/// A recipe with a release before it, so that rules across versions have their say.
fn base() -> (Case, Recipe) {
    let case = Case::make(&fixtures().join("V501/good"));
    let recipe = Recipe::from_work_tree(&case.path()).unwrap();
    (case, recipe)
}

fn judged(recipe: &Recipe, file: &str, bytes: Vec<u8>) {
    let recipe = recipe.with_files(&BTreeMap::from([(file.to_owned(), bytes)])).unwrap();
    judge_subject(&Subject::new(Facts::of(recipe, None, false)));
}

/// The same with the release before it, which takes longer.
fn judged_as_upgrade(case: &Case, recipe: &Recipe, file: &str, bytes: Vec<u8>) {
    let recipe = recipe.with_files(&BTreeMap::from([(file.to_owned(), bytes)])).unwrap();
    let subject = subject(recipe, &case.path(), Outside::default(), &Options::default());
    assert!(subject.previous().unwrap().is_some());
    judge_subject(&subject);
}

fn judge_subject(subject: &Subject) {
    for finding in judge(subject, &Options::default()).findings {
        for span in finding.places.iter().filter_map(|place| place.span) {
            assert!(span.start <= span.end && span.line <= span.end_line && span.column > 0);
        }
    }
}

/// How many mutations of one file are tried: 100 000 of all files together in the full tier, a few thousand otherwise;
/// `TASTER_MUTATIONS` says another number for each file.
fn rounds() -> u64 {
    let asked = std::env::var("TASTER_MUTATIONS").ok().and_then(|text| text.parse().ok());
    let full = std::env::var("TASTER_TEST_TIER").is_ok_and(|tier| tier == "full");
    asked.unwrap_or(if full { 17_000 } else { 400 })
}

fn mutated(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let interesting = b"\0\n\r\t #:-{}[]&*!|>'\"%@`$\\=\xEF\xBB\xBF\xC3\x28";
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..bytes.len());
        let byte = interesting[random.random_range(0..interesting.len())];
        match random.random_range(0..4) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if bytes.len() > 1 => _ = bytes.remove(at),
            _ => {
                let end = (at + random.random_range(1..40)).min(bytes.len());
                let copied = bytes[at..end].to_vec();
                bytes.splice(at..at, copied);
            }
        }
    }
}

/// Each mutation has a seed of its own, so that one that fails can be tried again alone.
fn mutations_never_panic(file: &str) {
    let (case, recipe) = base();
    let whole = recipe.tree.get(file).unwrap().bytes.to_vec();
    (0..rounds()).into_par_iter().for_each(|seed| {
        let mut bytes = whole.clone();
        mutated(&mut bytes, &mut StdRng::seed_from_u64(seed));
        let began = Instant::now();
        if seed % 16 == 0 {
            judged_as_upgrade(&case, &recipe, file, bytes);
        } else {
            judged(&recipe, file, bytes);
        }
        assert!(began.elapsed() < HANG, "{file}, seed {seed}: {:?}", began.elapsed());
    });
}

#[test]
fn mutated_compose_files_never_panic() {
    mutations_never_panic("compose.yml");
}

#[test]
fn mutated_overlays_never_panic() {
    mutations_never_panic("compose.smtp.yml");
}

#[test]
fn mutated_samples_never_panic() {
    mutations_never_panic(".env.sample");
}

#[test]
fn mutated_shell_files_never_panic() {
    mutations_never_panic("abra.sh");
}

#[test]
fn mutated_readmes_never_panic() {
    mutations_never_panic("README.md");
}

#[test]
fn mutated_templates_never_panic() {
    mutations_never_panic("nginx.conf.tmpl");
}

#[test]
fn every_prefix_of_a_compose_file_is_judged() {
    let (_case, recipe) = base();
    let text = recipe.tree.get("compose.yml").unwrap().bytes.to_vec();
    (0..text.len()).into_par_iter().for_each(|end| judged(&recipe, "compose.yml", text[..end].to_vec()));
}

#[test]
fn hostile_files_are_judged_in_time() {
    let (_case, recipe) = base();
    let mut bomb = "x0: &a0 [lol]\n".to_owned();
    for level in 1..40 {
        bomb += &format!("x{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(","));
    }
    let text = String::from_utf8(recipe.tree.get("compose.yml").unwrap().bytes.to_vec()).unwrap();
    let many =
        (0..2_000).map(|n| format!("  s{n}:\n    image: x:latest # taster: ignore[R002] y\n")).collect::<String>();
    let hostile: Vec<Vec<u8>> = vec![
        bomb.into_bytes(),
        "[".repeat(100_000).into_bytes(),
        "a: ".repeat(50_000).into_bytes(),
        text.replace('\n', "\r\n").into_bytes(),
        format!("\u{feff}{text}").into_bytes(),
        text.replace("    ", "\t").into_bytes(),
        (0..=255).cycle().take(100_000).collect(),
        format!("services:\n{many}").into_bytes(),
        Vec::new(),
    ];
    for bytes in hostile {
        for file in FILES {
            let began = Instant::now();
            judged(&recipe, file, bytes.clone());
            assert!(began.elapsed() < HANG, "{file}: {:?}", began.elapsed());
        }
    }
}

#[test]
fn fixes_of_mutated_files_never_panic() {
    let case = Case::make(&fixtures().join("R001/bad"));
    let recipe = Recipe::from_work_tree(&case.path()).unwrap();
    let text = recipe.tree.get("compose.yml").unwrap().bytes.to_vec();
    let mut random = StdRng::seed_from_u64(33);
    for _ in 0..40 {
        let mut bytes = text.clone();
        let at = random.random_range(0..bytes.len());
        bytes[at] = random.random();
        let changed = recipe.with_files(&BTreeMap::from([("compose.yml".to_owned(), bytes)])).unwrap();
        fix(&Subject::new(Facts::of(changed, None, false)), &Options::default(), Safety::Unsafe);
    }
}

#[test]
fn a_folder_that_is_no_recipe_is_a_finding_not_a_failure() {
    let case = Case::make(&fixtures().join("C001/bad"));
    let linted = lint(&case.target(), case.outside.clone(), &Options::default());
    assert_eq!(linted.trouble, None);
    assert_eq!(linted.report.counts.error, 1);
}
