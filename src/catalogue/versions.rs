//! What a release deploys: the images of its services, from its own tree.

use serde::{Deserialize, Serialize};

use super::image::service_image;
use crate::compose::project::Project;
use crate::lint::{Broken, Facts};
use crate::recipe::{Error, History, Recipe};
use crate::record::Services;

/// What is in a release's tree. It depends on nothing else, so that it is remembered by the tree's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Deployed {
    /// It loads.
    Services {
        /// The images by service.
        services: Services,
        /// What was odd.
        warnings: Vec<String>,
    },
    /// It does not, for this reason.
    Refused(String),
}

/// Reads what a commit deploys: all compose files of the root merged, as abra does it (recipe-format.md §3 and §4 [M]); where these
/// do not load together, what the sample chooses.
pub(super) fn deployed(history: &History, name: &str, commit: &str) -> Result<Deployed, Error> {
    // Few files decide nearly always; one that names others (`env_file`, a link) is read whole.
    if let Some(recipe) = history.deployed_at(name, commit)?
        && let Ok(facts) = merged(recipe)
        && let Some(set) = facts.sets.first()
    {
        return Ok(services(set.project(), Vec::new()));
    }
    let recipe = history.all_at(name, commit)?;
    let refused = match merged(recipe.clone()) {
        Ok(facts) => match (facts.sets.first(), facts.broken.first()) {
            (Some(set), _) => return Ok(services(set.project(), Vec::new())),
            (None, broken) => {
                broken.map_or_else(|| "there is no compose file in its root".to_owned(), |broken| why(&broken.why))
            }
        },
        Err(reason) => return Ok(Deployed::Refused(reason)),
    };
    match Facts::of(recipe, None, false).sampled() {
        Some(set) => {
            let warning =
                format!("its compose files do not load together, so only `{}` was read ({refused})", set.name);
            Ok(services(set.project(), vec![warning]))
        }
        None => Ok(Deployed::Refused(refused)),
    }
}

/// All compose files of the root as one set.
fn merged(recipe: Recipe) -> Result<Facts, String> {
    let facts = Facts::of(recipe, None, true);
    if facts.root_compose_files().is_empty() {
        Err("there is no compose file in its root".to_owned())
    } else {
        Ok(facts)
    }
}

fn why(broken: &Broken) -> String {
    match broken {
        Broken::Missing { error, .. } => error.to_string(),
        Broken::Refused(error) => error.to_string(),
    }
}

fn services(project: &Project, mut warnings: Vec<String>) -> Deployed {
    let mut services = Services::new();
    for (name, service) in &project.services {
        match service_image(&service.image) {
            Some(image) => {
                services.insert(name.clone(), image);
            }
            None => warnings.push(format!(
                "the service `{name}` is left out: its image `{}` has no tag, so nobody can tell what it runs",
                service.image
            )),
        }
    }
    Deployed::Services { services, warnings }
}
