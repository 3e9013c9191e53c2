//! A recipe at a revision: its files, `.env` grammar, `abra.sh`, README metadata, versions and release notes.
//!
//! A recipe is read once, from a work tree or from a commit without a checkout, into a [`Tree`] that the run owns; everything else
//! here is a view of that tree. Real recipes are irregular in many ways (recipe-format.md §1): each is survived, and kept
//! as an [`Irregularity`] with its place. Nothing of a recipe is ever executed.

mod abra_sh;
mod beginning;
mod env;
mod environment;
mod error;
mod git;
mod history;
mod load;
mod model;
mod readme;
mod release;
pub mod secret;
mod tree;
mod version;
mod worktree;

pub use abra_sh::{AbraSh, Function, Variable};
pub use beginning::Beginning;
pub use env::{Comment, Entry, EnvFile, Modifier, Quoting, compose_files};
pub use environment::{STACK_NAME_LIMIT, stack_name};
pub use error::Error;
pub use history::{Branch, History};
pub(crate) use load::is_compose_file;
pub use model::{Candidate, Irregularity, Origin, Problem, Recipe};
pub use readme::{Field, Image, Metadata, Readme};
pub use release::{OtherTag, Release, ReleaseNote, ReleaseNotes};
pub use tree::{Limits, LookupError, Mode, Refusal, Tree, TreeBuilder, TreeFile};
pub use version::{Version, VersionError, natural_order};
