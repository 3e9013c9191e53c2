//! Why a recipe, or a version of it, is in the catalogue or is not.

use super::build::Built;
use super::previous::Previous;
use crate::record::CatalogueRecipe;

/// So many of the newest versions are named to who asked for one that is not there.
const NEWEST: usize = 3;

/// Nobody knows what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// There is no such recipe.
    #[error("no source has a recipe or a repository `{name}`{}", .nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Recipe {
        /// What was asked for.
        name: String,
        /// The nearest name that is known.
        nearest: Option<String>,
    },
    /// The recipe has no such version.
    #[error("`{recipe}` is in the catalogue and has no tag `{tag}`; {}", .hint)]
    Version {
        /// The recipe.
        recipe: String,
        /// What was asked for.
        tag: String,
        /// Which versions there are.
        hint: String,
    },
}

/// Tells about a recipe (`name`) or a version (`name@version`).
///
/// # Errors
/// When nobody knows that name, with the nearest that is known.
pub fn explain(asked: &str, built: &Built, previous: &Previous) -> Result<String, Unknown> {
    let (name, version) = match asked.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (asked, None),
    };
    let catalogue = &built.catalogue;
    if let Some(recipe) = catalogue.recipes.iter().find(|recipe| recipe.name == name) {
        return match version {
            Some(version) => of_version(recipe, version, previous),
            None => Ok(of_recipe(recipe, built)),
        };
    }
    let mut told = String::new();
    for not in catalogue.not_recipes.iter().filter(|not| not.name == name) {
        told.push_str(&format!("{name} is not in the catalogue: {} ({})\n", not.reason, not.source));
    }
    for unreadable in catalogue.unreadable.iter().filter(|unreadable| unreadable.name == name) {
        let trouble = &unreadable.trouble;
        told.push_str(&format!(
            "{name} is not in the catalogue: it could not be read ({}) and there is no earlier entry: {} ({})\n",
            trouble.class.word(),
            trouble.reason,
            unreadable.source
        ));
    }
    if told.is_empty() && previous.knows(name) {
        told = format!("{name} is not in the catalogue: it was published before, and no source lists it any more\n");
    }
    if told.is_empty() {
        Err(Unknown::Recipe { name: name.to_owned(), nearest: nearest(name, built) })
    } else {
        Ok(told)
    }
}

fn of_recipe(recipe: &CatalogueRecipe, built: &Built) -> String {
    let name = &recipe.name;
    let branch = &recipe.repository.default_branch;
    let mut lines = match &recipe.stale {
        Some(trouble) => vec![format!(
            "{name} is in the catalogue with its last good entry, which is stale ({}): {}",
            trouble.class.word(),
            trouble.reason
        )],
        None => vec![format!(
            "{name} is in the catalogue: its branch `{branch}` (commit {}) has a compose file, and an .env.sample or an abra.sh",
            recipe.commit.get(..10).unwrap_or(&recipe.commit)
        )],
    };
    match recipe.versions.as_slice() {
        [] => lines.push("it has no version: no tag is a recipe version that loads".to_owned()),
        versions => lines.push(format!(
            "versions: {}",
            versions.iter().map(|version| version.version.as_str()).collect::<Vec<_>>().join(", ")
        )),
    }
    lines.extend(recipe.left_out.iter().map(|out| format!("left out: {}: {}", out.tag, out.reason)));
    let warned = recipe.versions.iter().flat_map(|version| version.warnings.iter().map(move |text| (version, text)));
    lines.extend(warned.map(|(version, text)| format!("warning: {}: {text}", version.version)));
    lines.extend(recipe.warnings.iter().map(|text| format!("warning: {text}")));
    lines.extend(built.moved.get(name).into_iter().flatten().map(|tag| format!("its remote moved the tag {tag}")));
    lines.push(match &recipe.level {
        Some(level) => format!(
            "level: {}{}, from run {}{}",
            if level.at_least { "at least " } else { "" },
            level.level,
            level.run,
            if level.missing.is_empty() { String::new() } else { format!("; {}", level.missing) }
        ),
        None => {
            "level: not tested: there is no run of its default branch's commit, nor of its latest version".to_owned()
        }
    });
    if let Some(stability) = &recipe.stability {
        lines.push(format!(
            "stability: {:.1} (median {:.1}, up to {:.1}) from {} observation(s); `taster score {name} --explain` shows the sum",
            stability.score, stability.median, stability.high, stability.observations
        ));
    }
    if let Some(status) = recipe.measured_status {
        lines.push(format!("measured status: {status}; the README says {}", recipe.features.status));
        lines.extend(recipe.status_reasons.iter().map(|reason| format!("status: {}", reason.text)));
    }
    lines.extend(recipe.claims.iter().map(|claim| {
        let reason = if claim.reason.is_empty() { String::new() } else { format!(": {}", claim.reason) };
        format!("claim: {}, “{}”: {}{reason}", claim.feature.word(), claim.claimed, claim.verdict.word())
    }));
    if let Some(lint) = &recipe.lint {
        let counts = &lint.counts;
        lines.push(format!("lint: {} error(s), {} warning(s), {} hint(s)", counts.error, counts.warn, counts.info));
    }
    lines.join("\n") + "\n"
}

fn of_version(recipe: &CatalogueRecipe, asked: &str, previous: &Previous) -> Result<String, Unknown> {
    let name = &recipe.name;
    if let Some(version) = recipe.versions.iter().find(|version| version.version == asked) {
        let mut told = format!("{name}@{asked} is in the catalogue: commit {}\n", version.commit);
        for (service, image) in &version.services {
            told.push_str(&format!("{service} runs {}:{}\n", image.image, image.tag));
        }
        told.extend(version.warnings.iter().map(|text| format!("warning: {text}\n")));
        return Ok(told);
    }
    if let Some(out) = recipe.left_out.iter().find(|out| out.tag == asked) {
        return Ok(format!("{name}@{asked} is not in the catalogue: {}\n", out.reason));
    }
    let published =
        previous.recipes.0.get(name).is_some_and(|old| old.versions.iter().any(|version| version.tag() == asked));
    if published {
        return Ok(format!("{name}@{asked} is not in the catalogue: it was published before, and its tag is gone\n"));
    }
    let known = || recipe.versions.iter().map(|version| version.version.as_str());
    let newest: Vec<&str> = known().rev().take(NEWEST).collect();
    let hint = match (most_similar(asked, known()), newest.as_slice()) {
        (Some(near), _) => format!("did you mean `{name}@{near}`?"),
        (None, []) => "it has no version at all".to_owned(),
        (None, [only]) if recipe.versions.len() == 1 => format!("its only version is {only}"),
        (None, newest) => format!("its newest versions are {}", newest.join(", ")),
    };
    Err(Unknown::Version { recipe: name.clone(), tag: asked.to_owned(), hint })
}

fn nearest(name: &str, built: &Built) -> Option<String> {
    let catalogue = &built.catalogue;
    let names = catalogue.recipes.iter().map(|recipe| recipe.name.as_str());
    let others = catalogue.not_recipes.iter().map(|not| not.name.as_str());
    let unreadable = catalogue.unreadable.iter().map(|unreadable| unreadable.name.as_str());
    most_similar(name, names.chain(others).chain(unreadable))
}

fn most_similar<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known)).filter(|(score, _)| *score > 0.75);
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known.to_owned())
}
