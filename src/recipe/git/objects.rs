//! Commits, trees and blobs: bounded, and checked against their names.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use gix::ObjectId;
use gix::bstr::ByteSlice as _;
use gix::objs::{Kind, tree::EntryKind};

use super::Repository;
use crate::recipe::tree::{Limits, Mode, Refusal, Tree, TreeBuilder};
use crate::recipe::{Error, Irregularity};

/// A directory object larger than this is not a recipe's: it would hold some hundred thousand names.
const LARGEST_DIRECTORY: u64 = 8 << 20;

/// What a commit holds, by path: names and hashes, no content.
#[derive(Debug, Default)]
pub(in crate::recipe) struct Listing {
    files: BTreeMap<String, (Mode, ObjectId)>,
    submodules: BTreeSet<String>,
    /// The commit holds more than the limits allow, so the listing is not complete.
    pub(in crate::recipe) cut_short: bool,
}

impl Listing {
    /// Whether the commit has a submodule at this path.
    pub(in crate::recipe) fn has_submodule(&self, path: &str) -> bool {
        self.submodules.contains(path)
    }

    /// The paths of the commit's files, in order.
    pub(in crate::recipe) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether the commit has a file of this path with this mode and exactly these bytes.
    pub(in crate::recipe) fn same(&self, path: &str, mode: Mode, bytes: &[u8]) -> bool {
        self.files
            .get(path)
            .is_some_and(|(committed, id)| *committed == mode && hash(id, Kind::Blob, bytes).as_ref() == Some(id))
    }

    /// The same for a file that is too large to hold in memory.
    pub(in crate::recipe) fn same_as_file(&self, path: &str, file: &Path) -> bool {
        let Some((_, id)) = self.files.get(path) else { return false };
        let hashed = std::fs::File::open(file).and_then(|mut file| {
            let size = file.metadata()?.len();
            let never = std::sync::atomic::AtomicBool::new(false);
            let progress = &mut gix::progress::Discard;
            gix::objs::compute_stream_hash(id.kind(), Kind::Blob, &mut file, size, progress, &never)
                .map_err(std::io::Error::other)
        });
        hashed.is_ok_and(|hash| hash == *id)
    }
}

fn hash(like: &ObjectId, kind: Kind, bytes: &[u8]) -> Option<ObjectId> {
    gix::objs::compute_hash(like.kind(), kind, bytes).ok()
}

