//! This executable, packed with the shared libraries it needs, so that it runs in any container: empty, glibc or musl.
//!
//! Nothing can be mounted into an engine that is reached by its API alone (design §2), and no image can be pulled where there
//! is no registry. So taster copies itself: the program, the dynamic loader and the libraries lie under `/taster`, and the loader
//! is called by name with its own library path, which leaves the container's own C library out of the matter.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use goblin::container::Ctx;
use goblin::elf::{Elf, ProgramHeader};
use sha2::{Digest, Sha256};

/// Where the packed files lie in the container.
pub const HOME: &str = "/taster";

/// Within so many bytes of a file its headers stand; linkers put them first.
const HEADS: u64 = 64 * 1024;

/// Libraries that glibc before 2.34 loads by itself when a program looks up a host or a user; nothing names them as needed.
const LOADED_BY_LIBC: [&str; 3] = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/// An executable and what it needs to run, as one archive.
#[derive(Debug, Clone)]
pub struct Packed {
    /// An uncompressed tar of `taster/…`, to be unpacked at `/`. Equal inputs give equal bytes.
    pub tar: Bytes,
    /// SHA-256 of `tar`, in lower-case hexadecimal. It depends on nothing but the content of the executable and its libraries.
    pub digest: String,
    /// What runs the program inside the container; arguments go behind it.
    pub entrypoint: Vec<String>,
    /// For a dynamic executable, the loader: where its header asks for it, and where it lies in the container.
    pub loader: Option<(String, String)>,
}

/// Why an executable could not be packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file that the running program uses could not be read.
    #[error(
        "cannot read {path} to pack it for a container: {source}. If taster or the system was upgraded while taster ran, start it again"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no ELF executable.
    #[error("cannot pack {path} for a container: it is not a Linux executable ({reason})")]
    NotAnExecutable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The running program could not be told apart from the loader that runs it.
    #[error("cannot find the running program among the files it has loaded, so it cannot be packed for a container")]
    NoProgram,
    /// A library is named by the executable and neither loaded nor beside a loaded one.
    #[error(
        "cannot pack {path} for a container: it needs {library}, which is neither loaded here nor found in {searched:?}. Build \
         taster as a static executable (target x86_64-unknown-linux-musl) or install the library there"
    )]
    MissingLibrary {
        /// The file that needs the library.
        path: PathBuf,
        /// The library's name.
        library: String,
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// The archive could not be written.
    #[error("cannot write the archive of the packed executable: {0}")]
    Archive(std::io::Error),
}

/// A shared object: its bytes and what its header says.
struct Object {
    path: PathBuf,
    bytes: Vec<u8>,
    /// The name by which others ask for it.
    soname: Option<String>,
    /// The dynamic loader that it asks for; executables have one, and so has glibc's own library.
    interpreter: Option<PathBuf>,
    needed: Vec<String>,
}

impl Object {
    fn read(path: &Path) -> Result<Self, PackError> {
        let unreadable = |source| PackError::Read { path: path.to_owned(), source };
        let bytes = loaded_part(&mut File::open(path).map_err(unreadable)?).map_err(unreadable)?;
        let elf = Elf::parse(&bytes)
            .map_err(|e| PackError::NotAnExecutable { path: path.to_owned(), reason: e.to_string() })?;
        let soname = elf.soname.map(str::to_owned);
        let interpreter = elf.interpreter.map(PathBuf::from);
        let needed = elf.libraries.iter().map(|&name| name.to_owned()).collect();
        Ok(Self { path: path.to_owned(), soname, interpreter, needed, bytes })
    }

    /// The name under which the loader looks for this object.
    fn name(&self) -> String {
        self.soname.clone().unwrap_or_else(|| file_name(&self.path))
    }
}

/// The part of a file that is loaded to run it, with a header that names no sections any more. Symbols and debug information stand behind
/// that part (elf(5)): they are most of a debug build, and every run would have to read them and every node be sent them. A file whose headers
/// tell no such part is read whole.
fn loaded_part(file: &mut File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    up_to(file, &mut bytes, HEADS)?;
    let end = Elf::parse_header(&bytes).ok().and_then(|header| {
        let machine = Ctx::new(header.container().ok()?, header.endianness().ok()?);
        let (at, count) = (usize::try_from(header.e_phoff).ok()?, usize::from(header.e_phnum));
        let segments = ProgramHeader::parse(&bytes, at, count, machine).ok()?;
        let end = segments.iter().map(|segment| segment.p_offset.saturating_add(segment.p_filesz)).max()?;
        // Tools that patch a program put its headers behind all that is loaded.
        let heads = header.e_phoff.saturating_add(u64::from(header.e_phentsize) * u64::from(header.e_phnum));
        Some((end.max(heads), machine.container.is_big()))
    });
    let Some((end, is_64)) = end.filter(|(end, _)| *end < file.metadata().map_or(0, |file| file.len())) else {
        file.read_to_end(&mut bytes)?;
        return Ok(bytes);
    };
    up_to(file, &mut bytes, end)?;
    bytes.truncate(usize::try_from(end).unwrap_or(usize::MAX));
    // e_shoff; then e_shentsize, e_shnum and e_shstrndx.
    let fields = if is_64 { [0x28..0x30, 0x3a..0x40] } else { [0x20..0x24, 0x2e..0x34] };
    for field in fields {
        if let Some(field) = bytes.get_mut(field) {
            field.fill(0);
        }
    }
    Ok(bytes)
}

