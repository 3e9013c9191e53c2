//! A real Chromium that opens a recipe's pages as a visitor would. It observes: what a page showed, loaded, said and threw; whether
//! that is well is for the trial to decide.
//!
//! Nothing leaves the machine: the browser knows one way out, a SOCKS listener of ours on the loopback (`gate`), which passes
//! connections for the recipe's own hosts on to the node's ingress and refuses every other one. It trusts the key of the ingress's
//! certificates and, beside that, what the system trusts; checks of certificates are never switched off.

mod find;
mod picture;
mod view;
#[cfg(feature = "browser")]
mod chromium;
#[cfg(feature = "browser")]
mod gate;
#[cfg(feature = "browser")]
mod process;
#[cfg(feature = "browser")]
mod record;
#[cfg(feature = "browser")]
mod tab;
#[cfg(not(feature = "browser"))]
#[path = "without.rs"]
mod chromium;

pub use chromium::Browser;
pub use find::{NAMES, VARIABLE, find};
pub use picture::{PictureError, is_one_colour, redrawn, side_by_side};
pub use view::{ConsoleLine, Load, Patience, Step, StepFailure, View, Visit, holds};

use std::collections::BTreeSet;
use std::path::PathBuf;

/// How to get a Chromium, for whoever has none.
pub const HOW_TO_GET: &str = "Install Chromium (Debian: apt-get install chromium), or name one in TASTER_CHROMIUM.";

/// What a browser is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserOptions {
    /// The program; [`find`] finds one.
    pub program: PathBuf,
    /// A folder for its profile, which is removed with it.
    pub scratch: PathBuf,
    /// The recipe's own hosts, in lower case: all that it reaches.
    pub hosts: BTreeSet<String>,
    /// The pin of the key whose certificates it takes: [`crate::ingress::ca::Ca::key_pin`].
    pub key_pin: String,
}

/// Why the browser does not do its work; never a fault of a page.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is no program.
    #[error("no Chromium was found: {looked}")]
    NotFound {
        /// Where it was looked for.
        looked: String,
    },
    /// This program was built without it.
    #[error("this taster was built without the feature `browser`")]
    NotBuilt,
    /// It does not start.
    #[error("{} does not start: {reason}{}", program.display(), said(stderr))]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        reason: String,
        /// The end of its error output.
        stderr: String,
    },
    /// It is gone, or does not do what it is told.
    #[error("the browser could not {what}: {reason}")]
    Broken {
        /// What it was told.
        what: &'static str,
        /// Why not.
        reason: String,
    },
}

fn said(stderr: &str) -> String {
    let stderr = stderr.trim();
    if stderr.is_empty() { String::new() } else { format!(" (it said: {stderr})") }
}