impl Repository {
    /// The names and hashes of everything in a commit.
    pub(in crate::recipe) fn listing(&self, commit: &str, limits: &Limits) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        let walked = self.walk(commit, limits, &mut |path, kind, id| {
            match kind {
                EntryKind::Commit => {
                    listing.submodules.insert(path.to_owned());
                }
                kind => {
                    listing.files.insert(path.to_owned(), (mode_of(kind), id));
                }
            }
            Ok(())
        })?;
        listing.cut_short = walked.cut_short;
        Ok(listing)
    }

    /// Reads the files of a commit, those near the root first.
    pub(in crate::recipe) fn read_tree(
        &self,
        commit: &str,
        builder: &mut TreeBuilder,
        irregularities: &mut Vec<Irregularity>,
    ) -> Result<(), Error> {
        let limits = *builder.limits();
        let mut leave_out = |builder: &mut TreeBuilder, path: &str, why: String| {
            builder.omit(path, why.clone());
            irregularities.push(Irregularity::new(path, None, why));
        };
        let walked = self.walk(commit, &limits, &mut |path, kind, id| {
            if kind == EntryKind::Commit {
                leave_out(
                    builder,
                    path,
                    format!("it is a git submodule (commit {id}); its files are not part of the recipe"),
                );
                return Ok(());
            }
            if let Err(refusal) = self.put(builder, path, id, mode_of(kind))? {
                leave_out(builder, path, refusal.to_string());
            }
            Ok(())
        })?;
        irregularities.extend(walked.irregularities);
        Ok(())
    }

    /// Reads the files of a commit's root directory that `wanted` names.
    pub(in crate::recipe) fn root_files(
        &self,
        commit: &str,
        builder: &mut TreeBuilder,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<RootFiles, Error> {
        let id = self.root_tree(commit)?;
        let what = format!("the root directory, tree {id}");
        if self.size(id, &what)? > LARGEST_DIRECTORY {
            return Ok(RootFiles::HoldLinks);
        }
        let data = self.object(id, Kind::Tree, &what)?;
        for entry in gix::objs::TreeRefIter::from_bytes(&data, id.kind()) {
            let entry = entry.map_err(|error| self.corrupt(&what, &error))?;
            let Ok(name) = entry.filename.to_str() else { continue };
            if !wanted(name) {
                continue;
            }
            let (kind, id) = (entry.mode.kind(), entry.oid.to_owned());
            if !matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable) {
                return Ok(RootFiles::HoldLinks);
            }
            if let Err(refusal) = self.put(builder, name, id, mode_of(kind))? {
                builder.omit(name, refusal.to_string());
            }
        }
        Ok(RootFiles::Read)
    }

    /// The full hash of a commit's root directory.
    pub(in crate::recipe) fn tree_of(&self, commit: &str) -> Result<String, Error> {
        self.root_tree(commit).map(|id| id.to_string())
    }

    /// When a commit was made; `None` when it has no readable date.
    pub(in crate::recipe) fn committed_at(&self, commit: &str) -> Result<Option<jiff::Timestamp>, Error> {
        let what = format!("commit {commit}");
        let id = ObjectId::from_hex(commit.as_bytes())
            .map_err(|error| self.corrupt(&what, &gix::Error::from_error(error)))?;
        let commit = self.repo.find_commit(id).map_err(|error| self.corrupt(&what, &error))?;
        Ok(commit.time().ok().and_then(|time| jiff::Timestamp::from_second(time.seconds).ok()))
    }

    /// Visits every file and submodule of a commit, those near the root first. A few hand-made objects can describe a tree
    /// of billions of files, so the number of visits is bounded.
    fn walk(
        &self,
        commit: &str,
        limits: &Limits,
        visit: &mut dyn FnMut(&str, EntryKind, ObjectId) -> Result<(), Error>,
    ) -> Result<Walked, Error> {
        let mut walked = Walked::default();
        let mut visits = limits.files.saturating_mul(2);
        let mut queue = VecDeque::from([(String::new(), 0, self.root_tree(commit)?)]);
        while let Some((directory, depth, id)) = queue.pop_front() {
            let what = format!("the directory `{directory}`, tree {id}");
            if self.size(id, &what)? > LARGEST_DIRECTORY {
                walked.stop(&directory, "the directory has too many entries; the rest was not read");
                continue;
            }
            let data = self.object(id, Kind::Tree, &what)?;
            for entry in gix::objs::TreeRefIter::from_bytes(&data, id.kind()) {
                let entry = entry.map_err(|error| self.corrupt(&what, &error))?;
                if visits == 0 {
                    walked.stop(
                        &directory,
                        format!("the commit holds more than {} files; the rest was not read", limits.files),
                    );
                    return Ok(walked);
                }
                visits -= 1;
                let Ok(name) = entry.filename.to_str() else {
                    let path = join(&directory, &entry.filename.to_str_lossy());
                    walked.irregularities.push(Irregularity::new(path, None, "its name is not UTF-8; it was not read"));
                    continue;
                };
                let path = join(&directory, name);
                match entry.mode.kind() {
                    EntryKind::Tree if depth + 1 >= limits.depth => {
                        walked.stop(&path, format!("directories lie more than {} deep; it was not read", limits.depth));
                    }
                    EntryKind::Tree => queue.push_back((path, depth + 1, entry.oid.to_owned())),
                    kind => visit(&path, kind, entry.oid.to_owned())?,
                }
            }
        }
        Ok(walked)
    }

    fn root_tree(&self, commit: &str) -> Result<ObjectId, Error> {
        let what = format!("commit {commit}");
        let id = ObjectId::from_hex(commit.as_bytes())
            .map_err(|error| self.corrupt(&what, &gix::Error::from_error(error)))?;
        let data = self.object(id, Kind::Commit, &what)?;
        let mut parts = gix::objs::CommitRefIter::from_bytes(&data, id.kind());
        parts.tree_id().map_err(|error| self.corrupt(&what, &error))
    }

    /// Takes the files of a tree as read, whichever commits hold them.
    pub(in crate::recipe) fn remember(&self, tree: &Tree) {
        let kind = self.repo.object_hash();
        let mut blobs = self.blobs.borrow_mut();
        for (_, file) in tree.iter() {
            if let Ok(id) = gix::objs::compute_hash(kind, Kind::Blob, &file.bytes) {
                blobs.add(id, &file.bytes);
            }
        }
    }

    /// Puts a file of a commit into a tree. Most files of a release are those of the release before: what is known is not read again.
    fn put(
        &self,
        builder: &mut TreeBuilder,
        path: &str,
        id: ObjectId,
        mode: Mode,
    ) -> Result<Result<(), Refusal>, Error> {
        if let Some(bytes) = self.blobs.borrow().known.get(&id) {
            return Ok(builder.insert_shared(path, Arc::clone(bytes), mode));
        }
        let what = format!("`{path}`, blob {id}");
        if let Err(refusal) = builder.admit(path, self.size(id, &what)?) {
            return Ok(Err(refusal));
        }
        let bytes: Arc<[u8]> = self.object(id, Kind::Blob, &what)?.into();
        self.blobs.borrow_mut().add(id, &bytes);
        Ok(builder.insert_shared(path, bytes, mode))
    }

    fn size(&self, id: ObjectId, what: &str) -> Result<u64, Error> {
        self.repo.find_header(id).map(|header| header.size()).map_err(|error| self.corrupt(what, &error))
    }

    /// An object's content, proven to be what its name says: the library does not check that when it reads.
    pub(super) fn object(&self, id: ObjectId, kind: Kind, what: &str) -> Result<Vec<u8>, Error> {
        let mut object = self.repo.find_object(id).map_err(|error| self.corrupt(what, &error))?;
        let damaged = |why: String| Error::Corrupt { path: self.path.clone(), what: what.to_owned(), why };
        if object.kind != kind {
            return Err(damaged(format!("it is a {}, and a {kind} is expected", object.kind)));
        }
        if hash(&id, kind, &object.data) != Some(id) {
            return Err(damaged("its content does not match its name".to_owned()));
        }
        Ok(std::mem::take(&mut object.data))
    }
}

