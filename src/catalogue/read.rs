//! Reading one repository: whether it is a recipe, its releases, what its README claims, what the linter says.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::memory::{Memory, Remembered};
use super::versions::{Deployed, deployed};
use crate::lint::{self, Outside, Target};
use crate::mirror::{Place, without_credentials};
use crate::recipe::{Error, History, Recipe, Release};
use crate::record::{
    CatalogueRecipe, CatalogueVersion, Features, ImageFeature, LeftOut, LintFinding, LintSummary, RecipeFindings,
    RepositoryLinks, Trouble, TroubleClass,
};

/// How repositories are read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Lint each recipe by these options; `None`: no summary.
    pub lint: Option<lint::Options>,
    /// What the options of the linter come from, so that another `taster.toml` forgets what was remembered.
    pub policy: String,
    /// Where results are kept.
    pub memory: Memory,
}

/// What a repository is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// A recipe; nothing of a forge or a run is in the entry yet.
    Recipe(Box<CatalogueRecipe>),
    /// None, for this reason.
    NotARecipe {
        /// Its name.
        name: String,
        /// Why it is none.
        reason: String,
        /// Nothing has ever been committed to it.
        empty: bool,
    },
}

/// What came of one repository.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Where it came from.
    pub place: Place,
    /// What it is, or was when it could be read last (then there is trouble too); `None` when nobody knows.
    pub outcome: Option<Outcome>,
    /// Why it could not be read, or not freshly.
    pub trouble: Option<Trouble>,
}

/// Reads repositories in parallel, in the order in which they are given. Trouble with one stops no other. `done` is called with the
/// name of each when it is read.
pub fn read_all(places: Vec<Place>, options: &ReadOptions, done: &(dyn Fn(&str) + Sync)) -> Vec<Reading> {
    let one = |place: Place| {
        let reading = read(place, options);
        done(&reading.place.name);
        reading
    };
    places.into_par_iter().map(one).collect()
}

fn read(place: Place, options: &ReadOptions) -> Reading {
    let mut known = options.memory.recall(&place.source);
    let last_good = known.outcome.clone();
    let read = match &place.path {
        None => Err(None),
        Some(path) => fresh(&place, path, options, &mut known).map_err(Some),
    };
    match read {
        Ok((outcome, changed)) => {
            let mut trouble = place.trouble.clone();
            if changed {
                known.outcome = Some(outcome.clone());
                // What is not kept is read again the next time.
                let _ = options.memory.keep(&place.source, known);
            }
            if let (Outcome::NotARecipe { empty: true, .. }, Some(Outcome::Recipe(_))) = (&outcome, &last_good) {
                let reason = "it was a recipe, and nothing is in it any more".to_owned();
                trouble = trouble.or(Some(Trouble { class: TroubleClass::Empty, reason }));
                return Reading { place, outcome: last_good, trouble };
            }
            Reading { place, outcome: Some(outcome), trouble }
        }
        Err(error) => {
            let trouble = place.trouble.clone().or(error).unwrap_or_else(|| Trouble {
                class: TroubleClass::NotFound,
                reason: format!("there is nothing to read of {}", place.source),
            });
            Reading { place, outcome: last_good, trouble: Some(trouble) }
        }
    }
}

/// Reads a repository, or takes what is known of it when nothing changed; tells whether anything is new.
fn fresh(
    place: &Place,
    path: &Path,
    options: &ReadOptions,
    known: &mut Remembered,
) -> Result<(Outcome, bool), Trouble> {
    let trouble = |error: Error| trouble_of(&error);
    let refs = match History::fingerprint(path) {
        Err(Error::NotARepository { .. }) => {
            let reason = "it is no git repository, so it has no releases".to_owned();
            return Ok((Outcome::NotARecipe { name: place.name.clone(), reason, empty: false }, false));
        }
        refs => refs.map_err(trouble)?,
    };
    let lint = if options.lint.is_some() { "lint" } else { "" };
    let fingerprint = format!("{refs} {} {lint} {}", place.name, options.policy);
    if known.fingerprint == fingerprint
        && let Some(outcome) = &known.outcome
    {
        return Ok((outcome.clone(), false));
    }
    let history = History::open(path).map_err(trouble)?;
    let outcome = outcome(place, path, &history, options, &mut known.trees)?;
    known.fingerprint = fingerprint;
    Ok((outcome, true))
}

fn outcome(
    place: &Place,
    path: &Path,
    history: &History,
    options: &ReadOptions,
    trees: &mut BTreeMap<String, Deployed>,
) -> Result<Outcome, Trouble> {
    let trouble = |error: Error| trouble_of(&error);
    let not = |reason: String, empty| Outcome::NotARecipe { name: place.name.clone(), reason, empty };
    let branch = history.default_branch().map_err(trouble)?;
    let Some(commit) = &branch.commit else {
        if branch.other_refs {
            let reason = format!(
                "its default branch `{}` is not there, though it has other branches or tags; set the default branch at its forge",
                branch.name
            );
            return Err(Trouble { class: TroubleClass::NoBranch, reason });
        }
        return Ok(not("nothing has been committed to it".to_owned(), true));
    };
    let mut recipe = history.all_at(&place.name, commit).map_err(trouble)?;
    match history.check(&recipe, &branch.name) {
        Ok(()) => {}
        Err(Error::NotARecipe { missing, .. }) => {
            return Ok(not(format!("its branch `{}` has no {missing}", branch.name), false));
        }
        Err(error) => return Err(trouble_of(&error)),
    }
    if place.local {
        recipe.name = history.name(&recipe);
    }
    let mut entry = entry(&recipe, commit);
    entry.committed_at = history.committed_at(commit).map_err(trouble)?.map(|at| at.to_string());
    let origin = history.origin_url().filter(|_| place.local).map(|url| without_credentials(&url));
    entry.repository = links(origin, branch.name);
    releases(history, &recipe, &mut entry, trees).map_err(trouble)?;
    if let Some(lint) = &options.lint {
        entry.lint = Some(linted(place, path, commit, &entry, lint));
    }
    Ok(Outcome::Recipe(Box::new(entry)))
}

