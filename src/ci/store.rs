//! Where artefacts are fetched from: the forge, a folder, or an address.

use std::path::{Path, PathBuf};

use super::artefact::{Artefact, Refused};
use crate::forge::{Forge, ForgeError, LARGEST_ARTEFACT, download};
use crate::run::RunId;

/// Where artefacts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// The forge's own artefacts, by the name `taster-<commit>`.
    Forge,
    /// A folder with a folder of runs for each commit, or `<commit>.zip`.
    Folder(PathBuf),
    /// An address below which `<commit>.zip` is.
    Address(String),
}

/// An artefact that was found.
pub struct Found {
    /// What tells it from others of the same commit: letters, digits, `-` and `.`.
    pub source: String,
    /// What the forge itself says about where it comes from; `None` for a store, which somebody chose to believe.
    pub origin: Option<Result<(), Refused>>,
    /// How it is opened.
    pub place: Source,
}

/// How an artefact is opened.
pub enum Source {
    /// By the forge's identifier.
    Forge(u64),
    /// A folder of a run.
    Folder(PathBuf),
    /// An archive.
    Archive(PathBuf),
    /// Its bytes.
    Bytes(Vec<u8>),
}

/// Why an artefact could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The forge does not give it.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The forge is too old.
    #[error(
        "the forge has no artefacts in its API (Forgejo has them from 16 on, Gitea from 1.25 on): let jobs copy runs to a store (`taster ci --store`), and name it with --store"
    )]
    NoArtefacts,
    /// It counts for nothing.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Store {
    /// From the command line: an address, or a folder.
    pub fn parse(text: &str) -> Self {
        if text.starts_with("https://") || text.starts_with("http://") {
            Self::Address(text.trim_end_matches('/').to_owned())
        } else {
            Self::Folder(PathBuf::from(text))
        }
    }

    /// The newest artefact for a commit; `None` when there is none yet.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn find(&self, forge: &Forge, repository: &str, commit: &str) -> Result<Option<Found>, FetchError> {
        match self {
            Self::Forge => in_forge(forge, repository, commit),
            Self::Folder(folder) => Ok(in_folder(folder, commit)),
            Self::Address(address) => {
                let bytes = download(&format!("{address}/{commit}.zip"), LARGEST_ARTEFACT)?;
                Ok(bytes.map(|bytes| Found {
                    source: format!("{commit}-{}", bytes.len()),
                    origin: None,
                    place: Source::Bytes(bytes),
                }))
            }
        }
    }
}

impl Source {
    /// Opens the artefact.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn open(self, forge: &Forge, repository: &str) -> Result<Artefact, FetchError> {
        let bytes = match self {
            Self::Folder(path) => return Ok(Artefact::folder(&path)),
            Self::Forge(id) => match forge.artefact(repository, id) {
                Err(ForgeError::TooLarge { most, .. }) => {
                    return Err(Refused::TooMuch { what: "the artefact", most: format!("{most} bytes") }.into());
                }
                bytes => bytes?,
            },
            Self::Bytes(bytes) => bytes,
            Self::Archive(path) => {
                let failed = |error: std::io::Error| Refused::Store(error.to_string());
                let size = std::fs::metadata(&path).map_err(failed)?.len();
                if size > LARGEST_ARTEFACT {
                    let most = format!("{LARGEST_ARTEFACT} bytes");
                    return Err(Refused::TooMuch { what: "the artefact", most }.into());
                }
                std::fs::read(&path).map_err(failed)?
            }
        };
        Ok(Artefact::archive(bytes)?)
    }
}

fn in_forge(forge: &Forge, repository: &str, commit: &str) -> Result<Option<Found>, FetchError> {
    let listed = match forge.artefacts(repository, &format!("taster-{commit}")) {
        Err(ForgeError::NotFound { .. }) => return Err(FetchError::NoArtefacts),
        listed => listed?,
    };
    // Any job of the repository may give its artefact this name: the newest of the right commit counts, and one of another is told only
    // where there is no better.
    let own = |commit: &str| listed.iter().find(|one| one.commit.as_deref() == Some(commit));
    let Some(chosen) = own(commit).or(listed.first()) else { return Ok(None) };
    let origin = match &chosen.commit {
        Some(found) if found == commit => Ok(()),
        found => Err(Refused::Origin {
            found: found.as_ref().map_or("an unknown commit".to_owned(), |found| found.chars().take(64).collect()),
            wanted: commit.to_owned(),
        }),
    };
    Ok(Some(Found { source: chosen.id.to_string(), origin: Some(origin), place: Source::Forge(chosen.id) }))
}

fn in_folder(folder: &Path, commit: &str) -> Option<Found> {
    let runs = std::fs::read_dir(folder.join(commit)).into_iter().flatten().flatten();
    let names = runs.filter_map(|entry| entry.file_name().into_string().ok());
    // Identifiers begin with their time.
    if let Some(run) = names.filter(|name| RunId::began(name).is_some()).max() {
        let place = Source::Folder(folder.join(commit).join(&run));
        return Some(Found { source: run, origin: None, place });
    }
    let archive = folder.join(format!("{commit}.zip"));
    let size = std::fs::metadata(&archive).ok().filter(std::fs::Metadata::is_file)?.len();
    Some(Found { source: format!("{commit}-{size}"), origin: None, place: Source::Archive(archive) })
}
