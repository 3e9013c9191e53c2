//! Reading a work tree as it lies on disk, without what git ignores.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::rc::Rc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use nix::fcntl::OFlag;

use super::tree::{Mode, Refusal, TreeBuilder};
use super::{Error, Irregularity};

/// A `.gitignore` larger than this is not read.
const LARGEST_IGNORE_FILE: u64 = 1 << 20;

/// What the walk left out that git itself may know.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Files that were not read, for their size or because the system refused.
    pub(super) files: Vec<String>,
    /// Directories that are repositories of their own: submodules, or clones that lie here by chance.
    pub(super) repositories: Vec<String>,
}

/// Reads every file below `root` that git would not ignore, those near the root first. `tracked` are the paths in git's index: they are
/// read even when a pattern names them. Ignore patterns hold without a repository too, so that a recipe copied without its `.git`
/// reads the same.
pub(super) fn read(
    root: &Path,
    tracked: &BTreeSet<String>,
    exclude_file: Option<&Path>,
    builder: &mut TreeBuilder,
    irregularities: &mut Vec<Irregularity>,
) -> Result<Unread, Error> {
    let exclude = exclude_file.and_then(|file| patterns("", file, irregularities, "info/exclude"));
    let mut walk = Walk { root, tracked, builder, irregularities, unread: Unread::default(), visits: 0 };
    walk.run(exclude.into_iter().collect())?;
    Ok(walk.unread)
}

struct Walk<'a> {
    root: &'a Path,
    tracked: &'a BTreeSet<String>,
    builder: &'a mut TreeBuilder,
    irregularities: &'a mut Vec<Irregularity>,
    unread: Unread,
    visits: usize,
}

/// A directory still to be read, and the ignore patterns that hold in it, the weakest first.
struct Directory {
    path: String,
    depth: usize,
    ignored: bool,
    patterns: Rc<Vec<Gitignore>>,
}

impl Walk<'_> {
    fn run(&mut self, patterns: Vec<Gitignore>) -> Result<(), Error> {
        let start = Directory { path: String::new(), depth: 0, ignored: false, patterns: Rc::new(patterns) };
        let mut queue = VecDeque::from([start]);
        while let Some(directory) = queue.pop_front() {
            let on_disk = self.root.join(&directory.path);
            let mut entries = match fs::read_dir(&on_disk).and_then(|entries| entries.collect::<io::Result<Vec<_>>>()) {
                Ok(entries) => entries,
                Err(source) if directory.path.is_empty() => return Err(Error::Unreadable { path: on_disk, source }),
                Err(error) => {
                    self.leave_out(&directory.path, format!("the directory cannot be read: {error}"));
                    continue;
                }
            };
            entries.sort_by_key(fs::DirEntry::file_name);
            let directory = self.with_own_patterns(directory, &on_disk);
            for entry in entries {
                self.visits += 1;
                if self.visits > self.builder.limits().files.saturating_mul(2) {
                    let limit = self.builder.limits().files;
                    self.leave_out(
                        &directory.path,
                        format!("the work tree holds more than {limit} files; the rest was not read"),
                    );
                    return Ok(());
                }
                let name = entry.file_name();
                let Some(name) = name.to_str() else {
                    let path = join(&directory.path, &name.to_string_lossy());
                    self.irregularities.push(Irregularity::new(path, None, "its name is not UTF-8; it was not read"));
                    continue;
                };
                if name == ".git" {
                    continue;
                }
                queue.extend(self.entry(&directory, join(&directory.path, name)));
            }
        }
        Ok(())
    }

    /// Reads one entry; a directory is returned, to be read later.
    fn entry(&mut self, parent: &Directory, path: String) -> Option<Directory> {
        let on_disk = self.root.join(&path);
        let metadata = match fs::symlink_metadata(&on_disk) {
            Ok(metadata) => metadata,
            Err(error) => {
                self.leave_out(&path, format!("it cannot be read: {error}"));
                return None;
            }
        };
        let ignored = parent.ignored || is_ignored(&parent.patterns, &path, metadata.is_dir());
        if metadata.is_dir() {
            if ignored && !self.tracks_below(&path) {
                return None;
            }
            if on_disk.join(".git").symlink_metadata().is_ok() {
                self.leave_out(
                    &path,
                    "it is a git repository of its own (a submodule or a clone); its files are not part of the recipe",
                );
                self.unread.repositories.push(path);
                return None;
            }
            if parent.depth + 1 >= self.builder.limits().depth {
                let depth = self.builder.limits().depth;
                self.leave_out(&path, format!("directories lie more than {depth} deep; it was not read"));
                return None;
            }
            return Some(Directory { path, depth: parent.depth + 1, ignored, patterns: Rc::clone(&parent.patterns) });
        }
        if ignored && !self.tracked.contains(&path) {
            return None;
        }
        if let Err(why) = self.file(&path, &on_disk, &metadata) {
            self.leave_out(&path, why);
            if metadata.is_file() || metadata.is_symlink() {
                self.unread.files.push(path);
            }
        }
        None
    }

    fn file(&mut self, path: &str, on_disk: &Path, metadata: &Metadata) -> Result<(), String> {
        let refused = |refusal: Refusal| refusal.to_string();
        let failed = |error: io::Error| format!("it cannot be read: {error}");
        if metadata.is_symlink() {
            let target = fs::read_link(on_disk).map_err(failed)?;
            return self.builder.insert(path, target.as_os_str().as_bytes(), Mode::Symlink).map_err(refused);
        }
        if !metadata.is_file() {
            return Err(format!("it is {}, which no recipe can hold", special(metadata)));
        }
        self.builder.admit(path, metadata.len()).map_err(refused)?;
        let (bytes, mode) = read_regular(on_disk, self.builder.limits().file_bytes).map_err(failed)?;
        self.builder.insert(path, &bytes, mode).map_err(refused)
    }

    fn with_own_patterns(&mut self, mut directory: Directory, on_disk: &Path) -> Directory {
        let file = on_disk.join(".gitignore");
        let name = join(&directory.path, ".gitignore");
        if let Some(own) = patterns(&directory.path, &file, self.irregularities, &name) {
            Rc::make_mut(&mut directory.patterns).push(own);
        }
        directory
    }

    fn tracks_below(&self, path: &str) -> bool {
        let prefix = format!("{path}/");
        self.tracked.range(prefix.clone()..).next().is_some_and(|tracked| tracked.starts_with(&prefix))
    }

    fn leave_out(&mut self, path: &str, why: impl Into<String>) {
        let why = why.into();
        self.builder.omit(path, why.clone());
        self.irregularities.push(Irregularity::new(path, None, why));
    }
}

