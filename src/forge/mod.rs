//! A Forgejo or Gitea forge over its API: repositories of an organisation, pull requests with their comments and statuses, artefacts.

mod artefacts;
mod ask;
mod client;
mod comments;
mod organisation;
mod pulls;

pub use artefacts::{Artefact, LARGEST_ARTEFACT, download};
pub use ask::{ForgeError, Patience};
pub use client::Forge;
pub use comments::{Attachment, Comment};
pub use organisation::Repository;
pub use pulls::{Branch, Pull, State, Status};