/// What the files of the default branch tell.
fn entry(recipe: &Recipe, commit: &str) -> CatalogueRecipe {
    let readme = recipe.readme.clone().unwrap_or_default();
    let metadata = readme.metadata.unwrap_or_default();
    let image = metadata.image();
    let value = |name: &str| metadata.value(name).to_owned();
    let licence = |path: &&str| {
        let name = path.to_ascii_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"].iter().any(|word| name.starts_with(word))
    };
    CatalogueRecipe {
        name: recipe.name.clone(),
        category: value("Category"),
        description: readme.description.unwrap_or_default(),
        licence_file: recipe.tree.root_entries().map(|(path, _)| path).find(licence).map(ToOwned::to_owned),
        maintainers: metadata.maintainer().map(ToOwned::to_owned).into_iter().collect(),
        upstream: image.as_ref().map(|image| image.url.clone()).filter(|url| !url.is_empty()),
        commit: commit.to_owned(),
        features: Features {
            backups: value("Backups"),
            email: value("Email"),
            healthcheck: value("Healthcheck"),
            image: image
                .map(|image| ImageFeature {
                    image: image.name,
                    rating: image.rating,
                    source: image.source,
                    url: image.url,
                })
                .unwrap_or_default(),
            status: metadata.status(),
            tests: value("Tests"),
            sso: value("SSO"),
        },
        ..CatalogueRecipe::default()
    }
}

fn links(origin: Option<String>, default_branch: String) -> RepositoryLinks {
    let origin = origin.unwrap_or_default();
    let over_ssh = origin.starts_with("ssh://") || (origin.contains('@') && !origin.contains("://"));
    let (url, ssh_url) = if over_ssh { (String::new(), origin) } else { (origin, String::new()) };
    RepositoryLinks { url, ssh_url, default_branch }
}

/// Reads what each release deploys; those of an unchanged tree are remembered.
fn releases(
    history: &History,
    recipe: &Recipe,
    entry: &mut CatalogueRecipe,
    trees: &mut BTreeMap<String, Deployed>,
) -> Result<(), Error> {
    let mut known = BTreeMap::new();
    for release in &history.releases {
        let tree = history.tree_of(&release.commit)?;
        let found = match known.get(&tree).or_else(|| trees.get(&tree)) {
            Some(found) => Deployed::clone(found),
            None => deployed(history, &recipe.name, &release.commit)?,
        };
        match found.clone() {
            Deployed::Services { services, warnings } => {
                let mut version = version(recipe, release);
                (version.services, version.warnings) = (services, warnings);
                if !release.annotated {
                    version.warnings.push("the tag is lightweight; a release needs an annotated one".to_owned());
                }
                entry.versions.push(version);
            }
            Deployed::Refused(reason) => {
                entry
                    .left_out
                    .push(LeftOut { tag: release.tag.clone(), reason: format!("it does not load: {reason}") });
            }
        }
        known.insert(tree, found);
    }
    *trees = known;
    for tag in &history.other_tags {
        let reason = format!("it is not a recipe version: {}", tag.why);
        entry.left_out.push(LeftOut { tag: tag.name.clone(), reason });
    }
    let told = |tag: &str| {
        history.releases.iter().any(|release| release.tag == tag) || entry.left_out.iter().any(|out| out.tag == tag)
    };
    let odd = history.irregularities.iter();
    let odd = odd.filter(|odd| !odd.path.strip_prefix("refs/tags/").is_some_and(told));
    entry.warnings = odd.map(ToString::to_string).collect();
    Ok(())
}

fn version(recipe: &Recipe, release: &Release) -> CatalogueVersion {
    CatalogueVersion {
        version: release.tag.clone(),
        commit: release.commit.clone(),
        tagged_at: release.tagged_at.map(|at| at.to_string()),
        annotated: release.annotated,
        release_notes: recipe.release_notes.of(&release.version).map(|note| note.text.clone()),
        ..CatalogueVersion::default()
    }
}

fn linted(place: &Place, path: &Path, commit: &str, entry: &CatalogueRecipe, options: &lint::Options) -> LintSummary {
    let organisation = Some(place.about.organisation.clone()).filter(|organisation| !organisation.is_empty());
    let catalogue = Some(entry.versions.iter().map(|version| version.version.clone()).collect());
    let outside = Outside { organisation, catalogue, ..Outside::default() };
    let target = Target { path: path.to_owned(), revision: Some(commit.to_owned()) };
    let RecipeFindings { counts, findings, .. } = lint::lint(&target, outside, options).report;
    let short = |finding: crate::record::Finding| LintFinding {
        rule: finding.rule,
        name: finding.name,
        level: finding.level,
        message: finding.message,
        place: finding.places.into_iter().next(),
    };
    LintSummary { counts, findings: findings.into_iter().map(short).collect() }
}

fn trouble_of(error: &Error) -> Trouble {
    let class = match error {
        Error::NoSuchPath { .. } | Error::NotARepository { .. } | Error::NoSuchRevision { .. } => {
            TroubleClass::NotFound
        }
        Error::Unreadable { .. } | Error::Unwritable { .. } => TroubleClass::Machine,
        _ => TroubleClass::Corrupt,
    };
    Trouble { class, reason: error.to_string() }
}
