//! A repository at hand: where it lies on this machine, and what is known of it from elsewhere.

use std::path::PathBuf;

use crate::record::Trouble;

/// A repository to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name: the last part of its address, or the folder's name.
    pub name: String,
    /// Where it came from, as messages show it: an address without credentials, or a path.
    pub source: String,
    /// The git repository on this machine; `None` when there is none to read.
    pub path: Option<PathBuf>,
    /// It lies in a folder of somebody's, so its own name may be better known to its files.
    pub local: bool,
    /// What is known about it from elsewhere.
    pub about: About,
    /// Why it is not, or not freshly, at hand.
    pub trouble: Option<Trouble>,
    /// What its remote changed that nobody should change: tags that name another commit than before.
    pub moved: Vec<String>,
    /// Whether the fetch brought anything; `None` when nothing was fetched.
    pub renewed: Option<bool>,
}

/// What a forge tells about a repository; empty where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The address for `git clone`.
    pub url: String,
    /// The same over ssh.
    pub ssh_url: String,
    /// The default branch.
    pub default_branch: String,
    /// One line.
    pub description: String,
    /// What it is tagged with.
    pub tags: Vec<String>,
    /// The app's own site.
    pub website: String,
    /// The address of a picture.
    pub icon: String,
    /// The organisation that holds it, `https://git.example.coop/recipes`.
    pub organisation: String,
}