/// Files that were read, by their hash.
#[derive(Debug, Default)]
pub(super) struct Blobs {
    known: HashMap<ObjectId, Arc<[u8]>>,
    bytes: usize,
}

impl Blobs {
    /// The most that is kept, in bytes: a recipe has some ten kilobytes.
    const MOST: usize = 1 << 20;

    fn add(&mut self, id: ObjectId, bytes: &Arc<[u8]>) {
        if self.bytes + bytes.len() <= Self::MOST {
            self.bytes += bytes.len();
            self.known.insert(id, Arc::clone(bytes));
        }
    }
}

/// What came of reading files of the root directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::recipe) enum RootFiles {
    /// Those that were wanted are in the tree, or noted as left out.
    Read,
    /// One of them is a link or a directory, or the directory is very large: the root alone does not tell.
    HoldLinks,
}

/// What was noticed on the way through a commit.
#[derive(Default)]
struct Walked {
    cut_short: bool,
    irregularities: Vec<Irregularity>,
}

impl Walked {
    fn stop(&mut self, path: &str, what: impl Into<String>) {
        self.cut_short = true;
        self.irregularities.push(Irregularity::new(path, None, what));
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn mode_of(kind: EntryKind) -> Mode {
    match kind {
        EntryKind::Link => Mode::Symlink,
        EntryKind::BlobExecutable => Mode::Executable,
        EntryKind::Blob | EntryKind::Tree | EntryKind::Commit => Mode::Regular,
    }
}
