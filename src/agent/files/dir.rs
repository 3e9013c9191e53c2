//! A folder that is held open.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use nix::fcntl::OFlag;

/// A folder that is held open: names in it are reached through the handle, so that no part of the way can be swapped for a link.
#[derive(Debug)]
pub(in crate::agent) struct Dir {
    file: File,
    path: PathBuf,
}

impl Dir {
    /// Opens a root. Links on the way to it are followed: the way is ours (`/proc/<pid>/root` is such a link).
    pub(in crate::agent) fn root(path: &Path) -> io::Result<Self> {
        let open = OpenOptions::new().read(true).custom_flags(OFlag::O_DIRECTORY.bits()).open(path);
        open.map(Self::held).map_err(|error| told(&error, "open", path))
    }

    fn held(file: File) -> Self {
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        Self { file, path }
    }

    /// A name in it, for calls that do not follow a link in the last place.
    pub(in crate::agent) fn at(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// The names in it, sorted.
    pub(in crate::agent) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names: Vec<OsString> = std::fs::read_dir(&self.path)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        Ok(names)
    }

    /// A folder in it.
    pub(in crate::agent) fn folder(&self, name: &OsStr) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
        OpenOptions::new().read(true).custom_flags(flags.bits()).open(self.at(name)).map(Self::held)
    }

    /// A regular file in it, for reading.
    pub(in crate::agent) fn read(&self, name: &OsStr) -> io::Result<File> {
        // A pipe would block for ever.
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        OpenOptions::new().read(true).custom_flags(flags.bits()).open(self.at(name))
    }

    /// A regular file in it, for writing.
    pub(in crate::agent) fn write(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        OpenOptions::new().write(true).custom_flags(flags.bits()).open(self.at(name))
    }

    /// The same folder once more.
    pub(in crate::agent) fn again(&self) -> io::Result<Self> {
        self.file.try_clone().map(Self::held)
    }

    /// The folder of a path below this one, and the path's last name.
    pub(in crate::agent) fn parent_of(&self, path: &str) -> io::Result<(Self, OsString)> {
        let mut parts = parts(path)?;
        let name = parts.pop().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path is empty"))?;
        let mut folder = self.again()?;
        for part in parts {
            folder = folder.folder(&part)?;
        }
        Ok((folder, name))
    }
}

/// The names that a path below a root goes through.
pub(super) fn parts(path: &str) -> io::Result<Vec<OsString>> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => parts.push(name.to_owned()),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` leads out of its root")));
            }
        }
    }
    Ok(parts)
}

/// An error with the path at which it happened.
pub(super) fn told(error: &io::Error, what: &str, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} {}: {error}", path.display()))
}
