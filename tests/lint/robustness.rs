//! No panic and no hang, whatever the files hold.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use taster::lint::{Facts, Options, Subject, fix, judge, lint};
use taster::recipe::Recipe;
use taster::record::Safety;

use crate::fixture::{Case, fixtures};

const FILES: [&str; 5] = ["compose.yml", "compose.smtp.yml", ".env.sample", "abra.sh", "README.md"];

fn base() -> (Case, Recipe) {
    let case = Case::make(&fixtures().join("T801/good"));
    let recipe = Recipe::from_work_tree(&case.path()).unwrap();
    (case, recipe)
}

fn judged(recipe: &Recipe, file: &str, bytes: Vec<u8>) {
    let recipe = recipe.with_files(&BTreeMap::from([(file.to_owned(), bytes)])).unwrap();
    let subject = Subject::new(Facts::of(recipe, None, false));
    for finding in judge(&subject, &Options::default()).findings {
        for span in finding.places.iter().filter_map(|place| place.span) {
            assert!(span.start <= span.end && span.line <= span.end_line && span.column > 0);
        }
    }
}

/// Bounded here; the number is an environment variable so that a night can try a hundred thousand.
#[test]
fn mutated_bytes_never_panic() {
    let rounds: usize = std::env::var("TASTER_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let (_case, recipe) = base();
    let mut random = StdRng::seed_from_u64(38);
    let interesting = b"\0\n\r\t #:-{}[]&*!|>'\"%@`$\\=\xEF\xBB\xBF\xC3\x28";
    for _ in 0..rounds {
        let file = FILES[random.random_range(0..FILES.len())];
        let mut bytes = recipe.tree.get(file).unwrap().bytes.to_vec();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            let byte = interesting[random.random_range(0..interesting.len())];
            match random.random_range(0..4) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => _ = bytes.remove(at),
                _ => {
                    let end = (at + random.random_range(1..40)).min(bytes.len());
                    let copied = bytes[at..end].to_vec();
                    bytes.splice(at..at, copied);
                }
            }
        }
        judged(&recipe, file, bytes);
    }
}

#[test]
fn every_prefix_of_a_compose_file_is_judged() {
    let (_case, recipe) = base();
    let text = recipe.tree.get("compose.yml").unwrap().bytes.to_vec();
    for end in (0..text.len()).step_by(7) {
        judged(&recipe, "compose.yml", text[..end].to_vec());
    }
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
            assert!(began.elapsed() < Duration::from_secs(20), "{file}: {:?}", began.elapsed());
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
