//! Writing a tree to a directory, as evidence of what was deployed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::Path;

use super::{LookupError, Mode, Tree};
use crate::recipe::Error;

impl Tree {
    /// Writes every file below `dir`, which is made when it is missing, and returns the paths of the symbolic links that were
    /// left out because they lead out of the recipe: whoever followed one later would read a file of this machine.
    ///
    /// Nothing that exists is overwritten. Plain files come first and links last, so nothing is written through a link.
    ///
    /// # Errors
    /// [`Error::Unwritable`] with the path that could not be written.
    pub fn write_to(&self, dir: &Path) -> Result<Vec<String>, Error> {
        let wrap = |path: &Path, source| Error::Unwritable { path: path.to_owned(), source };
        fs::create_dir_all(dir).map_err(|source| wrap(dir, source))?;
        let mut left_out = Vec::new();
        let (links, files): (Vec<_>, Vec<_>) = self.iter().partition(|(_, file)| file.mode == Mode::Symlink);
        for (path, file) in files.into_iter().chain(links) {
            let target = dir.join(path);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(|source| wrap(parent, source))?;
            }
            let written = match file.mode {
                Mode::Symlink => {
                    if matches!(self.find(path), Err(LookupError::Leaves { .. })) {
                        left_out.push(path.to_owned());
                        continue;
                    }
                    symlink(std::ffi::OsStr::from_bytes(&file.bytes), &target)
                }
                Mode::Regular => write_new(&target, &file.bytes, 0o644),
                Mode::Executable => write_new(&target, &file.bytes, 0o755),
            };
            written.map_err(|source| wrap(&target, source))?;
        }
        Ok(left_out)
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, TreeBuilder};
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn writes_files_modes_and_inside_links_and_leaves_the_others_out() {
        let mut builder = TreeBuilder::new(Limits::default());
        builder.insert("compose.yml", b"services: {}", Mode::Regular).unwrap();
        builder.insert("bin/run.sh", b"#!/bin/sh", Mode::Executable).unwrap();
        builder.insert("inside", b"bin/run.sh", Mode::Symlink).unwrap();
        builder.insert("outside", b"/etc/passwd", Mode::Symlink).unwrap();
        builder.insert("bin/sly", b"../../../etc", Mode::Symlink).unwrap();
        let tree = builder.finish();

        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("recipe");
        assert_eq!(tree.write_to(&target).unwrap(), ["bin/sly", "outside"]);
        assert_eq!(fs::read(target.join("inside")).unwrap(), b"#!/bin/sh");
        assert_eq!(fs::metadata(target.join("bin/run.sh")).unwrap().permissions().mode() & 0o111, 0o111);
        assert!(fs::symlink_metadata(target.join("outside")).is_err());

        let again = tree.write_to(&target).unwrap_err().to_string();
        assert!(again.contains("bin/run.sh") && again.contains("exists"), "{again}");
    }
}
