//! What changed from one catalogue to the next, in human words; and what got lost.

use std::collections::BTreeSet;
use std::fmt;

use super::build::Built;
use super::previous::Previous;
use crate::record::{RecipeEntry, Recipes, Services};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The recipe.
    pub recipe: String,
    /// What kind of change it is.
    pub kind: Kind,
    /// What changed, in words.
    pub text: String,
}

/// A kind of change, in the order in which people want to read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Something is gone.
    Lost,
    /// Something is new.
    Added,
    /// Something is different.
    Changed,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.kind {
            Kind::Lost => '-',
            Kind::Added => '+',
            Kind::Changed => '~',
        };
        write!(f, "{mark} {}: {}", self.recipe, self.text)
    }
}

/// What is different from the catalogue before, by recipe: contents, and tags that were moved where the commits of before are known.
pub fn changes(previous: &Previous, built: &Built) -> Vec<Change> {
    let mut found = of_contents(&previous.recipes, &built.recipes);
    let moved = moved(previous, built).into_iter();
    found.extend(moved.map(|loss| {
        let version = loss.version.unwrap_or_default();
        Change { recipe: loss.recipe, kind: Kind::Changed, text: format!("version {version}: {}", loss.reason) }
    }));
    found.sort_by(|a, b| a.recipe.cmp(&b.recipe));
    found
}

fn of_contents(old: &Recipes, new: &Recipes) -> Vec<Change> {
    let names: BTreeSet<&String> = old.0.keys().chain(new.0.keys()).collect();
    names
        .into_iter()
        .flat_map(|name| match (old.0.get(name), new.0.get(name)) {
            (Some(old), Some(new)) => between(old, new),
            (Some(old), None) => {
                let text = format!("the recipe is gone, with {}", count(old.versions.len(), "version"));
                vec![Change { recipe: name.clone(), kind: Kind::Lost, text }]
            }
            (None, Some(new)) => {
                let latest = new.versions.last().map(|version| format!(", the latest is {}", version.tag()));
                let text =
                    format!("a new recipe, {}{}", count(new.versions.len(), "version"), latest.unwrap_or_default());
                vec![Change { recipe: name.clone(), kind: Kind::Added, text }]
            }
            (None, None) => Vec::new(),
        })
        .collect()
}

fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}

fn between(old: &RecipeEntry, new: &RecipeEntry) -> Vec<Change> {
    let mut found: Vec<(Kind, String)> = Vec::new();
    let tags = |entry: &RecipeEntry| -> Vec<String> { entry.versions.iter().map(|v| v.tag().to_owned()).collect() };
    let (old_tags, new_tags) = (tags(old), tags(new));
    found.extend(
        old_tags.iter().filter(|tag| !new_tags.contains(tag)).map(|tag| (Kind::Lost, format!("version {tag} is gone"))),
    );
    for version in new.versions.iter().filter(|version| !old_tags.iter().any(|tag| tag == version.tag())) {
        let app = version.services().and_then(|services| services.get("app"));
        let with = app.map(|app| format!(", app runs {}:{}", app.image, app.tag)).unwrap_or_default();
        found.push((Kind::Added, format!("new version {}{with}", version.tag())));
    }
    for version in &new.versions {
        let earlier = old.versions.iter().find(|earlier| earlier.tag() == version.tag());
        if let (Some(before), Some(after)) = (earlier.and_then(|v| v.services()), version.services()) {
            let told = services(before, after);
            found.extend(told.into_iter().map(|text| (Kind::Changed, format!("version {}: {text}", version.tag()))));
        }
    }
    let same = |tag: &&String| old_tags.contains(tag) && new_tags.contains(tag);
    if old_tags.iter().filter(same).ne(new_tags.iter().filter(same)) {
        found.push((
            Kind::Changed,
            format!(
                "its versions are in another order, the latest is now {}",
                new_tags.last().map_or("none", String::as_str)
            ),
        ));
    }
    found.extend(fields(old, new).into_iter().map(|text| (Kind::Changed, text)));
    found.into_iter().map(|(kind, text)| Change { recipe: new.name.clone(), kind, text }).collect()
}

fn services(old: &Services, new: &Services) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| match (old.get(name), new.get(name)) {
            (Some(before), Some(after)) if before != after => {
                Some(format!("{name} runs {}:{} instead of {}:{}", after.image, after.tag, before.image, before.tag))
            }
            (Some(before), None) => Some(format!("the service {name} ({}:{}) is gone", before.image, before.tag)),
            (None, Some(after)) => Some(format!("a new service {name} ({}:{})", after.image, after.tag)),
            _ => None,
        })
        .collect()
}

