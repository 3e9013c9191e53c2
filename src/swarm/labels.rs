//! The labels by which taster knows what is its own (design.md §3.7).

use std::collections::HashMap;
use std::path::PathBuf;

/// The run that made an object.
pub const RUN: &str = "taster.run";
/// The lock domain of the process that made it (`run::lock_domain`).
pub const DOMAIN: &str = "taster.domain";
/// What the object is to taster: `node`, …
pub const ROLE: &str = "taster.role";
/// An image from which nodes are made; its value is what it was made from.
pub const NODE_IMAGE: &str = "taster.node-image";

/// Who makes an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The run's identifier.
    pub run: String,
    /// The run's lock domain.
    pub domain: String,
    /// A folder for sockets, gone with the run.
    pub scratch: PathBuf,
}

impl Owner {
    /// The labels of an object with the role `role`.
    pub fn labels(&self, role: &str) -> HashMap<String, String> {
        [(RUN, self.run.as_str()), (DOMAIN, &self.domain), (ROLE, role)]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }
}
