//! No input makes the loader panic, and none makes it hang.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;
use taster::compose::LoadError;

use crate::case::Case;

/// Loads, and renders what comes out, so that spans are tried too.
fn try_it(case: &Case) {
    let rendered = match case.load() {
        Ok(loaded) => {
            let sources = loaded.sources();
            LoadError { problems: loaded.warnings, sources }.render(false)
        }
        Err(error) => error.render(false),
    };
    assert!(!rendered.contains('\u{0}') || case.files.iter().any(|(_, content)| content.contains(&0)));
}

#[test]
fn every_prefix_of_the_corpus() {
    Case::corpus().into_par_iter().for_each(|case| {
        for number in 0..case.files.len() {
            let whole = case.files[number].1.clone();
            // Longer files are cut at every fifth byte only: there are enough of them to hit every construct.
            let step = if whole.len() > 300 { 5 } else { 1 };
            for end in (0..whole.len()).step_by(step) {
                let mut case = case.clone();
                case.files[number].1 = whole[..end].to_vec();
                try_it(&case);
            }
        }
    });
}

#[test]
fn random_bytes_in_the_corpus() {
    let corpus = Case::corpus();
    let mut random = StdRng::seed_from_u64(7);
    for _ in 0..10_000 {
        let mut case = corpus[random.random_range(0..corpus.len())].clone();
        let number = random.random_range(0..case.files.len());
        let content = &mut case.files[number].1;
        for _ in 0..random.random_range(1..5) {
            let at = random.random_range(0..=content.len());
            let byte: u8 = random.random();
            match random.random_range(0..3) {
                0 if at < content.len() => content[at] = byte,
                1 if at < content.len() => _ = content.remove(at),
                _ => content.insert(at, byte),
            }
        }
        try_it(&case);
    }
}

/// Two megabytes of the same few characters, over and over: what is quadratic somewhere would take minutes.
#[test]
fn large_files_end_soon() {
    let head = "version: \"3.8\"\nservices:\n  app:\n    image: a\n    command: ";
    let texts: Vec<(String, String)> = [
        ("[", "$A "),
        ("\"", "$A-"),
        ("\"", "${A:?b} "),
        ("[", "\n\ta,"),
        ("", "\n\n  \t"),
        ("|\n", "      \t\n"),
        ("[", "{a: "),
        ("[", "\"a\"#\n,"),
        ("[", "-,"),
        ("a\nx-a: &a b\nx-b: [", "*a, "),
        ("a\nx-b:\n", "- a: |\n   b\n"),
        ("a\nx-b:\n", "- ? a\n  : b\n"),
        ("a\n", "# \n"),
        ("'", "''"),
        ("\"", "\\n"),
        ("'", "\n"),
        ("", "a "),
        ("", "a\n      "),
        ("a\nx-a: ", "a: "),
        ("a\nx-a: ", "- "),
    ]
    .map(|(before, repeated)| {
        (repeated.to_owned(), format!("{head}{before}{}", repeated.repeat(1_900_000 / repeated.len())))
    })
    .into();
    let keys: String = (0..110_000).map(|number| format!("    k{number}: x\n")).collect();
    let labels: String = (0..100_000).map(|number| format!("      k{number}: $x-\n")).collect();
    let ports: String = (0..1000).map(|number| format!("      - 1-65535:{}\n", number + 81)).collect();
    let more = [
        ("ranges of ports", format!("{head}a\n    ports:\n{ports}")),
        ("unknown keys", format!("{head}a\n{keys}")),
        ("labels", format!("{head}a\n    labels:\n{labels}")),
    ];
    for (name, text) in texts.into_iter().chain(more.map(|(name, text)| (name.to_owned(), text))) {
        let started = std::time::Instant::now();
        let files = vec![("compose.yml".to_owned(), text.into_bytes())];
        try_it(&Case { name: name.clone(), files, env: [].into(), others: [].into() });
        let seconds = started.elapsed().as_secs_f64();
        println!("{seconds:.1} s: {name:?}");
        assert!(seconds < 60.0, "two megabytes of {name:?} take {seconds:.0} s");
    }
}
