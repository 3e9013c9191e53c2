//! What a file has beside its content: owner, permissions, times, extended attributes.

use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown};
use std::path::Path;

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use sha2::{Digest, Sha256};

use super::{FileEntry, FileKind};

/// Permission bits with those for set-user, set-group and sticky.
const MODE: u32 = 0o7777;

/// What a file is.
pub(super) fn kind(meta: &Metadata) -> FileKind {
    let kind = meta.file_type();
    if kind.is_file() {
        FileKind::File
    } else if kind.is_dir() {
        FileKind::Folder
    } else if kind.is_symlink() {
        FileKind::Link
    } else if kind.is_fifo() {
        FileKind::Pipe
    } else if kind.is_socket() {
        FileKind::Socket
    } else {
        FileKind::Device
    }
}

/// The line of a manifest, without content yet.
pub(super) fn entry(path: String, at: &Path, meta: &Metadata) -> io::Result<FileEntry> {
    Ok(FileEntry {
        path,
        kind: kind(meta),
        mode: meta.mode() & MODE,
        uid: meta.uid(),
        gid: meta.gid(),
        size: 0,
        xattrs: digest(&attributes(at)?),
        content: String::new(),
        same_as: None,
        changed: meta.mtime(),
    })
}

/// Extended attributes with their values, sorted; none where the file system has none.
pub(super) fn attributes(at: &Path) -> io::Result<Vec<(std::ffi::OsString, Vec<u8>)>> {
    let names = match xattr::list(at) {
        Ok(names) => names,
        Err(error) if lacks_attributes(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for name in names {
        if let Some(value) = xattr::get(at, &name)? {
            found.push((name, value));
        }
    }
    found.sort();
    Ok(found)
}

fn lacks_attributes(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
}

fn digest(attributes: &[(std::ffi::OsString, Vec<u8>)]) -> String {
    if attributes.is_empty() {
        return String::new();
    }
    let mut hash = Sha256::new();
    for (name, value) in attributes {
        for part in [name.as_encoded_bytes(), value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives `to` what `from` has. The order matters: a change of owner takes set-user bits and capabilities away.
pub(super) fn copy(from: &Path, meta: &Metadata, to: &Path) -> io::Result<()> {
    lchown(to, Some(meta.uid()), Some(meta.gid()))?;
    let wanted = attributes(from)?;
    for (name, _) in attributes(to)?.iter().filter(|(name, _)| !wanted.iter().any(|(wanted, _)| wanted == name)) {
        xattr::remove(to, name)?;
    }
    for (name, value) in wanted {
        xattr::set(to, &name, &value)?;
    }
    if kind(meta) != FileKind::Link {
        std::fs::set_permissions(to, Permissions::from_mode(meta.mode() & MODE))?;
    }
    times(to, meta)
}

/// The times of a file or folder. Those of a folder change with every name in it, so they come last.
pub(super) fn times(to: &Path, meta: &Metadata) -> io::Result<()> {
    let read = TimeSpec::new(meta.atime(), meta.atime_nsec());
    let written = TimeSpec::new(meta.mtime(), meta.mtime_nsec());
    Ok(utimensat(AT_FDCWD, to, &read, &written, UtimensatFlags::NoFollowSymlink)?)
}
