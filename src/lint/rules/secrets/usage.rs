//! Which variables are named where.

use std::collections::BTreeSet;

use crate::compose::tree::{Entry, Mapping};
use crate::compose::yaml;
use crate::lint::{Facts, Location, Set, Subject};

/// Files above this size are an application's own, not a recipe's.
const LARGEST: usize = 256 * 1024;

/// Variables that abra itself reads (recipe-format.md §1.2), whatever the recipe does with them.
pub(super) const OF_ABRA: [&str; 9] = [
    "TYPE",
    "RECIPE",
    "DOMAIN",
    "COMPOSE_FILE",
    "LETS_ENCRYPT_ENV",
    "ENABLE_AUTO_UPDATE",
    "POST_DEPLOY_CMDS",
    "POST_UPGRADE_CMDS",
    "EXTRA_DOMAINS",
];

/// Every word in capitals that stands in a file of the recipe that is no prose and not the sample.
pub(super) fn words(facts: &Facts) -> &BTreeSet<String> {
    facts.words(|| find_words(facts))
}

fn find_words(facts: &Facts) -> BTreeSet<String> {
    let prose = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.ends_with(".md") || name == ".env.sample" || name.starts_with("LICEN") || path.starts_with("release/")
    };
    let mut words = BTreeSet::new();
    for (path, file) in facts.recipe.tree.iter() {
        if prose(path) || path == "abra.sh" || file.bytes.len() > LARGEST || file.bytes.contains(&0) {
            continue;
        }
        collect(&file.bytes, &mut words);
    }
    // What abra.sh assigns is no use; what it does with it is.
    if let (Some(file), Some(abra)) = (facts.recipe.tree.get("abra.sh"), &facts.recipe.abra_sh) {
        let mut from = 0;
        for variable in &abra.variables {
            let name_end = variable.span.start + variable.name.len();
            collect(file.bytes.get(from..variable.span.start).unwrap_or_default(), &mut words);
            from = name_end.max(from);
        }
        collect(file.bytes.get(from..).unwrap_or_default(), &mut words);
    }
    // Lines of the sample may build on each other.
    for entry in facts.sample.entries.iter().chain(&facts.sample.options).filter(|entry| entry.raw.contains('$')) {
        collect(entry.raw.as_bytes(), &mut words);
    }
    words
}

fn collect(bytes: &[u8], words: &mut BTreeSet<String>) {
    let parts = bytes.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    for part in parts.filter(|part| part.iter().any(u8::is_ascii_uppercase)) {
        let start = part.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(part.len());
        let text = part.get(start..).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default();
        if !text.is_empty() && !words.contains(text) {
            words.insert(text.to_owned());
        }
    }
}

/// Whether a service takes a whole file for its environment: then every variable of it may be used.
pub(super) fn whole_environment(facts: &Facts) -> bool {
    facts.sets.iter().any(|set| set.project().services().any(|(_, service)| !service.env_file.is_empty()))
}

/// Whether the sample, `abra.sh` or the set knows a variable: set, or documented and switched off.
pub(super) fn known(subject: &Subject, set: &Set, name: &str) -> bool {
    name == "STACK_NAME"
        || set.environment.iter().any(|(known, _)| known == name)
        || subject.candidate.sample.option(name).is_some()
        || subject.candidate.recipe.abra_sh.iter().any(|abra| abra.variable(name).is_some())
}

/// Names that the sample and `abra.sh` set or document.
pub(super) fn names(subject: &Subject) -> Vec<&str> {
    let sample = &subject.candidate.sample;
    let abra = subject.candidate.recipe.abra_sh.iter().flat_map(|abra| &abra.variables);
    let sampled = sample.entries.iter().chain(&sample.options).map(|entry| entry.name.as_str());
    sampled.chain(abra.map(|variable| variable.name.as_str())).collect()
}

/// Where a variable of the sample is documented though it is switched off; for messages.
pub(super) fn switched_off(subject: &Subject, name: &str) -> Option<Location> {
    let facts = &subject.candidate;
    facts.sample.option(name).map(|option| facts.in_sample(option.span.clone()))
}

/// The compose files of a recipe as they are written, nothing filled in; those that are no YAML are left out.
pub(super) fn written(facts: &Facts) -> Vec<(&str, &Mapping)> {
    facts.files().iter().filter_map(|(path, source)| Some((path.as_str(), yaml::parsed(source)?))).collect()
}

/// The entry at a path of keys of a file.
pub(super) fn entry<'m>(content: &'m Mapping, path: &[&str]) -> Option<&'m Entry> {
    let (last, above) = path.split_last()?;
    above.iter().try_fold(content, |map, key| map.get(key)?.as_map())?.entry(last)
}