/// Reads a plain file. It is opened so that a link put in its place is not followed and a pipe does not block.
fn read_regular(path: &Path, most: u64) -> io::Result<(Vec<u8>, Mode)> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let mut bytes = Vec::new();
    // One byte more than may be read, so that a file that grew meanwhile is seen to be too large.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    let mode = if metadata.permissions().mode() & 0o100 != 0 { Mode::Executable } else { Mode::Regular };
    Ok((bytes, mode))
}

/// The patterns of one ignore file; git follows no symbolic link there, and neither do we.
fn patterns(directory: &str, file: &Path, irregularities: &mut Vec<Irregularity>, name: &str) -> Option<Gitignore> {
    let metadata = fs::symlink_metadata(file).ok()?;
    let mut report = |line, what: String| irregularities.push(Irregularity::new(name, line, what));
    if !metadata.is_file() || metadata.len() > LARGEST_IGNORE_FILE {
        report(None, "it is not a plain file of sensible size; its patterns do not hold".to_owned());
        return None;
    }
    let (bytes, _) = match read_regular(file, LARGEST_IGNORE_FILE) {
        Ok(read) => read,
        Err(error) => {
            report(None, format!("it cannot be read, its patterns do not hold: {error}"));
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(rooted(directory));
    for (index, line) in text.lines().enumerate() {
        if let Err(error) = builder.add_line(None, line) {
            report(Some(index + 1), format!("not a pattern: {error}"));
        }
    }
    builder.build().map_err(|error| report(None, format!("its patterns do not hold: {error}"))).ok()
}

/// Whether git would ignore a path: the strongest pattern that names it decides.
fn is_ignored(patterns: &[Gitignore], path: &str, is_dir: bool) -> bool {
    let path = rooted(path);
    patterns.iter().rev().find_map(|patterns| match patterns.matched(&path, is_dir) {
        Match::None => None,
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
    }) == Some(true)
}

/// A made-up absolute path: the matcher wants files to lie under the directory of their patterns, and a root to start from.
fn rooted(path: &str) -> String {
    if path.is_empty() { "/recipe".to_owned() } else { format!("/recipe/{path}") }
}

fn special(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "neither a file nor a directory nor a link"
    }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in a file's place may change between the look at it and the reading of it.
    #[test]
    fn reading_follows_no_link_and_waits_for_no_pipe() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("file"), "12345").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_regular(&path("file"), 3).unwrap().0, b"1234", "one byte more than allowed shows that it grew");
        assert!(read_regular(&path("link"), 10).is_err());
        assert_eq!(read_regular(&path("pipe"), 10).unwrap_err().to_string(), "it is not a plain file");
    }
}
