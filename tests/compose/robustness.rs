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
