//! Publishing: valid by its own schemas, whole or not at all, and never with a loss that nobody allowed.

use std::io;
use std::path::{Path, PathBuf};

use super::build::Built;
use super::change::{Loss, losses};
use super::previous::Previous;
use super::render::{catalogue_json, recipes_json};
use crate::record::schemas;
use crate::run::replace_file;

/// Why a catalogue was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Something that was published before is lost.
    #[error("{}", refusal(.0))]
    Lost(Vec<Loss>),
    /// A file is not valid by its schema, which is a fault of taster.
    #[error(
        "{name}.json is not valid by its own schema, so nothing was published: {why}; this is a fault of taster, please report it"
    )]
    Invalid {
        /// The schema's name.
        name: &'static str,
        /// What is wrong, and where.
        why: String,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {why}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's own error.
        why: io::Error,
    },
}

fn refusal(lost: &[Loss]) -> String {
    let lines: String = lost.iter().map(|loss| format!("\n  {loss}")).collect();
    let names: Vec<String> = lost
        .iter()
        .map(|loss| match &loss.version {
            Some(version) => format!("--allow-loss {}@{version}", loss.recipe),
            None => format!("--allow-loss {}", loss.recipe),
        })
        .collect();
    format!(
        "this catalogue lost what was published before:{lines}\nnothing was published; bring it back, or allow the loss by name: {}",
        names.join(" ")
    )
}

/// Writes both files into a folder.
///
/// # Errors
/// [`PublishError`]: then neither file was changed, unless the system refused between the two.
pub fn publish(folder: &Path, built: &Built, previous: &Previous, allowed: &[String]) -> Result<(), PublishError> {
    let lost: Vec<Loss> = losses(previous, built).into_iter().filter(|loss| !loss.is_allowed(allowed)).collect();
    if !lost.is_empty() {
        return Err(PublishError::Lost(lost));
    }
    validate(built)?;
    let unwritable = |path: &Path| {
        let path = path.to_owned();
        move |why| PublishError::Unwritable { path, why }
    };
    std::fs::create_dir_all(folder).map_err(unwritable(folder))?;
    for (name, text) in
        [("catalogue.json", catalogue_json(&built.catalogue)), ("recipes.json", recipes_json(&built.recipes))]
    {
        let path = folder.join(name);
        replace_file(&path, text.as_bytes()).map_err(unwritable(&path))?;
    }
    Ok(())
}

/// Checks both files by the schemas that are published with them.
///
/// # Errors
/// [`PublishError::Invalid`].
pub fn validate(built: &Built) -> Result<(), PublishError> {
    for (name, text) in [("catalogue", catalogue_json(&built.catalogue)), ("recipes", recipes_json(&built.recipes))] {
        let invalid = |why: String| PublishError::Invalid { name, why };
        let value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        let schema = schemas().into_iter().find(|(known, _)| *known == name).map(|(_, schema)| schema);
        let validator =
            jsonschema::validator_for(&schema.unwrap_or_default()).map_err(|error| invalid(error.to_string()))?;
        if let Some(error) = validator.iter_errors(&value).next() {
            return Err(invalid(format!("{error} at {}", error.instance_path())));
        }
    }
    Ok(())
}
