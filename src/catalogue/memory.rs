//! What was read of a repository, kept by the hashes of what it was read from: nothing is parsed twice.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::read::Outcome;
use super::versions::Deployed;

/// Raised whenever the same repository would be read differently.
const FORMAT: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

/// A folder with a file for each repository; or none, when nothing is to be kept.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    folder: Option<PathBuf>,
}

/// What is kept of one repository.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Remembered {
    format: String,
    /// Of all branches and tags, and of everything else that the outcome depends on.
    pub(super) fingerprint: String,
    /// What came of reading it.
    pub(super) outcome: Option<Outcome>,
    /// What releases deploy, by the hash of their tree.
    pub(super) trees: BTreeMap<String, Deployed>,
}

impl Memory {
    /// Keeps in a folder, which is made when it is first written to.
    pub fn in_folder(folder: &Path) -> Memory {
        Memory { folder: Some(folder.to_owned()) }
    }

    /// Keeps nothing.
    pub fn none() -> Memory {
        Memory::default()
    }

    /// What is known of a source. What cannot be read, or is of another version of taster, is forgotten: it is only a memory.
    pub(super) fn recall(&self, source: &str) -> Remembered {
        let known = self.file(source).and_then(|file| std::fs::read(file).ok());
        let known = known.and_then(|bytes| serde_json::from_slice::<Remembered>(&bytes).ok());
        known.filter(|known| known.format == FORMAT).unwrap_or_default()
    }

    /// Keeps what is known of a source.
    pub(super) fn keep(&self, source: &str, mut known: Remembered) -> io::Result<()> {
        let (Some(file), Some(folder)) = (self.file(source), &self.folder) else { return Ok(()) };
        std::fs::create_dir_all(folder)?;
        FORMAT.clone_into(&mut known.format);
        let mut out = tempfile::NamedTempFile::new_in(folder)?;
        let bytes = serde_json::to_vec(&known).map_err(io::Error::other)?;
        io::Write::write_all(&mut out, &bytes)?;
        out.persist(file)?;
        Ok(())
    }

    fn file(&self, source: &str) -> Option<PathBuf> {
        let name = hex(&Sha256::digest(source.as_bytes())[..16]);
        self.folder.as_ref().map(|folder| folder.join(format!("{name}.json")))
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
