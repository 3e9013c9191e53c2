//! The linter on a recipe one of whose files holds any bytes: no panic, no hang. The first byte chooses the file.

#![no_main]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use taster::lint::{Facts, Options, Subject, fix, judge};
use taster::recipe::Recipe;
use taster::record::Safety;

const FILES: [&str; 6] = ["compose.yml", "compose.smtp.yml", ".env.sample", "abra.sh", "README.md", "nginx.conf.tmpl"];

static BASE: LazyLock<Recipe> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/lint/fixtures/base");
    Recipe::from_work_tree(&path).expect("the good recipe of the fixtures is read")
});

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let file = FILES[usize::from(*first) % FILES.len()];
    let Ok(recipe) = BASE.with_files(&BTreeMap::from([(file.to_owned(), bytes.to_vec())])) else { return };
    let subject = Subject::new(Facts::of(recipe, None, false));
    judge(&subject, &Options::default());
    // Every seventh input is fixed too, which loads it several times.
    if bytes.len() % 7 == 0 {
        fix(&subject, &Options::default(), Safety::Unsafe);
    }
});