/// Reads on until so many bytes are there, or the file ends.
fn up_to(file: &mut File, bytes: &mut Vec<u8>, end: u64) -> std::io::Result<()> {
    file.take(end.saturating_sub(bytes.len() as u64)).read_to_end(bytes).map(drop)
}

impl Packed {
    /// Packs the running program. A program started through a packed loader finds itself too, so that a node can make nodes.
    ///
    /// # Errors
    /// When a file cannot be read, or a needed library is nowhere.
    pub fn current() -> Result<Self, PackError> {
        // The link is read through the kernel, which works even after the file was replaced by a newer build.
        let running = Object::read(Path::new("/proc/self/exe"))?;
        let loaded = loaded_objects()?;
        if running.interpreter.is_some() || loaded.is_empty() {
            return pack(running, loaded);
        }
        // The loader was started by name: the program is the one loaded file that asks for a loader and has no name of its own.
        let program = loaded.iter().position(|o| o.interpreter.is_some() && o.soname.is_none());
        match program {
            Some(index) => {
                let mut loaded = loaded;
                let program = loaded.swap_remove(index);
                pack(program, loaded)
            }
            // A static executable appears among its own mappings and asks for nothing.
            None if running.needed.is_empty() && loaded.iter().all(|o| o.bytes == running.bytes) => {
                pack(running, Vec::new())
            }
            None => Err(PackError::NoProgram),
        }
    }

    /// Packs another executable of this machine. Libraries are looked for among those that this process has loaded and beside them.
    ///
    /// # Errors
    /// As [`Packed::current`].
    pub fn of(path: &Path) -> Result<Self, PackError> {
        pack(Object::read(path)?, loaded_objects()?)
    }
}

