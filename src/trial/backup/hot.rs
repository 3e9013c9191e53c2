//! Files of a running database that are copied without a word to it (lesson 18).

use super::database::Database;
use super::manifest::takes;
use crate::compose::backup::{Backup, Selected, volumes as mounts};
use crate::compose::project::Project;
use crate::record::Evidence;

/// The databases whose files are in the backup though no hook before it dumps or holds them. Such a copy can be whole, by luck: nothing but a
/// backup while it is written to tells (`--full`).
pub(super) fn copied(project: &Project, labels: &Backup, databases: &[Database]) -> Vec<Evidence> {
    let mut found = Vec::new();
    for (key, selected) in labels.volumes.iter().filter(|(_, selected)| **selected != Selected::Nothing) {
        let mut holders = project.services().filter(|(_, service)| mounts(service).any(|mount| mount.source == *key));
        let is_told =
            holders.any(|(name, _)| labels.hooks.get(name).is_some_and(|hooks| hooks.before_backup.is_some()));
        if is_told {
            continue;
        }
        for database in databases.iter().filter(|database| database.lies_in(project, key)) {
            // A server's files are everywhere in its volume; SQLite's are known by name.
            let is_copied = match database.owns_volume() {
                true => *selected == Selected::Whole,
                false => database.files().iter().any(|file| takes(selected, file)),
            };
            if is_copied {
                let text = format!(
                    "{}: its files in {key} are copied while it runs, and no hook before the backup dumps it: what comes back may be torn",
                    database.name()
                );
                found.push(Evidence::text("finding", text));
            }
        }
    }
    found
}
