//! Writing fixes into a work tree: contents only; modes, owners and everything else of a file stay.

use std::fs;
use std::path::{Path, PathBuf};

use super::fix::{Fixed, FixedFile};

/// Why a fix could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file is not what was judged any more.
    #[error("{} was changed meanwhile, so nothing was fixed in it; run it again", .0.display())]
    Changed(PathBuf),
    /// The system refused.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Fixed {
    /// Writes the fixed files into the work tree that was judged.
    ///
    /// # Errors
    /// The first file that could not be written, or that is not what it was when it was judged.
    pub fn write_to(&self, root: &Path) -> Result<(), WriteError> {
        for (name, FixedFile { before, after }) in &self.files {
            let path = root.join(name);
            let io = |source| WriteError::Io { path: path.clone(), source };
            match before {
                // A link would lead the writing elsewhere.
                Some(before) => {
                    let plain = path.symlink_metadata().map_err(io)?.is_file();
                    if !plain || fs::read(&path).map_err(io)? != **before {
                        return Err(WriteError::Changed(path));
                    }
                    fs::write(&path, after).map_err(io)?;
                }
                None => {
                    if let Some(folder) = path.parent() {
                        fs::create_dir_all(folder).map_err(io)?;
                    }
                    let mut file = fs::File::create_new(&path).map_err(io)?;
                    std::io::Write::write_all(&mut file, after).map_err(io)?;
                }
            }
        }
        Ok(())
    }
}
