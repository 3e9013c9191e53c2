//! A node image without any registry: the engine of this machine, with the libraries that its programs need.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs of an engine. `docker-init` and `ip` are absent on some machines and only missed by some services.
const PROGRAMS: [(&str, bool); 9] = [
    ("dockerd", true),
    ("containerd", true),
    ("containerd-shim-runc-v2", true),
    ("runc", true),
    ("docker-proxy", true),
    ("iptables", true),
    ("docker-init", false),
    ("ip6tables", false),
    ("modprobe", false),
];

/// Why the machine's own engine cannot be packed.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostFilesError {
    /// A program is missing.
    #[error("{0} is not installed on this machine")]
    Missing(&'static str),
    /// A program's libraries could not be listed.
    #[error("cannot list the libraries of {program}: {reason}")]
    Libraries {
        /// The program.
        program: PathBuf,
        /// Why.
        reason: String,
    },
    /// Reading or packing failed.
    #[error("cannot pack {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A tar of a root file system with the engine's programs at their own paths.
///
/// # Errors
/// When a required program is missing, or a file cannot be read.
pub(super) fn root_file_system() -> Result<Vec<u8>, HostFilesError> {
    let mut tree = FileTree::default();
    for (program, required) in PROGRAMS {
        match find(program) {
            Some(path) => tree.add_program(&path)?,
            None if required => return Err(HostFilesError::Missing(program)),
            None => {}
        }
    }
    tree.add_iptables_plugins()?;
    tree.pack()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/sbin", "/bin", "/usr/libexec/docker"]
        .into_iter()
        .map(PathBuf::from)
        .chain(std::env::split_paths(&path))
        .map(|place| place.join(program))
        .find(|path| path.is_file())
}

/// Files and links by the path they have in the image.
#[derive(Default)]
struct FileTree {
    files: BTreeMap<PathBuf, PathBuf>,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl FileTree {
    /// Adds a program with its libraries.
    fn add_program(&mut self, path: &Path) -> Result<(), HostFilesError> {
        self.add(path)?;
        for library in libraries(path)? {
            self.add(&library)?;
        }
        Ok(())
    }

    /// Adds a file at its path, and what it links to.
    fn add(&mut self, path: &Path) -> Result<(), HostFilesError> {
        let io = |source| HostFilesError::Io { path: path.to_owned(), source };
        let real = std::fs::canonicalize(path).map_err(io)?;
        self.files.insert(real.clone(), real.clone());
        // The directory may be a link (merged /usr): name the file by its real directory, as the image has the same links.
        let parent = path.parent().unwrap_or(Path::new("/"));
        let named = std::fs::canonicalize(parent).map_err(io)?.join(path.file_name().unwrap_or_default());
        if named != real {
            self.links.insert(named, real);
        }
        Ok(())
    }

    /// The extensions that iptables loads by name.
    fn add_iptables_plugins(&mut self) -> Result<(), HostFilesError> {
        let places = [
            "/usr/lib/x86_64-linux-gnu/xtables",
            "/usr/lib/aarch64-linux-gnu/xtables",
            "/usr/lib64/xtables",
            "/usr/lib/xtables",
        ];
        for place in places.iter().map(Path::new).filter(|place| place.is_dir()) {
            let entries =
                std::fs::read_dir(place).map_err(|source| HostFilesError::Io { path: place.to_owned(), source })?;
            let mut needed = BTreeSet::new();
            for plugin in entries.flatten().map(|entry| entry.path()) {
                self.add(&plugin)?;
                // They all need the same few libraries: asking a handful of them finds those.
                if needed.len() < 4 && needed.insert(plugin.clone()) {
                    for library in libraries(&plugin)? {
                        self.add(&library)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn pack(self) -> Result<Vec<u8>, HostFilesError> {
        let archive = |source| HostFilesError::Io { path: PathBuf::from("the node image"), source };
        let mut tar = tar::Builder::new(Vec::new());
        for folder in ["tmp", "run", "var/lib/docker", "proc", "sys", "dev", "root", "etc", "var/run"] {
            append(&mut tar, tar::EntryType::Directory, Path::new(folder), &[], 0o755, None).map_err(archive)?;
        }
        for name in ["bin", "sbin", "lib", "lib64", "lib32"] {
            let path = Path::new("/").join(name);
            if let Ok(target) = std::fs::read_link(&path) {
                append(&mut tar, tar::EntryType::Symlink, Path::new(name), &[], 0o777, Some(&target))
                    .map_err(archive)?;
            }
        }
        for (path, source) in &self.files {
            let bytes = std::fs::read(source).map_err(|source| HostFilesError::Io { path: path.clone(), source })?;
            append(&mut tar, tar::EntryType::Regular, relative(path), &bytes, 0o755, None).map_err(archive)?;
        }
        for (path, target) in &self.links {
            append(&mut tar, tar::EntryType::Symlink, relative(path), &[], 0o777, Some(target)).map_err(archive)?;
        }
        tar.into_inner().map_err(archive)
    }
}

fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

pub(super) fn append(
    tar: &mut tar::Builder<Vec<u8>>,
    kind: tar::EntryType,
    path: &Path,
    bytes: &[u8],
    mode: u32,
    target: Option<&Path>,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    match target {
        Some(target) => tar.append_link(&mut header, path, target),
        None => tar.append_data(&mut header, path, bytes),
    }
}

/// The shared libraries of a program, as the machine's own loader resolves them. The programs are the machine's own engine: to list
/// them runs nothing that does not run already.
fn libraries(program: &Path) -> Result<Vec<PathBuf>, HostFilesError> {
    let failed = |reason: String| HostFilesError::Libraries { program: program.to_owned(), reason };
    let output = Command::new("ldd").arg(program).output().map_err(|error| failed(format!("ldd: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        // A static program has none; ldd says so and fails.
        return if said.contains("not a dynamic") || text.contains("not a dynamic") {
            Ok(Vec::new())
        } else {
            Err(failed(said.trim().to_owned()))
        };
    }
    if let Some(missing) = text.lines().find(|line| line.contains("not found")) {
        return Err(failed(missing.trim().to_owned()));
    }
    Ok(text
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect())
}
