//! `--online`: what registries say about the images.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::lint::{self, Options, Outside, Target};
use crate::registry::{Asked, Registries};

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
    let asked = runtime.block_on(Asked::about(&registries, &images));
    let mut silent = false;
    for line in asked.silent() {
        silent = true;
        eprintln!("{}", annotate_snippets::normalize_untrusted_str(&format!("warning: {line}")));
    }
    Ok((asked.outside(), silent))
}
