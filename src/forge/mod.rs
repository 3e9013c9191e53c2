//! A Forgejo or Gitea forge over its API: which repositories an organisation has.

mod ask;
mod organisation;

pub use ask::{ForgeError, Patience};
pub use organisation::{Forge, Repository};