/// Every ELF file mapped executable into this process, in the order of their paths.
fn loaded_objects() -> Result<Vec<Object>, PackError> {
    let maps = PathBuf::from("/proc/self/maps");
    let text = std::fs::read_to_string(&maps).map_err(|source| PackError::Read { path: maps, source })?;
    let mut paths: Vec<PathBuf> = mapped_executable_files(&text);
    paths.sort();
    paths.dedup();
    let mut objects = Vec::new();
    for path in paths {
        match Object::read(&path) {
            Ok(object) => objects.push(object),
            // Something mapped executable that is no ELF file, or that is gone: if it is needed, the search says so by name.
            Err(PackError::NotAnExecutable { .. } | PackError::Read { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(objects)
}

/// The files with an executable mapping, from the text of `/proc/<pid>/maps` (proc(5): address, permissions, offset, device, inode, path).
fn mapped_executable_files(maps: &str) -> Vec<PathBuf> {
    maps.lines()
        .filter_map(|line| {
            let mut rest = line;
            let mut permissions = "";
            for field in 0..5 {
                let (head, tail) = rest.trim_start().split_once(' ')?;
                if field == 1 {
                    permissions = head;
                }
                rest = tail;
            }
            let path = rest.trim_start();
            (permissions.contains('x') && path.starts_with('/')).then(|| PathBuf::from(path))
        })
        .collect()
}

/// Puts a program, its loader and every library that it needs, directly or not, into one archive.
fn pack(program: Object, loaded: Vec<Object>) -> Result<Packed, PackError> {
    let program_in_container = format!("{HOME}/bin/taster");
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut entrypoint = Vec::new();
    let mut loader_paths = None;
    if let Some(interpreter) = program.interpreter.clone() {
        // The loader in use comes first: inside a container that holds the packed files alone, the path asked for does not exist.
        let named = |o: &&Object| o.name() == file_name(&interpreter) || o.path.file_name() == interpreter.file_name();
        let path = loaded.iter().find(named).map_or(&interpreter, |loader| &loader.path);
        let loader = Object::read(path)?;
        let loader_names = [loader.name(), file_name(&interpreter)];
        let loader_in_container = format!("{HOME}/{}", file_name(&interpreter));
        for (name, bytes) in libraries(&program, loaded, &loader_names)? {
            files.insert(format!("{HOME}/lib/{name}"), bytes);
        }
        files.insert(loader_in_container.clone(), loader.bytes);
        loader_paths = Some((interpreter.to_string_lossy().into_owned(), loader_in_container.clone()));
        entrypoint.extend([loader_in_container, "--library-path".to_owned(), format!("{HOME}/lib")]);
    }
    files.insert(program_in_container.clone(), program.bytes);
    entrypoint.push(program_in_container);
    let tar = archive(&files).map_err(PackError::Archive)?;
    let digest = Sha256::digest(&tar).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Packed { tar: tar.into(), digest, entrypoint, loader: loader_paths })
}

/// The libraries that a program needs, directly or not, by the name the loader looks for. The loader itself is not among them.
fn libraries(
    program: &Object,
    loaded: Vec<Object>,
    loader_names: &[String],
) -> Result<BTreeMap<String, Vec<u8>>, PackError> {
    let mut folders: Vec<PathBuf> = loaded.iter().filter_map(|o| o.path.parent().map(Path::to_owned)).collect();
    folders.sort();
    folders.dedup();
    let mut by_name: BTreeMap<String, Object> = loaded.into_iter().map(|o| (o.name(), o)).collect();
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut wanted: Vec<(PathBuf, String)> = program.needed.iter().map(|n| (program.path.clone(), n.clone())).collect();
    while let Some((path, library)) = wanted.pop() {
        // musl's loader is the C library as well, and answers to any name that begins with `libc.`.
        let is_loader = loader_names.contains(&library) || (library.starts_with("libc.musl-"));
        if is_loader || found.contains_key(&library) {
            continue;
        }
        let object = match by_name.remove(&library) {
            Some(object) => object,
            None => match folders.iter().map(|folder| folder.join(&library)).find(|path| path.exists()) {
                Some(beside) => Object::read(&beside)?,
                None => return Err(PackError::MissingLibrary { path, library, searched: folders }),
            },
        };
        wanted.extend(object.needed.iter().map(|n| (object.path.clone(), n.clone())));
        if library == "libc.so.6" {
            let beside = object.path.parent().unwrap_or(Path::new("/lib"));
            let extras = LOADED_BY_LIBC.iter().filter(|name| beside.join(name).exists());
            wanted.extend(extras.map(|name| (object.path.clone(), (*name).to_owned())));
        }
        found.insert(library, object.bytes);
    }
    Ok(found)
}

/// A tar of these files, by absolute path, with their folders, all executable and owned by root, dated to the epoch.
fn archive(files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for folder in ["", "/bin", "/lib"] {
        let mut header = header(tar::EntryType::Directory, 0);
        tar.append_data(&mut header, format!("{}{folder}/", &HOME[1..]), std::io::empty())?;
    }
    for (path, bytes) in files {
        let mut header = header(tar::EntryType::Regular, bytes.len() as u64);
        tar.append_data(&mut header, &path[1..], bytes.as_slice())?;
    }
    tar.into_inner()
}

fn header(kind: tar::EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_mappings_are_found_and_others_are_not() {
        let maps = "55d0-55d1 r--p 00000000 fe:00 123                        /usr/bin/taster\n\
                    55d1-55d2 r-xp 00001000 fe:00 123                        /usr/bin/with a space/taster\n\
                    7f00-7f01 r-xp 00000000 00:00 0                          [vdso]\n\
                    7f02-7f03 rwxp 00000000 00:00 0 \n\
                    7f04-7f05 r--p 00000000 fe:00 9                          /usr/lib/locale/locale-archive\n";
        assert_eq!(mapped_executable_files(maps), [PathBuf::from("/usr/bin/with a space/taster")]);
    }

    #[test]
    fn packing_twice_gives_equal_bytes_and_what_the_program_needs_to_run() {
        let (one, two) = (Packed::current().unwrap(), Packed::current().unwrap());
        assert_eq!(one.digest, two.digest);
        assert!(one.tar == two.tar);
        let mut archive = tar::Archive::new(one.tar.as_ref());
        let program = archive
            .entries()
            .unwrap()
            .map(Result::unwrap)
            .find(|entry| entry.path().unwrap() == Path::new("taster/bin/taster"))
            .unwrap();
        // Everything that is loaded, and neither symbols nor debug information.
        let whole = std::fs::read("/proc/self/exe").unwrap();
        let segments = Elf::parse(&whole).unwrap().program_headers;
        let end = segments.iter().map(|segment| segment.p_offset + segment.p_filesz).max().unwrap();
        assert!(end < whole.len() as u64);
        assert_eq!(program.size(), end);
        assert_eq!(one.entrypoint.last().unwrap(), "/taster/bin/taster");
    }

    #[test]
    fn what_is_no_executable_is_refused_with_its_path() {
        let error = Packed::of(Path::new("/etc/passwd")).unwrap_err().to_string();
        assert!(error.contains("/etc/passwd") && error.contains("not a Linux executable"), "{error}");
        let error = Packed::of(Path::new("/no/such/program")).unwrap_err().to_string();
        assert!(error.contains("/no/such/program"), "{error}");
    }

    #[test]
    fn a_library_that_is_nowhere_is_named() {
        let mut program = Object::read(Path::new("/proc/self/exe")).unwrap();
        if program.interpreter.is_none() {
            return assert!(program.needed.is_empty(), "a static executable needs no library");
        }
        program.needed.push("libnowhere.so.7".to_owned());
        let error = pack(program, loaded_objects().unwrap()).unwrap_err().to_string();
        assert!(error.contains("libnowhere.so.7"), "{error}");
    }
}