fn fields(old: &RecipeEntry, new: &RecipeEntry) -> Vec<String> {
    let status = (old.features.status.to_string(), new.features.status.to_string());
    let image = |entry: &RecipeEntry| {
        let image = &entry.features.image;
        [&*image.image, &*image.rating, &*image.source, &*image.url].join(", ").trim_matches([',', ' ']).to_owned()
    };
    let images = (image(old), image(new));
    let pairs: [(&str, &str, &str); 13] = [
        ("category", &old.category, &new.category),
        ("default branch", &old.default_branch, &new.default_branch),
        ("description", &old.description, &new.description),
        ("claimed status", &status.0, &status.1),
        ("claimed image", &images.0, &images.1),
        ("claimed backups", &old.features.backups, &new.features.backups),
        ("claimed email", &old.features.email, &new.features.email),
        ("claimed healthcheck", &old.features.healthcheck, &new.features.healthcheck),
        ("claimed tests", &old.features.tests, &new.features.tests),
        ("claimed SSO", &old.features.sso, &new.features.sso),
        ("repository", &old.repository, &new.repository),
        ("website", &old.website, &new.website),
        ("icon", &old.icon, &new.icon),
    ];
    let quoted = |text: &str| if text.is_empty() { "nothing".to_owned() } else { format!("“{text}”") };
    let differing = pairs.into_iter().filter(|(_, before, after)| before != after);
    differing.map(|(what, before, after)| format!("{what}: {} instead of {}", quoted(after), quoted(before))).collect()
}

/// Something that was published and would not be any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The recipe.
    pub recipe: String,
    /// The version; `None` for the recipe as a whole.
    pub version: Option<String>,
    /// What happened to it, and why as far as it is known.
    pub reason: String,
}

impl Loss {
    /// Whether somebody said by name that it may be lost: the recipe, or `recipe@version`.
    pub fn is_allowed(&self, allowed: &[String]) -> bool {
        allowed.iter().any(|name| match name.split_once('@') {
            Some((recipe, version)) => recipe == self.recipe && Some(version) == self.version.as_deref(),
            None => *name == self.recipe,
        })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}@{version}: {}", self.recipe, self.reason),
            None => write!(f, "{}: {}", self.recipe, self.reason),
        }
    }
}

/// What `previous` has and the new catalogue has not: recipes, versions, and versions that name another commit than before.
pub fn losses(previous: &Previous, built: &Built) -> Vec<Loss> {
    let mut lost = Vec::new();
    for (name, old) in &previous.recipes.0 {
        let Some(new) = built.recipes.0.get(name) else {
            lost.push(Loss { recipe: name.clone(), version: None, reason: gone(name, built) });
            continue;
        };
        let entry = built.catalogue.recipes.iter().find(|recipe| recipe.name == *name);
        for version in &old.versions {
            if new.versions.iter().any(|kept| kept.tag() == version.tag()) {
                continue;
            }
            let why = entry.and_then(|entry| entry.left_out.iter().find(|out| out.tag == version.tag()));
            let reason = why.map_or_else(|| "its tag is gone".to_owned(), |out| out.reason.clone());
            lost.push(Loss { recipe: name.clone(), version: Some(version.tag().to_owned()), reason });
        }
    }
    lost.extend(moved(previous, built));
    lost.sort();
    lost
}

/// Versions that name another commit than before.
fn moved(previous: &Previous, built: &Built) -> Vec<Loss> {
    let mut lost = Vec::new();
    for recipe in &built.catalogue.recipes {
        let Some(old) = previous.scored.get(&recipe.name) else { continue };
        for version in &recipe.versions {
            let before =
                old.versions.iter().find(|before| before.version == version.version && !before.commit.is_empty());
            if let Some(before) = before.filter(|before| !version.commit.is_empty() && before.commit != version.commit)
            {
                let reason = format!(
                    "its tag was moved from commit {} to {}: who deploys this version now gets something else than who did before",
                    short(&before.commit),
                    short(&version.commit)
                );
                lost.push(Loss { recipe: recipe.name.clone(), version: Some(version.version.clone()), reason });
            }
        }
    }
    lost
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

fn gone(name: &str, built: &Built) -> String {
    match built.catalogue.not_recipes.iter().find(|not| not.name == *name) {
        Some(not) => format!("its repository is no recipe any more: {}", not.reason),
        None => "no source lists it any more".to_owned(),
    }
}
