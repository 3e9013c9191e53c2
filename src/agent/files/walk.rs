//! The walk: every file below a root, told, and copied where a copy is wanted.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use rayon::prelude::*;

use super::dir::{Dir, parts, told};
use super::{FileEntry, FileKind, content, meta};

/// A name with what it is.
type Found = (OsString, Metadata);

/// A walk that tells every file to `tell`.
pub(super) struct Walk<'a> {
    tell: &'a mut dyn FnMut(FileEntry) -> io::Result<()>,
    /// Files with several names: device and number, and the first path.
    links: BTreeMap<(u64, u64), String>,
    /// The root of the copy.
    copy: Option<Dir>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tell: &'a mut dyn FnMut(FileEntry) -> io::Result<()>) -> Self {
        Self { tell, links: BTreeMap::new(), copy: None }
    }

    /// Walks through these paths, through everything when there is none. What is not there is left out.
    pub(super) fn selected(&mut self, from: &Dir, to: Option<&Dir>, paths: &[String]) -> io::Result<()> {
        self.copy = to.map(Dir::again).transpose()?;
        if paths.is_empty() {
            return self.folder(from, to, "", &from.names()?);
        }
        for path in paths {
            let mut names = parts(path)?;
            let Some(last) = names.pop() else {
                self.folder(from, to, "", &from.names()?)?;
                continue;
            };
            let (mut from, mut to, mut prefix) = (from.again()?, to.map(Dir::again).transpose()?, String::new());
            let mut is_there = true;
            for name in &names {
                let meta = match std::fs::symlink_metadata(from.at(name)) {
                    Ok(meta) if meta.is_dir() => meta,
                    _ => {
                        is_there = false;
                        break;
                    }
                };
                if let Some(folder) = &mut to {
                    *folder = enter(folder, name, &from.at(name), &meta)?;
                }
                from = from.folder(name)?;
                prefix = below(&prefix, name);
            }
            if is_there && std::fs::symlink_metadata(from.at(&last)).is_ok() {
                self.folder(&from, to.as_ref(), &prefix, &[last])?;
            }
        }
        Ok(())
    }

    /// These names of a folder: files first, then the folders in it.
    fn folder(&mut self, from: &Dir, to: Option<&Dir>, prefix: &str, names: &[OsString]) -> io::Result<()> {
        let (mut files, mut folders, mut others, mut linked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for name in names {
            let meta = match std::fs::symlink_metadata(from.at(name)) {
                Ok(meta) => meta,
                // It was removed meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(told(&error, "look at", Path::new(&below(prefix, name)))),
            };
            match meta::kind(&meta) {
                FileKind::Folder => folders.push((name.clone(), meta)),
                FileKind::File if meta.nlink() > 1 => match self.links.get(&(meta.dev(), meta.ino())) {
                    Some(first) => linked.push(((name.clone(), meta), first.clone())),
                    None => {
                        self.links.insert((meta.dev(), meta.ino()), below(prefix, name));
                        files.push((name.clone(), meta));
                    }
                },
                FileKind::File => files.push((name.clone(), meta)),
                _ => others.push((name.clone(), meta)),
            }
        }
        let done: Vec<io::Result<Option<FileEntry>>> =
            files.par_iter().map(|found| file(from, to, prefix, found)).collect();
        for entry in done {
            if let Some(entry) = entry? {
                (self.tell)(entry)?;
            }
        }
        for (found, first) in linked {
            self.link(from, to, prefix, found, first)?;
        }
        for found in others {
            let at = below(prefix, &found.0);
            let entry = other(from, to, prefix, &found).map_err(|error| told(&error, "copy", Path::new(&at)))?;
            (self.tell)(entry)?;
        }
        for (name, meta) in folders {
            let path = below(prefix, &name);
            let at = from.at(&name);
            (self.tell)(meta::entry(path.clone(), &at, &meta)?)?;
            let inner = match from.folder(&name) {
                Ok(inner) => inner,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(told(&error, "open", Path::new(&path))),
            };
            let into = to.map(|to| enter(to, &name, &at, &meta)).transpose()?;
            self.folder(&inner, into.as_ref(), &path, &inner.names()?)?;
            if into.is_some()
                && let Some(to) = to
            {
                meta::times(&to.at(&name), &meta)?;
            }
        }
        Ok(())
    }

    /// One more name of a file that was met before.
    fn link(&mut self, from: &Dir, to: Option<&Dir>, prefix: &str, found: Found, first: String) -> io::Result<()> {
        let (name, meta) = found;
        let mut entry = meta::entry(below(prefix, &name), &from.at(&name), &meta)?;
        entry.size = meta.size();
        if let (Some(to), Some(copy)) = (to, &self.copy) {
            let linked = copy.parent_of(&first).and_then(|(folder, file)| {
                clear(&to.at(&name))?;
                std::fs::hard_link(folder.at(&file), to.at(&name))
            });
            match linked {
                Ok(()) => {}
                // A name that is no UTF-8 is not found by what it is shown as; its content is what matters most.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    drop(file(from, Some(to), prefix, &(name.clone(), meta))?);
                }
                Err(error) => return Err(told(&error, "link", Path::new(&first))),
            }
        }
        entry.same_as = Some(first);
        (self.tell)(entry)
    }
}

