//! `--online`: what registries say about the images.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::lint::{self, ImageAnswer, Options, Outside, Target};
use crate::registry::{ImageFacts, Presence, Registries};

/// Asks about the images of all recipes, about each once. What gave no answer is told on standard error; whether there was such is the
/// second value.
pub(super) fn ask(targets: &[Target], options: &Options) -> anyhow::Result<(Outside, bool)> {
    let images = |target: &Target| -> BTreeSet<String> {
        // A recipe that cannot be read is reported when it is judged.
        let subject = lint::open(target, Outside::default(), options);
        subject.map(|subject| subject.images().into_iter().map(ToOwned::to_owned).collect()).unwrap_or_default()
    };
    let images: BTreeSet<String> = targets.par_iter().flat_map_iter(images).collect();
    let images: Vec<String> = images.into_iter().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let registries = Registries::new()?;
    let asked = runtime.block_on(registries.ask_all(&images));
    let mut answers = Vec::new();
    let mut silent = false;
    for (reference, answer) in asked {
        match answer {
            Ok(facts) => answers.push(known(reference, facts)),
            Err(error) => {
                silent = true;
                let line = format!("warning: not judged is the image {reference}: {error}");
                eprintln!("{}", annotate_snippets::normalize_untrusted_str(&line));
            }
        }
    }
    Ok((Outside { images: Some(answers), ..Outside::default() }, silent))
}

fn known(reference: String, facts: ImageFacts) -> ImageAnswer {
    ImageAnswer {
        reference,
        exists: facts.presence == Presence::Exists,
        hidden: facts.presence == Presence::Hidden,
        architectures: facts.architectures,
        tags: facts.tags,
    }
}
