//! Pipelines: where a job runs and what changed, what is known of the base, and the comment on a pull request.
//!
//! The job that tests needs no token. The comment is another job's: it holds a token, and reads what the first one left as a
//! stranger's (design.md §3.6).

mod artefact;
mod base;
mod comment;
mod detect;
pub mod init;
mod narrow;
mod place;
mod store;

pub use artefact::{Artefact, CHANGE, Refused};
pub use base::{LinterSaid, ScenarioOfBase, known, scenario};
pub use comment::{CommentError, Commenter, Done};
pub use detect::{DetectError, detect};
pub use narrow::{Wishes, narrow};
pub use place::{Change, Followed, Place, System};
pub use store::{FetchError, Store};
