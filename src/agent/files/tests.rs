//! A folder with everything that a copy can lose.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::dir::Dir;
use super::walk::Walk;
use super::{FileEntry, FileKind};

fn walk(from: &Path, to: Option<&Path>, paths: &[&str]) -> Vec<FileEntry> {
    let mut entries = Vec::new();
    let mut tell = |entry| {
        entries.push(entry);
        Ok(())
    };
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let to = to.map(|to| Dir::root(to).unwrap());
    Walk::new(&mut tell).selected(&Dir::root(from).unwrap(), to.as_ref(), &paths).unwrap();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

fn full() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("deep/er")).unwrap();
    std::fs::write(at("deep/er/file"), "content").unwrap();
    std::fs::set_permissions(at("deep/er/file"), std::fs::Permissions::from_mode(0o4711)).unwrap();
    std::fs::set_permissions(at("deep"), std::fs::Permissions::from_mode(0o1750)).unwrap();
    std::fs::write(at("empty"), "").unwrap();
    std::fs::hard_link(at("deep/er/file"), at("deep/linked")).unwrap();
    symlink("/etc/shadow", at("outside")).unwrap();
    symlink("..", at("deep/up")).unwrap();
    nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut sparse = std::fs::File::create(at("sparse")).unwrap();
    std::io::Write::write_all(&mut sparse, b"begin").unwrap();
    sparse.set_len(40 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"middle", 20 << 20).unwrap();
    xattr::set(at("deep/er/file"), "user.note", b"kept").unwrap();
    folder
}

#[test]
fn a_copy_and_its_copy_are_the_same_with_holes_links_owners_and_attributes() {
    let (from, store, back) = (full(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let described = walk(from.path(), None, &[]);
    assert_eq!(walk(from.path(), Some(store.path()), &[]), described);
    walk(store.path(), Some(back.path()), &[]);
    let again = walk(back.path(), None, &[]);
    assert_eq!(again, described, "times included");
    let of = |path: &str| again.iter().find(|entry| entry.path == path).unwrap();
    assert_eq!((of("deep/er/file").same_as.as_deref(), of("deep").mode), (Some("deep/linked"), 0o1750));
    assert!(!of("deep/linked").xattrs.is_empty() && of("deep/linked").mode == 0o4711);
    assert_eq!((of("outside").kind, of("outside").content.as_str()), (FileKind::Link, "/etc/shadow"));
    assert_eq!(of("pipe").kind, FileKind::Pipe);
    let sparse = std::fs::metadata(back.path().join("sparse")).unwrap();
    assert!(sparse.size() == 40 << 20 && sparse.blocks() * 512 < 1 << 20, "{} blocks", sparse.blocks());
    let inode = |path: &str| std::fs::metadata(back.path().join(path)).unwrap().ino();
    assert_eq!(inode("deep/er/file"), inode("deep/linked"));
}

#[test]
fn the_digest_is_that_of_the_content_whether_it_has_holes_or_not() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::File::create(folder.path().join("hole")).unwrap().set_len(1 << 20).unwrap();
    std::fs::write(folder.path().join("zeroes"), vec![0; 1 << 20]).unwrap();
    let entries = walk(folder.path(), None, &[]);
    // sha256sum of a megabyte of zeroes.
    let digest = "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58";
    assert!(entries.iter().all(|entry| entry.content == digest && entry.size == 1 << 20), "{entries:#?}");
}

#[test]
fn only_what_is_selected_is_copied_and_what_is_not_there_is_no_error() {
    let (from, store) = (full(), tempfile::tempdir().unwrap());
    let paths = |entries: Vec<FileEntry>| entries.into_iter().map(|entry| entry.path).collect::<Vec<_>>();
    let selected = walk(from.path(), Some(store.path()), &["deep/er", "empty", "no/such", "outside/x"]);
    assert_eq!(paths(selected), ["deep/er", "deep/er/file", "empty"]);
    assert_eq!(paths(walk(store.path(), None, &[])), ["deep", "deep/er", "deep/er/file", "empty"]);
    assert_eq!(std::fs::metadata(store.path().join("deep")).unwrap().mode() & 0o7777, 0o1750, "as the original");
}

#[test]
fn no_way_leads_out_of_a_root_neither_by_a_path_nor_by_a_link_that_was_there() {
    let (from, to, outside) = (full(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut tell = |_| Ok(());
    let root = Dir::root(from.path()).unwrap();
    let error = Walk::new(&mut tell).selected(&root, None, &["../x".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("leads out of its root"), "{error}");
    // Where a copy is written to, an app has put links in its way.
    std::fs::write(outside.path().join("file"), "theirs").unwrap();
    symlink(outside.path(), to.path().join("deep")).unwrap();
    symlink(outside.path().join("file"), to.path().join("empty")).unwrap();
    walk(from.path(), Some(to.path()), &[]);
    assert_eq!(std::fs::read_to_string(outside.path().join("file")).unwrap(), "theirs");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    assert_eq!(walk(to.path(), None, &[]), walk(from.path(), None, &[]));
}

#[test]
fn a_file_that_is_there_is_written_in_place_and_its_longer_rest_is_gone() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(from.path().join("db"), "new").unwrap();
    std::fs::write(to.path().join("db"), "a longer old one").unwrap();
    let before = std::fs::metadata(to.path().join("db")).unwrap().ino();
    walk(from.path(), Some(to.path()), &[]);
    assert_eq!(std::fs::read_to_string(to.path().join("db")).unwrap(), "new");
    assert_eq!(std::fs::metadata(to.path().join("db")).unwrap().ino(), before);
}

#[test]
fn an_export_of_what_cannot_be_read_is_no_empty_archive() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    assert!(super::export::pack(&file, &mut Vec::new()).is_err());
    // Where nothing was copied there is nothing to be read.
    super::export::pack(&folder.path().join("nowhere"), &mut Vec::new()).unwrap();
    assert_eq!(super::Exports::default().ended(), Err("nothing was exported".to_owned()));
}

#[test]
fn an_export_is_an_archive_that_tar_reads() {
    let (from, out) = (full(), tempfile::tempdir().unwrap());
    let mut archive = Vec::new();
    super::export::pack(from.path(), &mut archive).unwrap();
    std::fs::write(out.path().join("x.tar"), archive).unwrap();
    let mut tar = std::process::Command::new("tar");
    let done = tar.args(["--xattrs", "--xattrs-include=*", "-xpf", "x.tar"]).current_dir(out.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::remove_file(out.path().join("x.tar")).unwrap();
    let facts = |path: &Path| {
        let entries = walk(path, None, &[]).into_iter();
        entries.map(|entry| FileEntry { changed: 0, ..entry }).collect::<Vec<_>>()
    };
    assert_eq!(facts(out.path()), facts(from.path()));
}
