//! What was published, again from the raw history.

use super::build::{as_of, scored};
use super::runs::Runs;
use super::trusted::Trusted;
use crate::record::Catalogue;

/// A published catalogue with everything that comes from runs computed anew from the history alone. What was read from repositories, and
/// where run folders lie, stays as it was published.
pub fn recompute(published: &Catalogue, trusted: &Trusted) -> Catalogue {
    let runs = Runs::default().with_history(trusted.clone());
    let mut catalogue = published.clone();
    for entry in &mut catalogue.recipes {
        scored(entry, &runs);
    }
    catalogue.as_of = as_of(&catalogue.recipes);
    catalogue
}
