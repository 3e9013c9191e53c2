//! Files of volumes and containers: described, copied and written back in the node, where they are.
//!
//! One walk does all of it. It never follows a link: a folder is held open, and names in it are reached through that handle, so what a
//! hostile app swaps meanwhile leads nowhere else. Contents stream through a small buffer; only the list of files is in memory.

mod content;
mod dir;
mod export;
mod meta;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::mux::Channel;
use super::protocol::{Reply, send};
use walk::Walk;

/// Where copies are kept in the node: on the file system of its engine, so that they go with the node.
const STORE: &str = "/var/lib/docker/taster-backup";

/// So many entries go into one message.
const PART: usize = 500;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A socket: never copied, it belongs to the process that made it.
    Socket,
    /// A device: described, not copied.
    Device,
}

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// From the root, without a slash in front; a name that is no UTF-8 is shown with replacement characters.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes of a regular file; 0 for the others.
    pub size: u64,
    /// Extended attributes, ACLs among them, as one SHA-256; empty when there are none.
    pub xattrs: String,
    /// SHA-256 of a regular file's content in hexadecimal, or a link's target.
    pub content: String,
    /// The first path of the same file (a hard link).
    pub same_as: Option<String>,
    /// When its content last changed, in seconds since 1970. Not compared: copies keep it, apps may not.
    pub changed: i64,
}

impl FileEntry {
    /// Everything that a restore must bring back is the same.
    pub fn equals(&self, other: &Self) -> bool {
        let facts = |entry: &Self| (entry.kind, entry.mode, entry.uid, entry.gid, entry.size);
        facts(self) == facts(other)
            && self.xattrs == other.xattrs
            && self.content == other.content
            && self.same_as == other.same_as
    }
}

/// What to do with files. A root is an absolute path as the node sees it, and paths lie below it; an empty list is everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FilesRequest {
    /// Tell every file.
    Describe {
        /// Where.
        root: String,
        /// Which.
        paths: Vec<String>,
    },
    /// Copy them into the node's store, and tell every file. What is not there is no error.
    Save {
        /// Where.
        root: String,
        /// Which.
        paths: Vec<String>,
        /// The name of the copy.
        store: String,
    },
    /// Write a copy back, over what is there; what the copy does not hold stays. Files are written in place, as restic does.
    Load {
        /// The name of the copy.
        store: String,
        /// Where to.
        root: String,
        /// The copy is of everything: the root itself gets the owner and the rights that it had.
        whole: bool,
    },
    /// Forget a copy; one that is not there is no error.
    Forget {
        /// The name of the copy.
        store: String,
    },
    /// Write a small file.
    Plant {
        /// Where.
        root: String,
        /// Its path.
        path: String,
        /// Its content.
        text: String,
    },
    /// Cut files in half, as a backup that broke off would leave them; one that is not there is no error.
    Halve {
        /// Where.
        root: String,
        /// Which regular files.
        paths: Vec<String>,
    },
    /// Remove a file or an empty folder; one that is not there is no error.
    Remove {
        /// Where.
        root: String,
        /// Its path.
        path: String,
    },
}

/// What a request about files has come to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Part {
    /// Some more files.
    Entries(Vec<FileEntry>),
    /// That was all.
    Done,
    /// It could not go on.
    Failed(String),
}

/// Serves a request about files: parts until the last one.
pub(super) async fn answer(mut channel: Channel, request: FilesRequest) -> io::Result<()> {
    send(&mut channel, &Reply::Ok(())).await?;
    let (sender, mut parts) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let last = match perform(request, &sender) {
            Ok(()) => Part::Done,
            Err(error) => Part::Failed(error.to_string()),
        };
        // A driver that has gone away needs no answer.
        let _ = sender.blocking_send(last);
    });
    while let Some(part) = parts.recv().await {
        send(&mut channel, &part).await?;
    }
    channel.shutdown().await
}

fn perform(request: FilesRequest, sender: &mpsc::Sender<Part>) -> io::Result<()> {
    let mut waiting = Vec::new();
    let mut tell = |entry: FileEntry| {
        waiting.push(entry);
        if waiting.len() < PART {
            return Ok(());
        }
        flush(sender, &mut waiting)
    };
    match request {
        FilesRequest::Describe { root, paths } => {
            let root = dir::Dir::root(Path::new(&root))?;
            Walk::new(&mut tell).selected(&root, None, &paths)?;
        }
        FilesRequest::Save { root, paths, store } => {
            let (from, to) = (dir::Dir::root(Path::new(&root))?, store_of(&store)?);
            Walk::new(&mut tell).selected(&from, Some(&to), &paths)?;
            if paths.is_empty() {
                like(&from, &to)?;
            }
        }
        FilesRequest::Load { store, root, whole } => {
            // A copy that is not there must not look like an empty one.
            let (from, to) = (dir::Dir::root(&store_path(&store)?)?, dir::Dir::root(Path::new(&root))?);
            Walk::new(&mut tell).selected(&from, Some(&to), &[])?;
            if whole {
                like(&from, &to)?;
            }
        }
        FilesRequest::Forget { store } => match std::fs::remove_dir_all(store_path(&store)?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        },
        FilesRequest::Plant { root, path, text } => {
            let (folder, name) = dir::Dir::root(Path::new(&root))?.parent_of(&path)?;
            std::fs::write(folder.at(&name), text)?;
        }
        FilesRequest::Halve { root, paths } => {
            let root = dir::Dir::root(Path::new(&root))?;
            for path in paths {
                let opened = root.parent_of(&path).and_then(|(folder, name)| folder.write(&name));
                match opened.and_then(|file| file.set_len(file.metadata()?.len() / 2)) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other?,
                }
            }
        }
        FilesRequest::Remove { root, path } => {
            let (folder, name) = dir::Dir::root(Path::new(&root))?.parent_of(&path)?;
            match std::fs::remove_file(folder.at(&name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
    }
    flush(sender, &mut waiting)
}

fn flush(sender: &mpsc::Sender<Part>, waiting: &mut Vec<FileEntry>) -> io::Result<()> {
    let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the driver has gone away");
    sender.blocking_send(Part::Entries(std::mem::take(waiting))).map_err(gone)
}

/// The folder of a copy; made when it is not there.
fn store_of(name: &str) -> io::Result<dir::Dir> {
    let path = store_path(name)?;
    std::fs::create_dir_all(&path)?;
    dir::Dir::root(&path)
}

fn store_path(name: &str) -> io::Result<PathBuf> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{name}` is no name of a copy")));
    }
    Ok(Path::new(STORE).join(name))
}

/// Gives a root the owner, the rights, the attributes and the times of another.
fn like(from: &dir::Dir, to: &dir::Dir) -> io::Result<()> {
    let here = std::ffi::OsStr::new(".");
    let meta = std::fs::metadata(from.at(here))?;
    meta::copy(&from.at(here), &meta, &to.at(here))
}

pub(super) use dir::Dir;
pub(super) use export::{Exports, answer as export, pack};

#[cfg(test)]
mod tests;