/// A path and a name below it.
fn below(prefix: &str, name: &OsStr) -> String {
    let name = name.to_string_lossy();
    if prefix.is_empty() { name.into_owned() } else { format!("{prefix}/{name}") }
}

/// A regular file; `None` when it was removed meanwhile.
fn file(from: &Dir, to: Option<&Dir>, prefix: &str, (name, meta): &Found) -> io::Result<Option<FileEntry>> {
    let path = below(prefix, name);
    let carry = || {
        let mut reading = match from.read(name) {
            Ok(reading) => reading,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let at = from.at(name);
        let mut entry = meta::entry(path.clone(), &at, meta)?;
        match to {
            None => (entry.size, entry.content) = content::pour(&mut reading, None)?,
            Some(to) => {
                let target = to.at(name);
                // Written in place, so that whoever has it open sees it; a file with other names must not take those with it.
                let is_alone = std::fs::symlink_metadata(&target).is_ok_and(|old| old.is_file() && old.nlink() == 1);
                if !is_alone {
                    clear(&target)?;
                }
                let mut writing = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
                    .open(&target)?;
                (entry.size, entry.content) = content::pour(&mut reading, Some(&mut writing))?;
                drop(writing);
                meta::copy(&at, meta, &target)?;
            }
        }
        Ok(Some(entry))
    };
    carry().map_err(|error| told(&error, if to.is_some() { "copy" } else { "read" }, Path::new(&path)))
}

/// A link, a pipe, or what is told and not copied.
fn other(from: &Dir, to: Option<&Dir>, prefix: &str, (name, meta): &Found) -> io::Result<FileEntry> {
    let at = from.at(name);
    let mut entry = meta::entry(below(prefix, name), &at, meta)?;
    if entry.kind == FileKind::Link {
        let target = std::fs::read_link(&at)?;
        entry.content = target.to_string_lossy().into_owned();
        if let Some(to) = to {
            clear(&to.at(name))?;
            std::os::unix::fs::symlink(&target, to.at(name))?;
            meta::copy(&at, meta, &to.at(name))?;
        }
    } else if let (FileKind::Pipe, Some(to)) = (entry.kind, to) {
        clear(&to.at(name))?;
        nix::unistd::mkfifo(&to.at(name), Mode::from_bits_truncate(0o600))?;
        meta::copy(&at, meta, &to.at(name))?;
    }
    Ok(entry)
}

/// Goes into a folder of the copy, which is made like its original.
fn enter(to: &Dir, name: &OsStr, original: &Path, meta: &Metadata) -> io::Result<Dir> {
    let at = to.at(name);
    if !std::fs::symlink_metadata(&at).is_ok_and(|old| old.is_dir()) {
        clear(&at)?;
        std::fs::create_dir(&at)?;
    }
    meta::copy(original, meta, &at)?;
    to.folder(name)
}

/// Makes room for something else of this name.
fn clear(at: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(at) {
        Ok(old) if old.is_dir() => std::fs::remove_dir_all(at),
        Ok(_) => std::fs::remove_file(at),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
